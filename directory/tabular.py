"""Which file of a tabular package is which HSDS table, and HSDS 1.x, 2.x and Ohana rows to HSDS 3 rows (pure).

`plan_of` says, for each HSDS 3 table, which files feed it and how each row is turned.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from directory.package import RawRow

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
Turn = Callable[[RawRow], Iterable[RawRow]]

# File name without extension, singular and folded -> role.
_ROLES = {
    "organization": "organization", "organisation": "organization", "agency": "organization", "program": "program",
    "service": "service", "location": "location", "site": "location", "service_at_location": "service_at_location",
    "services_at_location": "service_at_location", "address": "address", "addresse": "address",
    "physical_address": "physical_address", "physical_addresse": "physical_address",
    "postal_address": "postal_address", "postal_addresse": "postal_address", "mail_address": "postal_address",
    "mail_addresse": "postal_address", "phone": "phone", "schedule": "schedule", "regular_schedule": "regular_schedule",
    "holiday_schedule": "holiday_schedule", "language": "language", "accessibility": "accessibility",
    "accessibility_for_disabilitie": "accessibility", "accessibility_for_disability": "accessibility",
    "cost_option": "cost_option", "payment_accepted": "payment", "payments_accepted": "payment", "funding": "funding",
    "fundings": "funding", "eligibility": "eligibility", "eligibilitie": "eligibility",
    "required_document": "required_document", "service_area": "service_area", "taxonomie": "taxonomy_3",
    "taxonomy": "taxonomy", "taxonomy_term": "taxonomy_term", "attribute": "attribute",
    "service_attribute": "service_attribute", "other_attribute": "other_attribute",
    "service_taxonomy": "service_attribute", "services_taxonomy": "service_attribute",
    "services_taxonomie": "service_attribute", "metadata": "metadata", "contact": "contact", "unit": "unit",
    "url": "url", "service_capacity": "service_capacity", "service_capacitie": "service_capacity",
    "capacity": "service_capacity", "capacitie": "service_capacity",
    "organization_identifier": "organization_identifier",
    "meta_table_description": "ignored",
}  # fmt: skip


def role_of(name: str) -> str | None:
    """What a file (or a datapackage resource) of this name holds, or None when it is none of ours."""
    stem = re.sub(r"[\s-]+", "_", PurePosixPath(name).stem.lower()).removeprefix("hsds_").removeprefix("hsda_")
    return _ROLES.get(stem) or _ROLES.get(stem.removesuffix("s"))


def turns_for(role: str, columns: frozenset[str]) -> list[tuple[str, Turn]]:
    """The HSDS 3 tables that a file of this role feeds, each with the function that turns its rows."""
    if role == "taxonomy":  # HSDS 3's taxonomies are called "taxonomies"; before, "taxonomy" held the terms
        role = "taxonomy_3" if columns & {"uri", "version"} and "parent_id" not in columns else "taxonomy_term"
    turns: dict[str, list[tuple[str, Turn]]] = {
        "taxonomy_3": [("taxonomy", _same)],
        "taxonomy_term": [("taxonomy_term", _term)],
        "physical_address": [("address", _physical)],
        "postal_address": [("address", _postal)],
        "address": [("address", _physical if "address_type" not in columns else _same)],
        "regular_schedule": [("schedule", _regular_schedule)],
        "holiday_schedule": [("schedule", _holiday_schedule)],
        "phone": [("phone", _phone), ("language", _phone_language)],
        "organization": [("organization", _organization)],
        "service": [
            ("service", _service), ("service_at_location", _service_link), ("language", _languages_of("service")),
            ("attribute", _service_terms), ("required_document", _documents), ("service_area", _areas),
        ],
        "location": [("location", _location), ("language", _languages_of("location")), ("accessibility", _accesses)],
        "language": [("language", _language)],
        "accessibility": [("accessibility", _accessibility)],
        "payment": [("cost_option", _payment)],
        "service_area": [("service_area", _service_area)],
        "service_attribute": [("attribute", _service_attribute)],
        "other_attribute": [("attribute", _other_attribute)],
        "funding": [("funding", _funding)],
    }  # fmt: skip
    if role in ("eligibility", "contact", "ignored"):
        return []
    return turns.get(role, [(role, _same)])


def eligibility_texts(rows: Iterable[RawRow]) -> dict[str, str]:
    """HSDS 1.x and 2.x eligibility rows, by service id: a table of their own then, a column of the service now."""
    texts: dict[str, str] = {}
    for row in rows:
        service, text = row.values.get("service_id", ""), row.values.get("eligibility", "")
        if service and text:
            texts[service] = f"{texts[service]}; {text}" if service in texts else text
    return texts


def organization_by_location(rows: Iterable[RawRow]) -> dict[str, str]:
    """Organization ids by location id: Ohana's services name their location only."""
    return {row.values.get("id", ""): row.values.get("organization_id", "") for row in rows}


def completed(turn: Turn, eligibility: Mapping[str, str], owners: Mapping[str, str]) -> Turn:
    """A service turn that also fills in what other files say of the service."""

    def turned(row: RawRow) -> Iterator[RawRow]:
        for service in turn(row):
            known = service.values
            yield service.changed(
                eligibility_description=known.get("eligibility_description")
                or eligibility.get(known.get("id", ""), ""),
                organization_id=known.get("organization_id") or owners.get(known.get("location_id", ""), ""),
            )

    return turned


def _same(row: RawRow) -> Iterator[RawRow]:
    yield row


