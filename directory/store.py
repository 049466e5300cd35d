"""Keeps directories in the service's database: preview, replace, read back (SQLite or PostgreSQL, async).

An import compares its package with what the same source gave before, and writes only what differs, in
one transaction. Rows of another source are never read or touched. What partners and texters said
(`directory_care`, `directory_report`, `directory_capacity`) outlives an import.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from directory import freshness
from directory.builder import Builder, builder_order
from directory.hsds import (
    SHAPES,
    TABLES,
    directory_capacity,
    directory_care,
    directory_position,
    directory_report,
    directory_source,
)
from directory.needs import NeedMap
from directory.package import Package, Row
from directory.places import Places
from directory.position import positions_of
from directory.search import Index

_BATCH = 2000
# Long texts that a search never shows: not worth carrying to the index.
_NOT_SEARCHED = frozenset(
    {"interpretation_services", "wait_time", "accreditations", "licenses", "transportation", "logo", "extent", "uri"}
)


@dataclass(frozen=True, slots=True)
class Change:
    """How many rows an import adds, changes and takes away."""

    added: int = 0
    changed: int = 0
    gone: int = 0

    @property
    def any(self) -> bool:
        """Whether anything differs at all."""
        return bool(self.added or self.changed or self.gone)


@dataclass(frozen=True)
class Preview:
    """What an import would do: `added`, `changed`, `gone` count services; `tables` has every table that differs.

    `added_names`, `changed_names`, `gone_names` are the first few service names, for a person to recognise.
    """

    source: str
    added: int
    changed: int
    gone: int
    unchanged: int
    added_names: tuple[str, ...] = ()
    changed_names: tuple[str, ...] = ()
    gone_names: tuple[str, ...] = ()
    tables: dict[str, Change] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether anything differs at all."""
        return any(change.any for change in self.tables.values())


@dataclass(frozen=True)
class _Difference:
    added: list[Row]
    changed: list[Row]
    gone: list[Row]

    @property
    def counts(self) -> Change:
        return Change(len(self.added), len(self.changed), len(self.gone))


_SHOWN_NAMES = 5


async def preview(conn: AsyncConnection, source: str, package: Package) -> Preview:
    """What replacing this source's rows by the package would change. Writes nothing."""
    tables: dict[str, Change] = {}
    services = _Difference([], [], [])
    for name in SHAPES:
        difference = await _difference(conn, source, name, package.tables.get(name, []))
        if difference.counts.any:
            tables[name] = difference.counts
        if name == "service":
            services = difference
    counts = services.counts
    return Preview(
        source, counts.added, counts.changed, counts.gone, package.count("service") - counts.added - counts.changed,
        _names(services.added), _names(services.changed), _names(services.gone), tables,
    )  # fmt: skip


def _names(rows: list[Row]) -> tuple[str, ...]:
    return tuple(str(row.get("name", "")) for row in rows[:_SHOWN_NAMES])


async def replace(conn: AsyncConnection, source: str, package: Package, places: Places, now: int) -> Change:
    """Makes this source's rows exactly the package's, in one transaction; gives how many rows changed in all.

    `now` is in seconds since 1970. Locations without coordinates get a position from `places`.
    """
    added = changed = gone = 0
    async with _transaction(conn):
        for name in SHAPES:
            rows = package.tables.get(name, [])
            difference = await _difference(conn, source, name, rows)
            table = TABLES[name]
            await _delete(conn, table, source, difference.gone + difference.changed)
            await _insert(conn, table, source, difference.added + difference.changed)
            counts = difference.counts
            added, changed, gone = added + counts.added, changed + counts.changed, gone + counts.gone
        await conn.execute(delete(directory_position).where(directory_position.c.source == source))
        positions = (position.row(source) for position in positions_of(package.tables, places))
        await _in_batches(conn, directory_position, positions)
        await freshness.take_over_owners(conn, source, package)
        await conn.execute(delete(directory_source).where(directory_source.c.name == source))
        values = {"name": source, "format": package.format, "imported_at": now, "services": package.count("service")}
        await conn.execute(insert(directory_source).values(values))
    return Change(added, changed, gone)


