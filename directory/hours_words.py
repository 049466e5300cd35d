"""Cuts typed hours into times, words and marks, after bringing the many ways to say a thing to one (pure).

The words that come out: weekday names, `everyday`, `weekdays`, `weekend`, `ferie` (public holidays), `nth2`, `nth-1`,
`ofmonth`, `closed`, `except`, `opened`, `allday`, and those that nobody knows.
"""

import re

from directory.clock import plain

Token = tuple[str, str]  # "time", "word" or "mark", and the text

_MANY_WORDS = (
    (r"\((?![^)]*(?:ferm|clos|sauf|except)).*?\)", " "),
    (r"\bm\s*-\s*f\b", "mo-fr"),
    (
        r"24\s*(?:h(?:eures?|rs)?|hours?)?\s*(?:/|sur)\s*(?:24|7)\s*(?:h(?:eures?)?\b)?"
        r"(?:\s*(?:,|et|-)?\s*(?:7\s*(?:j(?:ours?)?)?\s*(?:/|sur)\s*7)\s*j?\b)?",
        " allday ",
    ),
    (
        r"\b(?:24\s*(?:hours?|hrs?|heures|h)|jour et nuit|day and night|open all day|(?:ouvert )?en tout temps|"
        r"always open|(?:a|r)ound the clock)\b(?! *\d)",
        " allday ",
    ),
    (
        r"\b7\s*(?:j(?:ours?)?|days?|d|nights?|nuits?|soirs?)?\s*(?:/|sur|a|per)\s*(?:7|week|semaine)\s*j?\b|"
        r"\b7 (?:days?|nights?|jours|soirs|nuits)(?: (?:a|per) week)?|"
        r"\btous les (?:jours|soirs)\b(?: de la semaine)?|\bchaque (?:jour|soir|nuit)\b|\btoutes les nuits\b|"
        r"\b(?:every (?:day|night|evening)|everyday|nightly|daily)\b",
        " everyday ",
    ),
    (r"\b(?:fins? de semaine|fin de sem|fds|week-?ends?)\b", " weekend "),
    (r"\b(?:jours? (?:de (?:la )?semaine|ouvrables?)|en semaine|la semaine|sur semaine|week ?days?)\b", " weekdays "),
    (
        r"\b(?:les )?(?:jours )?(?:conges? )?(?:feries?)\b|\b(?:public |statutory |stat |bank )?holidays?\b|\bph\b",
        " ferie ",
    ),
    (r"\b(?:premiere?|1ere?|1er|1st|first)\b(?= )", " nth1 "),
    (r"\b(?:deuxieme|2i?e(?:me)?|2nd|second)\b(?= )", " nth2 "),
    (r"\b(?:troisieme|3i?e(?:me)?|3rd|third)\b(?= )", " nth3 "),
    (r"\b(?:quatrieme|4i?e(?:me)?|4th|fourth)\b(?= )", " nth4 "),
    (r"\b(?:derniere?|last)\b", " nth-1 "),
    (r"\b(?:du|de chaque|of the|of each|of every|par) (?:mois|month)\b", " ofmonth "),
    (r"\b(?:fermee?s?|closed|off|clos)\b", " closed "),
    (r"\b(?:sauf|excepte|except(?: on| for)?|a l'exception (?:de|du|des)|but not)\b", " except "),
    (
        r"\b(?:ouverte?s?|open(?:s|ed)?|inclus|included|compris|including|incl|meme les|y compris)\b",
        " opened ",
    ),
    (r"\b(?:jusqu'au|jusqu'a|until|till|til|through|thru|to|au)\b", " - "),
    (r"(?<=[\da-z.])\s*\ba\s+(?=(?:\d|midi|minuit|noon|midnight))", " - "),
    (
        r"\b(?:de|du|des|le|les|la|from|on|the|d|l|at|a partir de|entre|between|heures d'ouverture|hours|horaire)\b"
        r"|\b[ld]'",
        " ",
    ),
)
_MANY = tuple((re.compile(pattern), replacement) for pattern, replacement in _MANY_WORDS)
_CLOCK = r"\d{1,2}(?:\s*[:h.]\s*\d{2}(?::\d{2})?|\s*h(?:rs?|eures?)?\b)?\s*(?:[ap]\.?m\b\.?)?|midi|minuit|noon|midnight"
_TOKEN = re.compile(rf"\s*(?:(?P<time>{_CLOCK})(?![\w])|(?P<word>nth-?\d|[a-z]+)\.?|(?P<mark>[-,;:/&+|\n]))")
_OSM_TIME = re.compile(r"\d{2}:\d{2}\s*-\s*\d{2}:\d{2}")


def is_osm_form(text: str) -> bool:
    """Whether the text is in the OpenStreetMap form, where times without days mean every day."""
    return _OSM_TIME.search(plain(text)) is not None


def tokens_of(text: str) -> list[Token] | None:
    """The tokens of a typed text, or None when something in it is neither a time, a word nor a mark."""
    folded = plain(text.replace("\n", " ; "))
    for pattern, replacement in _MANY:
        folded = pattern.sub(replacement, folded)
    return _cut(folded)


def _cut(text: str) -> list[Token] | None:
    tokens: list[Token] = []
    position, end = 0, len(text.rstrip(" ."))
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            return None
        tokens.append((match.lastgroup, match[match.lastgroup].strip()))
        position = match.end()
    return tokens
