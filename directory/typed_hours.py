"""Hours as people type them, in French and English, to schedule lines (pure).

    parse_hours("lun-ven 9h-16h30, sam midi à 4; fermé jours fériés")

Reads days, ranges and groups of days, several openings a day, am/pm, midi/minuit, overnight, 24/7, "dernier
jeudi du mois", closed days, public holidays; and the OpenStreetMap form (Mo-Fr 16:00-18:00; PH off).
Nothing is guessed: one word it does not know makes the whole text unknown (`None`), except what stands in parentheses.
Times without any day are taken for every day only in the OpenStreetMap form, where that is the rule.
"""

from dataclasses import dataclass, replace

from directory.clock import DAY, parse_weekday
from directory.hours import EVERY_DAY, Rule
from directory.hours_words import Token, is_osm_form, tokens_of
from directory.typed_span import parse_span

_WEEK = frozenset(range(5))
_WEEKEND = frozenset({5, 6})


@dataclass(frozen=True, slots=True)
class TypedHours:
    """What a text says: its lines, and whether it stays open on public holidays (None: not said)."""

    rules: tuple[Rule, ...]
    holidays: bool | None = None


@dataclass(frozen=True, slots=True)
class _Days:
    weekdays: frozenset[int] = frozenset()
    nth: tuple[tuple[int, int], ...] = ()


class _NotUnderstood(Exception):
    """The text holds something that is not hours."""


def parse_hours(text: str) -> TypedHours | None:
    """The schedule lines of a typed text, or None when any part of it is not understood."""
    tokens = tokens_of(text)
    if tokens is None:
        return None
    try:
        return _Reader(tokens, osm=is_osm_form(text)).read()
    except _NotUnderstood:
        return None


