"""The concept lexicon as training reads it: whole, checked, and identified."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Dict

import yaml

from nlu.concepts import Concepts
from nlu.normalize import fingerprint

TRAINED_WITH_FILE = "trained_with.json"
CONCEPTS = Path(__file__).resolve().parents[1] / "concepts.yml"


def read_concepts() -> Concepts:
    """Read the lexicon. Raises ValueError naming the entry that could never match."""
    return Concepts.of_lexicon(yaml.load(CONCEPTS.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def trained_with() -> Dict[str, str]:
    """Identify the normaliser and the lexicon: a model only fits those it learnt with."""
    return {"normaliser": fingerprint(), "lexicon": hashlib.sha256(CONCEPTS.read_bytes()).hexdigest()[:16]}
