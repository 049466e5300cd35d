"""Reads clock times, dates and weekday names as people and files write them, in French and English (pure).

Times are minutes after local midnight, days are 0 (Monday) to 6. Nothing is guessed: what is not in
the tables below gives `None`, and the caller says that the hours are unknown.
"""

import re
import unicodedata
from datetime import date, datetime

DAY = 24 * 60
HSDS_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_WEEKDAYS: dict[str, int] = {
    name: index
    for index, names in enumerate(
        (
            "mo mon monday mondays lu lun lundi lundis",
            "tu tue tues tuesday tuesdays ma mar mardi mardis",
            "we wed weds wednesday wednesdays me mer merc mercredi mercredis",
            "th thu thur thurs thursday thursdays je jeu jeudi jeudis",
            "fr fri friday fridays ve ven vend vendredi vendredis",
            "sa sat saturday saturdays sam samedi samedis",
            "su sun sunday sundays di dim dimanche dimanches",
        )
    )
    for name in names.split()
}
_NAMED_TIMES = {"noon": 12 * 60, "midi": 12 * 60, "midnight": DAY, "minuit": DAY}
_TIME = re.compile(
    r"(?P<hour>\d{1,2})"
    r"(?:\s*(?::|h|\.)\s*(?P<minute>\d{2})(?::\d{2}(?:\.\d+)?)?|\s*(?P<bare_h>h(?:rs?|eures?)?))?"
    r"\s*(?P<half>[ap])?(?:\.?m\.?)?"
    r"(?P<offset>z|[+-]\d{2}:?\d{2})?"
)


def plain(text: str) -> str:
    """Lower case, no accents, one kind of dash and apostrophe, single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    folded = re.sub("[\u2010-\u2015\u2212]", "-", folded.casefold()).replace("\u2019", "'")
    return " ".join(folded.split())


def parse_weekday(text: str) -> int | None:
    """The weekday a name or an HSDS 1.x number means (0 and 7 are Sunday, 1 is Monday), or None."""
    word = plain(text).rstrip(".")
    if word.isdigit() and len(word) == 1 and word not in "89":
        return (int(word) - 1) % 7
    return _WEEKDAYS.get(word)


def parse_time(text: str) -> int | None:
    """Minutes after midnight (0 to 1440) of one written time, or None.

    A UTC offset in the value is ignored on purpose: it is wrong half of the year, and files mean
    local wall time.
    """
    word = plain(text)
    if word in _NAMED_TIMES:
        return _NAMED_TIMES[word]
    match = _TIME.fullmatch(word)
    if match is None:
        return None
    half = match["half"]
    if half is None and match["minute"] is None and match["bare_h"] is None:
        return None  # a bare number is not a time
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    total = hour * 60 + minute
    return total if minute < 60 and total <= DAY else None


def parse_date(text: str) -> date | None:
    """The date in an ISO date or date-time, or in `31/12/2026` and `2026/12/31`; None when unreadable."""
    word = text.strip()
    try:
        return date.fromisoformat(word)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(word.replace("Z", "+00:00")).date()
    except ValueError:
        pass
    match = re.fullmatch(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})", word)
    numbers = match.groups() if match else None
    if numbers is None:
        match = re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", word)
        if match is None or int(match[2]) > 12:
            return None
        numbers = (match[3], match[2], match[1])
    try:
        return date(int(numbers[0]), int(numbers[1]), int(numbers[2]))
    except ValueError:
        return None


def clock_text(minutes: int) -> str:
    """`HH:MM` of minutes after midnight, the next day's wrapped (1440 is 00:00)."""
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"
