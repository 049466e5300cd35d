"""Opening hours against python-dateutil, and the rules by which lines combine."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from directory.hours import Hours, Opening, Rule, is_holiday
from directory.schedules import hours_of

MONTREAL = ZoneInfo("America/Toronto")
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
NINE_TO_FIVE = Rule(9 * 60, 17 * 60, weekdays=frozenset(range(5)))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MONTREAL)


def state(hours: Hours, text: str) -> bool | None:
    return hours.opening(at(text)).open


days = st.dates(date(2024, 1, 1), date(2028, 12, 31))
rows = st.fixed_dictionaries(
    {
        "freq": st.sampled_from(["WEEKLY", "MONTHLY"]),
        "interval": st.sampled_from(["", "1", "2", "3"]),
        "dtstart": st.dates(date(2023, 1, 1), date(2024, 6, 30)).map(str),
        "until": st.one_of(st.just(""), st.dates(date(2025, 1, 1), date(2028, 1, 1)).map(str)),
        "count": st.sampled_from(["", "5", "40"]),
        "wkst": st.sampled_from(["", "MO", "SU"]),
        "days": st.lists(st.sampled_from(WEEKDAYS), unique=True, max_size=4),
        "nth": st.sampled_from(["", "1", "2", "-1"]),
        "bymonthday": st.sampled_from(["", "1", "15", "-1", "3,20"]),
    }
)


@settings(max_examples=150, deadline=None)
@given(row=rows, probes=st.lists(days, min_size=20, max_size=20))
def test_recurrences_fall_on_the_days_dateutil_says(row: dict[str, object], probes: list[date]) -> None:
    monthly = row["freq"] == "MONTHLY"
    prefix = row["nth"] if monthly else ""
    byday = ",".join(f"{prefix}{day}" for day in row["days"])  # type: ignore[attr-defined]  # a list of day codes
    until = "" if row["count"] else row["until"]
    month_days = row["bymonthday"] if monthly and not byday else ""
    schedule = {
        **row,
        "byday": byday,
        "until": until,
        "bymonthday": month_days,
        "opens_at": "09:00",
        "closes_at": "17:00",
    }
    parts = [f"FREQ={row['freq']}", f"INTERVAL={row['interval'] or 1}", f"WKST={row['wkst'] or 'MO'}"]
    parts += [f"BYDAY={byday}"] if byday else []
    parts += [f"BYMONTHDAY={month_days}"] if month_days else []
    parts += [f"COUNT={row['count']}"] if row["count"] else []
    parts += [f"UNTIL={str(until).replace('-', '')}"] if until else []
    start = datetime.combine(date.fromisoformat(str(row["dtstart"])), time())
    expected = rrule.rrulestr(";".join(parts), dtstart=start)
    rule = hours_of([schedule]).rules[0]
    assert rule.says == "open"
    for probe in probes:
        moment = datetime.combine(probe, time())
        assert rule.falls_on(probe) == bool(expected.between(moment, moment, inc=True)), probe


openings = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 1439), st.integers(15, 1440)), min_size=1, max_size=5
).map(lambda items: tuple(Rule(start, start + length, weekdays=frozenset({day})) for day, start, length in items))
moments = st.builds(
    lambda day, minutes: datetime.combine(day, time()) + timedelta(minutes=minutes),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.integers(0, 1439),
)


@settings(max_examples=200, deadline=None)
@given(rules=openings, moment=moments)
def test_open_exactly_within_an_occurrence(rules: tuple[Rule, ...], moment: datetime) -> None:
    """The straightforward way: every occurrence of the week before, one by one, from dateutil."""
    hours = Hours(rules, holidays=True)
    spans = []
    for rule in rules:
        first = datetime.combine(moment.date() - timedelta(days=7), time())
        week = rrule.rrule(
            rrule.WEEKLY, dtstart=first, byweekday=sorted(rule.weekdays), until=moment + timedelta(days=1)
        )
        spans += [(day + timedelta(minutes=rule.opens), day + timedelta(minutes=rule.closes)) for day in week]
    expected = any(start <= moment < end for start, end in spans)
    opening = hours.opening(moment.replace(tzinfo=MONTREAL))
    assert opening.open == expected
    if opening.until is not None:
        assert not hours.opening(opening.until).open
    if opening.open is False and opening.opens_at is not None:
        assert hours.opening(opening.opens_at).open
        assert opening.opens_at > moment.replace(tzinfo=MONTREAL)


def test_the_three_answers() -> None:
    hours = Hours((NINE_TO_FIVE,))
    assert hours.opening(at("2026-01-14T13:00")) == Opening(True, until=at("2026-01-14T17:00"), why="open")
    closed = hours.opening(at("2026-01-16T17:00"))
    assert (closed.open, closed.opens_at) == (False, at("2026-01-19T09:00"))
    assert Hours().opening(at("2026-01-14T13:00")) == Opening(None, why="unknown")


def test_several_openings_a_day() -> None:
    hours = hours_of(
        [
            {"byday": "MO", "opens_at": "09:00", "closes_at": "12:00"},
            {"byday": "MO", "opens_at": "13:00", "closes_at": "16:00"},
        ]
    )
    assert [state(hours, f"2026-01-12T{hour}") for hour in ("11:59", "12:00", "13:00", "16:00")] == [
        True,
        False,
        True,
        False,
    ]


def test_overnight_asks_yesterday_too() -> None:
    hours = hours_of([{"byday": "FR", "opens_at": "20:30", "closes_at": "08:15"}])
    assert state(hours, "2026-01-17T08:14") is True
    assert state(hours, "2026-01-17T08:15") is False
    assert state(hours, "2026-01-16T08:00") is False


def test_equal_times_are_24_hours_and_touching_days_never_close() -> None:
    hours = hours_of([{"byday": "MO,TU,WE,TH,FR,SA,SU", "opens_at": "00:00", "closes_at": "00:00"}])
    assert hours.opening(at("2026-12-25T03:00")) == Opening(True, why="always")
    weekend = hours_of([{"byday": "SA,SU", "opens_at": "00:00", "closes_at": "00:00"}])
    assert weekend.opening(at("2026-01-17T03:00")).until == at("2026-01-19T00:00")


def test_the_shorter_window_wins() -> None:
    hours = hours_of(
        [
            {"byday": "MO,TU,WE,TH,FR", "opens_at": "09:00", "closes_at": "17:00"},
            {
                "valid_from": "2026-07-01",
                "valid_to": "2026-08-31",
                "byday": "MO",
                "opens_at": "10:00",
                "closes_at": "14:00",
            },
            {"valid_from": "2026-08-03", "valid_to": "2026-08-03", "description": "Fermé"},
        ]
    )
    assert state(hours, "2026-06-29T16:00") is True
    assert state(hours, "2026-07-06T16:00") is False
    assert state(hours, "2026-07-06T13:00") is True
    assert state(hours, "2026-08-03T13:00") is False


@pytest.mark.parametrize(
    ("holidays", "expected"), [(None, None), (True, True), (False, False)], ids=["not said", "open", "closed"]
)
def test_a_public_holiday(holidays: bool | None, expected: bool | None) -> None:
    hours = Hours((NINE_TO_FIVE,), holidays)
    assert is_holiday(date(2026, 6, 24))
    opening = hours.opening(at("2026-06-24T13:00"))
    assert opening.open is expected
    assert hours.opening(at("2026-06-24T20:00")).open is False


def test_a_shelter_open_every_night_is_open_on_a_holiday_too() -> None:
    hours = hours_of([{"byday": ",".join(WEEKDAYS), "opens_at": "20:00", "closes_at": "08:00"}])
    assert state(hours, "2026-12-25T23:00") is True


@pytest.mark.parametrize(
    "row",
    [
        {"byday": "LU?", "opens_at": "09:00", "closes_at": "17:00"},
        {"byday": "MO", "opens_at": "soon", "closes_at": "17:00"},
        {"byday": "MO", "opens_at": "09:00"},
        {"opens_at": "09:00", "closes_at": "17:00"},
        {"freq": "YEARLY", "byday": "MO", "opens_at": "09:00", "closes_at": "17:00"},
        {"freq": "WEEKLY", "interval": "2", "byday": "MO", "opens_at": "09:00", "closes_at": "17:00"},
        {"description": "Call for hours"},
        {"byday": "MO", "valid_from": "bientôt", "opens_at": "09:00", "closes_at": "17:00"},
    ],
)
def test_what_cannot_be_read_is_unknown_never_closed(row: dict[str, str]) -> None:
    assert state(hours_of([row]), "2026-01-12T13:00") is None


def test_an_unreadable_line_does_not_hide_a_known_opening() -> None:
    hours = hours_of([{"byday": "MO", "opens_at": "09:00", "closes_at": "17:00"}, {"description": "?"}])
    assert state(hours, "2026-01-12T13:00") is True
    assert state(hours, "2026-01-12T20:00") is None


def test_time_zones_by_name_and_clock_changes() -> None:
    islands = Hours((NINE_TO_FIVE,), zone="America/Halifax")
    assert islands.opening(at("2026-01-14T08:30")).open is True
    assert islands.opening(at("2026-01-14T16:30")).open is False
    night = Hours((Rule(22 * 60, 32 * 60, weekdays=frozenset(range(7))),))
    ends = night.opening(at("2026-03-08T01:00")).until
    assert ends == at("2026-03-08T08:00")
    assert night.opening(at("2026-11-01T07:59")).open is True
    skipped = Hours((Rule(2 * 60 + 30, 4 * 60, weekdays=frozenset({6})),))
    assert skipped.opening(at("2026-03-08T03:15")).open is True


def test_recurrence_examples() -> None:
    second_tuesday = hours_of([{"freq": "MONTHLY", "byday": "2TU", "opens_at": "13:00", "closes_at": "16:00"}])
    assert state(second_tuesday, "2026-01-13T14:00") is True
    assert state(second_tuesday, "2026-01-20T14:00") is False
    fortnight = hours_of(
        [{"byday": "TH", "interval": "2", "dtstart": "2026-01-08", "opens_at": "18:00", "closes_at": "20:00"}]
    )
    assert [state(fortnight, f"2026-01-{day}T19:00") for day in ("08", "15", "22")] == [True, False, True]
