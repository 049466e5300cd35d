"""Puts what the directory found into a text: the nearest first, whether it is open, when it was last confirmed. Pure.

The words about a service come verbatim from the directory; the rest is a few fixed phrases in both languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from directory.query import Answer, Found
from directory.reasons import explain

PLACES_SHOWN = 2
LINES_SHOWN = 1
SAID = frozenset({"reported_closed", "reported_full", "beds", "no_beds"})
"""Reasons that are said beside the opening hours."""

FAR_KM = 60.0
"""Beyond this the distance is said in so many words, and the lines that reach everywhere come first."""

_PHRASES = {
    "fr": {
        "open_until": "ouvert jusqu'à {time}",
        "open": "ouvert",
        "closed": "fermé",
        "opens": "fermé, ouvre {time}",
        "unknown": "heures inconnues",
        "about": "env. {km} km",
        "verify": "à vérifier",
        "confirmed": "confirmé le {date}",
        "all_closed": "Rien d'ouvert là. Le plus proche:",
        "far": "Le plus proche est à {km} km.",
        "line": "Partout au Québec: {name}{phone}",
        "mobile": "Se déplace",
    },
    "en": {
        "open_until": "open until {time}",
        "open": "open",
        "closed": "closed",
        "opens": "closed, opens {time}",
        "unknown": "hours unknown",
        "about": "about {km} km",
        "verify": "to be checked",
        "confirmed": "confirmed {date}",
        "all_closed": "Nothing open now. Nearest:",
        "far": "The nearest is {km} km away.",
        "line": "Anywhere in Quebec: {name}{phone}",
        "mobile": "Mobile",
    },
}
_DAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """The text to send, which services it names, and whether no place was found."""

    text: str = field(repr=False)
    ids: tuple[str, ...] = ()
    nothing: bool = False


def describe(answer: Answer, language: str, now: datetime, zone: ZoneInfo) -> Wording:
    """Word an answer of the directory, for one text."""
    phrases = _PHRASES[language]
    shown = answer.found[:PLACES_SHOWN]
    lines: list[str] = []
    if shown and answer.nearest_km is not None and answer.nearest_km > FAR_KM:
        lines.append(phrases["far"].format(km=round(answer.nearest_km)))
    elif shown and all(found.open is False for found in shown):
        lines.append(phrases["all_closed"])
    lines.extend(_one(found, language, now, zone) for found in shown)
    named = [*shown]
    for found in [item for item in answer.lines if item.phone][:LINES_SHOWN]:
        name = f"{found.name} " if found.name != found.phone else ""
        lines.append(phrases["line"].format(name=name, phone=found.phone))
        named.append(found)
    return Wording("\n".join(lines), tuple(found.id for found in named), nothing=not shown)


def hours(found: Sequence[Found], language: str, now: datetime, zone: ZoneInfo) -> str:
    """Whether these services are open now, with their phone numbers: the answer to "is it open?"."""
    return "\n".join(
        f"{item.name}: {', '.join((opening(item, language, now, zone), *_said(item, language)))}"
        f"{f'. {item.phone}' if item.phone else ''}"
        for item in found
    )


def opening(found: Found, language: str, now: datetime, zone: ZoneInfo) -> str:
    """One of the three answers: open until, closed until, unknown."""
    phrases = _PHRASES[language]
    if found.open is None:
        return phrases["unknown"]
    if found.open:
        if found.until is None:
            return phrases["open"]
        return phrases["open_until"].format(time=_clock(found.until, language, now, zone))
    if found.opens_at is None:
        return phrases["closed"]
    return phrases["opens"].format(time=_clock(found.opens_at, language, now, zone))


def _one(found: Found, language: str, now: datetime, zone: ZoneInfo) -> str:
    phrases = _PHRASES[language]
    where = found.address or (phrases["mobile"] if found.kind == "mobile" else "")
    distance = "" if found.km is None else phrases["about"].format(km=_km(found.km, language))
    first = ", ".join(part for part in (found.name, where, distance) if part)
    if found.confirmed_on is not None and not found.to_verify:
        trust = phrases["confirmed"].format(date=found.confirmed_on.isoformat())
    else:
        trust = phrases["verify"]
    rest = [opening(found, language, now, zone), *_said(found, language), found.phone or "", trust]
    return f"{first}: {', '.join(part for part in rest if part)}."


def _said(found: Found, language: str) -> list[str]:
    """What people and partners said lately: reported closed or full, places free."""
    code: Literal["fr", "en"] = "en" if language == "en" else "fr"
    return [explain(reason, code) for reason in found.reasons if reason.partition(":")[0] in SAID]


def _km(km: float, language: str) -> str:
    text = f"{km:.1f}" if km < 10 else str(round(km))
    return text.replace(".", ",") if language == "fr" else text


def _clock(moment: datetime, language: str, now: datetime, zone: ZoneInfo) -> str:
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    if language == "fr":
        clock = f"{local.hour}h{local.minute:02d}" if local.minute else f"{local.hour}h"
    else:
        clock = f"{local.hour % 12 or 12}{f':{local.minute:02d}' if local.minute else ''}{'am' if local.hour < 12 else 'pm'}"
    days = (local.date() - today).days
    if days <= 0 or (days == 1 and local.hour < 6):
        return clock
    return f"{_DAYS[language][local.weekday()]} {clock}"
