"""What is counted in a message: cut as scikit-learn cuts, and the same however a word is looked up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from nlu.concepts import Concepts, with_pairs
from nlu.features import Family, Features, made_ready, pieces_of_word
from nlu.normalize import counted_words

WORDS = Family("words", 1, 2, {"faim": 0, "faim encore": 1, "__number__": 2, "encore": 3, "faim __number__": 4})
PIECES = Family("pieces", 3, 4, {" fa": 5, "aim": 6, "fai": 7, "core": 8, " 😭 ": 9})
CONCEPTS = Family("concepts", 1, 1, {"again": 10, "hunger": 11, "again__hunger": 12})
LEXICON = Concepts({"faim": ["hunger"], "encore une fois": ["again"]}, {"affam": ["hunger"]})
FAMILIES = [WORDS, PIECES, CONCEPTS]


def _features(families: Sequence[Family] = FAMILIES) -> Features:
    return Features(families, LEXICON, made_ready(families))


def _one_by_one(counted: str) -> list[int]:
    """Count as plainly as can be written, from the definition."""
    prepared = re.sub(r"\b[0-9]+\b", "__number__", counted).lower()
    words = re.findall(r"\w+", prepared)
    grams = [(WORDS, [*words, *map(" ".join, pairwise(words))])]
    grams += [(PIECES, pieces_of_word(piece, 3, 4)) for piece in prepared.split()]
    grams += [(CONCEPTS, with_pairs(LEXICON.of(counted.split())))]
    return sorted(family.columns[gram] for family, found in grams for gram in found if gram in family.columns)


def test_grams_are_cut_as_scikit_learn_cuts_them() -> None:
    found = pieces_of_word("a", 3, 5) + pieces_of_word("bcd", 3, 5)
    assert found == [" a ", " bc", "bcd", "cd ", " bcd", "bcd ", " bcd "]


def test_everything_is_counted_once_for_each_time_it_is_there() -> None:
    found = _features().columns("faim encore une fois 12 faim").tolist()
    assert found == [0, 0, 1, 2, 3, 5, 5, 6, 6, 7, 7, 8, 10, 11, 12]
    assert _features().columns("").tolist() == []


def test_an_emoji_has_pieces_but_stands_between_no_words() -> None:
    assert _features().columns("faim 😭 encore").tolist() == [0, 1, 3, 5, 6, 7, 8, 9, 11]


@example("0\U0003d000")
@example("faim\U00010d71 encore 12\U0003d000")
@given(
    st.text(alphabet=st.sampled_from("faimenor 12😭'é?\U0003d000"), max_size=60)
    | st.text(alphabet=st.characters(codec=None))
)
def test_looking_words_up_changes_nothing(text: str) -> None:
    counted = counted_words(text)
    assert _features().columns(counted).tolist() == _one_by_one(counted)
    forgetful = Features(FAMILIES, LEXICON, {})
    pairs = set(WORDS.columns.values()) - {0, 2, 3}  # a pair is known by its first word, which is always ready
    expected = [column for column in _one_by_one(counted) if column not in pairs]
    assert [column for column in forgetful.columns(counted).tolist() if column not in pairs] == expected


def test_no_word_that_only_a_texter_wrote_is_kept() -> None:
    features = _features()
    features.columns("faim secretname")
    assert "secretname" not in repr(vars(features))
