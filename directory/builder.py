"""HSDS rows to searchable columns (pure): joins the tables and works out what each service at location says."""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from sys import intern

from directory.clock import parse_date
from directory.columns import ANYWHERE, Columns, Entry, Words, pack
from directory.hours import Hours, Rule, first_with_rules
from directory.needs import NeedMap
from directory.query import Kind, Precision
from directory.records import CareRecord, Key, LocationRecord, Row, ServiceRecord, notes_of, text_of
from directory.schedules import hours_of
from directory.territory import Territory
from directory.traits import (
    TRAIT_CODES,
    Trait,
    age_limits,
    from_accessibility,
    from_eligibility,
    from_required_document,
    is_secret,
    language_bit,
)
from directory.zones import zone_of

_NOT_SHOWN = frozenset({"inactive", "defunct", "temporarily closed"})
_TEXT_PHONES = frozenset({"text", "sms"})
_SCHEDULE_COLUMNS = (
    "valid_from", "valid_to", "dtstart", "until", "count", "wkst", "freq", "interval", "byday", "byweekno",
    "bymonthday", "byyearday", "description", "opens_at", "closes_at", "notes",
)  # fmt: skip


def builder_order(table: str) -> int:
    """Categories come before services: the need of a service that has one is not guessed from its name."""
    return {"taxonomy_term": 0, "attribute": 1}.get(table, 2)


