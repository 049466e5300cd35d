"""Warnings about a whole package: locations far from where the organisation works (pure)."""

import statistics

from directory.distance import km_between
from directory.package import Package, Problem

_AT_LEAST_KM = 150.0
_TIMES_USUAL = 4.0
_ENOUGH = 5  # locations, to say what is usual


def far_locations(package: Package) -> list[Problem]:
    """A warning for each location much farther from the others than they are from each other; it is kept."""
    points = [
        (row, float(row["latitude"]), float(row["longitude"]))
        for row in package.tables.get("location", ())
        if "latitude" in row and "longitude" in row
    ]
    if len(points) < _ENOUGH:
        return []
    lat, lon = statistics.median(p[1] for p in points), statistics.median(p[2] for p in points)
    distances = [km_between(lat, lon, p[1], p[2]) for p in points]
    usual = sorted(distances)[int(0.8 * (len(distances) - 1))]
    limit = max(_AT_LEAST_KM, _TIMES_USUAL * usual)
    return [
        Problem("locations", 0, "latitude", f"location {row['id']}: {km:.0f} km from the others, check it", kept=True)
        for (row, _, _), km in zip(points, distances, strict=True)
        if km > limit
    ]
