"""Who is on call: tables, calendars, overnight shifts, clock changes, overrides, gaps."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.handoff.schedule import (
    CalendarError,
    Gap,
    Shift,
    TableRow,
    calendar_shifts,
    folded,
    gaps,
    on_call_at,
    table_shifts,
)

ZONE = ZoneInfo("America/Toronto")
ALL = frozenset(range(7))
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//fr
BEGIN:VEVENT
UID:nights
DTSTAMP:20260101T000000Z
DTSTART;TZID=America/Toronto:20260105T200000
DTEND;TZID=America/Toronto:20260106T080000
RRULE:FREQ=DAILY
EXDATE;TZID=America/Toronto:20260107T200000
SUMMARY:Noémie et Sam
END:VEVENT
BEGIN:VEVENT
UID:day
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20260109
SUMMARY:camille / Inconnue
END:VEVENT
BEGIN:VEVENT
UID:off
DTSTAMP:20260101T000000Z
STATUS:CANCELLED
DTSTART;VALUE=DATE:20260108
SUMMARY:camille
END:VEVENT
END:VCALENDAR
"""


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def on_call(rows: list[TableRow], now: datetime, overrides: list[Shift] | None = None) -> tuple[str, ...]:
    shifts = table_shifts(rows, ZONE, now, now + timedelta(seconds=1))
    return on_call_at(shifts, overrides or [], now)


def test_an_overnight_shift_belongs_to_the_day_it_begins() -> None:
    rows = [TableRow(frozenset({4}), time(20), time(8), ("sam",))]  # Friday night
    assert on_call(rows, local(2026, 1, 16, 20, 0)) == ("sam",)
    assert on_call(rows, local(2026, 1, 17, 7, 59)) == ("sam",)
    assert on_call(rows, local(2026, 1, 17, 8, 0)) == ()
    assert on_call(rows, local(2026, 1, 17, 21, 0)) == ()
    assert on_call(rows, local(2026, 1, 16, 19, 59)) == ()


def test_hours_are_those_of_the_wall_clock_when_clocks_change() -> None:
    rows = [TableRow(ALL, time(20), time(8), ("night",)), TableRow(ALL, time(8), time(20), ("day",))]
    for day in (7, 8, 9):  # clocks go forward in the night of March 7 to 8, 2026
        assert on_call(rows, local(2026, 3, day, 7, 59)) == ("night",)
        assert on_call(rows, local(2026, 3, day, 8, 0)) == ("day",)
    assert (
        gaps(
            table_shifts(rows, ZONE, local(2026, 10, 25), local(2026, 11, 8)),
            [],
            local(2026, 10, 25),
            local(2026, 11, 8),
        )
        == []
    )


def test_the_last_override_replaces_everybody_and_may_name_nobody() -> None:
    rows = [TableRow(ALL, time(0), time(0), ("ana",))]
    first = Shift(local(2026, 1, 16, 10), local(2026, 1, 16, 14), ("bob",))
    second = Shift(local(2026, 1, 16, 12), local(2026, 1, 16, 13), ())
    assert on_call(rows, local(2026, 1, 16, 11), [first, second]) == ("bob",)
    assert on_call(rows, local(2026, 1, 16, 12), [first, second]) == ()
    assert on_call(rows, local(2026, 1, 16, 14), [first, second]) == ("ana",)


def test_gaps_are_found_and_joined() -> None:
    rows = [
        TableRow(frozenset({0, 1}), time(8), time(12), ("ana",)),
        TableRow(frozenset({0}), time(12), time(20), ("bob",)),
    ]
    start, end = local(2026, 1, 12), local(2026, 1, 14)
    override = Shift(local(2026, 1, 13, 9), local(2026, 1, 13, 10), ())
    found = gaps(table_shifts(rows, ZONE, start, end), [override], start, end)
    assert found == [
        Gap(local(2026, 1, 12), local(2026, 1, 12, 8)),
        Gap(local(2026, 1, 12, 20), local(2026, 1, 13, 8)),
        Gap(local(2026, 1, 13, 9), local(2026, 1, 13, 10)),
        Gap(local(2026, 1, 13, 12), local(2026, 1, 14)),
    ]


def test_a_calendar_names_workers_by_name_or_id() -> None:
    names = {folded("Noémie"): "noemie", "sam": "sam", "camille": "camille"}
    shifts, unknown = calendar_shifts(CALENDAR, ZONE, local(2026, 1, 6), local(2026, 1, 11), names)
    assert on_call_at(shifts, [], local(2026, 1, 6, 23)) == ("noemie", "sam")
    assert on_call_at(shifts, [], local(2026, 1, 7, 23)) == (), "that night is an exception of the calendar"
    assert on_call_at(shifts, [], local(2026, 1, 8, 12)) == (), "a cancelled event is no shift"
    assert on_call_at(shifts, [], local(2026, 1, 9, 12)) == ("camille",)
    assert unknown == {"Inconnue"}


@pytest.mark.parametrize("text", ["", "bonjour", "<html></html>", "BEGIN:VCALENDAR\nBEGIN:VEVENT\n"])
def test_what_is_not_a_calendar_is_refused(text: str) -> None:
    with pytest.raises(CalendarError, match="not an ICS calendar"):
        calendar_shifts(text, ZONE, local(2026, 1, 6), local(2026, 1, 11), {})


rows_of = st.lists(
    st.builds(
        TableRow,
        st.frozensets(st.integers(0, 6), min_size=1),
        st.times(timezones=st.none()).map(lambda t: t.replace(second=0, microsecond=0)),
        st.times(timezones=st.none()).map(lambda t: t.replace(second=0, microsecond=0)),
        st.sampled_from([("ana",), ("bob", "ana")]),
    ),
    max_size=4,
)


@given(rows_of, st.integers(0, 60 * 24 * 14 - 1))
def test_a_moment_is_in_a_gap_exactly_when_nobody_is_on_call(rows: list[TableRow], minute: int) -> None:
    start, end = local(2026, 3, 1), local(2026, 3, 16)
    now = start + timedelta(minutes=minute)
    shifts = table_shifts(rows, ZONE, start, end)
    in_gap = any(gap.start <= now < gap.end for gap in gaps(shifts, [], start, end))
    assert in_gap == (not on_call_at(shifts, [], now))
    assert on_call_at(shifts, [], now) == on_call(rows, now)
