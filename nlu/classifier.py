"""The trained classifier: what Rasa learnt, as arrays, computed with NumPy only.

`nlu/rasa/export.py` writes the file; `tests/nlu/test_parity.py` proves that this module ranks as Rasa does.
The computation: shared forms (`nlu/normalize.py`) → counts of words, word pairs, pieces of words and concepts →
(1 + log count) × rarity, each family brought to its trained length → logistic regression (softmax) over labels such as
`find_shelter__urgent`, whose probabilities add up by intent, and by urgency.
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

from nlu.concepts import Concepts
from nlu.interpretation import RankedIntent, UrgencyScores
from nlu.labels import intent_of, urgency_of
from nlu.normalize import NOTHING_TO_READ, counted_words

MODEL_PATH = Path(__file__).parent / "model" / "understanding.npz"
MODEL_FORMAT = 2
RANKING_LENGTH = 10

_URGENCIES = ("emergency", "urgent", "none")  # in the order of `UrgencyScores`
_NUMBER = re.compile(r"\b[0-9]+\b")
_WORD = re.compile(r"\w+")

Floats = npt.NDArray[Any]


class ModelError(Exception):
    """The model file is absent, damaged or of another format; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Family:
    """One family of features: n-grams of the words or of their concepts, the column of each, the vector's length."""

    analyzer: str
    smallest: int
    largest: int
    length: float
    columns: dict[str, int]
    of_concepts: bool = False

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
        labels = list(metadata["labels"])
        self.intents: tuple[str, ...] = tuple(dict.fromkeys(map(intent_of, labels)))
        self._by_intent = _adder([intent_of(label) for label in labels], self.intents)
        self._by_urgency = _adder([urgency_of(label) for label in labels], _URGENCIES)
        self._families = families
        self._concepts = Concepts(metadata["concepts"]["expressions"], metadata["concepts"]["stems"])
        self._rarity = arrays["rarity"]
        self._weights = arrays["weights"]
        self._intercepts = arrays["intercepts"]

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
                arrays = {name: stored[name].astype(np.float32) for name in ("rarity", "intercepts")}
                # As stored, 16 bits each: half the memory, and only the rows a message reads are ever widened.
                arrays["weights"] = stored["weights"].astype(np.float16, order="C")
                return cls(families, arrays, metadata)
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise ModelError(f"{path}: cannot be read as a trained model; run `make model`") from error

    def classify(self, text: str) -> tuple[list[RankedIntent], UrgencyScores]:
        """Rank the ten likeliest intents, best first, and give the urgency probabilities. Accepts any text."""
        probabilities = _softmax(self._logits(text))
        intents, urgencies = probabilities @ self._by_intent, probabilities @ self._by_urgency
        best = np.argsort(-intents, kind="stable")[:RANKING_LENGTH].tolist()
        ranking = [RankedIntent(self.intents[at], float(intents[at])) for at in best]
        return ranking, UrgencyScores(*urgencies.tolist())

    def _logits(self, text: str) -> npt.NDArray[np.float64]:
        words = counted_words(text) or NOTHING_TO_READ
        concepts = " ".join(self._concepts.of(words.split()))
        prepared = _NUMBER.sub("__NUMBER__", words).lower()
        logits = self._intercepts.astype(np.float64)
        for family in self._families:
            known = family.columns
            counts = Counter(
                [
                    at
                    for at in map(known.get, family.grams(concepts if family.of_concepts else prepared))
                    if at is not None
                ]
            )
            if counts:
                columns = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
                repeats = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
                values = (np.log(repeats) + np.float32(1.0)) * self._rarity[columns]
                logits += (family.length / np.sqrt(values @ values)) * (
                    values @ self._weights[columns].astype(np.float32)
                )
        return logits


def _read_families(stored: Any, metadata: dict[str, Any]) -> list[Family]:
    families, start = [], 0
    for number, described in enumerate(metadata["families"]):
        grams = stored[f"grams_{number}"].tobytes().decode("utf-8").split("\n")
        columns = {gram: start + at for at, gram in enumerate(grams)}
        start += len(grams)
        sizes = described["smallest"], described["largest"]
        families.append(Family(described["analyzer"], *sizes, described["length"], columns, described["concepts"]))
    return families


def _adder(belongs: list[str], names: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """A matrix that adds the labels' probabilities up: one column a name, 1 where the label belongs to it."""
    return np.array([[float(one == name) for name in names] for one in belongs])


def _softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum())
