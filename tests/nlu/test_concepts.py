"""Concepts: the longest expression wins, stems catch endings, and the lexicon that is shipped can match."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from nlu.concepts import Concepts, with_pairs
from nlu.normalize import counted_words

LEXICON = Path(__file__).resolve().parents[2] / "nlu" / "concepts.yml"


@pytest.fixture(scope="module")
def lexicon() -> Mapping[str, list[object]]:
    read: Mapping[str, list[object]] = yaml.safe_load(LEXICON.read_text(encoding="utf-8"))
    return read


SMALL = Concepts.of_lexicon({"breath": ["respire plus", "respir*"], "more": ["plus"], "bed": ["lit"], "read": ["lit"]})


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("elle respire plus", ["breath"]),
        ("elle respirait plus", ["breath", "more"]),
        ("un lit", ["bed", "read"]),
        ("res", []),
        ("", []),
    ],
)
def test_longest_first_then_stems(words: str, found: list[str]) -> None:
    assert SMALL.of(words.split()) == found


@pytest.mark.parametrize("entry", ["", "a b c d", "ab*", "respire pl*"])
def test_an_entry_that_could_never_match_is_refused_by_name(entry: str) -> None:
    with pytest.raises(ValueError, match="concept odd"):
        Concepts.of_lexicon({"odd": [entry]})


def test_a_name_that_would_read_as_a_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="concept a__b"):
        Concepts.of_lexicon({"a__b": ["lit"]})


def test_every_two_concepts_are_one_pair_in_any_order() -> None:
    assert with_pairs(["more", "bed", "more"]) == ["bed", "more", "bed__more"]
    assert with_pairs(["bed", "more"]) == with_pairs(["more", "bed"])
    assert with_pairs([]) == []


def test_every_entry_of_the_lexicon_is_in_shared_form(lexicon: Mapping[str, list[object]]) -> None:
    Concepts.of_lexicon(lexicon)
    altered = [
        entry
        for entries in lexicon.values()
        for entry in map(str, entries)
        if not entry.endswith("*") and counted_words(entry) != entry
    ]
    assert altered == [], "write these as the normaliser does, or they never match"
    assert all(re.fullmatch("[a-z0-9_]+", concept) for concept in lexicon)


@pytest.mark.parametrize(
    ("french", "english"),
    [
        ("les boeufs m'ont donné un ticket", "cops gave me a ticket"),
        ("mon ami respire pu", "my friend is not breathing"),
        ("où je peux souper à soir", "where can i get supper tonight"),
    ],
)
def test_both_languages_share_concepts(lexicon: Mapping[str, list[object]], french: str, english: str) -> None:
    concepts = Concepts.of_lexicon(lexicon)
    one, other = (set(concepts.of(counted_words(text).split())) for text in (french, english))
    assert len(one & other) >= 2