async def remove(conn: AsyncConnection, source: str) -> None:
    """Takes a source and all its rows out."""
    async with _transaction(conn):
        for table in (*TABLES.values(), directory_position, directory_care, directory_report, directory_capacity):
            await conn.execute(delete(table).where(table.c.source == source))
        await conn.execute(delete(directory_source).where(directory_source.c.name == source))


async def sources(conn: AsyncConnection) -> list[dict[str, Any]]:
    """Every source: name, format, imported_at (seconds since 1970), services."""
    result = await conn.execute(select(directory_source).order_by(directory_source.c.name))
    return [dict(row) for row in result.mappings()]


async def rows_of(conn: AsyncConnection, table: str, source: str | None = None) -> list[Row]:
    """Stored HSDS rows of one table, of one source or of all, in id order; empty columns are left out."""
    stored = TABLES[table]
    names = SHAPES[table].columns
    query = select(*(stored.c[name] for name in names)).order_by(stored.c.source, stored.c.id)
    if source is not None:
        query = query.where(stored.c.source == source)
    rows: list[Row] = []
    result = await conn.stream(query.execution_options(yield_per=_BATCH))
    async for part in result.partitions(_BATCH):
        rows += [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in part]
    return rows


async def load_index(conn: AsyncConnection, needs: NeedMap | None = None) -> Index:
    """The whole directory in memory, ready to be searched."""
    builder = Builder(needs or NeedMap.load())
    for name in sorted(SHAPES, key=builder_order):
        if hasattr(builder, f"_add_{name}"):
            async for rows in _stream(conn, TABLES[name]):
                builder.add(name, rows)
    for name, table in _BESIDE:
        async for rows in _stream(conn, table):
            builder.add(name, rows)
    return Index(builder.build())


_BESIDE = (
    ("position", directory_position), ("care", directory_care), ("report", directory_report),
    ("capacity", directory_capacity),
)  # fmt: skip


async def said(conn: AsyncConnection, source: str) -> dict[str, list[dict[str, Any]]]:
    """What partners and texters said of one source's services, as rows for `Index.from_rows`."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, table in _BESIDE[1:]:
        result = await conn.execute(select(table).where(table.c.source == source).order_by(*table.primary_key.columns))
        rows[name] = [dict(row) for row in result.mappings()]
    return rows


async def _stream(conn: AsyncConnection, table: Table) -> AsyncIterator[list[dict[str, Any]]]:
    wanted = [column for column in table.columns if column.name not in _NOT_SEARCHED]
    names = [column.name for column in wanted]
    query = select(*wanted).order_by(*table.primary_key.columns).execution_options(yield_per=_BATCH)
    result = await conn.stream(query)
    async for part in result.partitions(_BATCH):
        yield [dict(zip(names, row, strict=True)) for row in part]


async def _difference(conn: AsyncConnection, source: str, table: str, rows: list[Row]) -> _Difference:
    before = {str(row["id"]): row for row in await rows_of(conn, table, source)}
    added, changed = [], []
    for row in rows:
        known = before.pop(str(row["id"]), None)
        if known is None:
            added.append(row)
        elif known != row:
            changed.append(row)
    return _Difference(added, changed, list(before.values()))


async def _insert(conn: AsyncConnection, table: Table, source: str, rows: list[Row]) -> None:
    empty = dict.fromkeys(column.name for column in table.columns)
    await _in_batches(conn, table, ({**empty, **row, "source": source} for row in rows))


async def _delete(conn: AsyncConnection, table: Table, source: str, rows: list[Row]) -> None:
    statement = delete(table).where(table.c.source == bindparam("of_source"), table.c.id == bindparam("of_id"))
    for batch in _batches({"of_source": source, "of_id": row["id"]} for row in rows):
        await conn.execute(statement, batch)


async def _in_batches(conn: AsyncConnection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    for batch in _batches(rows):
        await conn.execute(insert(table), batch)


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


@asynccontextmanager
async def _transaction(conn: AsyncConnection) -> AsyncIterator[None]:
    """One transaction of our own, or a savepoint in the caller's: all or nothing either way."""
    if conn.in_transaction():
        async with conn.begin_nested():
            yield
    else:
        async with conn.begin():
            yield
