"""Finds the nearest service that is really open and fits the person (pure; rows in, answers out).

    index = Index.from_rows(rows_by_table)        # or `await directory.store.load_index(conn)`
    answer = index.search(Query(needs=frozenset({"find_food"}), lat=45.5, lon=-73.6, at=now))
    for found in answer.found: ...                # places, best first
    for found in answer.lines: ...                # phone lines and mobile units, always offered beside

Re-exports `Query`, `Audience`, `Answer`, `Found` from `directory.query`.

**Ranking.** Every place has a cost in kilometres, the smallest first:

- its distance if it is open; 5 km + 2 × distance if its hours are unknown; 200 km + 2 × distance + 1 km
  per hour until it opens if it is closed;
- plus what is uncertain or does not fit quite: never confirmed 3, confirmed more than a year ago 2, six
  months 1; said full or closed by two people 20 or 40; no free bed 20; each wish that it is not known
  to meet (language, wheelchair, pet, partner, paper, threshold) 1 to 3.

So nearer beats farther, all else equal. What is known not to fit (age, gender, "no pets"...) is left out.
A vague point counts half its radius more. Beyond `NEAR_KM` only the nearest two are kept, when there is nothing
nearer; and the nearest open one when all that is near is closed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from directory.builder import Builder, builder_order
from directory.columns import KINDS, PRECISIONS, Columns
from directory.needs import NeedMap, bits_of
from directory.query import NEEDS, Answer, Audience, Found, Query
from directory.ranking import AGEING_DAYS, NEAR_KM, OLD_DAYS, Candidates, Ranked, Rows, km_of
from directory.reasons import reasons_for
from directory.traits import Trait

__all__ = ["AGEING_DAYS", "NEAR_KM", "NEEDS", "Answer", "Audience", "Found", "Index", "Query"]

MAX_LINES = 4
_LINE_KM = 10.0  # a mobile unit based so much farther counts like one more thing that does not fit
_FAR_KEPT = 2
_OPEN_BEYOND_TRIED = 300
_BANDS = (0.12, 0.6, 180.0)  # degrees of latitude looked at, one after the other
_KM_PER_DEGREE = 111.0
_LINE = KINDS.index("line")


class Index:
    """A directory held in memory, ready to be searched. Build a new one when the directory changes."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    @classmethod
    def from_rows(cls, tables: Mapping[str, Iterable[Mapping[str, object]]], needs: NeedMap | None = None) -> "Index":
        """From HSDS rows by table name (`directory.hsds.SHAPES`), and `position`, `care`, `report`, `capacity` rows."""
        builder = Builder(needs or NeedMap.load())
        for table in sorted(tables, key=builder_order):
            builder.add(table, tables[table])
        return cls(builder.build())

    def __len__(self) -> int:
        return len(self._columns)

    def get(self, key: str, at: datetime) -> Found | None:
        """What is known at a moment of one entry, by its `Found.id`; None when it is not there any more. No distance."""
        row = self._columns.row_of(key) if key else None
        if row is None:
            return None
        return _Asked(self._columns, Query(frozenset(), None, None, at)).found(row, None)

    def search(self, query: Query) -> Answer:
        """The nearest open services that fit, and the lines; empty when there is nothing."""
        if query.at.tzinfo is None:
            raise ValueError("the moment of a search must say its time zone")
        asked = _Asked(self._columns, query)
        found = asked.places()
        distances = [item.km for item in found if item.km is not None]
        return Answer(tuple(found), tuple(asked.lines()), min(distances, default=None))


