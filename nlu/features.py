"""What the classifier counts in a message: words in a row, pieces of words, and concepts, each as a column of numbers.

Pure, and cut as scikit-learn's CountVectorizer cuts, since Rasa trains with it (`tests/nlu/test_parity.py` compares).
What a single word adds is made ready, once, for the words of the training messages: that is nearly every word met, and
looking it up is most of the speed. Nothing is ever added after: no word that only a texter wrote stays in memory.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.concepts import PAIR, Beginning, Concepts, with_pairs

MODEL_FORMAT = 3
"""Of the model's file: what `nlu/rasa/export.py` writes and the classifier reads."""

Columns = npt.NDArray[np.int32]

NUMBER = "__number__"
"""What Rasa counts for any number written in digits."""

_IS_NUMBER = re.compile(r"[0-9]+")
_NUMBERS = re.compile(r"\b[0-9]+\b")
_WORD = re.compile(r"\w+")  # an emoji has pieces, but is no word
_INTEGER = "i"  # 32 bits, as `Columns`


def pieces_of_word(word: str, smallest: int, largest: int) -> list[str]:
    """Cut one word in pieces of `smallest` to `largest` characters; blanks stand for its edges (`char_wb`)."""
    found: list[str] = []
    padded = f" {word} "
    length = len(padded)
    for size in range(smallest, largest + 1):
        if length <= size:
            found.append(padded)  # a word shorter than the n-gram is counted once, whole
            break
        found += [padded[at : at + size] for at in range(length - size + 1)]
    return found


@dataclass(frozen=True, slots=True)
class Family:
    """One family of features: what is cut, in which sizes, and the column of each n-gram that training kept."""

    counts: str
    """`words` (alone and in pairs), `pieces` (of words, in sizes `smallest` to `largest`) or `concepts` (with their pairs)."""
    smallest: int
    largest: int
    columns: Mapping[str, int] = field(repr=False)


def made_ready(families: Sequence[Family]) -> dict[str, bytes]:
    """Give what each word of the training messages adds by itself: its column and those of its pieces, 32 bits each.

    Computed once, when the model is exported (half a second): the service reads it from the model's file.
    """
    grams = (gram for one in families if one.counts == "words" for gram in one.columns)
    return {gram: _columns_of_word(families, gram) for gram in grams if " " not in gram}


def ready_arrays(ready: Mapping[str, bytes]) -> dict[str, npt.NDArray[Any]]:
    """Put what `made_ready` gave in the form of the model's file."""
    return {
        "words": np.frombuffer("\n".join(ready).encode(), np.uint8),
        "word_columns": np.frombuffer(b"".join(ready.values()), np.int32),
        "word_ends": np.cumsum([len(columns) for columns in ready.values()]).astype(np.int32),
    }


def read_ready(stored: Mapping[str, npt.NDArray[Any]]) -> dict[str, bytes]:
    """Read what `ready_arrays` gave. Raises KeyError when it is not there."""
    words = stored["words"].tobytes().decode("utf-8").split("\n")
    columns, ends = stored["word_columns"].tobytes(), stored["word_ends"].tolist()
    return {word: columns[start:end] for word, start, end in zip(words, [0, *ends], ends, strict=False)}


_Word = tuple[str | None, bytes, Beginning, Mapping[str, int]]
"""One word: as counted (None when it is no word: an emoji); the columns it adds by itself; the concepts that begin there;
and by second word, the column of the pairs it begins. A bare tuple: a message reads a dozen."""


class Features:
    """Counts messages. Made once from the families of a model, never changed after."""

    def __init__(self, families: Sequence[Family], concepts: Concepts, ready: Mapping[str, bytes]) -> None:
        """Take the families of a model, its concepts, and what `made_ready` gave when it was exported."""
        self._families = families
        self._concepts = concepts
        pairs = _by_first(families, "words", " ")
        self._concept_columns = {
            name: column for one in families if one.counts == "concepts" for name, column in one.columns.items()
        }
        self._concept_pairs = _by_first(families, "concepts", PAIR)
        self._words = {
            word: (word, columns, concepts.beginning(word), pairs.get(word, {})) for word, columns in ready.items()
        }

    def columns(self, counted: str) -> Columns:
        """Give the column of everything counted, sorted, as often as it is there (`counted`: `normalize.counted_words`)."""
        pieces = counted.split()
        if not counted.isascii() and any(_WORD.findall(piece) not in ([], [piece]) for piece in pieces):
            return self._of_odd_signs(counted)
        words = [self._words.get(piece) or self._unfamiliar(piece) for piece in pieces]
        found = array(_INTEGER)
        pairs: Mapping[str, int] = {}
        for written, _columns, _beginning, following in words:
            if written is not None:
                column = pairs.get(written)
                if column is not None:
                    found.append(column)
                pairs = following
        concepts = sorted(set(self._concepts.named(pieces, [word[2] for word in words])))
        found.extend(_known(self._concept_columns, concepts))
        for at, concept in enumerate(concepts, 1):  # as `with_pairs` says, without making the names of pairs
            found.extend(_known(self._concept_pairs.get(concept, {}), concepts[at:]))
        return np.sort(np.frombuffer(b"".join([found.tobytes(), *[word[1] for word in words]]), np.int32))

    def _of_odd_signs(self, counted: str) -> Columns:
        """Count as plainly as it is defined, where a piece holds signs that scikit-learn cuts words at."""
        prepared = _NUMBERS.sub(NUMBER, counted).lower()
        words = _WORD.findall(prepared)
        grams = {
            "words": [*words, *map(" ".join, pairwise(words))],
            "concepts": with_pairs(self._concepts.of(counted.split())),
        }
        found: list[int] = []
        for one in self._families:
            cut = (pieces_of_word(piece, one.smallest, one.largest) for piece in prepared.split())
            found += _known(one.columns, chain.from_iterable(cut) if one.counts == "pieces" else grams[one.counts])
        return np.sort(np.array(found, np.int32))

    def _unfamiliar(self, piece: str) -> _Word:
        beginning = self._concepts.beginning(piece)
        written = NUMBER if _IS_NUMBER.fullmatch(piece) else piece.lower()
        known = self._words.get(written)
        if known is not None:
            return known[0], known[1], beginning, known[3]
        is_word = _WORD.fullmatch(written) is not None
        return written if is_word else None, _columns_of_word(self._families, written), beginning, {}


def _by_first(families: Iterable[Family], counts: str, joint: str) -> dict[str, dict[str, int]]:
    """Give the columns of a family's pairs by first, then by second member: quicker to find than joined."""
    pairs: dict[str, dict[str, int]] = {}
    for family in families:
        if family.counts == counts:
            for gram, column in family.columns.items():
                first, joined, second = gram.partition(joint)
                if joined:
                    pairs.setdefault(first, {})[second] = column
    return pairs


def _columns_of_word(families: Iterable[Family], word: str) -> bytes:
    found = array(_INTEGER)
    for one in families:
        if one.counts == "pieces":
            found.extend(_known(one.columns, pieces_of_word(word, one.smallest, one.largest)))
        elif one.counts == "words":
            found.extend(_known(one.columns, [word]))
    return found.tobytes()


def _known(columns: Mapping[str, int], grams: Iterable[str]) -> list[int]:
    return [at for at in map(columns.get, grams) if at is not None]
