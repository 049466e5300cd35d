"""Contacts and messages as rows: found again, received once, forgotten for good."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.messages import Choice, DeliveryStatus
from bot.store import contacts, messages, tables
from bot.store.alarms import close_alarm, open_alarms, raise_alarm
from bot.store.database import Database, DatabaseUrlError
from bot.store.vault import SealBroken, Vault
from tests.bot.outbox_world import START, TEXTER, World


@pytest.fixture
def world(database: Database, vault: Vault) -> World:
    return World(database, vault)


async def test_the_same_address_is_the_same_contact_on_its_channel_only(world: World) -> None:
    first = await world.contact()
    assert first.is_new
    again = await world.contact()
    assert (again.id, again.is_new, again.address) == (first.id, False, TEXTER)
    assert (await world.contact(channel="telegram")).id != first.id


async def test_two_first_messages_at_once_make_one_contact(world: World) -> None:
    found = await asyncio.gather(*(world.contact() for _ in range(6)))
    assert len({contact.id for contact in found}) == 1
    assert sum(contact.is_new for contact in found) == 1


async def test_turns_of_one_contact_are_serial(world: World) -> None:
    await world.contact()
    order: list[str] = []

    async def turn(name: str) -> None:
        async with world.database.begin() as conn:
            contact = await contacts.find_or_create(conn, world.vault, "sms", TEXTER, START)
            order.append(f"{name} begins")
            await asyncio.sleep(0.01)
            count = contact.state.get("count", 0)
            await contacts.save(conn, replace(contact, state={"count": count + 1}))
            order.append(f"{name} ends")

    await asyncio.gather(*(turn(str(number)) for number in range(4)))
    assert (await world.contact()).state == {"count": 4}
    assert [step.split()[0] for step in order[::2]] == [step.split()[0] for step in order[1::2]]


async def test_a_message_is_received_once_however_often_it_is_delivered(world: World) -> None:
    async def deliver() -> str | None:
        async with world.database.begin() as conn:
            return await messages.record_inbound(conn, world.vault, "sms", "SM1", "text", START)

    received = [each for each in await asyncio.gather(*(deliver() for _ in range(5))) if each is not None]
    assert len(received) == 1
    async with world.database.read() as conn:
        assert await messages.inbound_id_of(conn, world.vault, "sms", "SM1") == received[0]
        assert await messages.inbound_id_of(conn, world.vault, "telegram", "SM1") is None


async def test_what_is_forgotten_opens_no_more(world: World) -> None:
    contact = await world.contact()
    message_id = await world.queue("voici", contact)
    sealed = (await world.row(message_id))["body"]
    async with world.database.begin() as conn:
        code = await contacts.forget(conn, contact, START)
    assert code == contact.code
    async with world.database.read() as conn:
        assert await contacts.get(conn, world.vault, contact.id) is None
        assert await contacts.key_of(conn, world.vault, contact.id) is None
        with pytest.raises(SealBroken):
            messages.open_body(world.vault, None, sealed)
    row = (await world.rows(tables.contact))[0]
    assert [row[name] for name in ("digest", "address", "state", "language")] == [None] * 4
    assert (await world.contact()).id != contact.id


async def test_the_organisation_forgets_by_code(world: World) -> None:
    contact, other = await world.contact(), await world.contact("+15145550124")
    async with world.database.begin() as conn:
        assert await contacts.forget_by_code(conn, contact.code, START)
        assert not await contacts.forget_by_code(conn, contact.code, START)
        assert not await contacts.forget_by_code(conn, "ZZZZZZZZ", START)
        assert await contacts.get(conn, world.vault, other.id) is not None


async def test_an_opt_out_survives_forgetting(world: World) -> None:
    contact = await world.contact()
    async with world.database.begin() as conn:
        await contacts.opt_out(conn, contact.digest, START)
        await contacts.opt_out(conn, contact.digest, START)
        await contacts.forget(conn, contact, START)
        assert await contacts.is_opted_out(conn, contact.digest)
        await contacts.opt_in(conn, contact.digest)
        assert not await contacts.is_opted_out(conn, contact.digest)


async def test_a_cause_is_queued_once_and_its_body_comes_back(world: World) -> None:
    contact = await world.contact()
    choices = (Choice("1", "Oui"), Choice("2", "Non"))
    draft = messages.Draft("why", "reply", "sms", "Ça va?", contact.id, choices=choices, ask_location=True)
    async with world.database.begin() as conn:
        message_id = await messages.queue(conn, world.vault, contact.key, draft, START)
        assert await messages.queue(conn, world.vault, contact.key, draft, START) is None
    assert message_id is not None
    body = messages.open_body(world.vault, contact.key, (await world.row(message_id))["body"])
    assert body == messages.Body("Ça va?", choices, True, None)


@pytest.mark.parametrize("final", [DeliveryStatus.DELIVERED, DeliveryStatus.FAILED, DeliveryStatus.CANCELLED])
async def test_a_status_moves_forward_only(world: World, final: DeliveryStatus) -> None:
    message_id = await world.queue("allo", await world.contact())
    async with world.database.begin() as conn:
        assert await messages.move_status(conn, message_id, DeliveryStatus.SENT, START)
        assert not await messages.move_status(conn, message_id, DeliveryStatus.HANDED_OVER, START)
        assert await messages.move_status(conn, message_id, final, START)
        for status in DeliveryStatus:
            assert not await messages.move_status(conn, message_id, status, START)


async def test_counts_add_up_under_concurrency(world: World) -> None:
    async def count() -> None:
        async with world.database.begin() as conn:
            await messages.count(conn, "message", "sms:none", START)

    await asyncio.gather(*(count() for _ in range(8)))
    assert [row["count"] for row in await world.rows(tables.tally)] == [8]


async def test_an_alarm_rings_once(world: World) -> None:
    async with world.database.begin() as conn:
        assert await raise_alarm(conn, "given_up", "a", START)
        assert not await raise_alarm(conn, "given_up", "a", START + timedelta(minutes=1))
        assert await raise_alarm(conn, "given_up", "b", START - timedelta(minutes=1))
        assert [alarm["ref"] for alarm in await open_alarms(conn)] == ["b", "a"]
        await close_alarm(conn, "given_up", "b", START)
        assert [alarm["ref"] for alarm in await open_alarms(conn)] == ["a"]


async def test_a_failed_transaction_leaves_nothing(world: World) -> None:
    async def fail() -> None:
        async with world.database.begin() as conn:
            await messages.record_inbound(conn, world.vault, "sms", "SM9", "text", START)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await world.rows(tables.inbound) == []


async def test_moments_keep_their_milliseconds_and_need_a_zone(world: World) -> None:
    moment = START.replace(microsecond=987_000)
    async with world.database.begin() as conn:
        await conn.execute(tables.opt_out.insert().values(digest=b"x", at=moment))
        assert (await conn.execute(select(tables.opt_out.c.at))).scalar_one() == moment
    with pytest.raises(Exception, match="time zone"):
        async with world.database.begin() as conn:
            await conn.execute(tables.opt_out.insert().values(digest=b"y", at=moment.replace(tzinfo=None)))


@pytest.mark.parametrize("url", ["mysql://host/name", "not an address", ""])
def test_a_wrong_database_address_is_refused_in_words(url: str) -> None:
    with pytest.raises(DatabaseUrlError, match="PASSERELLE_DATABASE_URL"):
        Database(url)
