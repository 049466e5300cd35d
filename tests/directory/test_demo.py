"""The demonstration directory: answers in six towns, everything to verify, no shelter address given away."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from directory import demo
from directory.places import Places
from directory.query import NEEDS
from directory.search import NEAR_KM, Index, Query

FRIDAY = datetime(2026, 1, 16, 14, tzinfo=ZoneInfo("America/Toronto"))


@pytest.fixture(scope="module")
def index(places: Places) -> Index:
    return demo.index(places)


def search(index: Index, places: Places, town: str, need: str) -> tuple[float | None, list[str], list[str]]:
    place = places.find(town).place
    assert place is not None
    answer = index.search(Query(frozenset({need}), place.lat, place.lon, FRIDAY))
    assert all(item.to_verify and item.confirmed_on is None for item in (*answer.found, *answer.lines))
    return answer.nearest_km, [item.name for item in answer.found], [item.name for item in answer.lines]


def test_it_is_read_without_a_problem() -> None:
    package = demo.package()
    assert package.problems == []
    assert package.count("service") == 76


@pytest.mark.parametrize(
    ("town", "name"),
    [
        ("Montréal", "Plein Milieu"), ("Québec", "Point de Repères"), ("Gatineau", "CIPTO"),
        ("Sherbrooke", "IRIS Estrie"), ("Saguenay", "MIENS"),
    ],
)  # fmt: skip
def test_supplies_are_found_where_they_are(index: Index, places: Places, town: str, name: str) -> None:
    nearest, found, _ = search(index, places, town, "find_supplies")
    assert name in found
    assert nearest is not None
    assert nearest < 10


def test_where_nothing_is_near_it_says_how_far_the_nearest_is(index: Index, places: Places) -> None:
    nearest, found, lines = search(index, places, "Sept-Îles", "find_supplies")
    assert found[0] == "MIENS"
    assert nearest is not None
    assert nearest > NEAR_KM
    assert "211" in lines


@pytest.mark.parametrize("need", NEEDS)
@pytest.mark.parametrize("town", ["Montréal", "Québec", "Gatineau", "Sherbrooke", "Saguenay", "Sept-Îles"])
def test_a_province_wide_line_is_always_offered(index: Index, places: Places, town: str, need: str) -> None:
    assert "211" in search(index, places, town, need)[2]


def test_no_address_of_a_women_s_shelter(index: Index, places: Places) -> None:
    place = places.find("Montréal").place
    assert place is not None
    answer = index.search(Query(frozenset({"find_shelter"}), place.lat, place.lon, FRIDAY, limit=50))
    women = [item for item in answer.found if "women_only" in item.reasons]
    assert women
    assert all(item.address is None and item.km is None for item in women)


def test_positions_say_how_precise_they_are(index: Index, places: Places) -> None:
    place = places.find("Montréal").place
    assert place is not None
    answer = index.search(Query(frozenset(NEEDS), place.lat, place.lon, FRIDAY, limit=50))
    assert {"postal_area", "neighbourhood", "town"} <= {item.precision for item in answer.found}
    assert all(item.precision_km is None or item.precision_km > 0 for item in answer.found)
