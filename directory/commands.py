"""What `passerelle directory …` does, as plain functions: the command line asks, prints and opens the connection.

    prepared = await prepare_import(conn, path, source)     # reads and previews; show prepared.preview, .problems
    await perform_import(conn, prepared, places, now)       # after the person said yes
    await export_directory(conn, path, source)
    await search_directory(conn, places, "find_food", "métro Berri", at)
    await stale_directory(conn, today)

Errors a person must see are `DirectoryFileError` and `SearchError`: their text is one clear line.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from directory import demo, export, freshness, store
from directory.hours import DEFAULT_ZONE
from directory.load import read
from directory.package import DirectoryFileError, Package, Problem
from directory.places import Place, Places
from directory.query import NEEDS, Found
from directory.search import Answer, Index, Query
from directory.store import Change, Preview

_COORDINATES = re.compile(r"\s*(-?\d{1,2}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*")
_LONGEST_SOURCE = 80


class SearchError(ValueError):
    """The question cannot be asked as it is; the text says what to change."""


@dataclass(frozen=True)
class PreparedImport:
    """A directory file that was read and compared with what is stored, and not stored yet."""

    source: str
    package: Package
    preview: Preview

    @property
    def problems(self) -> list[Problem]:
        """Everything that was wrong, one by one."""
        return self.package.problems


def source_name(path: Path, source: str | None = None) -> str:
    """The name an import goes by: the one given, else the file's or folder's own."""
    own = path.resolve().stem if path.suffix.lower() in (".zip", ".csv", ".xlsx", ".json") else path.resolve().name
    name = (source or own).strip()[:_LONGEST_SOURCE]
    if not name:
        raise DirectoryFileError("give the source a name with --source")
    return name


async def prepare_import(conn: AsyncConnection, path: Path, source: str | None = None) -> PreparedImport:
    """Reads a file and says what importing it would change. Raises `DirectoryFileError` when there is nothing to import."""
    name = source_name(path, source)
    package = read(path)
    if not package.count("service"):
        raise DirectoryFileError(f"{path}: no service could be read from it; nothing was changed")
    return PreparedImport(name, package, await store.preview(conn, name, package))


async def perform_import(conn: AsyncConnection, prepared: PreparedImport, places: Places, now: int) -> Change:
    """Stores what was prepared, in one transaction. `now` is in seconds since 1970."""
    return await store.replace(conn, prepared.source, prepared.package, places, now)


async def export_directory(conn: AsyncConnection, path: Path, source: str | None = None) -> dict[str, int]:
    """Writes HSDS 3 to a folder, a .zip or a .json; gives the rows written by table."""
    known = [item["name"] for item in await store.sources(conn)]
    if source is not None and source not in known:
        raise DirectoryFileError(f"no source is named {source!r}; there are: {', '.join(known) or 'none'}")
    return await export.export(conn, path, source)


async def stale_directory(conn: AsyncConnection, today: date) -> list[dict[str, Any]]:
    """Who to call: services not confirmed for six months, the oldest first."""
    return [
        {
            "code": ref.code, "name": ref.organization, "service": ref.name, "owner": ref.owner, "phone": ref.phone,
            "confirmed_on": ref.confirmed_on.isoformat() if ref.confirmed_on else None, "source": ref.source,
        }
        for ref in await freshness.stale(conn, today)
    ]  # fmt: skip


async def reported_directory(conn: AsyncConnection) -> list[dict[str, Any]]:
    """What texters reported and nobody settled: code, service, kind (closed, full), how many people, whether shown."""
    names = {(ref.source, ref.service_id): ref.name for ref in await freshness.services(conn)}
    names |= {(demo.SOURCE, key): name for key, name in demo.names().items() if (demo.SOURCE, key) not in names}
    return [
        {
            "code": await freshness.code_of(conn, each.source, each.service_id), "kind": each.kind,
            "service": names.get((each.source, each.service_id), each.service_id), "people": each.people,
            "shown": each.shown, "source": each.source,
        }
        for each in await freshness.open_reports(conn)
    ]  # fmt: skip


async def search_directory(
    conn: AsyncConnection, places: Places, need: str, near: str, at: datetime, limit: int = 5
) -> list[dict[str, Any]]:
    """`search_index` on everything that is stored."""
    return search_index(await store.load_index(conn), places, need, near, at, limit)


def search_index(
    index: Index, places: Places, need: str, near: str, at: datetime, limit: int = 5
) -> list[dict[str, Any]]:
    """The places, best first, then the lines, as plain values; [] when nothing answers.

    `near` is `LAT,LON` or a place in words. Raises `SearchError` for an unknown need, or a place that is not
    found or could be several. A moment without a time zone is Québec's.
    """
    if need not in NEEDS:
        raise SearchError(f"unknown need {need!r}: choose one of {', '.join(NEEDS)}")
    lat, lon = point_of(places, near)
    moment = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(DEFAULT_ZONE))
    answer = index.search(Query(frozenset({need}), lat, lon, moment, limit=limit))
    return as_plain(answer)


def point_of(places: Places, near: str) -> tuple[float, float]:
    """Latitude and longitude of `LAT,LON` or of a place in words. Raises `SearchError`."""
    match = _COORDINATES.fullmatch(near)
    if match is not None:
        lat, lon = float(match[1]), float(match[2])
        if abs(lat) > 90 or abs(lon) > 180:
            raise SearchError("--near: latitude must be within ±90 and longitude within ±180")
        return lat, lon
    answer = places.find(near)
    if answer.place is not None:
        return answer.place.lat, answer.place.lon
    if answer.candidates:
        raise SearchError(f"--near could be {_or(answer.candidates)}: name one of them")
    if answer.hint == "cross_street":
        raise SearchError("--near names a street only: add the cross street, or the town")
    raise SearchError("--near: place not found; give a town, a postal code, a métro station, a corner or LAT,LON")


def _or(candidates: tuple[Place, ...]) -> str:
    return " or ".join(place.label_fr for place in candidates)


def as_plain(answer: Answer) -> list[dict[str, Any]]:
    """An answer as dictionaries that JSON can hold."""
    return [_plain(found) for found in (*answer.found, *answer.lines)]


def _plain(found: Found) -> dict[str, Any]:
    return {
        "name": found.name, "service": found.service, "kind": found.kind, "km": found.km, "open": found.open,
        "until": found.until.isoformat() if found.until else None,
        "opens_at": found.opens_at.isoformat() if found.opens_at else None,
        "confirmed_on": found.confirmed_on.isoformat() if found.confirmed_on else None, "to_verify": found.to_verify,
        "address": found.address, "phone": found.phone, "text": found.text_number, "url": found.url,
        "precision": found.precision, "precision_km": found.precision_km, "beds": found.beds, "notes": found.notes,
        "reasons": list(found.reasons), "id": found.id, "source": found.source,
    }  # fmt: skip