class _Reader:
    """Reads tokens left to right: days, then the times (or "closed") that hold for them."""

    def __init__(self, tokens: list[Token], *, osm: bool) -> None:
        self._tokens = tokens
        self._at = 0
        self._osm = osm
        self._rules: list[Rule] = []
        self._closed: set[int] = set()
        self._holidays: bool | None = None

    def read(self) -> TypedHours:
        """All the groups of the text."""
        days: _Days | None = None
        used = True
        while self._at < len(self._tokens):
            if self._skip(",", ";", ":", "&", "+", "|", "/") or self._skip_word("et", "and", "puis", "pis", "opened"):
                continue
            if self._holiday_said():
                continue
            if self._skip_word("except"):
                except_days = self._read_days()
                if except_days is None:
                    if not self._skip_word("ferie"):
                        raise _NotUnderstood
                    self._holidays = False
                else:
                    self._closed |= except_days.weekdays
                continue
            if self._skip_word("closed"):
                days, used = self._read_closed(days), True
                continue
            read = self._read_days()
            if read is not None:
                if not used:
                    read = _Days((days.weekdays if days else frozenset()) | read.weekdays, read.nth)
                days, used = read, False
                continue
            days, used = self._read_times(days), True
        if not used and not self._days_after_times(days):
            raise _NotUnderstood
        return self._result()

    def _result(self) -> TypedHours:
        rules = [self._without_closed(rule) for rule in self._rules]
        kept = tuple(dict.fromkeys(rule for rule in rules if rule is not None))
        if not kept:
            raise _NotUnderstood
        return TypedHours(kept, self._holidays)

    def _without_closed(self, rule: Rule) -> Rule | None:
        if rule.nth_weekdays or not self._closed:
            return rule
        left = rule.weekdays - self._closed
        return replace(rule, weekdays=left) if left else None

    def _days_after_times(self, days: _Days | None) -> bool:
        """Days that come last ("9h à 17h du lundi au vendredi") hold for lines that had none yet."""
        if days is None or not self._rules or any(rule.weekdays or rule.nth_weekdays for rule in self._rules):
            return False
        self._rules = [_on(days, rule) for rule in self._rules]
        return True

    def _holiday_said(self) -> bool:
        words = [token[1] for token in self._tokens[self._at : self._at + 2]]
        if "ferie" not in words:
            return False
        if words[0] == "closed" or words[:2] == ["ferie", "closed"]:
            self._holidays = False
        elif words[0] == "opened" or words[:2] == ["ferie", "opened"]:
            self._holidays = True
        elif words[0] == "ferie" and self._at and self._tokens[self._at - 1][1] == "opened":
            self._holidays = True
            self._at += 1
            return True
        else:
            return False
        self._at += 2
        return True

    def _read_closed(self, days: _Days | None) -> _Days | None:
        start = self._at
        following = self._read_days()
        if following is not None and self._at < len(self._tokens) and self._tokens[self._at][0] == "time":
            self._at = start  # "fermé dim, lun-sam 9h-17h": the last days go with the times
            following = self._read_days(joined=False)
        if following is not None:
            self._closed |= following.weekdays
        elif days is not None and not any(days.weekdays & rule.weekdays for rule in self._rules):
            self._closed |= days.weekdays
        else:
            raise _NotUnderstood
        return None

    def _read_days(self, *, joined: bool = True) -> _Days | None:
        """One run of days: names, ranges, groups, "2nd Thursday of the month"; None when none comes next."""
        weekdays: set[int] = set()
        nth: list[tuple[int, int]] = []
        start = self._at
        while self._at < len(self._tokens):
            kind, word = self._tokens[self._at]
            group = {"everyday": EVERY_DAY, "weekend": _WEEKEND, "weekdays": _WEEK}.get(word)
            day = parse_weekday(word) if kind == "word" else None
            if word.startswith("nth"):
                nth += self._read_nth()
            elif group is not None:
                weekdays |= group
                self._at += 1
            elif day is not None:
                self._at += 1
                weekdays |= self._range_from(day)
            elif joined and self._at > start and self._between_days():
                self._at += 1
            else:
                break
        if not weekdays and not nth:
            self._at = start
            return None
        return _Days(frozenset(weekdays), tuple(nth))

    def _range_from(self, day: int) -> set[int]:
        if self._peek(0) == "-" and self._at + 1 < len(self._tokens):
            last = parse_weekday(self._tokens[self._at + 1][1]) if self._tokens[self._at + 1][0] == "word" else None
            if last is not None:
                self._at += 2
                return {(day + step) % 7 for step in range((last - day) % 7 + 1)}
        return {day}

    def _read_nth(self) -> list[tuple[int, int]]:
        numbers = []
        while self._at < len(self._tokens) and self._tokens[self._at][1].startswith("nth"):
            numbers.append(int(self._tokens[self._at][1][3:]))
            self._at += 1
            while self._peek(0) in (",", "&", "et", "and") and self._peek(1).startswith("nth"):
                self._at += 1
        day = parse_weekday(self._peek(0)) if self._peek(0).isalpha() else None
        if day is None:
            raise _NotUnderstood
        self._at += 1
        if self._peek(0) != "ofmonth":
            raise _NotUnderstood
        self._at += 1
        return [(number, day) for number in numbers]

    def _between_days(self) -> bool:
        """Whether a comma or "et" here joins two days (and not a day with a time)."""
        following = self._peek(1)
        joined = self._peek(0) in (",", "&", "+", "/", "et", "and", "ou", "or")
        return joined and (
            following in ("everyday", "weekend", "weekdays")
            or following.startswith("nth")
            or (following.isalpha() and parse_weekday(following) is not None)
        )

    def _read_times(self, days: _Days | None) -> _Days | None:
        rules: list[Rule] = []
        self._skip(":", ",", "-")
        while True:
            if self._skip_word("allday"):
                rules.append(Rule(0, DAY))
            elif self._at < len(self._tokens) and self._tokens[self._at][0] == "time":
                rules.append(self._read_span())
            else:
                break
            following = self._tokens[self._at + 1][0] if self._at + 1 < len(self._tokens) else ""
            if not (self._peek(0) in (",", "&", "+", "/", "et", "and", "puis") and following == "time"):
                break
            self._at += 1
        if not rules:
            raise _NotUnderstood
        if days is None:
            following_days = self._read_days()
            if following_days is not None:
                days = following_days
            elif self._osm or all(rule == Rule(0, DAY) for rule in rules):
                days = _Days(EVERY_DAY)
        self._rules += [_on(days, rule) if days else rule for rule in rules]
        if days is None:
            self._check_days_follow()
        return None

    def _check_days_follow(self) -> None:
        if self._at < len(self._tokens) and any(
            parse_weekday(word) is not None for _, word in self._tokens[self._at :]
        ):
            return
        raise _NotUnderstood

    def _read_span(self) -> Rule:
        first = self._tokens[self._at][1]
        self._at += 1
        if not self._skip("-") or self._at >= len(self._tokens) or self._tokens[self._at][0] != "time":
            raise _NotUnderstood
        last = self._tokens[self._at][1]
        self._at += 1
        span = parse_span(first, last)
        if span is None:
            raise _NotUnderstood
        return Rule(*span)

    def _peek(self, ahead: int) -> str:
        return self._tokens[self._at + ahead][1] if self._at + ahead < len(self._tokens) else ""

    def _skip(self, *marks: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] in [("mark", mark) for mark in marks]:
            self._at += 1
            return True
        return False

    def _skip_word(self, *words: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] in [("word", word) for word in words]:
            self._at += 1
            return True
        return False


def _on(days: _Days, rule: Rule) -> Rule:
    if days.nth:
        return replace(rule, freq="MONTHLY", nth_weekdays=days.nth, weekdays=days.weekdays)
    return replace(rule, weekdays=days.weekdays)
