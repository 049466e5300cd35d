"""Comparing the classifier with what Rasa said: shared by the parity test and by `nlu/rasa/check.py`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from nlu.classifier import Classifier

# Weights are stored in 16 bits: a few ten-thousandths at most in a probability, measured; the rest is margin.
TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Difference:
    """How far the classifier is from Rasa on one message."""

    text: str
    confidence: float
    ranked_otherwise: bool


def read_reference(path: Path) -> list[dict[str, Any]]:
    """Read what `nlu/rasa/reference.py` wrote."""
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode("ascii").splitlines()]


def differences(classifier: Classifier, reference: list[dict[str, Any]]) -> Iterator[Difference]:
    """Compare each message: the largest gap in probability, and whether the order differs beyond near-ties."""
    for said in reference:
        ranking, urgency = classifier.classify(said["text"])
        ours = {one.intent: one.confidence for one in ranking}
        theirs = dict(said["ranking"])
        gaps = [abs(ours[intent] - theirs[intent]) for intent in ours.keys() & theirs.keys()]
        gaps += [abs(getattr(urgency, level) - probability) for level, probability in said["urgency"].items()]
        yield Difference(said["text"], max(gaps), _ranked_otherwise(list(ours), theirs))


def _ranked_otherwise(order: list[str], theirs: dict[str, float]) -> bool:
    """Whether our order contradicts theirs by more than the tolerance (tenth place against eleventh is a near-tie)."""
    smallest = min(theirs.values())
    expected = [theirs.get(intent, smallest) for intent in order]
    return any(later - earlier > TOLERANCE for earlier, later in pairwise(expected))
