"""Writes a directory as valid HSDS 3: a tabular package (folder or zip with datapackage.json) or JSON.

    await export(conn, Path("out.zip"))       # or a folder, or out.json
    await export(conn, Path("out.json"), source="211")

What is written can be read back (`directory.load.read`) to exactly the same rows.
"""

import csv
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from directory.hsds import FILE_COLUMNS, SHAPES, Shape
from directory.nested import LISTS, OBJECTS
from directory.package import Row
from directory.store import rows_of

VERSION = "3.1"
_PROFILE = "https://docs.openreferral.org/en/latest/hsds/schema_reference.html"
# Text that HSDS requires; it is written empty when we have none.
_ALWAYS_WRITTEN: Mapping[str, tuple[str, ...]] = {
    "organization": ("description",), "program": ("description",), "taxonomy": ("description",),
    "taxonomy_term": ("description",), "organization_identifier": ("identifier_type",),
    "address": ("address_1", "city", "state_province", "postal_code", "country", "address_type"),
    "metadata": (
        "last_action_date", "last_action_type", "field_name", "previous_value", "replacement_value", "updated_by",
    ),
}  # fmt: skip

Tables = Mapping[str, list[Row]]


async def export(conn: AsyncConnection, path: Path, source: str | None = None) -> dict[str, int]:
    """Writes one source, or all of them, to a `.json` file, a `.zip` or a folder; gives the rows written by table."""
    tables: dict[str, list[Row]] = {}
    for name in SHAPES:
        tables[name] = _unique(await rows_of(conn, name, source))
    write(tables, path)
    return {name: len(rows) for name, rows in tables.items() if rows}


def write(tables: Tables, path: Path) -> None:
    """Writes clean rows (a `Package`'s tables) to a `.json` file, a `.zip` or a folder."""
    if path.suffix.lower() == ".json":
        path.write_text(json.dumps(as_json(tables), ensure_ascii=False, indent=1), encoding="utf-8")
    elif path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in _files(tables).items():
                archive.writestr(name, text)
    else:
        path.mkdir(parents=True, exist_ok=True)
        for name, text in _files(tables).items():
            (path / name).write_text(text, encoding="utf-8", newline="")


def _unique(rows: list[Row]) -> list[Row]:
    """Two sources may hold the same published row: it is written once."""
    by_id: dict[str, Row] = {}
    for row in rows:
        by_id.setdefault(str(row["id"]), row)
    return list(by_id.values())


def _files(tables: Tables) -> dict[str, str]:
    files = {SHAPES[name].file: _csv(SHAPES[name], rows) for name, rows in tables.items() if rows}
    files["datapackage.json"] = json.dumps(_datapackage(tables), ensure_ascii=False, indent=1)
    return files


def _csv(shape: Shape, rows: list[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([FILE_COLUMNS.get((shape.name, column), column) for column in shape.columns])
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in shape.columns])
    return out.getvalue()


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return str(_number(value)) if isinstance(value, float) else value.replace("\n", "\\n")


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _datapackage(tables: Tables) -> dict[str, Any]:
    return {
        "name": "passerelle-directory", "profile": "tabular-data-package", "version": VERSION,
        "resources": [
            {
                "profile": "tabular-data-resource", "name": name, "path": SHAPES[name].file,
                "schema": {"primaryKey": "id", "fields": _fields(SHAPES[name])},
            }
            for name, rows in tables.items()
            if rows
        ],
    }  # fmt: skip


def _fields(shape: Shape) -> list[dict[str, Any]]:
    return [
        {
            "name": FILE_COLUMNS.get((shape.name, column), column),
            "type": "number" if column in shape.numbers else "string",
        }
        for column in shape.columns
    ]


