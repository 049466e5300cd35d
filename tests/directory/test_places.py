"""Places in the words of the street: phrases with where they are, context, and what must never be kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from directory.distance import km_between
from directory.places import PlaceAnswer, Places

PHRASES: list[list[Any]] = [
    phrase
    for group in yaml.safe_load((Path(__file__).parent / "place_phrases.yml").read_text(encoding="utf-8")).values()
    for phrase in group
]
MONTREAL, QUEBEC = (45.51, -73.57), (46.81, -71.22)


def km_off(answer: PlaceAnswer, phrase: list[Any]) -> float:
    assert answer.place is not None
    return km_between(answer.place.lat, answer.place.lon, phrase[1], phrase[2])


def is_right(answer: PlaceAnswer, phrase: list[Any]) -> bool:
    if phrase[1] == "ask":
        return len(answer.candidates) >= 2
    if phrase[1] == "nothing":
        return not answer
    return answer.place is not None and km_off(answer, phrase) <= phrase[3]


def test_at_least_250_phrases_and_95_in_100_right(places: Places) -> None:
    assert len({phrase[0] for phrase in PHRASES}) >= 250
    wrong = [phrase[0] for phrase in PHRASES if not is_right(places.find(phrase[0]), phrase)]
    assert len(wrong) <= 0.05 * len(PHRASES), wrong


def test_none_is_wrong_by_more_than_15_km_without_asking(places: Places) -> None:
    for phrase in PHRASES:
        answer = places.find(phrase[0])
        if answer.place is not None:
            assert isinstance(phrase[1], float), f"{phrase[0]} was not asked about"
            assert km_off(answer, phrase) <= 15, phrase[0]


def test_the_names_of_the_cities_are_found_wherever_one_is(places: Places) -> None:
    assert places.find("Saint-Roch", near=MONTREAL).place is not None
    answer = places.find("centre-ville", near=QUEBEC)
    assert answer.place is not None
    assert km_between(answer.place.lat, answer.place.lon, *QUEBEC) < 5


@pytest.mark.parametrize(
    ("text", "near", "kind"),
    [("Joliette", MONTREAL, "metro"), ("frontenac", MONTREAL, "metro"), ("Joliette", (46.02, -73.44), "town")],
)
def test_context_settles_homonyms(places: Places, text: str, near: tuple[float, float], kind: str) -> None:
    answer = places.find(text, near=near)
    assert answer.place is not None
    assert answer.place.kind == kind


def test_candidates_are_far_apart_and_told_apart(places: Places) -> None:
    candidates = places.find("Saint-Lambert").candidates
    assert 2 <= len(candidates) <= 4
    assert len({place.label_fr for place in candidates}) == len(candidates)
    first, second = candidates[:2]
    assert km_between(first.lat, first.lon, second.lat, second.lon) > 15


def test_only_the_first_three_of_a_postal_code_matter(places: Places) -> None:
    whole, short = places.find("H2X 1Y4").place, places.find("h2x").place
    assert whole == short
    assert whole is not None
    assert "1Y4" not in whole.label_fr


def test_a_street_alone_asks_for_its_corner(places: Places) -> None:
    assert places.find("rue ontario").hint == "cross_street"


def test_a_place_does_not_show_in_a_log(places: Places) -> None:
    text = repr(places.find("coin ontario et davidson"))
    assert "Davidson" not in text
    assert "45." not in text


@given(st.text(max_size=80))
def test_any_text_gets_an_answer(text: str) -> None:
    answer = SHARED_PLACES.find(text)
    assert not (answer.place and answer.candidates)


SHARED_PLACES = Places.load()
