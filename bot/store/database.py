"""One way to the database, for SQLite and PostgreSQL: `begin()` to write, `read()` to look.

SQLite runs in WAL mode with `synchronous=FULL` and `secure_delete`; a writing transaction takes the
write lock at once (`BEGIN IMMEDIATE`), so two writers queue up instead of failing half-way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, TextClause, bindparam, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import Table

from bot.store import near_sqlite
from bot.store.near_sqlite import NearConnection

BUSY_SECONDS = 10


class DatabaseUrlError(Exception):
    """The database address cannot be used; the text says what to write."""


def _async_url(url: str) -> Any:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUrlError("PASSERELLE_DATABASE_URL: not an address; write postgresql://user@host/name") from None
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
    name = parsed.drivername.partition("+")[0]
    if name not in drivers:
        raise DatabaseUrlError(f"PASSERELLE_DATABASE_URL: '{name}' is not supported; use sqlite or postgresql")
    return parsed.set(drivername=drivers[name])


class Database:
    """The service's database. Build one per process, in `bootstrap`, and close it at the end."""

    def __init__(self, url: str) -> None:
        parsed = _async_url(url)
        self.is_sqlite = parsed.drivername.startswith("sqlite")
        options: dict[str, Any] = {"hide_parameters": True}  # parameters never appear in an exception's text
        if self.is_sqlite:
            options["connect_args"] = {"timeout": BUSY_SECONDS, "async_creator_fn": near_sqlite.connect}
        else:
            options |= {"pool_size": 10, "max_overflow": 10, "pool_pre_ping": True}
        # SQLite lets one writer in, and the others ask again after a sleep: whoever is unlucky waits for seconds. In this
        # process they stand in line instead, first come first served; between processes SQLite's own wait remains.
        # As SQLite's, the wait has an end.
        self._one_writer = asyncio.Lock() if self.is_sqlite else None
        self.engine: AsyncEngine = create_async_engine(parsed, **options)
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A writing transaction: committed at the end, rolled back on any exception."""
        async with self._in_line(), self.engine.connect() as connection:
            near = await _near(connection)
            async with connection.begin():
                if near is not None:
                    near.near = True
                try:
                    yield connection
                finally:
                    if near is not None:
                        near.near = False

    @asynccontextmanager
    async def _in_line(self) -> AsyncIterator[None]:
        if self._one_writer is None:
            yield
            return
        async with asyncio.timeout(BUSY_SECONDS):
            await self._one_writer.acquire()
        try:
            yield
        finally:
            self._one_writer.release()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A reading transaction: takes no write lock and leaves nothing behind."""
        async with self.engine.connect() as connection:
            await connection.execution_options(passerelle_reads=True)
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


async def _near(connection: AsyncConnection) -> NearConnection | None:
    """The driver's own connection, when it is one that can run quick calls at once."""
    driver = (await connection.get_raw_connection()).driver_connection
    return driver if isinstance(driver, NearConnection) else None


def insert_if_new(table: Table, values: dict[str, Any]) -> TextClause:
    """An insert that does nothing when a unique key is already there; `rowcount` tells which it was.

    Every column without a value in the database itself must be given: defaults of the model are not filled in.
    """
    return _insert_if_new(table, tuple(values)).bindparams(**values)


@cache
def _insert_if_new(table: Table, names: tuple[str, ...]) -> TextClause:
    # SQLAlchemy compiles its own ON CONFLICT anew at every call (a third of a turn's time); this text is compiled once.
    columns, places = ", ".join(names), ", ".join(f":{name}" for name in names)
    statement = f"INSERT INTO {table.name} ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608 - names of our own tables
    return text(statement).bindparams(*(bindparam(name, type_=table.c[name].type) for name in names))


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None  # we begin transactions ourselves, below
    try:
        _set_pragmas(dbapi_connection)
    except BaseException:
        dbapi_connection.close()  # not a database: nobody else would close it
        raise


def _set_pragmas(dbapi_connection: Any) -> None:
    cursor = dbapi_connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("passerelle_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
