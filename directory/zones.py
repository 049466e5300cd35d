"""The time zone of a point, by name (pure): legal time in Québec, and close enough elsewhere in North America."""

from directory.hours import DEFAULT_ZONE

_ISLANDS = (46.9, 48.0, -62.3, -61.0)  # the Îles-de-la-Madeleine: south, north, west, east
_ATLANTIC_STANDARD_EAST_OF = -63.0  # Basse-Côte-Nord: Atlantic time all year
_BANDS = (
    (-67.4, "America/Halifax"),
    (-86.0, "America/New_York"),
    (-101.5, "America/Chicago"),
    (-114.0, "America/Denver"),
)


def zone_of(lat: float | None, lon: float | None) -> str:
    """IANA name of the zone; Québec's when the point is not known.

    Outside Québec the zones are cut along meridians: right for most towns, not near a border.
    """
    if lat is None or lon is None:
        return DEFAULT_ZONE
    south, north, west, east = _ISLANDS
    if south <= lat <= north and west <= lon <= east:
        return "America/Halifax"
    if 49.0 <= lat <= 53.0 and _ATLANTIC_STANDARD_EAST_OF < lon < -57.0:
        return "America/Blanc-Sablon"
    if 44.9 <= lat <= 62.7 and -79.8 <= lon <= -63.0:
        return DEFAULT_ZONE
    for limit, name in _BANDS:
        if lon > limit:
            return name
    return "America/Los_Angeles"
