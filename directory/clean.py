"""Checks and tidies HSDS 3 rows: ids, links, values; keeps or skips each by a stated rule (pure).

The rule: a row is skipped when it lacks what its table cannot do without (a name, a number, what it
belongs to) or repeats an id with other content. Otherwise it is kept, without the value that is wrong.
A service without its organization gets one of its own name. Hours that cannot be read stay in the
row's description and count as unknown. Every case is reported with file, row, column and reason.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable
from functools import lru_cache

from directory.clean_values import checked_values
from directory.hsds import SHAPES, Shape
from directory.package import Package, Problem, RawRow, Row

_NAMESPACE = uuid.UUID("6f0b9f0a-52c5-5d0e-9a5e-0f6a2f3f8d11")  # ours, for ids that are not UUIDs
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NEEDS_A_PARENT = frozenset({"phone", "schedule", "language", "service_area", "funding", "url"})
_LINK_TABLES = {name: name for name in SHAPES}  # an attribute may name a table, or its file
_LINK_TABLES |= {shape.file.removesuffix(".csv"): name for name, shape in SHAPES.items()}

_LINKED_TO = frozenset(target for shape in SHAPES.values() for target in shape.links.values())


@lru_cache(maxsize=262144)
def stable_id(table: str, raw: str) -> str:
    """The id kept for a row: the file's own when it is a UUID, else a UUID that is the same at every import."""
    folded = raw.strip().lower()
    if _UUID.fullmatch(folded):
        return folded
    # What uuid.uuid5 gives, five times faster: a large import makes hundreds of thousands.
    digest = bytearray(
        hashlib.sha1(_NAMESPACE.bytes + f"{table}:{raw.strip()}".encode(), usedforsecurity=False).digest()[:16]
    )
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Cleaner:
    """Takes raw rows table by table, targets of links before what points at them, and fills a package."""

    def __init__(self, format_name: str, problems: list[Problem]) -> None:
        self.package = Package(format_name, problems=problems)
        self._rows: dict[str, dict[str, Row]] = {name: {} for name in SHAPES}

    def add(self, table: str, raw_rows: Iterable[RawRow]) -> None:
        """Cleans the rows of one table."""
        shape = SHAPES[table]
        itself: list[tuple[RawRow, str, str]] = []  # links to rows of this same table, that may come later
        for raw in raw_rows:
            row = self._cleaned(shape, raw)
            if row is None:
                continue
            for column, target in shape.links.items():
                if target == table and column in row:
                    itself.append((raw, str(row["id"]), column))
        for raw, key, column in itself:
            row = self._rows[table].get(key, {})
            if column in row and row[column] not in self._rows[table]:
                del row[column]
                self._problem(raw, column, f"no {table} with this id", kept=True)
            elif column in row:
                self.package.links += 1

    def finish(self) -> Package:
        """The package, once every table was added."""
        self.package.tables = {table: list(rows.values()) for table, rows in self._rows.items() if rows}
        return self.package

    def has(self, table: str, key: str) -> bool:
        """Whether a row of this id was kept."""
        return key in self._rows[table]

    def _cleaned(self, shape: Shape, raw: RawRow) -> Row | None:
        row, faults = checked_values(shape, raw)
        if not self._linked(shape, raw, row):
            return None
        if shape.name == "service" and "organization_id" not in row and "name" in row:
            row["organization_id"] = self._own_organization(raw, row)
        missing = [column for column in shape.required if column not in row]
        if missing:
            self._problem(raw, missing[0], "empty, and the row means nothing without it", kept=False)
            return None
        for column, reason in faults:
            self._problem(raw, column, reason, kept=True)
        row["id"] = self._id(shape.name, raw, row)
        return self._stored(shape.name, raw, row)

    def _id(self, table: str, raw: RawRow, row: Row) -> str:
        written = raw.values.get("id", "")
        if written:
            return stable_id(table, written)
        return self._content_id(table, row)

    def _content_id(self, table: str, row: Row) -> str:
        content = json.dumps({name: value for name, value in row.items() if name != "id"}, sort_keys=True)
        return stable_id(table, "content-" + hashlib.sha256(content.encode()).hexdigest())

    def _stored(self, table: str, raw: RawRow, row: Row) -> Row | None:
        known = self._rows[table].get(str(row["id"]))
        if known is None:
            self._rows[table][str(row["id"])] = row
            return row
        if not any(name in known and known[name] != value for name, value in row.items()):
            known.update({name: value for name, value in row.items() if name not in known})
            return None
        if table in _LINKED_TO:
            self._problem(raw, "id", "another row has this id and says something else; the first is kept", kept=False)
            return None
        row["id"] = self._content_id(table, row)  # some files number a table's rows by their service
        return self._rows[table].setdefault(str(row["id"]), row)

    def _linked(self, shape: Shape, raw: RawRow, row: Row) -> bool:
        """Turns link values into kept ids; drops those that lead nowhere. False when the row must be skipped."""
        dangling: str | None = None
        for column, target in shape.links.items():
            written = raw.values.get(column)
            if not written:
                continue
            key = stable_id(target, written)
            if target == shape.name or key in self._rows[target]:
                row[column] = key
                self.package.links += target != shape.name
                continue
            row.pop(column, None)
            dangling = dangling or column
            if column not in shape.required and shape.name not in _NEEDS_A_PARENT:
                self._problem(raw, column, f"no {target} with this id", kept=True)
        if shape.name in ("attribute", "metadata"):
            return self._link_to_any(shape, raw, row)
        without_parent = shape.name in _NEEDS_A_PARENT and not any(column in row for column in shape.links)
        if without_parent or (dangling and dangling in shape.required):
            about = f"no {shape.links[dangling]} with this id" if dangling else "belongs to nothing"
            if not (shape.name == "phone" and raw.values.get("contact_id") and not dangling):
                self._problem(raw, dangling or "", f"{about}: row left out", kept=False)
            return False
        if dangling and shape.name in _NEEDS_A_PARENT:
            self._problem(raw, dangling, f"no {shape.links[dangling]} with this id", kept=True)
        return True

    def _link_to_any(self, shape: Shape, raw: RawRow, row: Row) -> bool:
        id_column, table_column = (
            ("link_id", "link_entity") if shape.name == "attribute" else ("resource_id", "resource_type")
        )
        written = raw.values.get(id_column, "")
        table = _LINK_TABLES.get(raw.values.get(table_column, "").lower())
        if shape.name == "metadata" and raw.values.get(table_column, "").lower() in ("contact", "contacts"):
            return False  # about a person
        candidates = [table] if table else list(SHAPES)
        for candidate in candidates:
            if written and self.has(candidate, stable_id(candidate, written)):
                row[id_column], row[table_column] = stable_id(candidate, written), candidate
                self.package.links += 1
                break
        else:
            self._problem(raw, id_column, f"no {table or 'row'} with this id: row left out", kept=False)
            return False
        if shape.name == "attribute" and "taxonomy_term_id" not in row:
            self._problem(raw, "taxonomy_term_id", "no taxonomy_term with this id: row left out", kept=False)
            return False
        return True

    def _own_organization(self, raw: RawRow, row: Row) -> str:
        """An organization of the service's name, for a service whose own is missing."""
        name = str(row["name"])
        key = stable_id("organization", f"of-service:{name}")
        self._rows["organization"].setdefault(key, {"id": key, "name": name})
        if not raw.values.get("organization_id"):
            self._problem(raw, "organization_id", "empty: an organization of the service's name was made", kept=True)
        return key

    def _problem(self, raw: RawRow, column: str, reason: str, *, kept: bool) -> None:
        self.package.problems.append(Problem(raw.file, raw.row, column, reason, kept))
