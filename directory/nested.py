"""HSDS 3 JSON (one object, a list, an API page, or the "tabular.json" form) to rows by table (pure)."""

import hashlib
import json
from collections import defaultdict
from typing import Any

from directory.package import DirectoryFileError, Problem, RawRow, clean_text

# table -> JSON key -> (table of what is nested there, column that points back at the parent)
LISTS: dict[str, dict[str, tuple[str, str]]] = {
    "service": {
        "phones": ("phone", "service_id"), "schedules": ("schedule", "service_id"),
        "service_areas": ("service_area", "service_id"), "service_at_locations": ("service_at_location", "service_id"),
        "languages": ("language", "service_id"), "funding": ("funding", "service_id"),
        "cost_options": ("cost_option", "service_id"), "required_documents": ("required_document", "service_id"),
        "capacities": ("service_capacity", "service_id"), "additional_urls": ("url", "service_id"),
    },
    "organization": {
        "phones": ("phone", "organization_id"), "locations": ("location", "organization_id"),
        "programs": ("program", "organization_id"), "funding": ("funding", "organization_id"),
        "organization_identifiers": ("organization_identifier", "organization_id"),
        "additional_websites": ("url", "organization_id"), "services": ("service", "organization_id"),
    },
    "location": {
        "languages": ("language", "location_id"), "addresses": ("address", "location_id"),
        "accessibility": ("accessibility", "location_id"), "phones": ("phone", "location_id"),
        "schedules": ("schedule", "location_id"),
    },
    "service_at_location": {
        "service_areas": ("service_area", "service_at_location_id"), "phones": ("phone", "service_at_location_id"),
        "schedules": ("schedule", "service_at_location_id"),
    },
    "phone": {"languages": ("language", "phone_id")},
}  # fmt: skip
# JSON key -> (table of the one object there, column of the parent that points at it)
OBJECTS = {
    "organization": ("organization", "organization_id"), "program": ("program", "program_id"),
    "location": ("location", "location_id"), "service": ("service", "service_id"), "unit": ("unit", "unit_id"),
    "taxonomy_term": ("taxonomy_term", "taxonomy_term_id"), "taxonomy_detail": ("taxonomy", "taxonomy_id"),
}  # fmt: skip
_TELLING_KEYS = (
    ("service_at_location", {"location", "service_id", "location_id"}),
    ("taxonomy_term", {"taxonomy_detail", "parent_id", "term_uri", "taxonomy", "code"}),
    ("location", {"location_type", "addresses", "latitude"}),
    ("organization", {"website", "locations", "organization_identifiers", "programs", "legal_status", "services"}),
    ("service", {"status", "service_at_locations", "organization", "organization_id"}),
    ("taxonomy", {"version", "uri"}),
    ("unit", {"scheme", "identifier"}),
)

Rows = dict[str, list[RawRow]]


def rows_from_json(data: Any, file: str, problems: list[Problem]) -> Rows:
    """Rows by table. Raises `DirectoryFileError` when the JSON is not an HSDS object, list or page."""
    rows: Rows = defaultdict(list)
    items = _items(data, file, problems)
    for number, item in enumerate(items, start=1):
        table = _table_of(item)
        if table is None:
            problems.append(Problem(file, number, "", "not an HSDS object we know", kept=False))
        else:
            _walk(table, item, {}, file, number, rows, problems)
    if items and not any(rows.values()):
        raise DirectoryFileError(f"{file}: no HSDS service, organization or location in it")
    return rows


def tables_from_json(data: Any) -> dict[str, list[RawRow]] | None:
    """The standard's `tabular.json` form: CSV file names to lists of flat rows; None when it is not that form."""
    if not isinstance(data, dict) or not data or not all(str(key).endswith(".csv") for key in data):
        return None
    return {
        str(name): [
            RawRow(str(name), number, {key: text for key, value in item.items() if (text := _scalar(value))})
            for number, item in enumerate(items, start=1)
            if isinstance(item, dict)
        ]
        for name, items in data.items()
        if isinstance(items, list)
    }


def _items(data: Any, file: str, problems: list[Problem]) -> list[Any]:
    if isinstance(data, list):
        return data
    if not isinstance(data, dict):
        raise DirectoryFileError(f"{file}: expected an HSDS object, list or page")
    if isinstance(data.get("contents"), list):
        if data.get("last_page") is False:
            reason = f"page {data.get('page_number')} of {data.get('total_pages')}: put all the pages in one folder"
            problems.append(Problem(file, 0, "", reason, kept=True))
        return list(data["contents"])
    return [data]


def _table_of(item: Any) -> str | None:
    """The table an object belongs to: the one whose telling keys it has most of."""
    if not isinstance(item, dict):
        return None
    best = max(_TELLING_KEYS, key=lambda entry: len(entry[1] & item.keys()))
    return best[0] if best[1] & item.keys() else None


def _walk(
    table: str, item: Any, links: dict[str, str], file: str, number: int, rows: Rows, problems: list[Problem]
) -> str:
    """Adds an object's row and everything nested in it; gives the row's id."""
    if not isinstance(item, dict):
        problems.append(Problem(file, number, table, "expected an object", kept=False))
        return ""
    # An object without id still needs one for what points at it: its own content gives a stable one.
    key = _scalar(item.get("id")) or "content-" + hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()
    values = {"id": key, **links}
    nested_lists = LISTS.get(table, {})
    for name, value in item.items():
        if name == "contacts" or value is None:
            continue  # persons are not imported
        if name in nested_lists and isinstance(value, list):
            child, column = nested_lists[name]
            for entry in value:
                _walk(child, entry, {column: key}, file, number, rows, problems)
        elif name == "attributes" and isinstance(value, list):
            for entry in value:
                _walk("attribute", entry, {"link_id": key, "link_entity": table}, file, number, rows, problems)
        elif name == "metadata" and isinstance(value, list):
            for entry in value:
                _walk("metadata", entry, {"resource_id": key, "resource_type": table}, file, number, rows, problems)
        elif name in OBJECTS and isinstance(value, dict):
            child, column = OBJECTS[name]
            values[column] = _walk(child, value, {}, file, number, rows, problems)
        elif not isinstance(value, (dict, list)):
            column = "source_name" if (table, name) == ("funding", "source") else name
            values.setdefault(column, _scalar(value))
    rows[table].append(RawRow(file, number, {name: value for name, value in values.items() if value}))
    return key


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, (dict, list)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return clean_text(str(value))
