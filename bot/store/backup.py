"""A consistent copy while the service runs, and back; from and to either engine, as one SQLite file.

The copy never holds contact keys, so destroying a key forgets a contact in every copy there is (see
`docs/decisions/contact-keys.md`). Putting a copy back adds what is missing and takes nothing back: who was erased
stays erased, what was sent is not sent again. The directory is put back as it was.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import DeliveryStatus
from bot.store import migrate, tables
from bot.store.database import Database
from directory import hsds

BATCH = 500
LEFT_OUT = frozenset({tables.contact_key.name, tables.sender.name})
"""Keys, on purpose; and the senders' rates, which mean nothing later."""

UNDER_WAY = frozenset({DeliveryStatus.QUEUED.value, DeliveryStatus.SENDING.value, DeliveryStatus.UNKNOWN.value})


class BackupError(Exception):
    """A copy cannot be made or put back; the text says why and what to do."""


async def backup(database: Database, path: Path) -> None:
    """Write a copy to a new file (mode 0600). Raises `BackupError`, and then leaves no file."""
    temporary = path.with_name(path.name + ".new")
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise BackupError(f"{path}: cannot be written ({error.strerror}); choose another place") from None
    try:
        async with _opened(temporary) as copy:
            await migrate.upgrade(copy)
            async with _snapshot(database) as source, copy.begin() as target:
                for table in _copied_tables():
                    async for rows in _batches(source, table):
                        await target.execute(table.insert(), [_without_traces(table, row) for row in rows])
            await _one_file(copy)
        temporary.replace(path)
    except DBAPIError as error:
        reason = type(error.orig).__name__
        raise BackupError(f"{path}: the copy failed ({reason}); check the disk and PASSERELLE_DATABASE_URL") from None
    finally:
        temporary.unlink(missing_ok=True)


async def restore(database: Database, path: Path) -> None:
    """Put a copy back into a migrated database, in one transaction. Raises `BackupError` when it is no copy of ours."""
    with tempfile.TemporaryDirectory(prefix="passerelle-restore-") as folder:
        work = Path(folder) / "copy.db"
        _checked_copy(path, work)
        async with _opened(work) as copy:
            try:
                await migrate.upgrade(copy)
            except (migrate.MigrationError, DBAPIError):
                raise BackupError(f"{path}: made by a later version of passerelle; install that version") from None
            async with copy.read() as source, database.begin() as target:
                await _put_back(source, target)


async def _put_back(source: AsyncConnection, target: AsyncConnection) -> None:
    keys = set((await target.execute(select(tables.contact_key.c.contact_id))).scalars())
    last_moment: datetime | None = (await source.execute(select(func.max(tables.outbox.c.updated_at)))).scalar_one()
    for table in reversed(hsds.metadata.sorted_tables):
        await target.execute(delete(table))
    for table in _copied_tables():
        async for rows in _batches(source, table):
            await _add_missing(target, table, [_as_past(table, row, keys, last_moment) for row in rows])


def _as_past(table: Table, row: dict[str, Any], keys: set[str], last_moment: datetime | None) -> dict[str, Any]:
    """A copied row as it may come back: nothing without its key, nothing to send or escalate."""
    if table is tables.contact and row["id"] not in keys:
        row |= {"digest": None, "address": None, "state": None, "language": None, "check_due_at": None}
    if table in (tables.inbound, tables.outbox) and row["contact_id"] not in keys:
        row |= {"body": None}
    if table is tables.outbox and row["status"] in UNDER_WAY:
        row |= {"status": DeliveryStatus.CANCELLED.value, "error_code": "restored", "due_at": None, "lease_until": None}
    if table is tables.handoff and row["contact_id"] not in keys:
        row |= {"reasons": None}
        if row["state"] != "closed":
            row |= {
                "state": "closed",
                "closed_at": last_moment or row["opened_at"],
                "due_at": None,
                "lease_until": None,
            }
    return row


def _without_traces(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row as it may be copied, without what the master key alone opens and that leads to somebody.

    A receipt of erasure names an address; a provider's id finds its copy of a message.
    """
    if "provider_copy" in row:
        row["provider_copy"] = None
    if table is tables.outbox and row["kind"] == "receipt":
        row["body"] = None
    return row


async def _add_missing(conn: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    insert = postgresql_insert if conn.dialect.name == "postgresql" else sqlite_insert
    await conn.execute(insert(table).on_conflict_do_nothing(), list(rows))


def _copied_tables() -> list[Table]:
    every = (table for metadata in migrate.METADATA for table in metadata.sorted_tables)
    return [table for table in every if table.name not in LEFT_OUT]


async def _batches(conn: AsyncConnection, table: Table) -> AsyncIterator[list[dict[str, Any]]]:
    result = await conn.stream(select(table))
    async for rows in result.mappings().partitions(BATCH):
        yield [dict(row) for row in rows]


@asynccontextmanager
async def _snapshot(database: Database) -> AsyncIterator[AsyncConnection]:
    """A read that sees one moment only, however long it takes."""
    async with database.engine.connect() as conn:
        await conn.execution_options(passerelle_reads=True)
        if not database.is_sqlite:  # an SQLite read in WAL mode sees one moment anyway
            await conn.execution_options(isolation_level="REPEATABLE READ")
        yield conn


@asynccontextmanager
async def _opened(path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{path}")
    try:
        yield database
    finally:
        await database.close()


async def _one_file(copy: Database) -> None:
    """Leave no `-wal` file beside the copy."""
    async with copy.engine.connect() as conn:
        raw = await conn.get_raw_connection()
        driver: Any = raw.driver_connection
        await driver.execute("PRAGMA journal_mode=DELETE")


def _checked_copy(path: Path, work: Path) -> None:
    """A copy to work on; the file itself is only read."""
    try:
        source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        with closing(source), closing(sqlite3.connect(work)) as target:
            source.backup(target)
            names = {name for (name,) in target.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        raise BackupError(f"{path}: not a file made by 'passerelle backup', or damaged") from None
    if not {"alembic_version", tables.contact.name} <= names:
        raise BackupError(f"{path}: not a file made by 'passerelle backup'")