class _Asked:
    """One question put to the columns."""

    def __init__(self, columns: Columns, query: Query) -> None:
        self._c = columns
        self._q = query
        self._candidates = Candidates(columns, query)

    def places(self) -> list[Found]:
        """Places in order of cost: those around first, and everything only when those around do not settle it."""
        if self._q.lat is None:
            return []
        wanted = self._q.limit + len(self._q.exclude)
        ranked: list[Ranked] = []
        rows, chords = self._candidates.unlocated, self._candidates.chords_of(self._candidates.unlocated)
        for degrees in _BANDS:
            rows = np.concatenate(
                (self._candidates.around(degrees), self._candidates.unlocated[self._candidates.is_place])
            )
            chords = self._candidates.chords_of(rows)
            ranked = self._candidates.ranked(rows, chords, wanted)
            if len(ranked) >= wanted and ranked[wanted - 1].cost <= degrees * _KM_PER_DEGREE:
                break
        chosen = self._near_or_nearest(ranked)
        if (
            chosen
            and chosen[0].km <= NEAR_KM
            and all(self._candidates.opening(item.row).open is False for item in chosen)
        ):
            opened = self._nearest_open_beyond(rows, chords)
            chosen = chosen[: self._q.limit - len(opened)] + opened
        return [self.found(item.row, item.km) for item in chosen]

    def _near_or_nearest(self, ranked: list[Ranked]) -> list[Ranked]:
        kept = [item for item in ranked if self._c.words(item.row).id not in self._q.exclude]
        near = [item for item in kept if item.km <= NEAR_KM or not self._c.measured[item.row]]
        return near[: self._q.limit] or kept[: min(_FAR_KEPT, self._q.limit)]

    def _nearest_open_beyond(self, rows: Rows, chords: NDArray[np.float32]) -> list[Ranked]:
        """When all that is near is closed: the nearest open place farther away, if there is one not too far down."""
        km = km_of(chords)
        beyond = np.flatnonzero((km > NEAR_KM) & self._c.measured[rows])
        for number in beyond[np.argsort(km[beyond], kind="stable")][:_OPEN_BEYOND_TRIED]:
            row = int(rows[number])
            if self._candidates.opening(row).open and self._c.words(row).id not in self._q.exclude:
                return [Ranked(0.0, float(km[number]), row)]
        return []

    def lines(self) -> list[Found]:
        """Phone lines and mobile units that serve here, those made for the need first."""
        rows = self._candidates.unlocated[~self._candidates.is_place]
        if not len(rows):
            return []
        chords = self._candidates.chords_of(rows)
        reach = self._c.reach[rows]
        served = np.isinf(reach) if self._q.lat is None else km_of(chords) <= reach
        rows, away = rows[served], km_of(chords[served]) / _LINE_KM
        asked = bits_of(self._q.needs)
        ranked = []
        for row, cost in zip(rows.tolist(), (self._candidates.extra_cost(rows) + away).tolist(), strict=True):
            opening = self._candidates.opening(row).open
            is_line = self._c.kind[row] == _LINE
            general = (int(self._c.needs[row]) & ~asked).bit_count()
            closed = 0 if opening else 1 if opening is None else 2
            ranked.append((closed, is_line, cost + general if not is_line else general, row))
        order = [item[-1] for item in sorted(ranked)]
        order = [row for row in order if self._c.words(row).id not in self._q.exclude]
        shown = order[:MAX_LINES]
        # The line that refers to everything (211) is offered whatever else there is.
        for_everything = [row for row in order if int(self._c.needs[row]).bit_count() > len(NEEDS) / 2]
        if for_everything and not set(for_everything) & set(shown):
            shown[-1] = for_everything[0]
        return [self.found(row, None) for row in shown]

    def found(self, row: int, km: float | None) -> Found:
        """One entry in words, as it is at the moment of the question."""
        c, words, opening = self._c, self._c.words(row), self._candidates.opening(row)
        confirmed = datetime.fromordinal(int(c.confirmed[row])).date() if c.confirmed[row] else None
        to_verify = confirmed is None or (self._q.at.date() - confirmed).days > OLD_DAYS
        beds = int(c.beds[row]) if c.beds[row] >= 0 and c.beds_until[row] > self._q.at.timestamp() else None
        shown_km = round(km, 1) if km is not None and c.measured[row] else None
        traits = Trait(int(c.traits[row]))
        ages = (int(c.min_age[row]), int(c.max_age[row]))
        return Found(
            id=words.id, name=words.name, service=words.service, kind=KINDS[c.kind[row]], km=shown_km,
            open=opening.open, until=opening.until, opens_at=None if opening.open else opening.opens_at,
            confirmed_on=confirmed, to_verify=to_verify, phone=words.phone or None,
            text_number=words.text_number or None, address=words.address or None, url=words.url or None,
            notes=words.notes, precision=PRECISIONS[c.precision[row]],
            precision_km=round(float(c.precision_km[row]), 1) if c.measured[row] else None, beds=beds,
            source=words.source, service_id=words.service_id,
            reasons=reasons_for(
                opening, shown_km, NEAR_KM, confirmed, to_verify, int(c.reports[row]), beds, traits, ages,
                int(c.languages[row]), self._q.audience,
            ),
        )  # fmt: skip
