"""Trained models of a few words, written by hand: tests of what surrounds a model need no real one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nlu.features import MODEL_FORMAT, Family, made_ready, ready_arrays
from nlu.labels import INTENTS, trained_label

URGENCIES = ("emergency", "none", "urgent")


def write_model(path: Path, words: Mapping[str, tuple[str, str]]) -> Path:
    """Write a model that knows some invented words: the intent and the urgency each one means; all else is calm small talk."""
    labels = [trained_label(intent, urgency) for intent in INTENTS for urgency in URGENCIES]
    weights, intercepts = np.zeros((len(words), len(labels)), np.int16), np.zeros(len(labels))
    intercepts[labels.index(trained_label("greet", "none"))] = 10.0
    for row, (intent, urgency) in enumerate(words.values()):
        weights[row, labels.index(trained_label(intent, urgency))] = 20
    metadata: dict[str, Any] = {
        "format": MODEL_FORMAT,
        "corpus": "tiny",
        "labels": labels,
        "concepts": {"expressions": {}, "stems": {}},
        "unit": 1.0,
        "families": [{"counts": "words", "smallest": 1, "largest": 1, "length": 1.0, "columns": len(words)}],
    }
    np.savez(
        path,
        metadata=np.frombuffer(json.dumps(metadata).encode(), dtype=np.uint8),
        grams_0=np.frombuffer("\n".join(words).encode(), dtype=np.uint8),
        rarity=np.ones(len(words)),
        weights=weights,
        intercepts=intercepts,
        **ready_arrays(made_ready([Family("words", 1, 1, dict(zip(words, range(len(words)), strict=True)))])),
    )
    return path


def write_set(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write a measuring set: French, calm greetings unless a row says otherwise."""
    usual = {"lang": "fr", "intent": "greet", "urgency": "none"}
    path.write_text("".join(json.dumps({**usual, **row}) + "\n" for row in rows), encoding="utf-8")
    return path
