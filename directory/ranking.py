"""Which entries can answer a search, and what each costs in kilometres (pure). The rules: `directory.search`."""

import math
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from directory.columns import KINDS, Columns, slot_of
from directory.distance import EARTH_KM
from directory.hours import Opening
from directory.needs import bits_of
from directory.query import Query
from directory.traits import Trait, language_bit

NEAR_KM = 60.0
OLD_DAYS = 365  # confirmed longer ago: to verify
AGEING_DAYS = 183
_FIRST_LOOK = 600  # nearest entries looked at before all of them
_SORTED_FIRST = 4000
_UNKNOWN_KM, _CLOSED_KM, _NO_OPENING_KM = 5.0, 200.0, 300.0
_FAR_COST = 1000.0  # whatever is near comes first, even closed
_PLACE = KINDS.index("place")

Rows = NDArray[np.intp]


class Ranked(NamedTuple):
    """One entry that may be shown: its cost, its distance, its row."""

    cost: float
    km: float
    row: int


class Candidates:
    """The entries that answer one question, with what has been worked out about them so far."""

    def __init__(self, columns: Columns, query: Query) -> None:
        self._c = columns
        self._q = query
        self._openings: dict[int, Opening] = {}
        self._slot_by_zone = np.array([self._slot(zone) for zone in columns.zones] or [0])
        self._needs = np.uint16(bits_of(query.needs))
        self.unlocated = self.matching(columns.located, len(columns))
        self.is_place = columns.kind[self.unlocated] == _PLACE

    def matching(self, first: int, last: int) -> Rows:
        """Rows from `first` to `last` that answer the need and are not known to be unfit."""
        rows = np.flatnonzero(self._c.needs[first:last] & self._needs) + first
        return rows[self._not_excluded(rows)]

    def _slot(self, zone: str) -> int:
        local = self._q.at.astimezone(ZoneInfo(zone))
        return slot_of(local.weekday(), local.hour, local.minute)

    def _not_excluded(self, rows: Rows) -> NDArray[np.bool_]:
        c, audience = self._c, self._q.audience
        barred = Trait(0)
        if audience.gender == "man":
            barred |= Trait.WOMEN_ONLY
        if audience.gender == "woman":
            barred |= Trait.MEN_ONLY
        for said, trait in (
            (audience.pets, Trait.PETS_NO), (audience.couple, Trait.COUPLES_NO), (audience.no_id, Trait.ID_NEEDED),
            (audience.wheelchair, Trait.WHEELCHAIR_NO), (audience.faith_free, Trait.FAITH_BASED),
        ):  # fmt: skip
            if said:
                barred |= trait
        kept = (c.traits[rows] & np.int32(barred.value)) == 0 if barred else np.ones(len(rows), dtype=np.bool_)
        if audience.age is not None:
            kept &= (c.min_age[rows] <= audience.age) & (c.max_age[rows] >= audience.age)
        if not self._q.unconfirmed:
            kept &= c.confirmed[rows] > 0
        return np.asarray(kept)

    def chords_of(self, rows: Rows) -> NDArray[np.float32]:
        """Squared straight-line distance on the unit sphere: grows with the distance, and is cheap."""
        c, q = self._c, self._q
        if q.lat is None or q.lon is None:
            return np.zeros(len(rows), dtype=np.float32)
        lat, lon = math.radians(q.lat), math.radians(q.lon)
        dx = c.x[rows] - np.float32(math.cos(lat) * math.cos(lon))
        dy = c.y[rows] - np.float32(math.cos(lat) * math.sin(lon))
        dz = c.z[rows] - np.float32(math.sin(lat))
        return dx * dx + dy * dy + dz * dz

    def around(self, degrees: float) -> Rows:
        """Located rows between two latitudes around the person."""
        latitude = self._q.lat or 0.0
        first, last = np.searchsorted(self._c.latitudes, (latitude - degrees, latitude + degrees))
        return self.matching(int(first), int(last))

    def ranked(self, rows: Rows, chords: NDArray[np.float32], wanted: int) -> list[Ranked]:
        """The best entries: cheap lower bounds first, then exact costs until none can be better."""
        if len(rows) > 2 * _FIRST_LOOK:
            nearest = np.argpartition(chords, _FIRST_LOOK)[:_FIRST_LOOK]
            ranked = self.ranked(rows[nearest], chords[nearest], wanted)
            if len(ranked) >= wanted and ranked[wanted - 1].cost <= float(km_of(chords[nearest].max(keepdims=True))[0]):
                return ranked
        km = km_of(chords)
        served = self._c.measured[rows] | (km <= self._c.reach[rows])
        rows, km = rows[served], km[served]
        # A vague point is on average half its radius away from where it seems to be.
        vague = np.where(self._c.measured[rows], self._c.precision_km[rows], np.minimum(self._c.reach[rows], 50)) / 2
        distance = np.hypot(km, vague)
        far = self._c.measured[rows] & (km > NEAR_KM)
        extra = self.extra_cost(rows)
        bounds = np.where(far, _FAR_COST + distance, self._opening_bound(rows, distance)) + extra
        # Enough to fill the answer and to know what lies near and far; more are taken as long as they could matter.
        order = np.argsort(bounds, kind="stable") if len(rows) <= _SORTED_FIRST else _smallest(bounds, _SORTED_FIRST)
        exact: list[Ranked] = []
        for number in order:
            if len(exact) >= wanted:
                exact.sort()
                if exact[wanted - 1].cost <= bounds[number]:
                    break
            row = int(rows[number])
            exact_cost = self._exact_cost(row, float(distance[number])) + float(extra[number])
            # So far away, its hours are a detail.
            exact.append(Ranked(float(bounds[number]) if far[number] else exact_cost, float(km[number]), row))
        exact.sort()
        return exact

    def _opening_bound(self, rows: Rows, km: NDArray[np.float64]) -> NDArray[np.float64]:
        """The least an entry can cost, given the quarter hour of the week."""
        c = self._c
        hours = c.hours_of[rows]
        slots = self._slot_by_zone[c.zone_of[hours]]
        may_open = (c.slots[hours, slots >> 3] >> (7 - (slots & 7)).astype(np.uint8)) & 1
        closed = np.where(c.unsure[hours], _UNKNOWN_KM + 2 * km, _CLOSED_KM + 2 * km)
        return np.where(may_open == 1, km, closed)

    def _exact_cost(self, row: int, km: float) -> float:
        opening = self.opening(row)
        if opening.open:
            return km
        if opening.open is None:
            return _UNKNOWN_KM + 2 * km
        wait = _NO_OPENING_KM
        if opening.opens_at is not None:
            wait = min(wait, (opening.opens_at - self._q.at).total_seconds() / 3600)
        return _CLOSED_KM + 2 * km + wait

    def opening(self, row: int) -> Opening:
        """Whether an entry is open at the moment of the question; entries with the same hours are worked out once."""
        number = int(self._c.hours_of[row])
        if number not in self._openings:
            self._openings[number] = self._c.hours[number].opening(self._q.at)
        return self._openings[number]

    def extra_cost(self, rows: Rows) -> NDArray[np.float64]:
        """What is uncertain or does not fit quite, in kilometres."""
        c, audience = self._c, self._q.audience
        age = self._q.at.date().toordinal() - c.confirmed[rows]
        extra = np.where(
            c.confirmed[rows] == 0, 3.0, np.where(age > OLD_DAYS, 2.0, np.where(age > AGEING_DAYS, 1.0, 0.0))
        )
        extra += np.where(c.reports[rows] & 1, 40.0, 0.0) + np.where(c.reports[rows] & 2, 20.0, 0.0)
        now = int(self._q.at.timestamp())
        extra += np.where((c.beds[rows] == 0) & (c.beds_until[rows] > now), 20.0, 0.0)
        traits = c.traits[rows]
        for said, trait, cost in (
            (audience.pets, Trait.PETS_OK, 1.5), (audience.couple, Trait.COUPLES_OK, 1.5),
            (audience.no_id, Trait.ID_NOT_NEEDED, 1.0), (audience.wheelchair, Trait.WHEELCHAIR_OK, 2.0),
            (audience.faith_free, Trait.FAITH_FREE, 0.5), (audience.low_threshold, Trait.LOW_THRESHOLD, 1.0),
            (audience.gender == "woman", Trait.WOMEN_ONLY, 3.0),  # who asks for a women's place is shown one first
        ):  # fmt: skip
            if said:
                extra += np.where(traits & np.int32(trait.value), 0.0, cost)
        if audience.languages:
            spoken = sum({language_bit(code) for code in audience.languages})
            extra += np.where(c.languages[rows] == 0, 1.0, np.where(c.languages[rows] & np.uint32(spoken), 0.0, 3.0))
        return extra


def km_of(chords: NDArray[np.float32]) -> NDArray[np.float64]:
    """Kilometres from squared chords of the unit sphere."""
    halves = np.minimum(np.sqrt(chords.astype(np.float64)) / 2, 1.0)
    return np.asarray(2 * EARTH_KM * np.arcsin(halves))


def _smallest(values: NDArray[np.float64], count: int) -> Rows:
    """Positions of the `count` smallest values in order, then all the others in order."""
    first = np.argpartition(values, count)[:count]
    ordered = first[np.argsort(values[first], kind="stable")]
    rest = np.setdiff1d(np.arange(len(values)), first, assume_unique=True)
    return np.concatenate((ordered, rest[np.argsort(values[rest], kind="stable")]))