def as_json(tables: Tables) -> dict[str, Any]:
    """One HSDS page: every service with all that hangs on it; then what belongs to no service, so nothing is lost."""
    tree = _Tree(tables)
    services = [tree.object("service", row) for row in tables.get("service", [])]
    alone = [
        tree.object(table, row)
        for table in ("organization", "location", "taxonomy_term", "taxonomy", "unit")
        for row in tables.get(table, [])
        if (table, str(row["id"])) not in tree.written
    ]
    contents = services + alone
    return {
        "total_items": len(contents), "total_pages": 1, "page_number": 1, "size": len(contents), "first_page": True,
        "last_page": True, "empty": not contents, "version": VERSION, "profile": _PROFILE, "contents": contents,
    }  # fmt: skip


class _Tree:
    """Nests rows into each other as HSDS JSON does."""

    def __init__(self, tables: Tables) -> None:
        self.written: set[tuple[str, str]] = set()
        self._by_id = {(table, str(row["id"])): row for table, rows in tables.items() for row in rows}
        self._children: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for table, rows in tables.items():
            for row in rows:
                for column in SHAPES[table].links:
                    if column in row:
                        self._children[table, column, str(row[column])].append(row)
                if table == "attribute":
                    self._children[table, str(row["link_entity"]), str(row["link_id"])].append(row)
                if table == "metadata" and "resource_id" in row:
                    self._children[table, str(row["resource_type"]), str(row["resource_id"])].append(row)

    def object(self, table: str, row: Row) -> dict[str, Any]:
        """One row with everything nested in it."""
        self.written.add((table, str(row["id"])))
        shape = SHAPES[table]
        item: dict[str, Any] = {
            FILE_COLUMNS.get((table, column), column): _number(value) if isinstance(value, float) else value
            for column in shape.columns
            if (value := row.get(column)) is not None
        }
        for column in _ALWAYS_WRITTEN.get(table, ()):
            item.setdefault(column, "")
        self._add_objects(table, row, item)
        self._add_lists(table, str(row["id"]), item)
        return item

    def _add_objects(self, table: str, row: Row, item: dict[str, Any]) -> None:
        for key, (target, column) in OBJECTS.items():
            if column in SHAPES[table].links and column in row and _nests(table, key):
                found = self._by_id.get((target, str(row[column])))
                if found is not None:
                    seen = (target, str(row[column])) in self.written
                    item[key] = self._brief(target, found) if seen else self.object(target, found)

    def _brief(self, table: str, row: Row) -> dict[str, Any]:
        """A row that was written in full before: its id and what HSDS requires, without what hangs on it."""
        columns = ("id", *SHAPES[table].required, *_ALWAYS_WRITTEN.get(table, ()))
        brief = {column: row.get(column, "") for column in columns}
        if table == "location":
            brief["location_type"] = row.get("location_type", "physical")
        if table == "service":
            brief["status"] = row.get("status", "active")
        return brief

    def _add_lists(self, table: str, key: str, item: dict[str, Any]) -> None:
        for name, (child, column) in LISTS.get(table, {}).items():
            if child in ("location", "service"):
                continue  # written where a service is given, or on their own
            rows = [row for row in self._children.get((child, column, key), ()) if _belongs(child, column, row)]
            if rows:
                item[name] = [self.object(child, row) for row in rows]
        for name in ("attribute", "metadata"):
            rows = self._children.get((name, table, key), [])
            if rows:
                item["attributes" if name == "attribute" else name] = [self.object(name, row) for row in rows]


# An object key is nested only where HSDS nests it.
_NESTED_OBJECTS = {
    "service": {"organization", "program"}, "service_at_location": {"location"}, "attribute": {"taxonomy_term"},
    "taxonomy_term": {"taxonomy_detail"}, "service_capacity": {"unit"},
}  # fmt: skip


def _nests(table: str, key: str) -> bool:
    return key in _NESTED_OBJECTS.get(table, set())


# A row that points at several parents is written under the first of these only.
_PARENT_ORDER = ("service_at_location_id", "service_id", "location_id", "organization_id", "phone_id")


def _belongs(child: str, column: str, row: Row) -> bool:
    first = next((name for name in _PARENT_ORDER if name in row and name in SHAPES[child].links), column)
    return child == "service_at_location" or first == column
