"""Where a source's services are, so that what has no position is offered there and nowhere else (pure)."""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from directory.distance import km_between

_QUEBEC = (46.8, -71.2)
_MARGIN_KM = 25.0
_EVERYWHERE_KM = 2500.0  # a source that names no place at all


@dataclass(frozen=True, slots=True)
class Territory:
    """The middle of a source's located services and how far it serves around it (km)."""

    lat: float = _QUEBEC[0]
    lon: float = _QUEBEC[1]
    reach_km: float = _EVERYWHERE_KM

    @staticmethod
    def by_source(points: Iterable[tuple[str, float | None, float | None]]) -> "dict[str, Territory]":
        """One territory per source; a source without any point gets all of Québec."""
        by_source: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for source, lat, lon in points:
            if lat is not None and lon is not None:
                by_source[source].append((lat, lon))
        found: dict[str, Territory] = defaultdict(Territory)
        for source, known in by_source.items():
            found[source] = _around(known)
        return found


def _around(points: list[tuple[float, float]]) -> Territory:
    lat, lon = statistics.median(p[0] for p in points), statistics.median(p[1] for p in points)
    distances = sorted(km_between(lat, lon, *point) for point in points)
    # Nine tenths of the points: a far head office must not stretch the territory over a continent.
    return Territory(lat, lon, distances[int(0.9 * (len(distances) - 1))] + _MARGIN_KM)
