"""The searchable directory as columns: one entry per service at location, unlocated service or line (pure).

Numbers are NumPy arrays; the words of an entry are packed in one buffer and unpacked only when shown,
so that 100,000 entries stay well under 150 MB.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from directory.clock import DAY
from directory.hours import EVERY_DAY, Hours
from directory.query import Kind, Precision

SLOT_MINUTES = 15
SLOTS = 7 * DAY // SLOT_MINUTES
KINDS: tuple[Kind, ...] = ("place", "mobile", "area", "line")
PRECISIONS: tuple[Precision, ...] = (
    "exact", "intersection", "street", "neighbourhood", "postal_area", "town", "hidden", "none",
)  # fmt: skip
ANYWHERE = math.inf

Floats: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[np.int32]


class Words(NamedTuple):
    """What an entry says, "" when it says nothing."""

    id: str
    service_id: str
    source: str
    name: str
    service: str
    phone: str
    text_number: str
    address: str
    url: str
    notes: str


class Entry(NamedTuple):
    """One row for the columns. `reach_km`: how far from its point it serves; `measured`: its distance may be said."""

    words: Words
    lat: float
    lon: float
    measured: bool
    reach_km: float
    precision: Precision
    precision_km: float
    kind: Kind
    needs: int
    traits: int
    min_age: int
    max_age: int
    languages: int
    confirmed: int  # proleptic ordinal of the date, 0 when never confirmed
    hours: Hours
    reports: int  # bit 1: said closed by two people or more, bit 2: said full
    beds: int  # -1 when nobody said
    beds_until: int  # seconds since 1970


@dataclass(frozen=True)
class Columns:
    """Every entry, column by column: first the `located` ones, from south to north, then those without a point."""

    located: int
    latitudes: NDArray[np.float64]  # of the located ones, degrees
    x: Floats
    y: Floats
    z: Floats
    measured: NDArray[np.bool_]
    reach: Floats
    precision_km: Floats
    precision: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    needs: NDArray[np.uint16]
    traits: Numbers
    min_age: NDArray[np.uint8]
    max_age: NDArray[np.uint8]
    languages: NDArray[np.uint32]
    confirmed: Numbers
    reports: NDArray[np.uint8]
    beds: Numbers
    beds_until: NDArray[np.int64]
    hours_of: Numbers
    hours: tuple[Hours, ...]
    slots: NDArray[np.uint8] = field(repr=False)  # hours × packed quarter hours of a week that may be open
    unsure: NDArray[np.bool_]  # hours that may be unknown at some time
    zones: tuple[str, ...]
    zone_of: NDArray[np.uint8]  # hours -> zone
    _text: bytes = field(repr=False)
    _offsets: NDArray[np.int64] = field(repr=False)

    def __len__(self) -> int:
        return len(self.kind)

    def words(self, row: int) -> Words:
        """The words of one entry."""
        return Words(*self._text[self._offsets[row] : self._offsets[row + 1]].decode().split("\x1f"))

    def row_of(self, key: str) -> int | None:
        """The entry with this id: ids come first in an entry's words."""
        wanted = f"{key}\x1f".encode()
        position = self._text.find(wanted)
        while position >= 0:
            row = int(np.searchsorted(self._offsets, position, side="right")) - 1
            if self._offsets[row] == position:
                return row
            position = self._text.find(wanted, position + 1)
        return None


def pack(entries: Sequence[Entry]) -> Columns:
    """Puts entries side by side, in the order that `Columns` describes."""
    entries = sorted(entries, key=lambda e: (not (e.measured and e.kind == "place"), e.lat))
    located = sum(e.measured and e.kind == "place" for e in entries)
    hours_numbers: dict[Hours, int] = {}
    hours_of = np.array([hours_numbers.setdefault(e.hours, len(hours_numbers)) for e in entries], dtype=np.int32)
    hours = tuple(hours_numbers)
    zones = tuple(dict.fromkeys(item.zone for item in hours))
    texts = ["\x1f".join(e.words).encode() for e in entries]
    lats = np.radians(np.array([e.lat for e in entries], dtype=np.float64))
    lons = np.radians(np.array([e.lon for e in entries], dtype=np.float64))
    cosines = np.cos(lats)
    return Columns(
        located=located,
        latitudes=np.array([e.lat for e in entries[:located]], dtype=np.float64),
        x=(cosines * np.cos(lons)).astype(np.float32),
        y=(cosines * np.sin(lons)).astype(np.float32),
        z=np.sin(lats).astype(np.float32),
        measured=np.array([e.measured for e in entries], dtype=np.bool_),
        reach=np.array([e.reach_km for e in entries], dtype=np.float32),
        precision_km=np.array([e.precision_km for e in entries], dtype=np.float32),
        precision=np.array([PRECISIONS.index(e.precision) for e in entries], dtype=np.uint8),
        kind=np.array([KINDS.index(e.kind) for e in entries], dtype=np.uint8),
        needs=np.array([e.needs for e in entries], dtype=np.uint16),
        traits=np.array([e.traits for e in entries], dtype=np.int32),
        min_age=np.array([e.min_age for e in entries], dtype=np.uint8),
        max_age=np.array([e.max_age for e in entries], dtype=np.uint8),
        languages=np.array([e.languages for e in entries], dtype=np.uint32),
        confirmed=np.array([e.confirmed for e in entries], dtype=np.int32),
        reports=np.array([e.reports for e in entries], dtype=np.uint8),
        beds=np.array([e.beds for e in entries], dtype=np.int32),
        beds_until=np.array([e.beds_until for e in entries], dtype=np.int64),
        hours_of=hours_of,
        hours=hours,
        slots=np.packbits(np.array([_slots_of(item) for item in hours], dtype=np.bool_).reshape(-1, SLOTS), axis=1),
        unsure=np.array([not item.rules or _may_be_unknown(item) for item in hours], dtype=np.bool_),
        zones=zones,
        zone_of=np.array([zones.index(item.zone) for item in hours], dtype=np.uint8),
        _text=b"".join(texts),
        _offsets=np.concatenate(([0], np.cumsum([len(text) for text in texts], dtype=np.int64))).astype(np.int64),
    )


def _may_be_unknown(hours: Hours) -> bool:
    return any(rule.says == "unknown" for rule in hours.rules)


def _slots_of(hours: Hours) -> NDArray[np.bool_]:
    """Quarter hours of the week in which some week may find it open: never fewer than the truth."""
    week = np.zeros(SLOTS, dtype=np.bool_)
    per_day = DAY // SLOT_MINUTES
    for rule in hours.rules:
        if rule.says != "open":
            continue
        days = set(rule.weekdays) | {day for _, day in rule.nth_weekdays}
        if not days or rule.freq == "DAILY" or rule.month_days or rule.year_days:
            days = set(EVERY_DAY)
        first, last = rule.opens // SLOT_MINUTES, -(-rule.closes // SLOT_MINUTES)
        for day in days:
            week[np.arange(day * per_day + first, day * per_day + last) % SLOTS] = True
    return week


def slot_of(weekday: int, hour: int, minute: int) -> int:
    """The quarter hour of the week of a local moment."""
    return (weekday * DAY + hour * 60 + minute) // SLOT_MINUTES
