"""HSDS schedule rows to `Hours`, and typed hours to HSDS schedule rows (pure).

A row that speaks only of public holidays ("Fermé les jours fériés") has no times; a dated row whose
text says closed is a closed day. A row that cannot be read is kept as an unknown, never as closed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from directory.clock import DAY, HSDS_DAYS, clock_text, parse_date, parse_time, parse_weekday, plain
from directory.hours import DEFAULT_ZONE, EVERY_DAY, Frequency, Hours, Rule
from directory.typed_hours import TypedHours, parse_hours

HOLIDAYS_CLOSED = "Fermé les jours fériés"
HOLIDAYS_OPEN = "Ouvert les jours fériés"
CLOSED = "Fermé"

_UNKNOWN = Rule(says="unknown", weekdays=EVERY_DAY)
_NUMBERED_DAY = re.compile(r"([+-]?\d{1,2})\s*([A-Za-z]+)")
_OLDEST = date(1970, 1, 1)

Row = Mapping[str, object]


def hours_of(rows: Iterable[Row], zone: str = DEFAULT_ZONE) -> Hours:
    """Everything the schedule rows of one service, location or service at location say."""
    rules: list[Rule] = []
    holidays: bool | None = None
    for row in rows:
        said = _said_about_holidays(row)
        if said is not None:
            holidays = said
            continue
        read = rules_of(row)
        rules += read.rules
        holidays = read.holidays if read.holidays is not None else holidays
    return Hours(tuple(rules), holidays, zone)


def rules_of(row: Row) -> TypedHours:
    """The lines of one schedule row; one "unknown" line when it cannot be read."""
    try:
        return _read_row(row)
    except ValueError:
        return TypedHours((_window(_UNKNOWN, row),))


def _read_row(row: Row) -> TypedHours:
    opens_text, closes_text = _text(row, "opens_at"), _text(row, "closes_at")
    if not opens_text and not closes_text:
        return _without_times(row)
    opens, closes = parse_time(opens_text), parse_time(closes_text)
    if opens is None or closes is None:
        raise ValueError("a time is missing or unreadable")
    opens %= DAY
    if closes <= opens:
        closes += DAY
    return TypedHours((_recurrence(Rule(opens, closes), row),))


def _without_times(row: Row) -> TypedHours:
    words = _text(row, "description") or _text(row, "notes")
    dated = bool(_text(row, "valid_from") and _text(row, "valid_to"))
    if re.search(r"\b(?:ferme|fermee|closed)\b", plain(words)) and (dated or _text(row, "byday")):
        return TypedHours((_window(Rule(says="closed", weekdays=EVERY_DAY), row),)) if dated else TypedHours(())
    typed = parse_hours(words) if words else None
    if typed is None:
        raise ValueError("no times")
    return TypedHours(tuple(_window(rule, row) for rule in typed.rules), typed.holidays)


def _window(rule: Rule, row: Row) -> Rule:
    values = {name: parse_date(_text(row, name)) for name in ("valid_from", "valid_to") if _text(row, name)}
    known = {name: value for name, value in values.items() if value is not None}
    return _with(rule, **known)


def _recurrence(rule: Rule, row: Row) -> Rule:
    weekdays, nth = _days(_text(row, "byday"))
    start = _date(row, "dtstart")
    valid_from, valid_to = _date(row, "valid_from"), _date(row, "valid_to")
    freq = _frequency(row, bool(nth))
    interval, count = _number(row, "interval") or 1, _number(row, "count")
    month_days, year_days = _numbers(row, "bymonthday", 31), _numbers(row, "byyearday", 366)
    weeks = _numbers(row, "byweekno", 53)
    if interval > 1 or count is not None or freq == "MONTHLY":
        start = start or valid_from
    if (interval > 1 or count is not None) and start is None:
        raise ValueError("every second week, or so many times, from no known start")
    says_days = bool(weekdays or nth or month_days or year_days or weeks or start)
    if not says_days:
        if valid_from is None or valid_to is None:
            raise ValueError("no day is named")
        weekdays = EVERY_DAY
    week_start = parse_weekday(_text(row, "wkst")) if _text(row, "wkst") else 0
    if start is not None and start < _OLDEST:
        raise ValueError("starts before 1970")
    if weekdays and not (interval > 1 or count is not None) and start is not None and _is_old(start):
        start = None  # a weekly line that began long ago is simply weekly
    return _with(
        rule, freq=freq, weekdays=weekdays, nth_weekdays=nth, month_days=month_days, year_days=year_days,
        week_numbers=weeks, interval=interval, count=count, week_start=week_start or 0, start=start,
        until=_date(row, "until"), valid_from=valid_from, valid_to=valid_to,
    )  # fmt: skip


def _is_old(start: date) -> bool:
    return start.year < 2020


def _frequency(row: Row, numbered: bool) -> Frequency:
    written = _text(row, "freq").upper()
    if written in ("DAILY", "WEEKLY", "MONTHLY"):
        return "MONTHLY" if numbered and written == "WEEKLY" else written  # type: ignore[return-value]  # just checked
    if written:
        raise ValueError(f"unknown frequency {written!r}")
    return "MONTHLY" if numbered or _text(row, "bymonthday") else "WEEKLY"


def _days(text: str) -> tuple[frozenset[int], tuple[tuple[int, int], ...]]:
    weekdays: set[int] = set()
    nth: list[tuple[int, int]] = []
    for part in re.split(r"[,;|/]+", text):
        word = part.strip()
        if not word:
            continue
        numbered = _NUMBERED_DAY.fullmatch(word)
        day = parse_weekday(numbered[2] if numbered else word)
        if day is None:
            raise ValueError(f"unknown day {word!r}")
        if numbered:
            nth.append((int(numbered[1]), day))
        else:
            weekdays.add(day)
    return frozenset(weekdays), tuple(nth)


def _said_about_holidays(row: Row) -> bool | None:
    if _text(row, "opens_at") or _text(row, "byday"):
        return None
    words = plain(_text(row, "description"))
    return {plain(HOLIDAYS_CLOSED): False, plain(HOLIDAYS_OPEN): True}.get(words)


def rows_of(typed: TypedHours) -> list[dict[str, str]]:
    """HSDS schedule columns (no ids, no links) that say the same as the typed hours."""
    rows = []
    for rule in typed.rules:
        row = {"freq": rule.freq, "opens_at": clock_text(rule.opens), "closes_at": clock_text(rule.closes)}
        days = [f"{n}{HSDS_DAYS[day]}" for n, day in rule.nth_weekdays]
        days += [HSDS_DAYS[day] for day in sorted(rule.weekdays)]
        row["byday"] = ",".join(days)
        rows.append(row)
    if typed.holidays is not None:
        rows.append({"description": HOLIDAYS_OPEN if typed.holidays else HOLIDAYS_CLOSED})
    return rows


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()


def _date(row: Row, name: str) -> date | None:
    text = _text(row, name)
    if not text:
        return None
    found = parse_date(text)
    if found is None:
        raise ValueError(f"{name} is not a date")
    return found


def _number(row: Row, name: str) -> int | None:
    text = _text(row, name)
    if not text:
        return None
    value = int(float(text))
    if not 1 <= value <= 10_000:
        raise ValueError(f"{name} is out of range")
    return value


def _numbers(row: Row, name: str, largest: int) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in re.split(r"[,;\s]+", _text(row, name)) if part)
    if any(number == 0 or abs(number) > largest for number in numbers):
        raise ValueError(f"{name} is out of range")
    return numbers


def _with(rule: Rule, **changes: object) -> Rule:

    return replace(rule, **changes)  # type: ignore[arg-type]  # the names are Rule's own fields
