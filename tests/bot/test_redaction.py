"""Providers' copies go once the person is forgotten here, and not before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.messages import DeliveryStatus
from bot.store import contacts, messages, tables
from bot.store.contacts import Contact
from bot.store.database import Database
from bot.store.vault import Vault
from tests.bot.outbox_world import TEXTER, World


@pytest.fixture
def world(database: Database, vault: Vault) -> World:
    return World(database, vault)


async def wrote(world: World, address: str = TEXTER) -> Contact:
    """A contact who wrote and was answered."""
    contact = await world.contact(address)
    async with world.database.begin() as conn:
        inbound = await messages.record_inbound(conn, world.vault, "sms", f"in-{address}", "text", world.now)
        assert inbound is not None
        await messages.attach_inbound(conn, inbound, contact.id, contact.key, {"text": "allo"})
    await world.queue("bonjour", contact)
    await world.run()
    return contact


async def forget(world: World, contact: Contact) -> None:
    async with world.database.begin() as conn:
        await contacts.forget(conn, contact, world.now)


async def kept_ids(world: World) -> int:
    async with world.database.read() as conn:
        queries = (
            select(table.c.id).where(table.c.provider_copy.is_not(None)) for table in (tables.inbound, tables.outbox)
        )
        return sum([len((await conn.execute(query)).all()) for query in queries])


async def test_both_ways_are_erased_once_the_contact_is_forgotten(world: World) -> None:
    contact, other = await wrote(world), await wrote(world, "+15145550124")
    assert await world.outbox.redact_forgotten(world.now) == 0
    await forget(world, contact)
    assert await world.outbox.redact_forgotten(world.now) == 2
    sent = world.sms.sent[0]
    assert sorted(world.sms.redacted) == sorted([f"in-{TEXTER}", f"P1-{sent.id}"])
    assert await world.outbox.redact_forgotten(world.now) == 0
    assert await kept_ids(world) == 2
    assert other.address not in "".join(world.sms.redacted)


async def test_what_cannot_be_erased_yet_is_tried_again(world: World) -> None:
    await forget(world, await wrote(world))
    world.sms.redacts = False
    assert await world.outbox.redact_forgotten(world.now) == 0
    assert await kept_ids(world) == 2
    world.sms.redacts = True
    assert await world.outbox.redact_forgotten(world.now) == 2


async def test_a_reply_on_a_response_is_known_by_its_callback(world: World) -> None:
    contact = await world.contact()
    message_id = await world.queue("allo", contact, via="twiml")
    await world.outbox.status(message_id, "SM-callback", DeliveryStatus.SENT, None, world.now)
    await forget(world, contact)
    await world.outbox.redact_forgotten(world.now)
    assert world.sms.redacted == ["SM-callback"]


async def test_a_receipt_goes_once_it_arrived_and_a_workers_words_after_an_hour(world: World) -> None:
    receipt = await world.queue("Effacé.", kind="receipt", address=TEXTER)
    async with world.database.begin() as conn:
        await messages.record_inbound(conn, world.vault, "sms", "from-worker", "text", world.now)
    await world.run()
    await world.outbox.redact_forgotten(world.now)
    assert world.sms.redacted == []
    await world.status(receipt, DeliveryStatus.DELIVERED)
    await world.outbox.redact_forgotten(world.now + timedelta(hours=1))
    assert sorted(world.sms.redacted) == sorted([f"P1-{receipt}", "from-worker"])


async def test_a_channel_that_is_gone_or_a_key_that_is_lost_stops_nothing(world: World) -> None:
    contact = await wrote(world)
    async with world.database.begin() as conn:
        await messages.record_inbound(conn, world.vault, "simulator", "elsewhere", "text", world.now)
        await messages.record_inbound(conn, Vault.ephemeral(), "sms", "unreadable", "text", world.now)
    await forget(world, contact)
    assert await world.outbox.redact_forgotten(world.now + timedelta(hours=1)) == 3
    assert await kept_ids(world) == 1
