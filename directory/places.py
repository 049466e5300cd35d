"""Free text to a place in Québec, in the words of the street (no I/O after `Places.load()`).

    places = Places.load()                         # once; about 0.2 s
    answer = places.find("coin ste-cath st-denis", near=(45.5, -73.6))
    answer.place        # Place(label_fr, label_en, lat, lon, precision_km, kind) when exactly one
    answer.candidates   # 2 to 4 places to ask about: the same words mean places more than 15 km apart
    answer.hint         # "cross_street": only a street is known, ask which corner (place: a short one's middle)
    not answer          # nothing recognised ("chez nous"): ask for a métro station, a corner or a town

`kind` is one of postal_area, metro, intersection, street, neighbourhood, borough, sector, landmark, town,
region, pin. `precision_km` is how far the person may really be from the point. Only the first three
characters of a postal code are read; a pin is rounded to about 100 m. `near` is where the person was last.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from directory.crossings import Crossings
from directory.distance import km_between
from directory.gazetteer import Entry, Gazetteer, read_table
from directory.spelling import GENERIC, names_a_street, without_fillers, without_street_names, words_of

APART_KM = 15.0  # farther than this, two meanings of the same words are asked about
_CONTEXT_KM = 40.0  # a place this near to where the person was is what they mean
_SHORT_STREET_KM = 4.0
_BIG_TOWN = 50_000
_CLEARLY_BIGGER = 8
_LONGEST_TEXT = 240

_POSTAL = re.compile(r"(?<![A-Za-z0-9])([GHJghj]\d[A-Za-z])(?:[ -]?\d[A-Za-z]\d)?(?![A-Za-z0-9])")
_PIN = re.compile(r"(?<![\d.])(-?\d{1,2}\.\d{2,})\s*[,; ]\s*(-?\d{1,3}\.\d{2,})")
_METRO = re.compile(r"\b(?:m[ée]tro|subway|station)\b", re.I)
_HOUSE_NUMBER = re.compile(r"^\s*\d+[a-zA-Z]?\s*,?\s+\D")

Kind = Literal[
    "postal_area", "metro", "intersection", "street", "neighbourhood", "borough", "sector", "landmark", "town",
    "region", "pin",
]  # fmt: skip
# When the same words name several things close together, people mean the first kind.
_KIND_ORDER = ("town", "neighbourhood", "landmark", "borough", "sector", "metro", "region")


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is, roughly. Hidden in `repr`: it must not reach a log."""

    label_fr: str = field(repr=False)
    label_en: str = field(repr=False)
    lat: float = field(repr=False)
    lon: float = field(repr=False)
    precision_km: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class PlaceAnswer:
    """Exactly one place, or several to ask about, or nothing (false)."""

    place: Place | None = None
    candidates: tuple[Place, ...] = ()
    hint: Literal["cross_street"] | None = None

    def __bool__(self) -> bool:
        return self.place is not None or bool(self.candidates)


