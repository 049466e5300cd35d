"""The values of one HSDS row, tidied column by column (pure). See `directory.clean` for what becomes of the row."""

import re

from directory.clock import DAY, HSDS_DAYS, clock_text, parse_date, parse_time, parse_weekday, plain
from directory.hsds import Shape
from directory.package import RawRow, Row

Faults = list[tuple[str, str]]  # column, reason

UNREAD = "À vérifier : "  # before hours that were not understood
_STATUSES = {
    "active": "active", "actif": "active", "open": "active", "inactive": "inactive", "inactif": "inactive",
    "closed": "inactive", "defunct": "defunct", "temporarily closed": "temporarily closed",
    "ferme temporairement": "temporarily closed",
}  # fmt: skip
_DATES = frozenset({"assured_date", "valid_from", "valid_to", "dtstart", "until"})
_FREE_TEXTS = ("notes", "schedule_link", "attending_type")
_SCHEDULE_DATES = ("valid_from", "valid_to", "dtstart", "until")
_ALL_DAY = re.compile(r"(?:open )?24 ?(?:h|hrs?|hours?|heures?)?(?: ?/ ?7)?(?: a day)?")
_CLOSED = frozenset({"closed", "ferme", "fermee"})
_NUMBERED = re.compile(r"([+-]?\d)\s*([a-z]+)")


def checked_values(shape: Shape, raw: RawRow) -> tuple[Row, Faults]:
    """The tidy row (no id, no links yet) and what was wrong with it."""
    faults: Faults = []
    values = {name: raw.values[name] for name in shape.columns[1:] if name in raw.values and name not in shape.links}
    if shape.name == "schedule":
        values = _schedule(values, raw.ragged, faults)
    elif shape.name == "location":
        values = _location(values, faults)
    elif shape.name == "phone":
        values = _phone(values, faults)
    elif shape.name == "service":
        values = _service(values, faults)
    elif shape.name == "address":
        values["address_type"] = values.get("address_type", "physical").lower()
    elif shape.name == "metadata":
        values.pop("updated_by", None)  # a person
    row: Row = {}
    for name, value in values.items():
        cleaned = _value(shape, name, value, faults) if value else None
        if cleaned is not None and cleaned != "":
            row[name] = cleaned
    return row, faults


def _value(shape: Shape, name: str, value: str, faults: Faults) -> str | float | None:
    text = value.replace("\\n", "\n").strip()
    if name in shape.numbers:
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            number = float("nan")
        if number != number or abs(number) == float("inf"):
            faults.append((name, "not a number"))
            return None
        return number
    if name in _DATES:
        day = parse_date(text)
        if day is None:
            faults.append((name, "not a date"))
        return day.isoformat() if day else None
    if name == "email" and "@" not in text:
        faults.append((name, "not an e-mail address"))
        return None
    if name in ("url", "website") and not re.match(r"[a-z][a-z0-9+.-]*:", text, re.I):
        return f"http://{text}" if "." in text and " " not in text else None
    return text


def _service(values: dict[str, str], faults: Faults) -> dict[str, str]:
    written = values.get("status", "")
    status = _STATUSES.get(plain(written)) if written else "active"
    if status is None:
        faults.append(("status", f"unknown status {written!r}, taken as active"))
    return {**values, "status": status or "active"}


def _phone(values: dict[str, str], faults: Faults) -> dict[str, str]:
    number = values.get("number", "").strip("\"' ")
    if sum(character.isdigit() for character in number) < 3:
        number = ""
    extension = re.sub(r"^(?:ext|poste|p|x)?\.?\s*", "", values.get("extension", ""), flags=re.I)
    if extension and not extension.isdigit():
        faults.append(("extension", "not a number: put in the description"))
        values = {**values, "description": f"{values.get('description', '')} {extension}".strip()}
        extension = ""
    return {**values, "number": number, "extension": extension}


def _location(values: dict[str, str], faults: Faults) -> dict[str, str]:
    values = {**values, "location_type": values.get("location_type", "physical").lower()}
    if values["location_type"] not in ("physical", "postal", "virtual"):
        values["location_type"] = "physical"
    latitude, longitude = values.pop("latitude", ""), values.pop("longitude", "")
    if not latitude and not longitude:
        return values
    point, reason = checked_point(latitude, longitude)
    if reason:
        faults.append(("latitude", reason))
    if point is not None:
        values["latitude"], values["longitude"] = str(point[0]), str(point[1])
    return values


