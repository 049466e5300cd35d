"""Opening hours that tell the truth: open until, closed until, or unknown (pure).

`Rule` is one schedule line (weekly, RRULE, dated exception), `Hours` is everything known about one
service at one location, and `Hours.opening(at)` gives the answer. Times are local wall time in a
named time zone; a fixed UTC offset in a file is ignored.

How lines combine:
- among the lines whose `valid_from`..`valid_to` holds a day, the shortest window wins (a holiday
  line over the regular week); equal windows add up, so several openings a day are several lines;
- a line that closes at or before it opens ends the next day; equal times mean 24 hours;
- on a Québec public holiday, a week that says nothing about holidays is *unknown* for the times it
  would be open, unless it is open all day or overnight every day (shelters, lines);
- a line that could not be read makes the time outside the other lines unknown, never closed.
"""

import calendar
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil import rrule
from holidays import country_holidays

from directory.clock import DAY

DEFAULT_ZONE = "America/Toronto"
EVERY_DAY = frozenset(range(7))
SEARCH_DAYS = 62  # how far ahead the next opening is looked for
_ALWAYS_DAYS = 8  # open without a gap for longer than this is "always open"
_NO_WINDOW = 10**9

Frequency = Literal["DAILY", "WEEKLY", "MONTHLY"]
Says = Literal["open", "closed", "unknown"]
Why = Literal["open", "closed", "unknown", "holiday", "always"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One schedule line. `opens` and `closes` are minutes after midnight, `closes` > `opens` (up to two days)."""

    opens: int = 0
    closes: int = DAY
    says: Says = "open"
    freq: Frequency = "WEEKLY"
    weekdays: frozenset[int] = frozenset()
    nth_weekdays: tuple[tuple[int, int], ...] = ()  # (2, 0) is the second Monday, (-1, 4) the last Friday
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    week_numbers: tuple[int, ...] = ()
    interval: int = 1
    count: int | None = None
    week_start: int = 0
    start: date | None = None
    until: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def window_days(self) -> int:
        """Length of the validity window; unbounded windows are all equally long."""
        if self.valid_from is None or self.valid_to is None:
            return _NO_WINDOW
        return (self.valid_to - self.valid_from).days

    @property
    def is_plain_week(self) -> bool:
        """True when the same week repeats for ever: nothing but weekdays and times."""
        return (
            self.freq != "MONTHLY"
            and self.interval == 1
            and not (self.month_days or self.year_days or self.week_numbers or self.nth_weekdays)
            and self.count is None
            and self.start is None
            and self.until is None
            and self.valid_from is None
            and self.valid_to is None
        )

    def in_window(self, day: date) -> bool:
        """Whether the line speaks about this day at all."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def falls_on(self, day: date) -> bool:
        """Whether the recurrence has an occurrence that starts on this day."""
        if (self.start and day < self.start) or (self.until and day > self.until):
            return False
        if self.count is not None or self.year_days or self.week_numbers:
            return _occurs(self, day)
        if self.freq == "MONTHLY":
            return self._in_month(day)
        if self.freq == "DAILY":
            apart = (day - self.start).days if self.start else 0
            return apart % self.interval == 0 and (not self.weekdays or day.weekday() in self.weekdays)
        return self._in_week(day)

    def _in_week(self, day: date) -> bool:
        weekdays = self.weekdays or (frozenset({self.start.weekday()}) if self.start else EVERY_DAY)
        if day.weekday() not in weekdays or (self.month_days and not _month_day(day, self.month_days)):
            return False
        if self.interval == 1 or self.start is None:
            return True
        first = _week_begins(self.start, self.week_start)
        return (_week_begins(day, self.week_start) - first).days // 7 % self.interval == 0

    def _in_month(self, day: date) -> bool:
        if self.interval > 1 and self.start is not None:
            months = (day.year - self.start.year) * 12 + day.month - self.start.month
            if months % self.interval:
                return False
        if self.month_days and not _month_day(day, self.month_days):
            return False
        if self.weekdays or self.nth_weekdays:
            return day.weekday() in self.weekdays or _nth_weekday(day, self.nth_weekdays)
        return bool(self.month_days) or (self.start is not None and day.day == self.start.day)


def _week_begins(day: date, week_start: int) -> date:
    return day - timedelta(days=(day.weekday() - week_start) % 7)


def _month_day(day: date, wanted: tuple[int, ...]) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    return day.day in wanted or day.day - length - 1 in wanted


def _nth_weekday(day: date, wanted: tuple[tuple[int, int], ...]) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    forward, backward = (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)
    return any(day.weekday() == weekday and n in (forward, backward) for n, weekday in wanted)


_FREQUENCIES: dict[Frequency, Literal[1, 2, 3]] = {
    "DAILY": rrule.DAILY,
    "WEEKLY": rrule.WEEKLY,
    "MONTHLY": rrule.MONTHLY,
}


@lru_cache(maxsize=1024)
def _recurrence(rule: Rule) -> rrule.rrule:
    """The rare parts (COUNT, BYYEARDAY, BYWEEKNO) are left to dateutil."""
    weekdays = [rrule.weekday(day) for day in sorted(rule.weekdays)]
    weekdays += [rrule.weekday(day, n) for n, day in rule.nth_weekdays]
    return rrule.rrule(
        _FREQUENCIES[rule.freq],
        dtstart=datetime.combine(rule.start or date(2020, 1, 1), time()),
        interval=rule.interval,
        wkst=rrule.weekday(rule.week_start),
        count=rule.count,
        byweekday=weekdays or None,
        bymonthday=rule.month_days or None,
        byyearday=rule.year_days or None,
        byweekno=rule.week_numbers or None,
        cache=True,
    )


def _occurs(rule: Rule, day: date) -> bool:
    moment = datetime.combine(day, time())
    return bool(_recurrence(rule).between(moment, moment, inc=True))


@lru_cache(maxsize=256)
def _holidays_of(year: int) -> frozenset[date]:
    return frozenset(country_holidays("CA", subdiv="QC", years=year))


def is_holiday(day: date) -> bool:
    """Whether the day is one of Québec's eight statutory public holidays."""
    return day in _holidays_of(day.year)


@dataclass(frozen=True, slots=True)
class Opening:
    """The answer for one moment. `open` None means unknown; times are aware, in the service's own zone."""

    open: bool | None
    until: datetime | None = None  # open: when it closes; None when it never does
    opens_at: datetime | None = None  # closed or unknown: the next known opening, if one is in sight
    why: Why = "unknown"


Spans = list[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Hours:
    """Every schedule line of one service at one location; no line at all is "unknown".

    `holidays`: True when it says it stays open on public holidays, False when it closes, None when it says nothing.
    """

    rules: tuple[Rule, ...] = ()
    holidays: bool | None = None
    zone: str = DEFAULT_ZONE

    @property
    def steady(self) -> bool:
        """Open round the clock or through the night, every day: a public holiday does not change that."""
        return self._every_day(lambda rule: rule.closes > DAY or rule.closes - rule.opens >= DAY)

    @property
    def never_closes(self) -> bool:
        """Open round the clock, every day, and nothing else is said."""
        whole_days = self._every_day(lambda rule: rule.opens == 0 and rule.closes >= DAY)
        return whole_days and self.holidays is not False and all(rule.is_plain_week for rule in self.rules)

    def _every_day(self, holds: Callable[[Rule], bool]) -> bool:
        days: set[int] = set()
        for rule in self.rules:
            if rule.says == "open" and rule.is_plain_week and holds(rule):
                days |= rule.weekdays or EVERY_DAY
        return days == EVERY_DAY

    def _speaking_on(self, day: date) -> tuple[Sequence[Rule], int]:
        """The lines that hold on a day: those with the shortest window around it; and that window's length."""
        if all(rule.valid_from is None and rule.valid_to is None for rule in self.rules):
            return self.rules, _NO_WINDOW
        speaking = [rule for rule in self.rules if rule.in_window(day)]
        shortest = min((rule.window_days for rule in speaking), default=0)
        return [rule for rule in speaking if rule.window_days == shortest], shortest

    def day_plan(self, day: date) -> tuple[Spans, Spans, bool]:
        """What starts on a day (local, naive): known openings, uncertain ones, and whether a holiday caused that."""
        speaking, shortest = self._speaking_on(day)
        midnight = datetime.combine(day, time())
        known: Spans = []
        uncertain: Spans = []
        for rule in speaking:
            if not rule.falls_on(day):
                continue
            if rule.says == "unknown":
                uncertain.append((midnight, midnight + timedelta(days=1)))
            elif rule.says == "open":
                known.append((midnight + timedelta(minutes=rule.opens), midnight + timedelta(minutes=rule.closes)))
        if shortest != _NO_WINDOW or self.holidays is True or not is_holiday(day):
            return known, uncertain, False
        if self.holidays is False:
            return [], uncertain, False
        return (known, uncertain, False) if self.steady else ([], uncertain + known, True)

    def opening(self, at: datetime) -> Opening:
        """Open until, closed until, or unknown, at an aware moment."""
        if not self.rules:
            return Opening(None)
        if self.never_closes:
            return Opening(True, why="always")
        zone = ZoneInfo(self.zone)
        now = at.astimezone(zone).replace(tzinfo=None)
        today = now.date()
        yesterday_plan, today_plan = self.day_plan(today - timedelta(days=1)), self.day_plan(today)
        ends = [end for start, end in yesterday_plan[0] + today_plan[0] if start <= now < end]
        if ends:
            closing = self._closing(max(ends))
            if closing is None:
                return Opening(True, why="always")
            return Opening(True, until=_aware(closing, zone), why="open")
        following = self._next_opening(now)
        opens_at = _aware(following, zone) if following else None
        for _, uncertain, holiday in (yesterday_plan, today_plan):
            if any(start <= now < end for start, end in uncertain):
                return Opening(None, opens_at=opens_at, why="holiday" if holiday else "unknown")
        return Opening(False, opens_at=opens_at, why="closed")

    def _closing(self, end: datetime) -> datetime | None:
        """Follows touching openings (16-24 then 0-4) to the real closing time; None when there is none."""
        limit = end + timedelta(days=_ALWAYS_DAYS)
        while end < limit:
            spans = self.day_plan(end.date())[0] + self.day_plan(end.date() - timedelta(days=1))[0]
            further = max((stop for start, stop in spans if start <= end < stop), default=end)
            if further == end:
                return end
            end = further
        return None

    def _next_opening(self, now: datetime) -> datetime | None:
        for ahead in range(SEARCH_DAYS):
            starts = [start for start, _ in self.day_plan(now.date() + timedelta(days=ahead))[0] if start > now]
            if starts:
                return min(starts)
        return None


def _aware(moment: datetime, zone: ZoneInfo) -> datetime:
    """Wall time to an instant; a time that the spring change skips becomes the hour after it."""
    return moment.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)


def first_with_rules(levels: Iterable[Hours]) -> Hours:
    """The most precise level that says something: service at location, then service, then location."""
    for hours in levels:
        if hours.rules:
            return hours
    return Hours()
