"""From when to when, as people type it: "9 à 5", "midi à 4", "1-4pm", "20h-8h" (pure)."""

from directory.clock import DAY, parse_time

_NOON = 12 * 60


def parse_span(first: str, last: str) -> tuple[int, int] | None:
    """Minutes after midnight of both ends (the second may be of the next day), or None when it could be read two ways.

    A bare hour takes what the other end says.
    """
    opens, closes = parse_time(first), parse_time(last)
    if opens is None and closes is None:
        opens, closes = _two_bare_hours(first, last)
    elif opens is None and closes is not None:
        opens = _bare_hour(first)
        if opens is not None and "p" in last and opens < _NOON and opens + _NOON < closes:
            opens += _NOON  # "1-4pm"
    elif closes is None and opens is not None:
        closes = _bare_hour(last)
        if closes is not None and closes <= opens < closes + _NOON <= DAY and closes <= _NOON and "h" not in first:
            closes += _NOON  # "midi à 4", "9am to 5"
    if opens is None or closes is None or opens > DAY:
        return None
    opens %= DAY
    return opens, closes + DAY if closes <= opens else closes


def _two_bare_hours(first: str, last: str) -> tuple[int, int] | tuple[None, None]:
    opens, closes = _bare_hour(first), _bare_hour(last)
    if opens is None or closes is None or max(opens, closes) > DAY or opens == closes:
        return None, None
    if max(opens, closes) > _NOON:
        return opens, closes  # "9-17", "20-8": a 24-hour clock
    if closes <= opens:
        return opens, closes + _NOON  # "9 à 5"
    if opens < 7 * 60:
        return None, None  # "1 à 4": day or night?
    return opens, closes


def _bare_hour(text: str) -> int | None:
    return int(text) * 60 if text.isdigit() else None
