"""A copy is whole and consistent, opens nothing by itself, and putting it back takes nothing back."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from bot.store import contacts, messages, migrate, tables
from bot.store.backup import BackupError, backup, restore
from bot.store.contacts import Contact
from bot.store.database import Database
from bot.store.vault import SealBroken, Vault
from directory import hsds
from tests.bot.outbox_world import START, TEXTER, World

WORDS = "j'ai consommé avec mon chum à la fontaine"


@pytest.fixture
def world(database: Database, vault: Vault) -> World:
    return World(database, vault)


async def wrote(world: World, address: str = TEXTER) -> Contact:
    """A contact who wrote, and was answered."""
    contact = await world.contact(address)
    async with world.database.begin() as conn:
        inbound = await messages.record_inbound(conn, world.vault, "sms", f"SM-{contact.id}", "text", START)
        assert inbound is not None
        await messages.attach_inbound(conn, inbound, contact.id, contact.key, {"text": WORDS})
        await messages.count(conn, "message", "sms:none", START)
    await world.queue("On est là.", contact)
    return contact


async def add_service(database: Database, name: str) -> None:
    async with database.begin() as conn:
        await conn.execute(hsds.TABLES["service"].insert().values(source="demo", id=name, name=name))


async def services(database: Database) -> list[str]:
    async with database.read() as conn:
        table = hsds.TABLES["service"]
        return list((await conn.execute(select(table.c.name).order_by(table.c.name))).scalars())


async def test_a_copy_holds_everything_but_the_keys(world: World, tmp_path: Path) -> None:
    contact = await wrote(world)
    await add_service(world.database, "Refuge")
    path = tmp_path / "copy.db"
    await backup(world.database, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [name for name in os.listdir(tmp_path) if name.startswith("copy")] == ["copy.db"]
    copy = Database(f"sqlite:///{path}")
    async with copy.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(tables.contact_key))).scalar_one() == 0
        body = (await conn.execute(select(tables.inbound.c.body))).scalar_one()
    assert await services(copy) == ["Refuge"]
    await copy.close()
    assert json.loads(contact.key.open("body", body)) == {"text": WORDS}
    with pytest.raises(SealBroken):
        world.vault.open("body", body)


async def test_a_copy_is_one_moment_while_the_line_goes_on(world: World, tmp_path: Path) -> None:
    async def write() -> None:
        for number in range(20):
            await wrote(world, f"+1514557{number:04}")

    writing = asyncio.create_task(write())
    for number in range(2):
        await asyncio.sleep(0)
        await backup(world.database, tmp_path / f"copy{number}.db")
        copy = Database(f"sqlite:///{tmp_path / f'copy{number}.db'}")
        async with copy.read() as conn:
            orphans = select(func.count()).where(tables.inbound.c.contact_id.not_in(select(tables.contact.c.id)))
            assert (await conn.execute(orphans)).scalar_one() == 0
        await copy.close()
    await writing


async def test_who_was_erased_after_the_copy_stays_erased(world: World, tmp_path: Path) -> None:
    erased, other = await wrote(world), await wrote(world, "+15145550188")
    path = tmp_path / "copy.db"
    await backup(world.database, path)
    async with world.database.begin() as conn:
        code = await contacts.forget(conn, erased, START)
    again = await world.contact()  # the same person writes again: somebody new
    await restore(world.database, path)
    async with world.database.read() as conn:
        assert await contacts.get(conn, world.vault, erased.id) is None
        assert await contacts.get(conn, world.vault, again.id) is not None
        assert await contacts.get(conn, world.vault, other.id) is not None
        bodies = (await conn.execute(select(tables.inbound.c.contact_id, tables.inbound.c.body))).all()
        assert {contact_id for contact_id, body in bodies if body is not None} == {other.id}
        assert [row.code for row in await conn.execute(select(tables.erasure))] == [code]


async def test_a_lost_machine_gets_back_what_is_nobodys(world: World, empty_database_url: str, tmp_path: Path) -> None:
    contact = await wrote(world)
    handoff_id = await world.handoff(contact)
    await add_service(world.database, "Refuge")
    async with world.database.begin() as conn:
        await contacts.opt_out(conn, contact.digest, START)
    path = tmp_path / "copy.db"
    await backup(world.database, path)

    fresh = Database(empty_database_url)
    await migrate.upgrade(fresh)
    await restore(fresh, path)
    assert await services(fresh) == ["Refuge"]
    async with fresh.read() as conn:
        assert await contacts.is_opted_out(conn, contact.digest)
        assert (await conn.execute(select(tables.tally.c.count))).scalar_one() == 1
        row = (await conn.execute(select(tables.contact))).mappings().one()
        assert (row["digest"], row["address"], row["state"]) == (None, None, None)
        answer = (await conn.execute(select(tables.outbox))).mappings().one()
        assert (answer["status"], answer["body"]) == ("cancelled", None)
        handoff = (await conn.execute(select(tables.handoff).where(tables.handoff.c.id == handoff_id))).mappings().one()
        assert handoff["state"] == "closed"
    await fresh.close()


async def test_putting_a_copy_back_sends_nothing_twice_and_loses_nothing_since(world: World, tmp_path: Path) -> None:
    contact = await wrote(world)
    path = tmp_path / "copy.db"
    await backup(world.database, path)  # the answer still waits in this copy
    await world.run()
    later = await wrote(world, "+15145550188")
    await restore(world.database, path)
    await world.later(60)
    assert [each.address for each in world.sms.sent] == [TEXTER, "+15145550188"]
    async with world.database.read() as conn:
        assert await contacts.get(conn, world.vault, later.id) is not None
        assert await contacts.get(conn, world.vault, contact.id) is not None


async def test_the_directory_is_put_back_as_it_was(world: World, tmp_path: Path) -> None:
    await add_service(world.database, "Refuge")
    path = tmp_path / "copy.db"
    await backup(world.database, path)
    async with world.database.begin() as conn:
        await conn.execute(update(hsds.TABLES["service"]).values(name="Changé"))
    await add_service(world.database, "Ajouté")
    await restore(world.database, path)
    assert await services(world.database) == ["Refuge"]


async def test_no_copy_holds_the_address_of_a_receipt_of_erasure(world: World, tmp_path: Path) -> None:
    await world.queue("Effacé.", kind="receipt", address=TEXTER)
    path = tmp_path / "copy.db"
    await backup(world.database, path)
    copy = Database(f"sqlite:///{path}")
    async with copy.read() as conn:
        assert (await conn.execute(select(tables.outbox.c.body))).scalar_one() is None
    await copy.close()


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\0" * 200])
async def test_a_file_that_is_no_copy_is_refused_in_words(database: Database, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.db"
    path.write_bytes(content)
    with pytest.raises(BackupError, match=r"wrong\.db: not a file made by 'passerelle backup'"):
        await restore(database, path)
    assert path.read_bytes() == content


async def test_a_copy_of_a_later_version_is_refused_in_words(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "later.db"
    await backup(database, path)
    later = Database(f"sqlite:///{path}")
    async with later.begin() as conn:
        await conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await later.close()
    with pytest.raises(BackupError, match="later version"):
        await restore(database, path)


async def test_a_place_that_cannot_be_written(database: Database, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="cannot be written"):
        await backup(database, tmp_path / "nowhere" / "copy.db")
