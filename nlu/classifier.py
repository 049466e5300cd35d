"""The trained classifier: what Rasa learnt, as arrays, computed with NumPy only.

`nlu/rasa/export.py` writes the file; `tests/nlu/test_parity.py` proves that this module ranks as Rasa does.
The computation: shared forms (`nlu/normalize.py`) → counts of words, word pairs and character n-grams →
(1 + log count) × rarity, each family brought to its trained length → logistic regression (softmax), once for the intent
and once for the urgency, over the same features.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.interpretation import RankedIntent, UrgencyScores
from nlu.normalize import NOTHING_TO_READ, counted_words

MODEL_PATH = Path(__file__).parent / "model" / "understanding.npz"
MODEL_FORMAT = 1
RANKING_LENGTH = 10

_NUMBER = re.compile(r"\b[0-9]+\b")
_WORD = re.compile(r"\w+")

Floats = npt.NDArray[np.float32]


class ModelError(Exception):
    """The model file is absent, damaged or of another format; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Family:
    """One family of features: which n-grams, the column of each, how rare each is, and the length of the vector."""

    analyzer: str
    smallest: int
    largest: int
    length: float
    columns: dict[str, int]

    def grams(self, text: str) -> list[str]:
        """Cut a prepared text as scikit-learn's CountVectorizer does (`word` or `char_wb`)."""
        return self._word_grams(text) if self.analyzer == "word" else self._character_grams(text)

    def _word_grams(self, text: str) -> list[str]:
        words = _WORD.findall(text)
        sizes = range(self.smallest, self.largest + 1)
        return [" ".join(words[at : at + size]) for size in sizes for at in range(len(words) - size + 1)]

    def _character_grams(self, text: str) -> list[str]:
        found: list[str] = []
        for word in text.split():
            padded = f" {word} "
            length = len(padded)
            for size in range(self.smallest, self.largest + 1):
                if length <= size:
                    found.append(padded)  # a word shorter than the n-gram is counted once, whole
                    break
                found.extend([padded[at : at + size] for at in range(length - size + 1)])
        return found


class Classifier:
    """Classifies messages. Made by `load`; safe to share between threads (nothing changes after loading)."""

    def __init__(self, families: list[Family], arrays: dict[str, Floats], metadata: dict[str, Any]) -> None:
        self.metadata = metadata
        self.intents: tuple[str, ...] = tuple(metadata["intents"])
        self._families = families
        self._rarity = arrays["rarity"]
        self._weights = arrays["weights"]
        self._intercepts = arrays["intercepts"]
        urgencies = list(metadata["urgencies"])
        self._emergency, self._urgent, self._none = (urgencies.index(name) for name in ("emergency", "urgent", "none"))

    @classmethod
    def load(cls, path: Path = MODEL_PATH) -> Classifier:
        """Read an exported model (about 0.2 s). Raises `ModelError` in plain words."""
        try:
            with path.open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
                metadata = json.loads(stored["metadata"].tobytes())
                if metadata["format"] != MODEL_FORMAT:
                    raise ModelError(f"{path}: format {metadata['format']}, expected {MODEL_FORMAT}; run `make model`")
                families = _read_families(stored, metadata)
                # order C: a message reads whole rows of weights, and rows must be contiguous to be quick
                names = ("rarity", "weights", "intercepts")
                arrays = {name: stored[name].astype(np.float32, order="C") for name in names}
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise ModelError(f"{path}: cannot be read as a trained model; run `make model`") from error
        return cls(families, arrays, metadata)

    def classify(self, text: str) -> tuple[list[RankedIntent], UrgencyScores]:
        """Rank the ten likeliest intents, best first, and give the urgency probabilities. Accepts any text."""
        logits = self._logits(text)
        count = len(self.intents)
        intents, urgencies = _softmax(logits[:count]), _softmax(logits[count:])
        best = np.argsort(-intents, kind="stable")[:RANKING_LENGTH].tolist()
        ranking = [RankedIntent(self.intents[at], float(intents[at])) for at in best]
        scores = UrgencyScores(
            emergency=float(urgencies[self._emergency]),
            urgent=float(urgencies[self._urgent]),
            none=float(urgencies[self._none]),
        )
        return ranking, scores

    def _logits(self, text: str) -> npt.NDArray[np.float64]:
        prepared = _NUMBER.sub("__NUMBER__", counted_words(text) or NOTHING_TO_READ).lower()
        logits = self._intercepts.astype(np.float64)
        for family in self._families:
            known = family.columns
            counts = Counter([at for at in map(known.get, family.grams(prepared)) if at is not None])
            if counts:
                columns = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
                repeats = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
                values = (np.log(repeats) + np.float32(1.0)) * self._rarity[columns]
                logits += (family.length / np.sqrt(values @ values)) * (values @ self._weights[columns])
        return logits


def _read_families(stored: Any, metadata: dict[str, Any]) -> list[Family]:
    families, start = [], 0
    for number, described in enumerate(metadata["families"]):
        grams = stored[f"grams_{number}"].tobytes().decode("utf-8").split("\n")
        columns = {gram: start + at for at, gram in enumerate(grams)}
        start += len(grams)
        families.append(
            Family(described["analyzer"], described["smallest"], described["largest"], described["length"], columns)
        )
    return families


def _softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum())
