"""Reads a directory in any of the forms the field keeps it in, to clean HSDS 3 rows.

    package = read(Path("services.zip"))
    package.summary(), package.problems

HSDS 3.x JSON (object, list, page, a folder of pages, tabular.json), HSDS 3.x, 2.x and 1.x tabular packages
(folder or zip, with or without datapackage.json), Ohana-style CSV, and the plain spreadsheet (CSV or XLSX, French or
English column names). Storing is `directory.store`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from directory import spreadsheet, tabular
from directory.clean import Cleaner
from directory.files import Member, members, read_json, read_rows
from directory.hsds import SHAPES
from directory.nested import Rows, rows_from_json, tables_from_json
from directory.package import DirectoryFileError, Package, Problem, RawRow
from directory.warnings import far_locations

_Reader = Callable[[], Iterable[RawRow]]


def read(path: Path) -> Package:
    """Everything readable at a path, cleaned. Raises `DirectoryFileError` (one clear line) when it is no directory."""
    files = members(path)
    problems: list[Problem] = []
    tables = [member for member in files if member.suffix != ".json"]
    if tables and _is_spreadsheet(tables):
        package = _from_tables("tableur", spreadsheet.tables_of(read_rows(tables[0], problems), problems), problems)
    elif tables and any(_role(member, {}) for member in tables):
        package = _from_tabular(files, problems)
    elif tables:
        names = ", ".join(member.name for member in tables[:5])
        raise DirectoryFileError(f"{path}: neither HSDS files nor the spreadsheet's columns were found in {names}")
    else:
        package = _from_json(files, problems)
    if not package.count("service"):
        problems.append(Problem(path.name, 0, "", "no service was found", kept=False))
    problems += far_locations(package)
    return package


def _is_spreadsheet(tables: list[Member]) -> bool:
    return len(tables) == 1 and spreadsheet.is_ours(_columns(tables[0]))


def _columns(member: Member) -> frozenset[str]:
    """The column names that hold something in the first rows of a table."""
    first = next(iter(read_rows(member, [])), None)
    return frozenset(first.values) if first else frozenset()


def _header(member: Member) -> frozenset[str]:
    if member.suffix == ".xlsx":
        return _columns(member)
    start = member.data()[:65536].decode("utf-8-sig", errors="replace").split("\n", 1)[0]
    delimiter = max(",;\t", key=start.count)
    return frozenset(cell.strip().strip('"').lower() for cell in start.split(delimiter))


def _role(member: Member, named: dict[str, str]) -> str | None:
    return named.get(member.name) or tabular.role_of(member.name)


def _from_tabular(files: list[Member], problems: list[Problem]) -> Package:
    named = _named_by_datapackage(files, problems)
    with_roles = [(member, _role(member, named)) for member in files if member.suffix != ".json"]
    for member, role in with_roles:
        if role is None:
            problems.append(Problem(member.name, 0, "", "not a table of the standard: not read", kept=False))
    readable = [(member, role) for member, role in with_roles if role is not None]
    eligibility = tabular.eligibility_texts(
        chain.from_iterable(read_rows(member, []) for member, role in readable if role == "eligibility")
    )
    owners = tabular.organization_by_location(
        chain.from_iterable(
            read_rows(member, []) for member, role in readable if role == "location" and _services_name_places(readable)
        )
    )
    readers: dict[str, list[_Reader]] = defaultdict(list)
    for member, role in readable:
        if role == "contact":
            count = sum(1 for _ in read_rows(member, []))
            if count:
                problems.append(Problem(member.name, 0, "", f"{count} personal contacts are not imported", kept=False))
        for position, (table, turn) in enumerate(tabular.turns_for(role, _header(member))):
            turned = tabular.completed(turn, eligibility, owners) if table == "service" else turn
            # A file that feeds several tables is read once for each; its ragged rows are reported the first time.
            readers[table].append(_reader(member, turned, problems if position == 0 else []))
    return _filled("HSDS (tables)", readers, problems)


def _services_name_places(files: list[tuple[Member, str]]) -> bool:
    return any(role == "service" and "location_id" in _header(member) for member, role in files)


def _reader(member: Member, turn: tabular.Turn, problems: list[Problem]) -> _Reader:
    def rows() -> Iterator[RawRow]:
        for row in read_rows(member, problems):
            yield from turn(row)

    return rows


def _named_by_datapackage(files: list[Member], problems: list[Problem]) -> dict[str, str]:
    """Roles of files whose own name does not say it, from datapackage.json."""
    named: dict[str, str] = {}
    for member in files:
        if member.name.lower() != "datapackage.json":
            continue
        try:
            data = read_json(member)
        except DirectoryFileError as error:
            problems.append(Problem(member.name, 0, "", f"{error}: files are taken by their names", kept=False))
            continue
        for resource in data.get("resources", []) if isinstance(data, dict) else []:
            path, role = _last_part(resource.get("path")), tabular.role_of(str(resource.get("name", "")))
            if path and role and tabular.role_of(path) is None:
                named[path] = role
    return named


def _last_part(path: Any) -> str:
    return str(path).replace("\\", "/").rsplit("/", 1)[-1] if isinstance(path, str) else ""


def _from_json(files: list[Member], problems: list[Problem]) -> Package:
    rows: Rows = defaultdict(list)
    readers: dict[str, list[_Reader]] = defaultdict(list)
    for member in files:
        if member.name.lower() == "datapackage.json":
            continue
        data = read_json(member)
        flat = tables_from_json(data)
        if flat is not None:
            for name, items in flat.items():
                role = tabular.role_of(name)
                columns = frozenset().union(*(item.values for item in items))
                for table, turn in tabular.turns_for(role, columns) if role else ():
                    readers[table].append(_turned(items, turn))
            continue
        for table, found in rows_from_json(data, member.name, problems).items():
            rows[table] += found
    for table, found in rows.items():
        readers[table].append(_given(found))
    return _filled("HSDS (JSON)", readers, problems)


def _given(rows: list[RawRow]) -> _Reader:
    return lambda: rows


def _turned(rows: list[RawRow], turn: tabular.Turn) -> _Reader:
    return lambda: chain.from_iterable(turn(row) for row in rows)


def _from_tables(format_name: str, rows: Rows, problems: list[Problem]) -> Package:
    return _filled(format_name, {table: [_given(found)] for table, found in rows.items()}, problems)


def _filled(format_name: str, readers: dict[str, list[_Reader]], problems: list[Problem]) -> Package:
    cleaner = Cleaner(format_name, problems)
    for table in SHAPES:  # targets of links come first
        for reader in readers.get(table, ()):
            cleaner.add(table, reader())
    return cleaner.finish()
