"""The migrated schema is the schema of the code, on both engines, however often and at once it is run."""

from __future__ import annotations

import asyncio

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from bot.store import migrate
from bot.store.database import Database


@pytest.fixture
def empty(empty_database_url: str) -> Database:
    return Database(empty_database_url)


async def test_migrations_give_the_tables_of_the_code(empty: Database) -> None:
    await migrate.upgrade(empty)
    assert await migrate.differences(empty) == []
    async with empty.read() as conn:
        present = set(await conn.run_sync(lambda sync: inspect(sync).get_table_names()))
    expected = {table.name for metadata in migrate.METADATA for table in metadata.sorted_tables}
    assert present == expected | {"alembic_version"}
    await empty.close()


async def test_differences_are_seen(empty: Database) -> None:
    await migrate.upgrade(empty)
    async with empty.begin() as conn:
        await conn.exec_driver_sql("ALTER TABLE outbox ADD COLUMN forgotten INTEGER")
    assert any("forgotten" in difference for difference in await migrate.differences(empty))
    await empty.close()


async def test_two_processes_starting_at_once(empty_database_url: str) -> None:
    databases = [Database(empty_database_url) for _ in range(3)]
    await asyncio.gather(*(migrate.upgrade(each) for each in databases))
    assert await migrate.differences(databases[0]) == []
    for each in databases:
        await each.close()


async def test_a_database_of_a_later_version_is_refused_in_words(empty: Database) -> None:
    await migrate.upgrade(empty)
    async with empty.begin() as conn:
        await conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(migrate.MigrationError, match="another version of passerelle"):
        await migrate.upgrade(empty)
    await empty.close()


def test_the_head_that_is_named_is_the_newest_revision() -> None:
    revisions = ScriptDirectory(str(migrate.MIGRATIONS)).get_current_head()
    assert revisions == migrate.HEAD
