"""Who is on call when: a weekly table or a calendar, overnight shifts, overrides, and the gaps. Pure.

Times of a table are wall-clock times in the organisation's zone, so a shift from 20:00 to 08:00 stays that on the nights
when clocks change. Everything that comes out is in UTC.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


class CalendarError(ValueError):
    """A calendar cannot be read."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Workers on call from `start` (included) to `end` (excluded). An override may name nobody."""

    start: datetime
    end: datetime
    workers: tuple[str, ...]

    def covers(self, now: datetime) -> bool:
        """Whether this shift is under way."""
        return self.start <= now < self.end


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of a weekly table: days (Monday is 0) and hours; an end at or before the start is tomorrow's."""

    days: frozenset[int]
    start: time
    end: time
    workers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time in which nobody is on call."""

    start: datetime
    end: datetime


def table_shifts(rows: Iterable[TableRow], zone: ZoneInfo, start: datetime, end: datetime) -> list[Shift]:
    """Every shift of a weekly table that touches this stretch of time."""
    rows = tuple(rows)
    first, last = start.astimezone(zone).date() - timedelta(days=1), end.astimezone(zone).date()
    shifts = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for row in rows:
            if day.weekday() in row.days:
                until = day if row.end > row.start else day + timedelta(days=1)
                shifts.append(Shift(_utc(day, row.start, zone), _utc(until, row.end, zone), row.workers))
    return [shift for shift in shifts if shift.start < end and shift.end > start]


def calendar_shifts(
    calendar: str, zone: ZoneInfo, start: datetime, end: datetime, names: Mapping[str, str]
) -> tuple[list[Shift], frozenset[str]]:
    """Every shift of an ICS calendar that touches this stretch of time, and the names nobody goes by.

    An event's title names who is on call ("Camille", "Camille, Sam"); `names` maps folded names and ids to worker ids.
    Raises `CalendarError` when the text is not a calendar.
    """
    try:
        import icalendar  # large, and only an organisation with a calendar needs it
        import recurring_ical_events

        parsed = icalendar.Calendar.from_ical(calendar)
        events = recurring_ical_events.of(parsed).between(start, end)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise CalendarError(f"not an ICS calendar ({type(error).__name__})") from None
    shifts, unknown = [], set()
    for event in events:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        workers = []
        for name in _names_in(str(event.get("SUMMARY", ""))):
            worker = names.get(folded(name))
            if worker is None:
                unknown.add(name)
            elif worker not in workers:
                workers.append(worker)
        begins, ends = _moment(event.start, zone), _moment(event.end, zone)
        if workers and begins < ends:
            shifts.append(Shift(begins, ends, tuple(workers)))
    return sorted(shifts, key=lambda shift: (shift.start, shift.workers)), frozenset(unknown)


def on_call_at(shifts: Iterable[Shift], overrides: Sequence[Shift], now: datetime) -> tuple[str, ...]:
    """Worker ids on call at a moment, each once. The last override that covers it replaces everybody."""
    for override in reversed(overrides):
        if override.covers(now):
            return override.workers
    found: dict[str, None] = {}
    for shift in shifts:
        if shift.covers(now):
            found.update(dict.fromkeys(shift.workers))
    return tuple(found)


def gaps(shifts: Sequence[Shift], overrides: Sequence[Shift], start: datetime, end: datetime) -> list[Gap]:
    """The stretches between `start` and `end` in which nobody is on call, neighbours joined."""
    edges = {start, end}
    for shift in (*shifts, *overrides):
        edges.update(edge for edge in (shift.start, shift.end) if start < edge < end)
    found: list[Gap] = []
    moments = sorted(edges)
    for begins, ends in itertools.pairwise(moments):
        if on_call_at(shifts, overrides, begins):
            continue
        if found and found[-1].end == begins:
            found[-1] = Gap(found[-1].start, ends)
        else:
            found.append(Gap(begins, ends))
    return found


def folded(name: str) -> str:
    """A name without capitals, accents or spaces around it: how names of a calendar are compared."""
    decomposed = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _names_in(title: str) -> list[str]:
    return [name.strip() for name in re.split(r"[,;/&+]|\bet\b|\band\b", title) if name.strip()]


def _utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def _moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        return _utc(value, time(0), zone)
    return (value if value.tzinfo is not None else value.replace(tzinfo=zone)).astimezone(UTC)
