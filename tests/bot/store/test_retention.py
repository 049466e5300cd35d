"""Forgetting on time: who was silent long enough is forgotten, who still needs us is not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.store import contacts, messages, report, retention, tables
from bot.store.contacts import Contact
from bot.store.database import Database
from bot.store.vault import Vault
from tests.bot.outbox_world import START, TEXTER, World

HOURS = 72


@pytest.fixture
def world(database: Database, vault: Vault) -> World:
    return World(database, vault)


async def wrote(world: World, address: str = TEXTER) -> Contact:
    contact = await world.contact(address)
    async with world.database.begin() as conn:
        inbound = await messages.record_inbound(conn, world.vault, "sms", f"SM-{contact.id}", "text", world.now)
        assert inbound is not None
        await messages.attach_inbound(conn, inbound, contact.id, contact.key, {"text": "allo"})
        contact.state["heard"] = "allo"
        await contacts.save(conn, contact)
    await world.queue("bonjour", contact)
    await world.run()
    return contact


async def purge(world: World, hours: float) -> int:
    world.now += timedelta(hours=hours)
    async with world.database.begin() as conn:
        return await retention.purge(conn, world.vault, HOURS, world.now)


async def change(world: World, contact: Contact, **values: Any) -> None:
    async with world.database.begin() as conn:
        await conn.execute(update(tables.contact).where(tables.contact.c.id == contact.id).values(**values))


async def remains(world: World, contact: Contact) -> set[str]:
    """Which personal things of a contact are still there."""
    async with world.database.read() as conn:
        row = (await conn.execute(select(tables.contact).where(tables.contact.c.id == contact.id))).mappings().one()
        found = {name for name in ("digest", "address", "state") if row[name] is not None}
        key = select(tables.contact_key).where(tables.contact_key.c.contact_id == contact.id)
        found |= {"key"} if (await conn.execute(key)).first() else set()
        for table in (tables.inbound, tables.outbox):
            bodies = (await conn.execute(select(table.c.body).where(table.c.contact_id == contact.id))).scalars()
            found |= {f"{table.name} body"} if any(body is not None for body in bodies) else set()
    return found


EVERYTHING = {"digest", "address", "state", "key", "inbound body", "outbox body"}


async def test_after_enough_silence_everything_goes_and_a_redelivery_is_still_known(world: World) -> None:
    contact = await wrote(world)
    assert await purge(world, HOURS - 1) == 0
    assert await remains(world, contact) == EVERYTHING
    assert await purge(world, 1) == 1
    assert await remains(world, contact) == set()
    assert await purge(world, 1) == 0
    async with world.database.begin() as conn:
        again = await messages.record_inbound(conn, world.vault, "sms", f"SM-{contact.id}", "text", world.now)
    assert again is None
    assert (await world.contact()).id != contact.id


async def test_an_open_handoff_keeps_everything_until_it_closes(world: World) -> None:
    contact = await wrote(world)
    await world.handoff(contact, state="unanswered")
    assert await purge(world, HOURS * 2) == 0
    assert await remains(world, contact) == EVERYTHING
    async with world.database.begin() as conn:
        await conn.execute(update(tables.handoff).values(state="closed", closed_at=world.now, reasons=b"sealed"))
    assert await purge(world, 0) == 1
    assert (await world.rows(tables.handoff))[0]["reasons"] is None


async def test_a_check_question_that_waits_keeps_the_contact(world: World) -> None:
    contact = await wrote(world)
    await change(world, contact, check_due_at=START + timedelta(days=9))
    assert await purge(world, HOURS * 2) == 0


async def test_a_purpose_agreed_to_keeps_the_address_but_not_the_words(world: World) -> None:
    contact = await wrote(world)
    await change(world, contact, keep_until=START + timedelta(days=30))
    assert await purge(world, HOURS) == 0
    assert await remains(world, contact) == {"digest", "address", "key"}
    assert await purge(world, 24 * 30) == 1
    assert await remains(world, contact) == set()


async def test_words_exchanged_with_a_worker_are_no_silence(world: World) -> None:
    contact = await wrote(world)
    world.now += timedelta(hours=HOURS - 1)
    await world.queue("es-tu correct?", contact, kind="relay")
    assert await purge(world, 2) == 0
    assert await purge(world, HOURS) == 1


async def test_pages_and_receipts_lose_their_bodies_too(world: World) -> None:
    page = await world.queue("A7 attend", kind="page", worker="marie")
    receipt = await world.queue("Effacé.", kind="receipt", address=TEXTER, via="twiml")
    await purge(world, 0.5)
    assert (await world.row(receipt))["body"] is None
    assert (await world.row(page))["body"] is not None
    await purge(world, HOURS)
    assert (await world.row(page))["body"] is None


async def test_rows_of_the_forgotten_go_in_the_end(world: World) -> None:
    await wrote(world)
    await purge(world, HOURS)
    await purge(world, 36 * 24)
    assert [await world.rows(table) for table in (tables.contact, tables.inbound, tables.outbox)] == [[], [], []]


async def test_keys_are_wrapped_again_after_a_rotation(database: Database) -> None:
    old = {1: b"1" * 32}
    world = World(database, Vault(b"d" * 32, old))
    contact = await wrote(world)
    rotated = Vault(b"d" * 32, old | {2: b"2" * 32})
    async with database.begin() as conn:
        await retention.purge(conn, rotated, HOURS, world.now)
    async with database.read() as conn:
        found = await contacts.get(conn, Vault(b"d" * 32, {2: b"2" * 32}), contact.id)
    assert found is not None
    assert found.address == TEXTER


class TestReport:
    """Anonymous figures."""

    async def test_small_numbers_are_hidden(self, world: World) -> None:
        async with world.database.begin() as conn:
            for label, times in {"sms:none": 7, "sms:emergency": 4}.items():
                for _ in range(times):
                    await messages.count(conn, "message", label, START)
            await messages.count(conn, "message", "sms:none", START + timedelta(days=20))  # February
            figures = await report.month(conn, date(2026, 1, 1))
        shown = {(figure.name, figure.label): figure.shown for figure in figures}
        assert shown["message", "sms:none"] == "7"
        assert shown["message", "sms:emergency"] == "<5"
        assert shown["handoff", "minutes until taken (median)"] == "too few"

    async def test_how_long_people_waited(self, world: World) -> None:
        contact = await world.contact()
        for minutes in (1, 2, 3, 40, 50):
            handoff_id = await world.handoff(contact)
            taken = world.now + timedelta(minutes=minutes)
            async with world.database.begin() as conn:
                where = tables.handoff.c.id == handoff_id
                await conn.execute(update(tables.handoff).where(where).values(acknowledged_at=taken))
        async with world.database.read() as conn:
            figures = await report.month(conn, date(2026, 1, 1))
            december = await report.month(conn, date(2025, 12, 1))
        assert report.Figure("handoff", "minutes until taken (median)", "3") in figures
        assert report.Figure("handoff", "minutes until taken (median)", "too few") in december
