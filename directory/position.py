"""Gives a position to locations that have none, from their address through our own gazetteer (pure).

It says how precise it is: a corner, a street's middle, a quarter, a postal area, a town. Only addresses in
Québec are looked up; a confidential address gets its town at most, and coordinates that the file gives are
never replaced.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from directory.clock import plain
from directory.distance import km_between
from directory.places import Place, Places
from directory.query import Precision
from directory.traits import is_secret

_HOW: dict[str, Precision] = {
    "intersection": "intersection", "metro": "intersection", "landmark": "intersection", "street": "street",
    "neighbourhood": "neighbourhood", "borough": "neighbourhood", "sector": "neighbourhood",
    "postal_area": "postal_area", "town": "town", "region": "town", "pin": "exact",
}  # fmt: skip
_QUEBEC_NAMES = frozenset({"", "qc", "quebec", "que", "pq", "province de quebec", "quebec (province)"})
_CANADA_NAMES = frozenset({"", "ca", "can", "canada"})
_CORNER = re.compile(r"\b(?:coin|angle|corner|et|and)\b|[/&]", re.I)
_IN_TOWN_KM = 30.0

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a location (or a service area) is, within `precision_km`."""

    location_id: str
    latitude: float
    longitude: float
    precision_km: float
    how: Precision

    def row(self, source: str) -> dict[str, object]:
        """The columns of `directory_position`."""
        return {
            "source": source, "location_id": self.location_id, "latitude": self.latitude,
            "longitude": self.longitude, "precision_km": self.precision_km, "how": self.how,
        }  # fmt: skip


def positions_of(tables: Mapping[str, Iterable[Row]], places: Places) -> list[Position]:
    """Positions for the locations without coordinates, and for the service areas that name a place."""
    addresses: dict[str, Row] = {}
    for address in tables.get("address", ()):
        kind = _text(address, "address_type")
        location_id = _text(address, "location_id")
        if location_id not in addresses or kind == "physical":
            addresses[location_id] = address
    found: list[Position] = []
    town_of = lru_cache(maxsize=None)(lambda city: places.find(city).place if city else None)
    for location in tables.get("location", ()):
        if location.get("latitude") is not None:
            continue
        place = _of_location(location, addresses.get(_text(location, "id"), {}), places, town_of)
        if place is not None:
            found.append(_position(_text(location, "id"), place))
    for area in tables.get("service_area", ()):
        answer = places.find(_text(area, "name")).place if len(_text(area, "name")) <= 60 else None
        if answer is not None:
            found.append(_position(_text(area, "id"), answer))
    return found


def _position(key: str, place: Place) -> Position:
    return Position(key, place.lat, place.lon, place.precision_km, _HOW[place.kind])


def _of_location(location: Row, address: Row, places: Places, town_of: Callable[[str], Place | None]) -> Place | None:
    if plain(_text(address, "state_province")) not in _QUEBEC_NAMES:
        return None
    if plain(_text(address, "country")) not in _CANADA_NAMES:
        return None
    secret = is_secret(f"{_text(location, 'name')} {_text(location, 'description')} {_text(address, 'address_1')}")
    town = town_of(_text(address, "city"))
    near = (town.lat, town.lon) if town else None
    if secret:
        return town
    street, landmark = _text(address, "address_1"), _text(location, "transportation")
    candidates = [
        _in_town(places.find(street, near).place, town) if street and _CORNER.search(street) else None,
        _in_town(places.find(landmark, near).place, town) if landmark and len(landmark) <= 60 else None,
        places.postal_area(_text(address, "postal_code")),
        _in_town(places.find(street, near).place, town) if street else None,
        town,
    ]
    known = [place for place in candidates if place is not None]
    return min(known, key=lambda place: place.precision_km, default=None)


def _in_town(place: Place | None, town: Place | None) -> Place | None:
    """A street or quarter counts only where the address says the town is."""
    if place is None or town is None or place.kind in ("town", "region"):
        return None
    return place if km_between(place.lat, place.lon, town.lat, town.lon) <= _IN_TOWN_KM else None


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()