class Places:
    """The gazetteer and the corners, ready to answer."""

    def __init__(self, gazetteer: Gazetteer, crossings: Crossings, postal: dict[str, Place]) -> None:
        self._gazetteer = gazetteer
        self._crossings = crossings
        self._postal = postal

    @classmethod
    def load(cls) -> "Places":
        """Reads the tables in `directory/data`."""
        postal = {
            row["fsa"]: Place(
                f"secteur {row['fsa']}",
                f"{row['fsa']} area",
                float(row["lat"]),
                float(row["lon"]),
                float(row["precision_km"]),
                "postal_area",
            )
            for row in read_table("fsa.csv")
        }
        return cls(Gazetteer.load(), Crossings(read_table("intersections.csv")), postal)

    def find(self, text: str, near: tuple[float, float] | None = None) -> PlaceAnswer:
        """The place a person means. Looks for, in order: a pin, a postal code, a métro station, a corner, a name."""
        text = text.strip()[:_LONGEST_TEXT]
        pin = _pin_in(text)
        if pin:
            return PlaceAnswer(pin)
        area = self.postal_area(text)
        words = words_of(text)
        core = without_fillers(words)
        if area is not None:
            return self._finer_than(area, core, near)
        if _METRO.search(text) or "metro" in words:
            stations = self._gazetteer.station([word for word in words if word not in ("metro", "station")])
            if stations:
                return self._choose(stations, near)
        asked = self._crossings.asked_for(text)
        # "boul. Taschereau" is a street, not the town of that name.
        whole = self._gazetteer.exact(words) or ([] if names_a_street(words) else self._gazetteer.exact(core))
        if whole and not asked:
            return self._choose(whole, near)
        if len(core) <= 12:
            corner = self._crossings.find(
                text, near, sure=not asked and not re.search(r"\b(et|and|pis|x)\b", text, re.I)
            )
            if corner is not None and not self._is_elsewhere(core):
                label_fr, label_en = " / ".join(corner.streets), " / ".join(corner.streets)
                return PlaceAnswer(
                    Place(label_fr, label_en, corner.lat, corner.lon, corner.precision_km, "intersection")
                )
        if self._crossings.names_a_crossing(text):
            return PlaceAnswer(hint="cross_street")  # "amherst et ontario" is not the town of Amherst
        return self._by_name(text, core, near, misspelled=not asked)

    def postal_area(self, text: str) -> Place | None:
        """The area of the first three characters of a postal code in the text; the rest is not read."""
        for match in _POSTAL.finditer(text):
            area = self._postal.get(match[1].upper())
            if area is not None:
                return area
        return None

    def _finer_than(self, area: Place, core: list[str], near: tuple[float, float] | None) -> PlaceAnswer:
        """In the country a postal area is huge: a town named beside it says more."""
        if area.precision_km > 10:
            hits = [entry for _, entries in self._gazetteer.names_in(core) for entry in entries]
            close = [e for e in hits if km_between(e.lat, e.lon, area.lat, area.lon) < 3 * area.precision_km]
            if close:
                return self._choose(close, near)
        return PlaceAnswer(area)

    def _is_elsewhere(self, core: list[str]) -> bool:
        """Whether a town off the island is named too: our corners are Montréal's."""
        for size in (3, 2, 1):
            for entry in self._gazetteer.exact(core[-size:]) if len(core) > size else ():
                if (
                    entry.kind == "town"
                    and entry.population > 20_000
                    and km_between(entry.lat, entry.lon, 45.53, -73.6) > 25
                ):
                    return True
        return False

    def _by_name(
        self, text: str, core: list[str], near: tuple[float, float] | None, *, misspelled: bool
    ) -> PlaceAnswer:
        hits = self._gazetteer.names_in(without_street_names(words_of(text)))
        if len(hits) >= 2:
            return self._choose(_agreeing(hits), near)
        if hits:
            return self._choose(hits[0][1], near)
        if _HOUSE_NUMBER.match(text) or names_a_street(words_of(text)) or len(core) <= 4:
            street = self._crossings.street(" ".join(core))
            if street is not None:
                middle = Place(street.name, street.name, street.lat, street.lon, round(street.radius_km, 1), "street")
                short = street.radius_km <= _SHORT_STREET_KM
                return PlaceAnswer(middle if short else None, hint="cross_street")
        if not misspelled or names_a_street(words_of(text)):
            return PlaceAnswer()
        return self._choose(self._gazetteer.beginning_with(core) or self._gazetteer.like(core), near)

    def _choose(self, entries: list[Entry], near: tuple[float, float] | None) -> PlaceAnswer:
        """One place when its meanings are close together, or one is clearly meant; else the meanings, to ask."""
        if not entries:
            return PlaceAnswer()
        if near is not None:
            entries = [e for e in entries if km_between(*near, e.lat, e.lon) < _CONTEXT_KM] or entries
        groups: list[list[Entry]] = []
        for entry in sorted(entries, key=lambda e: (not e.preferred, -e.population, _KIND_ORDER.index(e.kind))):
            for group in groups:
                if km_between(group[0].lat, group[0].lon, entry.lat, entry.lon) <= APART_KM:
                    group.append(entry)
                    break
            else:
                groups.append([entry])
        heads = [
            min(group, key=lambda e: (not e.preferred, _KIND_ORDER.index(e.kind), -e.population)) for group in groups
        ]
        if len(heads) == 1 or _clearly_first(heads):
            return PlaceAnswer(_as_place(heads[0], several=False))
        return PlaceAnswer(candidates=tuple(_as_place(head, several=True) for head in heads[:4]))


def _clearly_first(heads: list[Entry]) -> bool:
    first, *others = heads
    if first.preferred and not any(head.preferred for head in others):
        return True
    largest = max(other.population for other in others)
    return first.population >= _BIG_TOWN and first.population >= _CLEARLY_BIGGER * largest


def _agreeing(hits: list[tuple[str, list[Entry]]]) -> list[Entry]:
    """Several names in one text ("saint-sauveur à québec"): the meanings that lie together, finest kind first."""
    best: tuple[int, float, list[Entry]] | None = None
    for position, (_, entries) in enumerate(hits):
        context = [entry for other, (_, found) in enumerate(hits) if other != position for entry in found]
        for entry in entries:
            around = [e for e in context if km_between(e.lat, e.lon, entry.lat, entry.lon) <= 20 + e.precision_km / 2]
            rank = (len(around) > 0, -entry.precision_km)
            if best is None or rank > best[:2]:
                best = (rank[0], rank[1], [entry])
    if best is None or not best[0]:
        told = [entries for name, entries in hits if name not in GENERIC] or [entries for _, entries in hits]
        return [entry for entries in told for entry in entries]
    return best[2]


def _as_place(entry: Entry, *, several: bool) -> Place:
    suffix = f" ({entry.where})" if several and entry.where and entry.where != entry.name_fr else ""
    prefix = "métro " if entry.kind == "metro" else ""
    return Place(
        f"{prefix}{entry.name_fr}{suffix}", f"{prefix}{entry.name_en}{suffix}", entry.lat, entry.lon,
        entry.precision_km, entry.kind,
    )  # fmt: skip


def _pin_in(text: str) -> Place | None:
    match = _PIN.search(text)
    if match is None:
        return None
    lat, lon = round(float(match[1]), 3), round(float(match[2]), 3)
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    return Place("ton point sur la carte", "your pin", lat, lon, 0.1, "pin")
