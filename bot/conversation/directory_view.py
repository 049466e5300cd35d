"""The directory as the conversation uses it: places from words or pins, services near a place, opening hours.

Holds the loaded gazetteer and index. The precise place never leaves: what the flow keeps is a label and a
position rounded to about a kilometre.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from bot.conversation.audience import audience_of
from bot.conversation.services import describe, hours
from directory.clock import plain
from directory.places import Place, Places
from directory.query import Query
from directory.search import Index
from flows.flow import FindServices, LookUpPlace, PlaceFound, PlaceUnclear, PlaceUnknown, ServicesFound, Slots

LOOKED_THROUGH = 20
"""Services looked through for those already named in the conversation."""

ROUNDED = 2
"""Decimals of a degree kept: about one kilometre."""

NAME_WORD = 5
"""Letters of a word that makes a service recognised in a text."""

ReportKind = Literal["closed", "full"]


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """What one person found at a service's door, on which day where the organisation is."""

    kind: ReportKind
    source: str
    service_id: str
    day: date


@dataclass(slots=True)
class DirectoryView:
    """What `bootstrap` loads once; `index` is replaced when the directory is imported anew."""

    places: Places
    index: Index
    zone: ZoneInfo
    unconfirmed: bool

    def look_up(
        self, wanted: LookUpPlace, near: tuple[float, float] | None
    ) -> PlaceFound | PlaceUnclear | PlaceUnknown:
        """Where this is."""
        text = wanted.text if wanted.location is None else f"{wanted.location[0]:.4f}, {wanted.location[1]:.4f}"
        answer = self.places.find(text, near=near)
        if answer.place is not None:
            return PlaceFound(_rounded(answer.place))
        if answer.candidates:
            return PlaceUnclear(tuple(_rounded(place) for place in answer.candidates[:4]))
        return PlaceUnknown()

    def find(self, wanted: FindServices, language: str, now: datetime, said: str = "") -> ServicesFound:
        """Services for a need near a place, in words; or the hours of those already named."""
        place = wanted.place or {}
        query = Query(
            needs=frozenset({wanted.need}),
            lat=place.get("lat"),
            lon=place.get("lon"),
            at=now,
            audience=replace(audience_of(said), languages=frozenset({language})),
            unconfirmed=self.unconfirmed,
            exclude=frozenset(wanted.exclude),
        )
        if wanted.about:
            answer = self.index.search(replace(query, limit=LOOKED_THROUGH, exclude=frozenset()))
            named = [found for found in (*answer.found, *answer.lines) if found.id in wanted.about]
            return ServicesFound(hours(named, language, now, self.zone), nothing=not named)
        wording = describe(self.index.search(query), language, now, self.zone)
        return ServicesFound(wording.text, wording.ids, wording.nothing)

    def report(self, kind: ReportKind, ids: Sequence[str], text: str, now: datetime) -> ServiceReport | None:
        """Which of the services last named is meant: the one whose name is in the text, else the first place.

        None when nothing is reported: a question, a phone line, a place that the directory says is closed now.
        """
        if "?" in text:
            return None
        known = (self.index.get(key, now) for key in ids)
        named = [found for found in known if found is not None and found.kind != "line"]
        meant = [found for found in named if _mentions(text, found.name)] or named
        for found in meant:
            if kind == "full" or found.open is not False:
                return ServiceReport(kind, found.source, found.service_id, self.today(now))
        return None

    def today(self, now: datetime) -> date:
        """The day where the organisation is."""
        return now.astimezone(self.zone).date()


def _mentions(text: str, name: str) -> bool:
    words = set(plain(text).split())
    return any(len(word) >= NAME_WORD and word in words for word in plain(name).split())


def _rounded(place: Place) -> Slots:
    return {
        "label_fr": place.label_fr,
        "label_en": place.label_en,
        "lat": round(place.lat, ROUNDED),
        "lon": round(place.lon, ROUNDED),
        "precision_km": max(place.precision_km, 1.0),
        "kind": place.kind,
    }
