"""Brings a database to the schema this version needs; run at every start, and does nothing when it is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from bot.store import tables
from bot.store.database import Database
from directory import hsds

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0002"
"""The newest revision in `migrations/versions`. A database that stands there needs no Alembic, which is slow to load."""

MIGRATIONS = Path(__file__).parent / "migrations"
METADATA = (tables.metadata, hsds.metadata)
LOCK = 7_237_268_051
"""PostgreSQL advisory lock: two processes starting at once migrate one after the other. Any number, always the same."""


class MigrationError(Exception):
    """The database cannot be brought to this version's schema; the text says what to do."""


async def upgrade(database: Database) -> None:
    """Create or update every table, in one transaction."""
    async with database.begin() as conn:
        await conn.run_sync(_upgrade)


async def differences(database: Database) -> list[str]:
    """How the database differs from the tables in the code, in words; empty when it does not."""
    async with database.read() as conn:
        return await conn.run_sync(_differences)


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # SQLite holds its write lock already
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    if _revision(connection) == HEAD:
        return
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(configuration(connection), "head")
    except CommandError as error:
        raise MigrationError(
            f"the database was made by another version of passerelle ({error}): install that one, or restore a backup"
        ) from None


def _revision(connection: Connection) -> str | None:
    """Where the database stands, or None when it is new."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _differences(connection: Connection) -> list[str]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found = compare_metadata(context, list(METADATA))  # type: ignore[arg-type] # it takes several; its types say one
    return [str(difference) for difference in found]


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for one open connection; no file is read."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = list(METADATA)
    return config
