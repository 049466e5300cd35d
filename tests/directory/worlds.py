"""Small made-up directories for the search tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from directory.needs import NeedMap
from directory.search import Index, Query

NEED_MAP = NeedMap.load()
HERE = (45.52, -73.57)
MONDAY_NOON = datetime(2026, 1, 12, 12, tzinfo=ZoneInfo("America/Toronto"))
ALWAYS = {"byday": "MO,TU,WE,TH,FR,SA,SU", "opens_at": "00:00", "closes_at": "00:00"}
NIGHTS = {"byday": "MO,TU,WE,TH,FR,SA,SU", "opens_at": "20:00", "closes_at": "08:00"}
OFFICE = {"byday": "MO,TU,WE,TH,FR", "opens_at": "09:00", "closes_at": "17:00"}
KM = 1 / 111.195  # degrees of latitude


class World:
    """Collects services; `index()` makes them searchable."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Mapping[str, object]]] = {}

    def add(
        self,
        name: str,
        km: float | None = 1.0,
        schedule: Mapping[str, str] | None = ALWAYS,
        terms: tuple[str, ...] = ("find_food",),
        confirmed: str | None = "2026-01-01",
        **service: Any,
    ) -> World:
        """A service `km` north of `HERE` (None: without a place), with a schedule and our own terms."""
        self._row("organization", id=f"o-{name}", name=name)
        self._row(
            "service", id=f"s-{name}", name=f"Service {name}", organization_id=f"o-{name}", status="active",
            assured_date=confirmed, **service,
        )  # fmt: skip
        for term in terms:
            self._row("taxonomy_term", id=f"t-{term}", code=term, name=term)
            self._row("attribute", link_id=f"s-{name}", link_entity="service", taxonomy_term_id=f"t-{term}")
        self._row("phone", service_id=f"s-{name}", number="514-555-0100")
        if schedule is not None:
            self._row("schedule", service_id=f"s-{name}", **schedule)
        if km is not None:
            self._row(
                "location", id=f"l-{name}", latitude=HERE[0] + km * KM, longitude=HERE[1], location_type="physical"
            )
            self._row("address", location_id=f"l-{name}", address_1=f"1, rue {name}", city="Montréal")
            self._row("service_at_location", id=name, service_id=f"s-{name}", location_id=f"l-{name}")
        return self

    def row(self, table: str, **values: object) -> World:
        """Any other row."""
        self._row(table, **values)
        return self

    def index(self) -> Index:
        """The services, searchable."""
        return Index.from_rows(self.tables, NEED_MAP)

    def _row(self, table: str, **values: object) -> None:
        self.tables.setdefault(table, []).append({"source": "test", **values})


def query(**changes: Any) -> Query:
    """Food, here, on a Monday at noon, unless said otherwise."""
    given = {"needs": frozenset({"find_food"}), "lat": HERE[0], "lon": HERE[1], "at": MONDAY_NOON}
    return Query(**{**given, **changes})
