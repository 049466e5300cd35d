"""The trained classifier: what Rasa learnt, as arrays, computed with NumPy only.

`nlu/rasa/export.py` writes the file; `tests/nlu/test_parity.py` proves that this module ranks as Rasa does.
The computation: shared forms (`nlu/normalize.py`) → counts of words, word pairs, pieces of words and concepts →
(1 + log count) × rarity, each family brought to its trained length → logistic regression (softmax) over labels such as
`find_shelter__urgent`, whose probabilities add up by intent, and by urgency.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.concepts import Concepts
from nlu.features import MODEL_FORMAT, Columns, Family, Features, read_ready
from nlu.interpretation import RankedIntent, UrgencyScores
from nlu.labels import intent_of, urgency_of
from nlu.normalize import NOTHING_TO_READ, counted_words

MODEL_PATH = Path(__file__).parent / "model" / "understanding.npz"
RANKING_LENGTH = 10

_URGENCIES = ("emergency", "urgent", "none")  # in the order of `UrgencyScores`

Floats = npt.NDArray[np.float32]


class ModelError(Exception):
    """The model file is absent, damaged or of another format; the message says what to do."""


class Classifier:
    """Classifies messages. Made by `load`, never changed after: safe to share between threads."""

    def __init__(self, features: Features, arrays: dict[str, Any], metadata: dict[str, Any]) -> None:
        self.metadata = metadata
        self._features = features
        labels = list(metadata["labels"])
        self.intents: tuple[str, ...] = tuple(dict.fromkeys(map(intent_of, labels)))
        # Adds the labels' probabilities up: a column for each urgency, then one for each intent.
        self._sums = np.hstack(
            [_adder(map(urgency_of, labels), _URGENCIES), _adder(map(intent_of, labels), self.intents)]
        )
        self._ends = np.cumsum([family["columns"] for family in metadata["families"]]).astype(np.int32)
        # Weights are stored as whole numbers of a unit: the unit is in the lengths, applied once.
        self._lengths = [family["length"] * metadata["unit"] for family in metadata["families"]]
        self._rarity: Floats = arrays["rarity"].astype(np.float32)
        # As stored, 16 bits each: half the memory, and only the rows that a message reads are ever widened.
        self._weights: npt.NDArray[np.int16] = np.ascontiguousarray(arrays["weights"], np.int16)
        self._intercepts = arrays["intercepts"].astype(np.float64)

    @classmethod
    def load(cls, path: Path = MODEL_PATH) -> Classifier:
        """Read an exported model (about 0.2 s). Raises `ModelError` in plain words."""
        try:
            with path.open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
                metadata = json.loads(stored["metadata"].tobytes())
                if metadata["format"] != MODEL_FORMAT:
                    raise ModelError(f"{path}: format {metadata['format']}, expected {MODEL_FORMAT}; run `make model`")
                arrays = {name: stored[name] for name in ("rarity", "weights", "intercepts")}
                concepts = Concepts(metadata["concepts"]["expressions"], metadata["concepts"]["stems"])
                families = _read_families(stored, metadata)
                return cls(Features(families, concepts, read_ready(stored)), arrays, metadata)
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise ModelError(f"{path}: cannot be read as a trained model; run `make model`") from error

    def classify(self, text: str) -> tuple[list[RankedIntent], UrgencyScores]:
        """Rank the ten likeliest intents, best first, and give the urgency probabilities. Accepts any text."""
        logits = self._logits(text)
        sums = np.exp(logits - np.maximum.reduce(logits)) @ self._sums
        emergency, urgent, none, *intents = (sums / (sums[0] + sums[1] + sums[2])).tolist()
        ranked = sorted(zip(intents, self.intents, strict=True), key=itemgetter(0), reverse=True)[:RANKING_LENGTH]
        return [RankedIntent(intent, sure) for sure, intent in ranked], UrgencyScores(emergency, urgent, none)

    def _logits(self, text: str) -> npt.NDArray[np.float64]:
        columns, values = self._weighed(self._features.columns(counted_words(text) or NOTHING_TO_READ))
        start = 0
        for end, length in zip(columns.searchsorted(self._ends).tolist(), self._lengths, strict=True):
            if end > start:
                family = values[start:end]  # a view: brought to its length in place
                family *= length / math.sqrt(family @ family)
                start = end
        weights = self._weights.take(columns, axis=0).astype(np.float32)
        return np.asarray(self._intercepts + values @ weights)

    def _weighed(self, columns: Columns) -> tuple[Columns, Floats]:
        """Give each of the sorted columns once, with (1 + log count) × rarity."""
        first = np.ones(len(columns) + 1, np.bool_)
        np.not_equal(columns[1:], columns[:-1], out=first[1:-1])
        at = first.nonzero()[0]
        once = columns.take(at[:-1])
        values = self._rarity.take(once)
        if len(once) < len(columns):
            values *= np.log(at[1:] - at[:-1], dtype=np.float32) + np.float32(1)
        return once, values


def _read_families(stored: Any, metadata: dict[str, Any]) -> list[Family]:
    families, start = [], 0
    for number, described in enumerate(metadata["families"]):
        grams = stored[f"grams_{number}"].tobytes().decode("utf-8").split("\n")
        columns = dict(zip(grams, range(start, start + described["columns"]), strict=True))
        start += described["columns"]
        sizes = described["smallest"], described["largest"]
        families.append(Family(described["counts"], *sizes, columns))
    return families


def _adder(belongs: Iterable[str], names: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """A matrix that adds the labels' probabilities up: one column a name, 1 where the label belongs to it."""
    return np.array([[float(one == name) for name in names] for one in belongs])
