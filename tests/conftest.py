"""What every test may use: a scrubbed environment, a vault, and a fresh database of each kind."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.store import migrate
from bot.store.database import Database
from bot.store.vault import Vault
from tests.postgres import CannotRun, Server

_numbers = itertools.count(1)

EMPTY_EVERY_TABLE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('DELETE FROM %I', name);
  END LOOP;
END $$;
"""
"""Foreign keys are not checked meanwhile, so the order does not matter."""


def pytest_configure() -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("PASSERELLE_")]:
        del os.environ[name]


@pytest.fixture
def vault() -> Vault:
    """Keys that live in memory only."""
    return Vault.ephemeral()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """One PostgreSQL server for the whole session."""
    try:
        server = Server()
    except CannotRun as reason:
        pytest.skip(str(reason))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "passerelle.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_url(postgresql: Server) -> str:
    """A migrated PostgreSQL database, emptied before each test: making one takes a second."""
    postgresql.sql("CREATE DATABASE passerelle")
    _migrate(postgresql.url("passerelle"))
    return postgresql.url("passerelle")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty, migrated database: the test runs once on each engine. Its schema is not to be changed."""
    if request.param == "sqlite":
        path = tmp_path / "passerelle.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgresql_url")
    request.getfixturevalue("postgresql").sql(EMPTY_EVERY_TABLE, "passerelle")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without a single table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: Server = request.getfixturevalue("postgresql")
    name = f"empty_{next(_numbers)}"
    server.sql(f"CREATE DATABASE {name}")
    yield server.url(name)
    server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh, migrated database, open."""
    opened = Database(database_url)
    yield opened
    await opened.close()


def _migrate(url: str) -> None:
    async def upgrade() -> None:
        database = Database(url)
        try:
            await migrate.upgrade(database)
        finally:
            await database.close()

    asyncio.run(upgrade())
