"""The trained classifier: what Rasa learnt, as arrays, computed with NumPy only.

`nlu/rasa/export.py` writes the file; `tests/nlu/test_parity.py` proves that this module ranks as Rasa does.
The computation: shared forms (`nlu/normalize.py`) → counts of words, word pairs, pieces of words and concepts →
(1 + log count) × rarity, each family brought to its trained length → logistic regression (softmax) over labels such as
`find_shelter__urgent`, whose probabilities add up by intent, and by urgency.
"""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field
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
    kept: dict[str, list[int]] = field(default_factory=dict, repr=False)

    def found(self, text: str, familiar: Container[str] = ()) -> list[int]:
        """Give the column of every known n-gram of a prepared text, as often as it is there.

        The columns of `familiar` words (those of the training messages, which anybody may read) are kept for the next
        message; no word that a texter alone wrote is.
        """
        if self.analyzer == "word":
            return self._known(self._word_grams(text))
        columns: list[int] = []
        for word in text.split():
            kept = self.kept.get(word)
            if kept is None:
                kept = self._known(self._pieces(word))
                if word in familiar:
                    self.kept[word] = kept
            columns += kept
        return columns

    def _known(self, grams: list[str]) -> list[int]:
        return [at for at in map(self.columns.get, grams) if at is not None]

    def _word_grams(self, text: str) -> list[str]:
        words = _WORD.findall(text)
        grams = words if self.smallest == 1 else []
        for size in range(max(self.smallest, 2), self.largest + 1):
            grams = grams + [" ".join(words[at : at + size]) for at in range(len(words) - size + 1)]
        return grams

    def _pieces(self, word: str) -> list[str]:
        """Cut one word as scikit-learn's CountVectorizer does (`char_wb`): blanks stand for its edges."""
        found: list[str] = []
        padded = f" {word} "
        length = len(padded)
        for size in range(self.smallest, self.largest + 1):
            if length <= size:
                found.append(padded)  # a word shorter than the n-gram is counted once, whole
                break
            found.extend([padded[at : at + size] for at in range(length - size + 1)])
        return found


class Classifier:
    """Classifies messages. Made by `load`; safe to share between threads (only what is kept of known words grows)."""

    def __init__(self, families: list[Family], arrays: dict[str, Floats], metadata: dict[str, Any]) -> None:
        self.metadata = metadata
        labels = list(metadata["labels"])
        self.intents: tuple[str, ...] = tuple(dict.fromkeys(map(intent_of, labels)))
        self._by_intent = _adder([intent_of(label) for label in labels], self.intents)
        self._by_urgency = _adder([urgency_of(label) for label in labels], _URGENCIES)
        self._families = families
        self._familiar: Container[str] = next((one.columns for one in families if one.analyzer == "word"), ())
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
        columns: list[int] = []
        values: list[Floats] = []
        for family in self._families:
            counts = Counter(family.found(concepts if family.of_concepts else prepared, self._familiar))
            if counts:
                found = list(counts)
                weighed = (np.log(np.array(list(counts.values()), np.float32)) + 1) * self._rarity[found]
                columns += found
                values.append(weighed * (family.length / math.sqrt(weighed @ weighed)))
        if not columns:
            return self._intercepts.astype(np.float64)
        return np.asarray(
            self._intercepts + np.concatenate(values) @ self._weights[columns].astype(np.float32), np.float64
        )


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