class Builder:
    """Takes rows table by table, best in `builder_order`, and makes `Columns` of them."""

    def __init__(self, needs: NeedMap) -> None:
        self._needs = needs
        self._terms: dict[Key, tuple[int, Trait]] = {}
        self._attributes: list[tuple[Key, Key]] = []
        self._with_needs: set[Key] = set()
        self._organizations: dict[Key, tuple[str, str]] = {}
        self._services: dict[Key, ServiceRecord] = {}
        self._locations: dict[Key, LocationRecord] = {}
        self._links: list[tuple[str, str, str, str]] = []
        self._phones: dict[Key, dict[str, str]] = defaultdict(dict)
        self._schedules: dict[Key, list[tuple[str, ...]]] = defaultdict(list)
        self._languages: dict[Key, int] = defaultdict(int)
        self._traits: dict[Key, Trait] = defaultdict(lambda: Trait(0))
        self._areas: dict[Key, list[Key]] = defaultdict(list)
        self._positions: dict[Key, tuple[float, float, float, Precision]] = {}
        self._care: dict[Key, CareRecord] = defaultdict(CareRecord)

    def add(self, table: str, rows: Iterable[Row]) -> None:
        """Rows of one table; tables that a search does not need are passed over."""
        reader = getattr(self, f"_add_{table}", None)
        if reader is not None:
            for row in rows:
                reader(text_of(row, "source"), row)

    def _add_taxonomy_term(self, source: str, row: Row) -> None:
        code, name = text_of(row, "code"), text_of(row, "name")
        trait = TRAIT_CODES.get(code, Trait(0))
        self._terms[source, text_of(row, "id")] = (0 if trait else self._needs.of_term(code, name), trait)

    def _add_attribute(self, source: str, row: Row) -> None:
        linked, term = (source, text_of(row, "link_id")), (source, text_of(row, "taxonomy_term_id"))
        self._attributes.append((linked, term))
        if self._terms.get(term, (0, Trait(0)))[0]:
            self._with_needs.add(linked)

    def _add_organization(self, source: str, row: Row) -> None:
        self._organizations[source, text_of(row, "id")] = (intern(text_of(row, "name")), text_of(row, "website"))

    def _add_service(self, source: str, row: Row) -> None:
        if text_of(row, "status").casefold() in _NOT_SHOWN:
            return
        name = text_of(row, "name")
        confirmed = parse_date(text_of(row, "assured_date")) if row.get("assured_date") else None
        eligibility = text_of(row, "eligibility_description")
        key = (source, text_of(row, "id"))
        self._services[key] = ServiceRecord(
            intern(name), (source, text_of(row, "organization_id")),
0 if key in self._with_needs else self._guessed_needs(row),
            from_eligibility(eligibility) if eligibility else Trait(0),
            age_limits(row.get("minimum_age"), row.get("maximum_age")),
            confirmed.toordinal() if confirmed else 0, text_of(row, "url"), notes_of(row),
        )  # fmt: skip

    def _guessed_needs(self, row: Row) -> int:
        """For a service without a category that we know: what its name says, else how its description begins."""
        named = self._needs.of_words(f"{text_of(row, 'name')}. {text_of(row, 'alternate_name')}")
        return named or self._needs.of_words(text_of(row, "description")[:300])

    def _add_location(self, source: str, row: Row) -> None:
        lat, lon = row.get("latitude"), row.get("longitude")
        known = isinstance(lat, (int, float)) and isinstance(lon, (int, float))
        self._locations[source, text_of(row, "id")] = LocationRecord(
            intern(text_of(row, "name")), text_of(row, "location_type"),
            float(lat) if known else None,  # type: ignore[arg-type]  # `known` says that it is a number
            float(lon) if known else None,  # type: ignore[arg-type]  # the same
            secret=is_secret(f"{text_of(row, 'name')} {text_of(row, 'description')}"),
        )  # fmt: skip

    def _add_service_at_location(self, source: str, row: Row) -> None:
        self._links.append((source, text_of(row, "id"), text_of(row, "service_id"), text_of(row, "location_id")))

    def _add_address(self, source: str, row: Row) -> None:
        location = self._locations.get((source, text_of(row, "location_id")))
        street = text_of(row, "address_1")
        if location is None or (location.address and text_of(row, "address_type") != "physical"):
            return
        location.secret = location.secret or is_secret(street)
        if text_of(row, "address_type") in ("", "physical") and street:
            parts = (street, text_of(row, "address_2"), text_of(row, "city"))
            location.address = intern(", ".join(part for part in parts if part))

    def _add_phone(self, source: str, row: Row) -> None:
        kind = text_of(row, "type").casefold()
        if kind in ("fax", "pager", "textphone", "video"):
            return
        number, extension = text_of(row, "number"), text_of(row, "extension").removesuffix(".0")
        if extension and kind not in _TEXT_PHONES:
            number = f"{number} poste {extension}"
        slot = "text" if kind in _TEXT_PHONES else "voice"
        for link in ("service_at_location_id", "service_id", "location_id", "organization_id"):
            if text_of(row, link):
                self._phones[source, text_of(row, link)].setdefault(slot, intern(number))

    def _add_schedule(self, source: str, row: Row) -> None:
        values = tuple(text_of(row, column) for column in _SCHEDULE_COLUMNS)
        for link in ("service_at_location_id", "service_id", "location_id"):
            if text_of(row, link):
                self._schedules[source, text_of(row, link)].append(values)
                return

    def _add_language(self, source: str, row: Row) -> None:
        bit = language_bit(text_of(row, "code")) or language_bit(text_of(row, "name"))
        for link in ("service_id", "location_id"):
            if text_of(row, link) and bit:
                self._languages[source, text_of(row, link)] |= bit

    def _add_accessibility(self, source: str, row: Row) -> None:
        trait = from_accessibility(f"{text_of(row, 'description')} {text_of(row, 'details')}")
        self._traits[source, text_of(row, "location_id")] |= trait

    def _add_required_document(self, source: str, row: Row) -> None:
        self._traits[source, text_of(row, "service_id")] |= from_required_document(text_of(row, "document"))

    def _add_service_area(self, source: str, row: Row) -> None:
        self._areas[source, text_of(row, "service_id")].append((source, text_of(row, "id")))

    def _add_position(self, source: str, row: Row) -> None:
        lat, lon, km = (float(str(row[name])) for name in ("latitude", "longitude", "precision_km"))
        how: Precision = text_of(row, "how")  # type: ignore[assignment]  # written by `directory.position` only
        self._positions[source, text_of(row, "location_id")] = (lat, lon, km, how)

    def _add_care(self, source: str, row: Row) -> None:
        confirmed = parse_date(text_of(row, "confirmed_on"))
        self._care[source, text_of(row, "service_id")].confirmed = confirmed.toordinal() if confirmed else 0

    def _add_report(self, source: str, row: Row) -> None:
        if int(str(row.get("settled") or 0)):
            return
        care = self._care[source, text_of(row, "service_id")]
        (care.closed_by if row.get("kind") == "closed" else care.full_by).add(text_of(row, "reporter"))

    def _add_capacity(self, source: str, row: Row) -> None:
        care = self._care[source, text_of(row, "service_id")]
        care.beds, care.beds_until = int(str(row["available"])), int(str(row["until"]))

    def build(self) -> Columns:
        """The columns of everything added; services that must not be shown are left out."""
        self._place_locations()
        needs_of, traits_of = self._from_attributes()
        territories = Territory.by_source(
            (source, location.lat, location.lon)
            for source, _, _, place in self._links
            if (location := self._locations.get((source, place))) and location.lat is not None
        )
        entries: list[Entry] = []
        for source, link, service_id, location_id in self._links:
            service = self._services.get((source, service_id))
            location = self._locations.get((source, location_id))
            if service is not None and location is not None:
                service.located = True
                keys: tuple[Key, ...] = ((source, link), (source, service_id), (source, location_id))
                entries.append(self._entry(service, keys, location, needs_of, traits_of, territories[source]))
        for (source, service_id), service in self._services.items():
            if not service.located:
                keys = ((source, service_id),)
                entries.append(self._entry(service, keys, None, needs_of, traits_of, territories[source]))
        return pack(entries)

    def _place_locations(self) -> None:
        for key, (lat, lon, km, how) in self._positions.items():
            location = self._locations.get(key)
            if location is not None and location.lat is None:
                location.lat, location.lon, location.precision_km, location.precision = lat, lon, km, how

    def _from_attributes(self) -> tuple[dict[Key, int], dict[Key, Trait]]:
        needs: dict[Key, int] = defaultdict(int)
        traits: dict[Key, Trait] = defaultdict(lambda: Trait(0), self._traits)
        for linked, term in self._attributes:
            bits, trait = self._terms.get(term, (0, Trait(0)))
            needs[linked] |= bits
            traits[linked] |= trait
        return needs, traits

    def _entry(
        self, service: ServiceRecord, keys: tuple[Key, ...], location: LocationRecord | None, needs_of: dict[Key, int],
        traits_of: dict[Key, Trait], territory: Territory,
    ) -> Entry:  # fmt: skip
        source = keys[0][0]
        service_key = keys[1] if len(keys) > 1 else keys[0]
        every = (*keys, service.organization)
        traits, needs, languages = service.traits, 0, 0
        for key in every:
            traits |= traits_of.get(key, Trait(0))
            needs |= needs_of.get(key, 0) if key != service.organization else 0
            languages |= self._languages.get(key, 0)
        if not needs:
            needs, traits = service.needs, traits | Trait.GUESSED_NEED
        if location is not None and location.secret:
            traits |= Trait.CONFIDENTIAL
        phones = self._phones_of(every)
        where = self._where(service_key, location, traits, bool(phones.get("voice")), territory)
        lat, lon, measured, reach, precision, precision_km, kind = where
        care = self._care.get(service_key, _NO_CARE)
        zone = zone_of(None, None) if kind == "line" else zone_of(lat, lon)
        hidden = Trait.CONFIDENTIAL in traits
        organization, website = self._organizations.get(service.organization, ("", ""))
        words = Words(
            keys[0][1], service_key[1], source, organization or (location.name if location else "") or service.name,
            service.name, phones.get("voice", ""), phones.get("text", ""),
            "" if hidden or location is None else location.address, service.url or website,
            "" if hidden else service.notes,
        )  # fmt: skip
        return Entry(
            words, lat, lon, measured, reach, precision, precision_km, kind, needs, int(traits), *service.ages,
            languages, max(service.confirmed, care.confirmed), self._hours(keys, zone),
            care.reports, care.beds, care.beds_until,
        )  # fmt: skip

    def _where(
        self, service_key: Key, location: LocationRecord | None, traits: Trait, has_phone: bool, territory: Territory
    ) -> tuple[float, float, bool, float, Precision, float, Kind]:
        """Point, whether its distance may be said, how far it serves, precision, its radius, and the kind of answer."""
        if location is not None and location.lat is not None and location.lon is not None:
            if Trait.CONFIDENTIAL in traits:  # a coarse point: enough to rank, useless to find the door
                return round(location.lat, 1), round(location.lon, 1), False, 60.0, "hidden", 10.0, "place"
            kind: Kind = "mobile" if Trait.MOBILE in traits else "place"
            reach = location.precision_km + _MOBILE_KM if kind == "mobile" else ANYWHERE
            measured = kind == "place"
            return location.lat, location.lon, measured, reach, location.precision, location.precision_km, kind
        if Trait.PROVINCE_WIDE in traits:
            return territory.lat, territory.lon, False, ANYWHERE, "none", 0.0, "line"
        areas = [self._positions[area] for area in self._areas.get(service_key, ()) if area in self._positions]
        if areas:
            lat, lon, km, _ = max(areas, key=lambda area: area[2])
            kind = "mobile" if Trait.MOBILE in traits else "line" if Trait.PHONE_LINE in traits else "area"
            return lat, lon, False, km + _MOBILE_KM, "none", km, kind
        a_line = Trait.PHONE_LINE in traits or (has_phone and (location is None or location.kind == "virtual"))
        kind = "line" if a_line else "place"
        return territory.lat, territory.lon, False, territory.reach_km, "none", 0.0, kind

    def _phones_of(self, keys: tuple[Key, ...]) -> dict[str, str]:
        phones: dict[str, str] = {}
        for key in keys:
            for slot, number in self._phones.get(key, {}).items():
                phones.setdefault(slot, number)
        return phones

    def _hours(self, keys: tuple[Key, ...], zone: str) -> Hours:
        return first_with_rules(_hours_of_values(tuple(self._schedules.get(key, ())), zone) for key in keys)


_NO_CARE = CareRecord()
_MOBILE_KM = 15.0


@lru_cache(maxsize=65536)
def _hours_of_values(rows: tuple[tuple[str, ...], ...], zone: str) -> Hours:
    hours = hours_of((dict(zip(_SCHEDULE_COLUMNS, row, strict=True)) for row in rows), zone)
    return Hours(tuple(_shared(rule) for rule in hours.rules), hours.holidays, zone)


@lru_cache(maxsize=65536)
def _shared(rule: Rule) -> Rule:
    return rule