def checked_point(latitude: str, longitude: str) -> tuple[tuple[float, float] | None, str]:
    """A usable point, or None; and what was wrong ("" when nothing). Swapped values are put right."""
    try:
        lat, lon = float(latitude.replace(",", ".")), float(longitude.replace(",", "."))
    except ValueError:
        return None, "coordinates are not numbers: left out"
    if lat != lat or lon != lon or (abs(lat) < 0.01 and abs(lon) < 0.01):
        return None, "coordinates at 0, 0: left out"
    if -170 <= lat <= -50 and 15 <= lon <= 85:
        return (lon, lat), "latitude and longitude were swapped: put right"
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None, "impossible coordinates: left out"
    return (lat, lon), ""


def _schedule(values: dict[str, str], ragged: bool, faults: Faults) -> dict[str, str]:
    """Times as HH:MM, days as MO..SU; what cannot be read goes whole into the description."""
    original = dict(values)
    values, moved = _times_in_their_columns(values)
    if moved:
        faults.append(("valid_from", "times were in the dates' columns: moved"))
    reason = ""
    for column in ("opens_at", "closes_at"):
        if values.get(column):
            minutes = parse_time(values[column])
            reason = reason or ("" if minutes is not None else f"{column} is not a time")
            values[column] = clock_text(minutes % DAY) if minutes is not None else ""
    if bool(values.get("opens_at")) != bool(values.get("closes_at")):
        reason = reason or "only one of opens_at and closes_at"
    days = _days(values.get("byday", ""))
    if days is None:
        reason = reason or "byday is not a day"
    values["byday"] = days or ""
    week_start = parse_weekday(values["wkst"]) if values.get("wkst") else None
    values["wkst"] = HSDS_DAYS[week_start] if week_start is not None else ""
    values["freq"] = values.get("freq", "").upper()
    for column in _SCHEDULE_DATES:
        if values.get(column) and parse_date(values[column]) is None:
            reason = reason or f"{column} is not a date"
    if ragged and not reason and not (values.get("opens_at") and values["byday"]):
        reason = "cells are missing: its columns may have shifted"
    if not reason:
        return values
    faults.append(("opens_at", f"{reason}: hours unknown, text kept in the description"))
    said = " ".join(f"{name} {value}" for name, value in original.items() if name not in ("description", "notes"))
    kept: dict[str, str] = {name: original[name] for name in _FREE_TEXTS if name in original}
    described = original.get("description", "")
    return {**kept, "description": f"{described} — {UNREAD}{said}" if described else f"{UNREAD}{said}"}


def _times_in_their_columns(values: dict[str, str]) -> tuple[dict[str, str], bool]:
    """Some files write opening times in valid_from and valid_to, or "24 Hours" in one of them."""
    values = dict(values)
    opens, closes = values.get("opens_at", ""), values.get("closes_at", "")
    moved = False
    if not opens and not closes:
        first, last = values.get("valid_from", ""), values.get("valid_to", "")
        if parse_date(first) is None and (parse_time(first) is not None or _says_all_day(first)):
            values["opens_at"], values["closes_at"] = first, last
            values["valid_from"] = values["valid_to"] = ""
            moved = True
    opens, closes = values.get("opens_at", ""), values.get("closes_at", "")
    if _says_all_day(opens) and (not closes or _says_all_day(closes)):
        values["opens_at"] = values["closes_at"] = "00:00"
    elif plain(opens) in _CLOSED and (not closes or plain(closes) in _CLOSED):
        values["opens_at"] = values["closes_at"] = ""
        values["description"] = values.get("description", "Fermé")
    return values, moved


def _says_all_day(text: str) -> bool:
    return bool(text) and _ALL_DAY.fullmatch(plain(text)) is not None


def _days(text: str) -> str | None:
    """`MO,TU,2WE` from any way of writing weekdays we know, "" from nothing, None from something else."""
    if not text:
        return ""
    days = []
    for part in re.split(r"[,;|/]+", text):
        word = plain(part)
        if not word:
            continue
        numbered = _NUMBERED.fullmatch(word)
        day = parse_weekday(numbered[2] if numbered else word)
        if day is None:
            return None
        days.append((numbered[1].removeprefix("+") if numbered else "") + HSDS_DAYS[day])
    return ",".join(days)