def _renamed(row: RawRow, **names: str) -> RawRow:
    """Values moved from an old column to a new one that is empty (`new=old`)."""
    moved = {new: row.values[old] for new, old in names.items() if old in row.values and new not in row.values}
    return row.changed(**moved)


def _term(row: RawRow) -> Iterator[RawRow]:
    """1.x: the id is often the AIRS code itself; 2.x calls the name `term`."""
    row = _renamed(row, id="taxonomy_id", name="term", taxonomy="vocabulary")
    if not _UUID.fullmatch(row.values.get("id", "")):
        row = _renamed(row, code="id")
    yield row.changed(taxonomy_id="") if row.values.get("taxonomy_id") == row.values.get("id") else row


def _physical(row: RawRow) -> Iterator[RawRow]:
    yield _with_lines(row).changed(address_type="physical")


def _postal(row: RawRow) -> Iterator[RawRow]:
    yield _with_lines(row).changed(address_type="postal")


def _with_lines(row: RawRow) -> RawRow:
    lines = [row.values[name] for name in ("address_2", "address_3", "address_4") if row.values.get(name)]
    return row.changed(address_2=", ".join(lines))


def _regular_schedule(row: RawRow) -> Iterator[RawRow]:
    row = _renamed(row, byday="weekday", description="original_text")
    yield row.changed(freq="WEEKLY" if row.values.get("byday") else "")


def _holiday_schedule(row: RawRow) -> Iterator[RawRow]:
    row = _renamed(row, valid_from="start_date", valid_to="end_date")
    closed = row.values.get("closed", "").lower() in ("true", "t", "1", "yes", "y", "oui")
    ends = row.values.get("valid_to") or row.values.get("valid_from", "")
    row = row.changed(valid_to=ends)
    yield row.changed(opens_at="", closes_at="", description="Fermé") if closed else row


def _phone(row: RawRow) -> Iterator[RawRow]:
    yield _renamed(row, type="number_type", description="department")


def _phone_language(row: RawRow) -> Iterator[RawRow]:
    for name in _list(row.values.get("language", "")):
        yield RawRow(row.file, row.row, {"phone_id": row.values.get("id", ""), "name": name})


def _organization(row: RawRow) -> Iterator[RawRow]:
    row = _renamed(row, website="url", year_incorporated="date_incorporated")
    yield row.changed(year_incorporated=row.values.get("year_incorporated", "")[:4])


def _service(row: RawRow) -> Iterator[RawRow]:
    yield _renamed(row, url="website", fees_description="fees", eligibility_description="eligibility")


def _service_link(row: RawRow) -> Iterator[RawRow]:
    """Ohana's services hold their location: the link table is made from it."""
    if row.values.get("location_id"):
        yield RawRow(
            row.file, row.row, {"service_id": row.values.get("id", ""), "location_id": row.values["location_id"]}
        )


def _service_terms(row: RawRow) -> Iterator[RawRow]:
    for term in _list(row.values.get("taxonomy_ids", "")):
        values = {"link_id": row.values.get("id", ""), "link_entity": "service", "taxonomy_term_id": term}
        yield RawRow(row.file, row.row, values)


def _documents(row: RawRow) -> Iterator[RawRow]:
    for document in _list(row.values.get("required_documents", "")):
        yield RawRow(row.file, row.row, {"service_id": row.values.get("id", ""), "document": document})


def _areas(row: RawRow) -> Iterator[RawRow]:
    for area in _list(row.values.get("service_areas", "")):
        yield RawRow(row.file, row.row, {"service_id": row.values.get("id", ""), "name": area})


def _languages_of(owner: str) -> Turn:
    def turned(row: RawRow) -> Iterator[RawRow]:
        for name in _list(row.values.get("languages", "")):
            yield RawRow(row.file, row.row, {f"{owner}_id": row.values.get("id", ""), "name": name})

    return turned


def _location(row: RawRow) -> Iterator[RawRow]:
    virtual = row.values.get("virtual", "").lower() in ("true", "t", "1", "yes")
    row = _renamed(row, url="website")
    yield row.changed(location_type="virtual") if virtual else row


def _accesses(row: RawRow) -> Iterator[RawRow]:
    for access in _list(row.values.get("accessibility", "")):
        yield RawRow(row.file, row.row, {"location_id": row.values.get("id", ""), "description": access})


def _language(row: RawRow) -> Iterator[RawRow]:
    yield _renamed(row, name="language")


def _accessibility(row: RawRow) -> Iterator[RawRow]:
    row = _renamed(row, description="accessibility")
    if row.values.get("description") or row.values.get("details"):
        yield row


def _payment(row: RawRow) -> Iterator[RawRow]:
    if row.values.get("payment"):
        yield _renamed(row, option="payment")


def _service_area(row: RawRow) -> Iterator[RawRow]:
    yield _renamed(row, name="service_area")


def _service_attribute(row: RawRow) -> Iterator[RawRow]:
    row = _renamed(row, taxonomy_term_id="taxonomy_id", link_id="service_id", value="taxonomy_detail")
    yield row.changed(link_entity="service")


def _other_attribute(row: RawRow) -> Iterator[RawRow]:
    """2.x: `link_type` names the table."""
    yield row.changed(link_entity=row.values.get("link_type", ""), link_type="")


def _funding(row: RawRow) -> Iterator[RawRow]:
    yield _renamed(row, source_name="source")


def _list(text: str) -> list[str]:
    """The items of a list kept in one cell: `en, es`, `{a,b}`, `["a", "b"]`."""
    return [item.strip(" \"'") for item in re.split(r"[,;|]", text.strip("{}[]")) if item.strip(" \"'")]
