"""Finds times in a message ("à soir", "tomorrow at 9") and says which window of the clock they mean.

Pure: `now` and the zone are given. A window is (start, end), aware, in the zone asked for.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from nlu.normalize import fold
from nlu.yaml_files import words_of

_DAYS = {
    "lundi": 0, "mardi": 1, "mercredi": 2, "jeudi": 3, "vendredi": 4, "samedi": 5, "dimanche": 6,
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
    "tues": 1, "thurs": 3,
}  # fmt: skip
_DAY = (
    r"(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|(?:mon|tues|wednes|thurs|fri|satur|sun)day|tues|thurs)s?"
)
_PART = r"(?:matin|midi|apres-midi|aprem|pm|soir|nuit|morning|afternoon|evening|night|nite)"
_HOUR = r"(?:\d{1,2} ?h(?: ?\d{2})?(?!\w)|\d{1,2}:\d{2}(?: ?[ap]m)?|\d{1,2} ?[ap]m(?!\w)|minuit|midnight|noon|midi)"
_MONTH = (
    "(?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre|january|february|march"
    "|april|may|june|july|august|september|october|november|december)"
)
_AT = f"(?: (?:a |at |vers )?{_HOUR})?"
_THIS_PART = "(?:a|ce|c'te|cte|cette|this|a c'te) (?:soir|matin|nuit|aprem|apres-midi|pm|morning|afternoon|evening)"
_SEASON = "(?:ete|hiver|automne|printemps|summer|winter|spring)"
# Each line is one way to name a time; the first that fits wins.
_WAYS = (
    f"(?:demain|aujourd'?hui|hier|avant-hier|tomorrow|tmrw|tmr|today|yesterday|2m1)(?: (?:en |au )?{_PART})?{_AT}",
    f"{_THIS_PART}{_AT}",
    "tonight|tonite|2nite|(?:hier|last) (?:soir|night|nite)|asoir|a midi",
    "right now|now|rn|maintenant|presentement|tout de suite|drette la|la la|immediatement",
    "(?:a c't'?|ast|asteu|a st)heure(?: (?:la|citte))?|asteure?|astheure",
    "tantot|tout a l'heure|later(?: today)?",
    f"(?:(?:le |la |on |every |chaque |this |next |last )?{_DAY})(?: (?:{_PART}s?|passe|prochain|dernier))?{_AT}",
    "(?:la |cette |en |this |le |next |last )?(?:fin de semaine|fds|week-?ends?)(?: (?:passee?|prochaine?))?",
    "(?:cette|la|this|next|last) (?:semaine|week|month|year|summer|winter|spring|fall)"
    "(?: (?:passee?|prochaine|derniere))?",
    "la nuit|le soir|le matin|at night|the night|mornings?|evenings?",
    f"(?:a|vers|avant|apres|jusqu'a|passe) {_HOUR}",
    rf"(?:at|before|after|until|around|by) (?:{_HOUR}|\d{{1,2}}(?= |$|[?.!,])(?! ?(?:min|days|people|of|times|years)))",
    _HOUR,
    r"(?:dans|in|d'ici) (?:un|une|an|a|\d{1,3}) ?(?:min(?:utes?)?|h|heures?|hours?|hrs?|jours?|days?)",
    r"(?:il y a|y a|ya|ca fait) (?:un|une|\d{1,3}) ?(?:min(?:utes)?|h|heures?|jours?|semaines?|mois|ans)",
    r"\d{1,3} ?(?:min(?:utes)?|hours?|hrs?|days?|weeks?|months?|years?) ago",
    rf"(?:le |the )?\d{{1,2}}(?:er|st|th|nd|rd)?(?: de| of)? {_MONTH}|(?:in|en|au mois de|mi|fin|debut) ?{_MONTH}",
    "le 1er|fin du mois|debut du mois|first of the month|end of the month",
    f"(?:l'|cet |au |last |this |the |le |in ){_SEASON}(?: (?:passee?|dernier|prochain))?",
    r"(?:en|in|since|depuis) (?:19|20)\d\d",
)
_TIMES = re.compile(r"(?<![\w'])(?:" + "|".join(_WAYS) + r")(?!\w)")
_DAY_WORDS = frozenset([*_DAYS, *(f"{day}s" for day in _DAYS)])
_CLOCK = re.compile(r"(\d{1,2}) ?(?:h ?(\d{2})?|:(\d{2}))? ?([ap]m)?(?!\w)")
_NOW = re.compile(
    r"\b(?:now|rn|maintenant|asteure?|ast?heure|a c't'?heure|presentement|tout de suite|drette la|la la|immediatement)\b"
)
_EVENING = re.compile(r"soir|tonight|tonite|2nite|evening|night|nite")
_NIGHT = re.compile(r"nuit|overnight")
_MORNING = re.compile(r"matin|morning")
_AFTERNOON = re.compile(r"aprem|apres-midi|afternoon|\bpm\b")
_TOMORROW = re.compile(r"demain|tomorrow|tmrw|\btmr\b|2m1")
_WEEKEND = re.compile(r"fin de semaine|\bfds\b|week-?end")
_PAST = re.compile(r"hier|yesterday|\blast\b|passe|dernier|ago|il y a|y a|ya ")
_EVENING_FROM = 17
_NIGHT_FROM = 21
_DAY_BREAKS = 6
_NOW_LASTS = timedelta(hours=1)


# A message with none of these words and no number names no time: the long pattern need not run.
_HINTS = words_of("time")


def may_name_time(words: list[str], has_digit: bool) -> bool:
    """Whether a message may name a time at all: a quick look before `find_times`."""
    return has_digit or not (_HINTS.isdisjoint(words) and _DAY_WORDS.isdisjoint(words))


def find_times(folded: str) -> list[tuple[int, int]]:
    """Give the spans of time words in a folded message."""
    return [match.span() for match in _TIMES.finditer(folded) if match.end() > match.start()]


def resolve(value: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """Say which window a time word means, from `now` on; None for the past and for what names no window.

    "à soir" is 17:00 to midnight today, "cette nuit" 21:00 to 6:00, a bare hour lasts one hour, the next one to
    come. A day alone is that whole day (today's name means today).
    """
    local = now.astimezone(zone)
    words = fold(value)
    if _PAST.search(words):
        return None
    if _NOW.search(words):
        return local, local + _NOW_LASTS
    delay = re.search(r"\b(?:dans|in|d'ici) (un|une|an|a|\d{1,3}) ?(min|h|jour|day)", words)
    if delay:
        return _after(local, delay[1], delay[2])
    if _WEEKEND.search(words):
        return _weekend(local)
    day = _day(words, local)
    clock = _hour(words)
    if clock is not None:
        return _at_hour(words, local, day, clock)
    if _NIGHT.search(words):
        start = _at(day or local, _NIGHT_FROM)
        if day is None and local.hour < _DAY_BREAKS:
            start -= timedelta(days=1)
        return start, _at(start + timedelta(days=1), _DAY_BREAKS)
    base = day or local
    for pattern, first, last in (
        (_EVENING, _EVENING_FROM, 24),
        (_MORNING, _DAY_BREAKS, 12),
        (_AFTERNOON, 12, _EVENING_FROM),
    ):
        if pattern.search(words):
            return _at(base, first), _at(base, last)
    if day is not None:
        return _at(day, 0), _at(day, 24)
    if re.search(r"aujourd|today", words):
        return local, _at(local, 24)
    if re.search(r"tantot|tout a l'heure|later", words):
        return local, _at(local, 24)
    if re.search(r"cette semaine|this week", words):
        return local, _at(local + timedelta(days=6 - local.weekday()), 24)
    return None


def _day(words: str, local: datetime) -> datetime | None:
    if _TOMORROW.search(words):
        return local + timedelta(days=1)
    for name, number in _DAYS.items():
        if re.search(rf"\b{name}s?\b", words):
            ahead = (number - local.weekday()) % 7
            if ahead == 0 and re.search(r"prochain|next", words):
                ahead = 7
            return local + timedelta(days=ahead)
    return None


def _hour(words: str) -> time | None:
    if re.search(r"minuit|midnight", words):
        return time(0, 0)
    if re.search(r"(?<!apres-)midi|noon(?<!afternoon)", words):
        return time(12, 0)
    found = _CLOCK.search(words)
    if not found or not (
        found[2]
        or found[3]
        or found[4]
        or "h" in found[0]
        or re.search(r"\b(?:a|at|vers|avant|apres|before|after|by)\b", words)
    ):
        return None
    hour, minute = int(found[1]), int(found[2] or found[3] or 0)
    if found[4] == "pm" and hour < 12:
        hour += 12
    elif found[4] == "am" and hour == 12:
        hour = 0
    elif not found[4] and 0 < hour < 12 and _EVENING.search(words):
        hour += 12
    return time(hour % 24, minute) if hour <= 24 and minute < 60 else None


def _at_hour(words: str, local: datetime, day: datetime | None, clock: time) -> tuple[datetime, datetime]:
    start = (day or local).replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    if day is not None and clock == time(0, 0):
        start += timedelta(days=1)  # "samedi minuit" is the night that follows Saturday
    if day is None and start < local - _NOW_LASTS:
        twelve_later = start + timedelta(hours=12)
        plain = clock.hour < 12 and not re.search(r"am|matin|morning", words)
        start = twelve_later if plain and clock.hour and twelve_later > local else start + timedelta(days=1)
    if re.search(r"\b(?:avant|before|until|jusqu'a|by)\b", words):
        return (local if day is None else _at(day, 0)), start
    if re.search(r"\b(?:apres|after|passe)\b", words):
        return start, _at(start, 24)
    return start, start + _NOW_LASTS


def _after(local: datetime, count: str, unit: str) -> tuple[datetime, datetime]:
    number = 1 if not count.isdigit() else int(count)
    steps = {"min": timedelta(minutes=number), "h": timedelta(hours=number)}
    start = local + steps.get(unit, timedelta(days=number))
    return start, start + _NOW_LASTS


def _weekend(local: datetime) -> tuple[datetime, datetime]:
    if local.weekday() >= 5:
        return local, _at(local + timedelta(days=6 - local.weekday()), 24)
    saturday = local + timedelta(days=5 - local.weekday())
    return _at(saturday, 0), _at(saturday + timedelta(days=1), 24)


def _at(moment: datetime, hour: int) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1) if hour == 24 else midnight.replace(hour=hour)
