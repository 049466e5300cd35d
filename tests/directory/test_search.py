"""Search: nearest, open, fitting, fresh; nothing closed said open, nothing confidential sent."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from directory.hours import Hours, Rule
from directory.reasons import explain
from directory.search import NEAR_KM, Audience, Index
from tests.directory.worlds import ALWAYS, HERE, MONDAY_NOON, NIGHTS, OFFICE, World, query

schedules = st.sampled_from([ALWAYS, NIGHTS, OFFICE, None, {"description": "appelez"}])
services = st.lists(st.tuples(st.floats(0.1, 150), schedules), min_size=1, max_size=15)
moments = st.integers(0, 14 * 24 * 60).map(lambda minutes: MONDAY_NOON + timedelta(minutes=minutes))


def names(index: Index, **changes: object) -> list[str]:
    return [item.name for item in index.search(query(**changes)).found]


@settings(max_examples=80, deadline=None)
@given(services=services, at=moments)
def test_no_closed_service_is_said_open(services: list[tuple[float, dict[str, str] | None]], at: datetime) -> None:
    world = World()
    for number, (km, schedule) in enumerate(services):
        world.add(str(number), km, schedule)
    for item in world.index().search(query(at=at)).found:
        schedule = services[int(item.name)][1]
        local = at.astimezone(ZoneInfo("America/Toronto"))
        expected = {
            id(ALWAYS): True,
            id(NIGHTS): not 8 <= local.hour < 20,
            id(OFFICE): local.weekday() < 5 and 9 <= local.hour < 17,
        }.get(id(schedule))
        assert item.open is expected


@settings(max_examples=80, deadline=None)
@given(services=services, at=moments, limit=st.integers(1, 6))
def test_nearer_beats_farther_all_else_equal(
    services: list[tuple[float, dict[str, str] | None]], at: datetime, limit: int
) -> None:
    world = World()
    for number, (km, schedule) in enumerate(services):
        world.add(str(number), km, schedule)
    shown = [int(item.name) for item in world.index().search(query(at=at, limit=limit)).found]
    assert shown
    for better, worse in pairwise(shown):
        if services[better][1] is services[worse][1]:
            assert services[better][0] <= services[worse][0]
    for number, (km, schedule) in enumerate(services):
        same = [services[other][0] for other in shown if services[other][1] is schedule]
        if number not in shown and same and km <= NEAR_KM:
            assert km >= max(distance for distance in same if distance <= NEAR_KM or distance <= km)


def test_a_large_index_gives_what_looking_at_everything_gives() -> None:
    """The shortcuts of a large index (bands, lower bounds) must not change the answer."""
    world = World()
    for number in range(4000):
        schedule = (ALWAYS, NIGHTS, OFFICE, None)[number * 7 % 4]
        world.add(
            f"{number:04d}", 0.05 + (number * 37 % 4000) / 50, schedule, confirmed=None if number % 3 else "2026-01-01"
        )
    index = world.index()
    for hour in (3, 12, 18):
        at = MONDAY_NOON.replace(hour=hour)
        five = index.search(query(at=at)).found
        fifty = index.search(query(at=at, limit=2000)).found
        assert [item.id for item in five] == [item.id for item in fifty[:5]]
        assert all(item.open for item in five)


def test_open_comes_before_closed_and_unknown() -> None:
    index = World().add("closed", 0.5, NIGHTS).add("unknown", 1, None).add("open", 3, OFFICE).index()
    answer = index.search(query())
    assert [(item.name, item.open) for item in answer.found] == [("open", True), ("unknown", None), ("closed", False)]
    assert answer.found[0].until == MONDAY_NOON.replace(hour=17)
    assert answer.found[2].opens_at == MONDAY_NOON.replace(hour=20)
    assert answer.nearest_km == 0.5


def test_when_nothing_is_open_the_nearest_and_the_next_to_open() -> None:
    index = World().add("tonight", 2, NIGHTS).add("tomorrow", 2.5, {**OFFICE, "byday": "TU"}).index()
    answer = index.search(query())
    assert [item.name for item in answer.found] == ["tonight", "tomorrow"]
    assert not answer.any_open


def test_far_away_is_said_and_only_when_nothing_is_near() -> None:
    index = World().add("far", 80).add("farther", 300).add("farthest", 500).index()
    answer = index.search(query())
    assert [item.name for item in answer.found] == ["far", "farther"]
    assert answer.nearest_km == 80
    assert "far" in answer.found[0].reasons
    assert names(World().add("far", 80).add("near", 5).index()) == ["near"]
    assert names(World().add("far", 80).add("near", 5, NIGHTS).index()) == ["near", "far"]


@pytest.mark.parametrize(
    ("service", "audience"),
    [
        ({"terms": ("find_food", "women_only")}, Audience(gender="man")),
        ({"eligibility_description": "Femmes seulement"}, Audience(gender="man")),
        ({"terms": ("find_food", "men_only")}, Audience(gender="woman")),
        ({"minimum_age": 55.0}, Audience(age=20)),
        ({"minimum_age": 12.0, "maximum_age": 25.0}, Audience(age=40)),
        ({"terms": ("find_food", "pets_no")}, Audience(pets=True)),
        ({"terms": ("find_food", "couples_no")}, Audience(couple=True)),
        ({"terms": ("find_food", "id_needed")}, Audience(no_id=True)),
        ({"terms": ("find_food", "wheelchair_no")}, Audience(wheelchair=True)),
        ({"terms": ("find_food", "faith_based")}, Audience(faith_free=True)),
        ({"status": "inactive"}, Audience()),
        ({"status": "temporarily closed"}, Audience()),
    ],
)
def test_what_is_known_not_to_fit_is_left_out(service: dict[str, object], audience: Audience) -> None:
    status = service.pop("status", None)
    world = World().add("fits", 5).add("other", 1, **service)  # type: ignore[arg-type]  # keyword arguments of `add`
    if status:
        world.tables["service"][1] = {**world.tables["service"][1], "status": status}
    index = world.index()
    assert names(index, audience=audience) == ["fits"]
    if audience != Audience():
        assert "other" in names(index)


def test_age_100_or_more_is_no_limit() -> None:
    assert names(World().add("all", minimum_age=0.0, maximum_age=999.0).index(), audience=Audience(age=80)) == ["all"]


def test_what_fits_for_sure_comes_first_and_says_so() -> None:
    index = World().add("unsure", 1).add("sure", 1.5, terms=("find_food", "pets_ok", "wheelchair_ok")).index()
    answer = index.search(query(audience=Audience(pets=True, wheelchair=True)))
    assert [item.name for item in answer.found] == ["sure", "unsure"]
    assert {"pets_ok", "wheelchair_ok"} <= set(answer.found[0].reasons)
    assert "wheelchair_unknown" in answer.found[1].reasons


def test_language_spoken_comes_first() -> None:
    world = World().add("english", 1).add("french", 2)
    world.row("language", service_id="s-english", code="en").row("language", service_id="s-french", name="Français")
    answer = world.index().search(query(audience=Audience(languages=frozenset({"fr"}))))
    assert [item.name for item in answer.found] == ["french", "english"]
    assert "speaks:fr" in answer.found[0].reasons


def test_freshness_lowers_rank_and_shows() -> None:
    index = World().add("never", 1, confirmed=None).add("old", 1.1, confirmed="2023-01-01").add("fresh", 1.2).index()
    answer = index.search(query())
    assert [item.name for item in answer.found] == ["fresh", "old", "never"]
    assert [item.to_verify for item in answer.found] == [False, True, True]
    assert answer.found[0].confirmed_on == date(2026, 1, 1)
    assert "never_confirmed" in answer.found[2].reasons
    assert names(index, unconfirmed=False) == ["fresh", "old"]


def test_lines_and_mobile_units_stand_beside_places() -> None:
    world = World().add("place").add("211", None, ALWAYS, ("find_food", "find_shelter", "province_wide", "phone_line"))
    world.add("van", 3, OFFICE, ("find_food", "mobile"))
    answer = world.index().search(query())
    assert [item.name for item in answer.found] == ["place"]
    assert [(item.name, item.kind, item.km) for item in answer.lines] == [
        ("van", "mobile", None),
        ("211", "line", None),
    ]
    far = world.index().search(query(lat=50.2, lon=-66.4))
    assert [item.name for item in far.lines] == ["211"]


def test_a_service_area_without_address() -> None:
    world = World().add("delivery", None, OFFICE).row("service_area", id="a", service_id="s-delivery", name="Montréal")
    world.row("position", location_id="a", latitude=HERE[0], longitude=HERE[1], precision_km=14.0, how="town")
    index = world.index()
    assert [(item.name, item.kind) for item in index.search(query()).lines] == [("delivery", "area")]
    assert index.search(query(lat=46.8, lon=-71.2)).lines == ()


def test_a_confidential_address_is_never_sent() -> None:
    world = World().add("maison", 2, ALWAYS, ("find_food", "confidential"), alert="1, rue maison")
    found = world.index().search(query()).found[0]
    assert (found.address, found.km, found.phone) == (None, None, "514-555-0100")
    assert "rue" not in found.notes
    assert found.precision == "hidden"
    secret = World().add("autre", 2)
    secret.tables["location"][0] = {**secret.tables["location"][0], "description": "Adresse confidentielle"}
    assert secret.index().search(query()).found[0].address is None


def test_a_place_whose_position_is_not_known_is_offered_in_its_own_territory_only() -> None:
    world = World().add("near", 1).add("unplaced", 2)
    world.tables["location"][1] = {**world.tables["location"][1], "latitude": None, "longitude": None}
    index = world.index()
    assert [(item.name, item.km) for item in index.search(query()).found] == [("near", 1.0), ("unplaced", None)]
    assert [item.name for item in index.search(query(lat=50.2, lon=-66.4)).found] == ["near"]


def test_another_one_please() -> None:
    index = World().add("a", 1).add("b", 2).add("c", 3).index()
    assert names(index, limit=1) == ["a"]
    assert names(index, limit=1, exclude=frozenset({"a", "b"})) == ["c"]


def test_reports_and_beds_of_the_live_tables() -> None:
    world = World().add("a", 1).add("b", 2).add("c", 3)
    for reporter in ("one", "two", "two"):
        world.row("report", service_id="s-a", kind="closed", reporter=reporter, settled=0)
    world.row("report", service_id="s-b", kind="closed", reporter="one", settled=0)
    later = int(MONDAY_NOON.timestamp()) + 3600
    world.row("capacity", service_id="s-c", available=3, until=later)
    index = world.index()
    answer = index.search(query())
    assert [item.name for item in answer.found] == ["b", "c", "a"]
    assert "reported_closed" in answer.found[2].reasons
    assert "reported_closed" not in answer.found[0].reasons
    assert answer.found[1].beds == 3
    assert index.search(query(at=MONDAY_NOON + timedelta(hours=2))).found[1].beds is None


def test_one_entry_by_its_id() -> None:
    index = World().add("a", 1, OFFICE).add("aa", 2).index()
    found = index.get("a", MONDAY_NOON)
    assert found is not None
    assert (found.name, found.open) == ("a", True)
    assert index.get("nobody", MONDAY_NOON) is None


def test_nothing_to_search_and_unknown_needs() -> None:
    assert Index.from_rows({}).search(query()).found == ()
    with pytest.raises(ValueError, match="unknown need"):
        World().add("a").index().search(query(needs=frozenset({"find_gold"})))
    with pytest.raises(ValueError, match="time zone"):
        World().add("a").index().search(query(at=MONDAY_NOON.replace(tzinfo=None)))


def test_what_is_private_does_not_show_in_a_log() -> None:
    answer = World().add("a").index().search(query())
    assert "514-555" not in repr(answer)
    assert "1, rue" not in repr(answer)
    assert str(HERE[0]) not in repr(query())


def test_every_reason_has_words_in_both_languages() -> None:
    world = World().add("a", 90, None, ("find_food", "women_only", "id_needed"), confirmed=None, minimum_age=18.0)
    for reason in world.index().search(query()).found[0].reasons:
        assert explain(reason, "fr")
        assert explain(reason, "en")
    assert explain("ages:18+", "fr") == "18+ ans"


def test_the_time_zone_is_that_of_the_place() -> None:
    world = World().add("iles", None, OFFICE)
    world.row("location", id="l", latitude=47.38, longitude=-61.86).row(
        "service_at_location", id="iles-1", service_id="s-iles", location_id="l"
    )
    found = world.index().search(query(lat=47.38, lon=-61.86, at=MONDAY_NOON.replace(hour=16, minute=30))).found[0]
    assert found.open is False
    assert (
        Hours((Rule(540, 1020, weekdays=frozenset({0})),)).opening(MONDAY_NOON.replace(hour=16, minute=30)).open is True
    )
