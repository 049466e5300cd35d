"""Great-circle distance on a round Earth (pure)."""

import math

EARTH_KM = 6371.0


def km_between(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Kilometres between two WGS84 points, as the crow flies."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half = (
        math.sin((phi_b - phi_a) / 2) ** 2
        + math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
