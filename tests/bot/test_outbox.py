"""The outbox sends once, in order, the most urgent first, and never leaves anybody believing what is not so."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.messages import ChannelName, DeliveryStatus, Outbound, SendError, SendFailure
from bot.store import claims, contacts, messages, tables
from bot.store.database import Database
from bot.store.vault import Vault
from tests.bot.outbox_world import MARIE, START, TEXTER, World

EMERGENCY = messages.PRIORITY_EMERGENCY


@pytest.fixture
def world(database: Database, vault: Vault) -> World:
    return World(database, vault)


async def test_a_due_message_is_sent_once_and_recorded(world: World) -> None:
    message_id = await world.queue("Le CLSC ouvre à 8 h.", await world.contact())
    assert await world.run() == 1
    assert await world.run() == 0
    assert [(each.id, each.address) for each in world.sms.sent] == [(message_id, TEXTER)]
    row = await world.row(message_id)
    assert (row["status"], row["attempts"], row["due_at"]) == ("handed_over", 1, None)
    assert row["provider_digest"] == world.vault.digest_provider_id("sms", f"P1-{message_id}")


async def test_sending_is_committed_before_the_provider_hears_anything(world: World) -> None:
    seen = []

    async def look(message: object) -> None:
        seen.append((await world.row(message_id))["status"])

    world.sms.during_send = look
    message_id = await world.queue("oui", await world.contact())
    await world.run()
    assert seen == ["sending"]


async def test_what_is_not_due_waits_and_next_due_says_until_when(world: World) -> None:
    await world.queue("plus tard", await world.contact(), due_at=START + timedelta(minutes=5))
    assert await world.run() == 0
    async with world.database.read() as conn:
        assert await world.outbox.next_due(conn) == START + timedelta(minutes=5)
    assert await world.later(300) == 1
    async with world.database.read() as conn:
        assert await world.outbox.next_due(conn) is None


async def test_pages_leave_before_replies_and_replies_before_alerts(world: World) -> None:
    await world.queue("alerte", await world.contact(), kind="alert", priority=messages.PRIORITY_ALERT)
    await world.queue("réponse", await world.contact("+15145550124"))
    await world.queue("page", kind="page", worker="marie", priority=messages.PRIORITY_PAGE)
    async with world.database.begin() as conn:
        rows = await claims.claim(conn, {"sms": 0.0}, world.now, 10)
    assert [row["kind"] for row in rows] == ["page", "reply", "alert"]


async def test_replies_of_a_turn_go_in_order_even_when_the_first_fails(world: World) -> None:
    contact = await world.contact()
    world.sms.plan = [SendError(SendFailure.RETRY, "20429")]
    for position, text in enumerate(["un", "deux", "trois"]):
        await world.queue(text, contact, position=position)
    await world.run()
    assert world.sms.texts == []
    await world.later(10)
    assert world.sms.texts == ["un", "deux", "trois"]


async def test_an_emergency_never_waits_behind_an_ordinary_reply(world: World) -> None:
    contact = await world.contact()
    world.sms.plan = [SendError(SendFailure.RETRY)]
    await world.queue("horaire", contact)
    await world.run()
    world.now += timedelta(milliseconds=100)
    await world.queue("Appelle le 911", contact, priority=EMERGENCY)
    await world.run()
    assert world.sms.texts == ["Appelle le 911"]


async def test_what_follows_a_webhook_response_leaves_after_it(world: World) -> None:
    contact = await world.contact()
    first = await world.queue("première", contact, via="twiml")
    await world.queue("suite", contact, position=1)
    assert await world.run() == 0
    assert await world.status(first, DeliveryStatus.SENT)
    assert await world.run() == 1
    await world.queue("première encore", contact, via="twiml", position=2)
    await world.queue("suite encore", contact, position=3)
    assert await world.later(2) == 0
    assert await world.later(2) == 1


async def test_two_processes_send_nothing_twice(world: World) -> None:
    for number in range(12):
        await world.queue(f"texte {number}", await world.contact(f"+1514555{number:04}"), channel="telegram")
    others = [world.new_outbox() for _ in range(3)]
    await asyncio.gather(*(each.run_due(world.now) for each in others))
    await world.run()
    assert sorted(world.telegram.texts) == sorted(f"texte {number}" for number in range(12))


async def test_a_sender_has_a_steady_rate_that_pages_ignore_and_alerts_respect(world: World) -> None:
    for number in range(30):
        contact = await world.contact(f"+1514556{number:04}")
        await world.queue(f"réponse {number}", contact)
    await world.queue("alerte", await world.contact(), kind="alert", priority=messages.PRIORITY_ALERT)
    await world.run()
    assert len(world.sms.sent) == 11  # ten seconds ahead of one a second
    await world.queue("page", kind="page", worker="marie", priority=messages.PRIORITY_PAGE)
    await world.run()
    assert world.sms.texts[-1] == "page"
    while await world.later(5):
        pass
    assert len(world.sms.sent) == 31
    await world.later(30)
    assert world.sms.texts[-1] == "alerte"


async def test_a_temporary_failure_is_tried_again_later_and_later(world: World) -> None:
    world.sms.plan = [SendError(SendFailure.RETRY, "20429") for _ in range(4)]
    message_id = await world.queue("bonjour", await world.contact())
    delays = []
    await world.run()
    for _ in range(4):
        due_at = (await world.row(message_id))["due_at"]
        delays.append((due_at - world.now).total_seconds())
        await world.later(delays[-1])
    assert world.sms.texts == ["bonjour"]
    assert delays == sorted(delays)
    assert all(0.75 * 2**n * 2 <= delay <= 1.25 * 2**n * 2 + 0.01 for n, delay in enumerate(delays))


async def test_the_provider_says_when_and_the_whole_sender_waits(world: World) -> None:
    world.telegram.plan = [SendError(SendFailure.RETRY, "429", retry_after=40)]
    await world.queue("un", await world.contact("1", "telegram"), channel="telegram", priority=EMERGENCY)
    await world.run()
    await world.queue("deux", await world.contact("2", "telegram"), channel="telegram")
    assert await world.later(30) == 0
    assert await world.later(11) == 2
    assert world.telegram.texts == ["un", "deux"]


async def test_a_wrong_account_raises_one_alarm_and_keeps_the_queue(world: World) -> None:
    world.sms.plan = [SendError(SendFailure.MISCONFIGURED, "20003")] * 2
    ids = [
        await world.queue("un", await world.contact()),
        await world.queue("deux", await world.contact("+15145550124")),
    ]
    await world.run()
    assert [(await world.row(each))["status"] for each in ids] == ["queued", "queued"]
    assert [alarm["kind"] for alarm in await world.rows(tables.alarm)] == ["channel_misconfigured"]
    await world.later(61)
    assert sorted(world.sms.texts) == ["deux", "un"]  # two persons, one moment: either may go first


async def test_a_channel_that_is_not_set_up_keeps_its_messages(world: World) -> None:
    message_id = await world.queue("allo", await world.contact("texter-1", "simulator"), channel="simulator")
    await world.run()
    assert (await world.row(message_id))["status"] == "queued"
    assert [alarm["kind"] for alarm in await world.rows(tables.alarm)] == ["channel_not_set_up"]


@pytest.mark.parametrize("owner", ["marie", None])
async def test_a_person_who_blocked_us_is_remembered_and_the_worker_is_told(world: World, owner: str | None) -> None:
    contact = await world.contact()
    handoff_id = await world.handoff(contact, owner)
    await world.queue("A7 attend", kind="page", worker="marie", handoff_id=handoff_id, priority=0)
    await world.run()
    world.sms.plan = [SendError(SendFailure.STOPPED, "21610")]
    message_id = await world.queue("j'arrive", contact, kind="relay", handoff_id=handoff_id)
    await world.run()
    await world.run()
    assert (await world.row(message_id))["status"] == "failed"
    async with world.database.read() as conn:
        assert await contacts.is_opted_out(conn, contact.digest)
    assert (await world.rows(tables.contact))[0]["unreachable"]
    assert world.sms.sent[-1].address == MARIE
    assert world.sms.texts[-1].startswith("A7: cette personne ne peut plus recevoir")
    assert {alarm["kind"] for alarm in await world.rows(tables.alarm)} == {"contact_not_reached"}
    kept = await world.queue("encore", contact)
    await world.run()
    assert (await world.row(kept))["error_code"] == "unreachable"


async def test_a_dead_number_is_no_opt_out(world: World) -> None:
    contact = await world.contact()
    world.sms.plan = [SendError(SendFailure.PERMANENT, "21211")]
    message_id = await world.queue("allo", contact)
    await world.run()
    assert (await world.row(message_id))["error_code"] == "21211"
    assert (await world.rows(tables.contact))[0]["unreachable"]
    assert await world.rows(tables.opt_out) == []


async def test_a_worker_who_cannot_be_reached_is_an_alarm(world: World) -> None:
    world.sms.plan = [SendError(SendFailure.STOPPED, "21610")]
    await world.queue("page", kind="page", worker="marie", priority=0)
    gone = await world.queue("page", kind="page", worker="parti", priority=0)
    await world.run()
    refs = {alarm["ref"].partition(":")[0] for alarm in await world.rows(tables.alarm)}
    assert refs == {"marie", "parti"}
    assert (await world.row(gone))["error_code"] == "no_address"


async def test_a_refused_text_is_never_sent_again_and_the_worker_learns_it(world: World) -> None:
    contact = await world.contact()
    handoff_id = await world.handoff(contact, "sam")
    world.sms.plan = [SendError(SendFailure.REJECTED, "30007")]
    await world.queue("http://exemple", contact, kind="relay", handoff_id=handoff_id)
    await world.run()
    assert world.sms.texts == ["A7: your message was not delivered."]
    assert not (await world.rows(tables.contact))[0]["unreachable"]


class TestPerhapsSent:
    """A send whose outcome nobody knows."""

    async def test_it_is_looked_up_and_found(self, world: World) -> None:
        contact = await world.contact()
        message_id = await world.queue("bonjour", contact)
        await world.run()
        await world.change(message_id, status="unknown", due_at=world.now, provider_digest=None)
        world.sms.listed = True
        await world.later(1)
        assert world.sms.texts == ["bonjour"]
        assert (await world.row(message_id))["status"] == "handed_over"

    @pytest.mark.parametrize("kind", ["page", "reply", "relay", "notice"])
    async def test_it_is_not_there_so_it_is_sent_again(self, world: World, kind: str) -> None:
        world.sms.plan = [SendError(SendFailure.UNKNOWN, "timeout")]
        await world.queue("bonjour", await world.contact(), kind=kind)
        await world.run()
        assert world.sms.texts == []
        assert await world.later(5) == 0
        await world.later(10)
        assert world.sms.texts == ["bonjour"]

    @pytest.mark.parametrize("kind", ["alert", "receipt"])
    async def test_an_alert_is_never_sent_again(self, world: World, kind: str) -> None:
        world.sms.plan = [SendError(SendFailure.UNKNOWN, "timeout")]
        message_id = await world.queue("la van est là", await world.contact(), kind=kind)
        await world.run()
        await world.later(60)
        await world.later(600)
        row = await world.row(message_id)
        assert world.sms.texts == []
        assert (row["status"], row["due_at"]) == ("unknown", None)

    async def test_a_killed_process_leaves_its_rows_to_the_next(self, world: World) -> None:
        message_id = await world.queue("bonjour", await world.contact())
        async with world.database.begin() as conn:
            assert len(await claims.claim(conn, {"sms": 0.0}, world.now, 10)) == 1  # and then it is killed
        assert await world.later(30) == 0
        await world.later(16)
        assert world.sms.texts == ["bonjour"]
        assert (await world.row(message_id))["status"] == "handed_over"

    async def test_an_identical_text_sent_before_does_not_pass_for_this_one(self, world: World) -> None:
        world.sms.listed = True
        await world.queue("Une conversation attend", kind="page", worker="marie", priority=0)
        await world.run()
        again = await world.queue("Une conversation attend", kind="page", worker="marie", priority=0)
        world.sms.plan = [SendError(SendFailure.UNKNOWN)]
        await world.run()
        await world.later(15)
        assert len(world.sms.sent) == 2
        assert (await world.row(again))["status"] == "handed_over"

    async def test_a_channel_that_breaks_is_taken_for_perhaps_sent(self, world: World) -> None:
        world.sms.plan = [RuntimeError("bug")]
        message_id = await world.queue("bonjour", await world.contact())
        await world.run()
        assert (await world.row(message_id))["status"] == "unknown"

    async def test_a_callback_that_comes_first_wins(self, world: World) -> None:
        world.sms.plan = [SendError(SendFailure.UNKNOWN)]

        async def callback(message: object) -> None:
            await world.status(message_id, DeliveryStatus.DELIVERED)

        world.sms.during_send = callback
        message_id = await world.queue("bonjour", await world.contact())
        await world.run()
        await world.later(60)
        assert (await world.row(message_id))["status"] == "delivered"
        assert world.sms.texts == []


async def test_an_urgent_reply_nobody_heard_of_is_sent_by_the_api(world: World) -> None:
    contact = await world.contact()
    urgent = await world.queue("Appelle le 911", contact, via="twiml", priority=EMERGENCY)
    plain = await world.queue("Le CLSC ouvre", contact, via="twiml", position=1)
    heard = await world.queue("911", await world.contact("+15145550124"), via="twiml", priority=EMERGENCY)
    await world.status(heard, DeliveryStatus.SENT)
    async with world.database.read() as conn:
        assert await world.outbox.next_due(conn) == START + timedelta(seconds=20)
    assert await world.later(19) == 0
    assert await world.later(1) == 1
    assert world.sms.texts == ["Appelle le 911"]
    assert await world.later(600) == 0
    assert (await world.row(urgent))["via"] == "api"
    assert (await world.row(plain))["status"] == "handed_over"


async def test_an_urgent_reply_found_at_the_provider_is_not_sent_again(world: World) -> None:
    contact = await world.contact()
    await world.queue("Appelle le 911", contact, via="twiml", priority=EMERGENCY)
    world.sms.sent.append(_outbound("Appelle le 911"))  # the provider took it from the response
    world.sms.listed = True
    await world.later(21)
    assert len(world.sms.sent) == 1


async def test_what_is_of_no_use_any_more_is_cancelled(world: World) -> None:
    message_id = await world.queue("dans 5 minutes", await world.contact(), not_after=START + timedelta(minutes=5))
    await world.later(301)
    assert world.sms.texts == []
    row = await world.row(message_id)
    assert (row["status"], row["error_code"]) == ("cancelled", "too_late")


async def test_an_alert_is_not_sent_to_who_said_stop_meanwhile(world: World) -> None:
    contact = await world.contact()
    alert = await world.queue("la van", contact, kind="alert", priority=messages.PRIORITY_ALERT)
    await world.queue("réponse", contact)
    async with world.database.begin() as conn:
        await contacts.opt_out(conn, contact.digest, world.now)
    await world.run()
    await world.later(5)
    assert world.sms.texts == ["réponse"]
    assert (await world.row(alert))["error_code"] == "opted_out"


async def test_nothing_leaves_for_somebody_who_was_forgotten(world: World) -> None:
    contact = await world.contact()
    message_id = await world.queue("réponse", contact)
    relayed = await world.queue("A7: aide", contact, kind="relay", worker="marie")
    async with world.database.begin() as conn:
        await contacts.forget(conn, contact, world.now)
    await world.run()
    assert world.sms.texts == []
    assert {(await world.row(each))["error_code"] for each in (message_id, relayed)} == {"forgotten"}


async def test_a_receipt_of_erasure_leaves_no_address_behind(world: World) -> None:
    message_id = await world.queue("Effacé. Reçu ABC", kind="receipt", address=TEXTER)
    await world.run()
    assert [(each.address, each.text) for each in world.sms.sent] == [(TEXTER, "Effacé. Reçu ABC")]
    assert (await world.row(message_id))["body"] is None
    ridden = await world.queue("Effacé. Reçu DEF", kind="receipt", address=TEXTER, via="twiml")
    await world.status(ridden, DeliveryStatus.SENT)
    assert (await world.row(ridden))["body"] is None


class TestStatus:
    """What a provider tells later."""

    async def test_it_only_moves_forward(self, world: World) -> None:
        message_id = await world.queue("bonjour", await world.contact())
        await world.run()
        assert await world.status(message_id, DeliveryStatus.DELIVERED)
        assert not await world.status(message_id, DeliveryStatus.SENT)
        assert not await world.status(message_id, DeliveryStatus.UNDELIVERED, "30003")
        assert (await world.row(message_id))["status"] == "delivered"

    async def test_of_an_unknown_message_nothing_happens(self, world: World) -> None:
        assert not await world.status("f" * 32, DeliveryStatus.SENT)

    async def test_a_reply_on_a_response_that_was_blocked(self, world: World) -> None:
        contact = await world.contact()
        handoff_id = await world.handoff(contact, "marie")
        message_id = await world.queue("allo", contact, via="twiml", handoff_id=handoff_id)
        assert await world.status(message_id, DeliveryStatus.FAILED, "21610")
        await world.run()
        assert world.sms.texts[0].startswith("A7: cette personne")
        assert (await world.rows(tables.opt_out)) != []

    async def test_a_relay_that_was_not_delivered_is_told_to_the_worker_once(self, world: World) -> None:
        contact = await world.contact()
        handoff_id = await world.handoff(contact, "marie")
        message_id = await world.queue("j'arrive", contact, kind="relay", handoff_id=handoff_id)
        await world.run()
        for _ in range(2):
            await world.status(message_id, DeliveryStatus.UNDELIVERED, "30003")
            await world.run()
        assert world.sms.texts == ["j'arrive", "A7: ton message n'a pas été livré."]


async def test_figures_name_nobody(world: World) -> None:
    await world.queue("Le CLSC ouvre", await world.contact())
    await world.run()
    await world.queue("demain", await world.contact(), due_at=world.now - timedelta(seconds=30), channel="simulator")
    text = world.metrics.text().decode()
    assert 'passerelle_sends_total{channel="sms",kind="reply",outcome="handed_over"} 1.0' in text
    assert TEXTER[1:] not in text


def _outbound(text: str) -> Outbound:
    return Outbound("by-response", ChannelName.SMS, TEXTER, text)
