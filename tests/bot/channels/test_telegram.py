"""The real python-telegram-bot against the fake: sending, buttons, polling, and what each failure becomes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels import telegram as telegram_module
from bot.channels.telegram import SHARE, TelegramChannel, split
from bot.messages import Channel, ChannelName, Choice, DeliveryStatus, Inbound, Outbound, SendError, SendFailure
from bot.settings import load
from tests.fakes.loopback import closed_port
from tests.fakes.telegram_server import TOKEN, Fault, TelegramServer

ZOE = "777001"
NOW = datetime(2026, 1, 16, 19, 0, tzinfo=UTC)


@pytest.fixture
async def channel(telegram: TelegramServer) -> AsyncIterator[TelegramChannel]:
    made = TelegramChannel(TOKEN, "a-secret_1", telegram.url, seconds=0.5)
    yield made
    await made.close()


def outbound(text: str = "Allo", to: str = ZOE, **more: Any) -> Outbound:
    return Outbound("0" * 32, ChannelName.TELEGRAM, to, text, **more)


def update(number: int, text: str, chat: int = 777001) -> dict[str, Any]:
    sender = {"id": chat, "is_bot": False, "first_name": "Zoé"}
    content = {"message_id": number, "from": sender, "chat": {"id": chat, "type": "private"}, "date": 1, "text": text}
    return {"update_id": number, "message": content}


def pressed(number: int, query: str = "q1") -> dict[str, Any]:
    sender = {"id": 777001, "is_bot": False, "first_name": "Zoé"}
    asked = {"message_id": 1, "date": 0, "chat": {"id": 777001, "type": "private"}}
    return {"update_id": number, "callback_query": {"id": query, "from": sender, "message": asked, "data": "oui"}}


async def failure(channel: TelegramChannel, message: Outbound) -> SendError:
    with pytest.raises(SendError) as caught:
        await channel.send(message)
    shown = str(caught.value) + repr(caught.value)
    assert TOKEN not in shown
    assert ZOE not in shown
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


async def test_a_text_leaves_as_plain_text(channel: TelegramChannel, telegram: TelegramServer) -> None:
    sender: Channel = channel
    receipt = await sender.send(outbound("Où? *pas* <b>gras</b> 😀"))
    sent = telegram.sent[0]
    assert (sent["chat_id"], sent["text"]) == (777001, "Où? *pas* <b>gras</b> 😀")
    assert "parse_mode" not in telegram.called("sendMessage")[0]
    assert sent["reply_markup"] == {"remove_keyboard": True}
    assert receipt.status is DeliveryStatus.SENT
    assert receipt.provider_id == f"777001:{sent['message_id']}"
    assert ZOE not in repr(receipt)
    assert [name for name, _ in telegram.calls] == ["sendmessage"], "nothing else is asked of Telegram"


async def test_settings_make_the_channel_and_hide_its_secrets(telegram: TelegramServer) -> None:
    settings = load(
        {
            "PASSERELLE_TELEGRAM_TOKEN": TOKEN,
            "PASSERELLE_TELEGRAM_SECRET": "a-secret_1",
            "PASSERELLE_TELEGRAM_API_BASE": telegram.url + "/",
        }
    )
    made = TelegramChannel.from_settings(settings)
    await made.send(outbound())
    await made.close()
    assert made.secret_ok("a-secret_1")
    assert TOKEN not in repr(made)


@pytest.mark.parametrize("header", [None, "", "a-secret_2", "a-secret_1 ", "é\udc80"])
def test_any_other_secret_is_refused(telegram: TelegramServer, header: str | None) -> None:
    assert not TelegramChannel(TOKEN, "a-secret_1", telegram.url).secret_ok(header)
    assert not TelegramChannel(TOKEN, None, telegram.url).secret_ok(header)


async def test_choices_are_buttons_one_a_line(channel: TelegramChannel, telegram: TelegramServer) -> None:
    choices = (Choice("1", "Manger"), Choice("2", "Dormir"), Choice("x" * 65, "Trop long"), Choice("", "Vide"))
    await channel.send(outbound(choices=choices))
    keyboard = telegram.sent[0]["reply_markup"]["inline_keyboard"]
    assert keyboard == [[{"text": "Manger", "callback_data": "1"}], [{"text": "Dormir", "callback_data": "2"}]]


async def test_a_place_can_be_shared_with_one_button(channel: TelegramChannel, telegram: TelegramServer) -> None:
    await channel.send(outbound(ask_location=True, choices=(Choice("1", "Ailleurs"),)))
    markup = telegram.sent[0]["reply_markup"]
    assert markup["keyboard"] == [[{"text": SHARE, "request_location": True}], [{"text": "Ailleurs"}]]
    assert markup["one_time_keyboard"] is True


async def test_a_long_text_goes_in_pieces_in_order_with_buttons_under_the_last(
    channel: TelegramChannel, telegram: TelegramServer
) -> None:
    text = "\n".join(f"ligne {number} " + "é" * 90 for number in range(100))
    receipt = await channel.send(outbound(text, choices=(Choice("1", "Oui"),)))
    assert len(telegram.sent) == 3
    assert "\n".join(sent["text"] for sent in telegram.sent) == text
    assert [bool(sent["reply_markup"]) for sent in telegram.sent] == [False, False, True]
    assert await channel.redact(receipt.provider_id)
    assert telegram.deleted == [sent["message_id"] for sent in telegram.sent]


@pytest.mark.parametrize("text", ["😀" * 5_000, "x" * 9_000, "mot " * 3_000, "\n" * 5_000 + "fin"])
def test_pieces_always_fit_and_lose_no_word(text: str) -> None:
    pieces = split(text)
    assert all(0 < len(piece.encode("utf-16-le")) // 2 <= 4_096 for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


async def test_an_empty_text_is_never_sent(channel: TelegramChannel, telegram: TelegramServer) -> None:
    assert (await failure(channel, outbound(" \n"))).failure is SendFailure.REJECTED
    assert telegram.calls == []


@pytest.mark.parametrize("address", ["-1001234567890", "zoe", "", "９", "1" * 17])
async def test_only_a_private_chat_can_be_written_to(channel: TelegramChannel, address: str) -> None:
    with pytest.raises(SendError) as caught:
        await channel.send(outbound(to=address))
    assert caught.value.failure is SendFailure.PERMANENT


@pytest.mark.parametrize(
    ("fault", "expected", "wait"),
    [
        (Fault(status=429, parameters={"retry_after": 35}), SendFailure.RETRY, 35.0),
        (Fault(status=429), SendFailure.RETRY, None),
        (Fault(status=429, html=True), SendFailure.RETRY, None),
        (Fault(status=502, html=True), SendFailure.RETRY, None),
        (Fault(status=500), SendFailure.UNKNOWN, None),
        (Fault(status=504, html=True), SendFailure.UNKNOWN, None),
        (Fault(status=200, html=True), SendFailure.UNKNOWN, None),
        (Fault(status=200), SendFailure.UNKNOWN, None),
        (Fault(status=403, description="Forbidden: user is deactivated"), SendFailure.STOPPED, None),
        (Fault(status=409, description="Conflict"), SendFailure.RETRY, None),
        (Fault(status=400, parameters={"migrate_to_chat_id": -1001}), SendFailure.PERMANENT, None),
        (Fault(hang=1.5, accepted=True), SendFailure.UNKNOWN, None),
    ],
)
async def test_each_fault_is_one_try_and_one_kind_of_failure(
    channel: TelegramChannel, telegram: TelegramServer, fault: Fault, expected: SendFailure, wait: float | None
) -> None:
    telegram.faults.append(fault)
    error = await failure(channel, outbound())
    assert (error.failure, error.retry_after) == (expected, wait)
    assert len(telegram.called("sendMessage")) == 1


async def test_a_blocked_bot_is_a_stop_until_it_is_taken_back(
    channel: TelegramChannel, telegram: TelegramServer
) -> None:
    telegram.blocked.add(777001)
    assert (await failure(channel, outbound())).failure is SendFailure.STOPPED
    telegram.blocked.clear()
    assert (await channel.send(outbound())).provider_id


async def test_an_unknown_chat_is_told_from_a_refused_text(channel: TelegramChannel, telegram: TelegramServer) -> None:
    telegram.unknown_chats.add(777002)
    telegram.refused_texts.add("interdit")
    assert (await failure(channel, outbound(to="777002"))).failure is SendFailure.PERMANENT
    assert (await failure(channel, outbound("interdit"))).failure is SendFailure.REJECTED
    assert (await channel.send(outbound("permis"))).provider_id


async def test_refused_buttons_do_not_hold_back_the_words(channel: TelegramChannel, telegram: TelegramServer) -> None:
    telegram.refuse_markup = True
    await channel.send(outbound("Appelle le 911", choices=(Choice("1", "Oui"),)))
    assert [sent["text"] for sent in telegram.sent] == ["Appelle le 911"]


async def test_a_failure_in_the_middle_of_a_long_text_is_unknown(
    channel: TelegramChannel, telegram: TelegramServer
) -> None:
    telegram.refused_texts.add("y" * 100)
    error = await failure(channel, outbound("x" * 4_096 + "\n" + "y" * 100))
    assert error.failure is SendFailure.UNKNOWN
    assert len(telegram.sent) == 1


async def test_a_wrong_token_is_our_own_fault(telegram: TelegramServer) -> None:
    other = TelegramChannel("999999:" + "z" * 35, None, telegram.url)
    error = await failure(other, outbound())
    await other.close()
    assert (error.failure, error.code) == (SendFailure.MISCONFIGURED, "401")


async def test_nobody_listening_was_certainly_not_sent() -> None:
    alone = TelegramChannel(TOKEN, None, closed_port(), seconds=0.5)
    error = await failure(alone, outbound())
    await alone.close()
    assert error.failure is SendFailure.RETRY


async def test_a_sent_message_can_never_be_found_again(channel: TelegramChannel) -> None:
    await channel.send(outbound())
    assert await channel.find(outbound(), NOW) is None


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        (None, True),
        (Fault("deletemessages", 400, "Bad Request: message can't be deleted"), True),
        (Fault("deletemessages", 403, "Forbidden: bot was blocked by the user"), True),
        (Fault("deletemessages", 502, html=True), False),
        (Fault("deletemessages", 500), False),
    ],
)
async def test_redacting_is_final_unless_telegram_is_away(
    channel: TelegramChannel, telegram: TelegramServer, fault: Fault | None, done: bool
) -> None:
    if fault is not None:
        telegram.faults.append(fault)
    assert await channel.redact("777001:12,13") is done
    assert await channel.redact("nonsense")


async def test_a_pressed_button_is_acknowledged_without_waiting(
    channel: TelegramChannel, telegram: TelegramServer
) -> None:
    telegram.stale_queries.add("q2")
    await channel.acknowledge(pressed(1, "q1"))
    await channel.acknowledge(pressed(2, "q2"))
    await channel.acknowledge(update(3, "allo"))
    assert telegram.called("answerCallbackQuery") == [], "the webhook's answer does not wait for it"
    await until(lambda: len(telegram.called("answerCallbackQuery")) == 2)
    asked = [call["callback_query_id"] for call in telegram.called("answerCallbackQuery")]
    assert sorted(asked) == ["q1", "q2"]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the fake's thread has seen."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # the fake lives in another thread and cannot set an event here
            await asyncio.sleep(0.005)


class Taken:
    """What polling handed over; breaks on the word given."""

    def __init__(self, wanted: int, breaks_on: str = "") -> None:
        self.texts: list[str] = []
        self.done = asyncio.Event()
        self._wanted = wanted
        self._breaks_on = breaks_on

    async def __call__(self, inbound: Inbound) -> None:
        await asyncio.sleep(0)
        self.texts.append(inbound.text)
        if len(self.texts) >= self._wanted:
            self.done.set()
        if inbound.text == self._breaks_on:
            raise ValueError


@contextlib.asynccontextmanager
async def polling(channel: TelegramChannel, taken: Taken) -> AsyncIterator[None]:
    task = asyncio.create_task(channel.poll(taken, lambda: NOW))
    try:
        async with asyncio.timeout(10):
            yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(telegram_module, "LONGEST_PAUSE", 0.02)


async def test_polling_takes_each_update_once_in_order(channel: TelegramChannel, telegram: TelegramServer) -> None:
    telegram.updates.extend([update(5, "un"), update(6, "deux"), pressed(9)])
    taken = Taken(3)
    async with polling(channel, taken):
        await taken.done.wait()
        await until(lambda: any(call.get("offset") == "10" for call in telegram.called("getUpdates")))
    assert taken.texts == ["un", "deux", "oui"]
    assert telegram.called("answerCallbackQuery")
    assert telegram.updates == [], "confirmed once handled"
    assert telegram.called("getUpdates")[0]["allowed_updates"] == [
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    ]


async def test_an_update_that_comes_again_is_taken_once(channel: TelegramChannel, telegram: TelegramServer) -> None:
    telegram.redelivered = True
    telegram.updates.extend([update(5, "un"), update(6, "deux")])
    taken = Taken(2)
    async with polling(channel, taken):
        await until(lambda: len(telegram.called("getUpdates")) >= 4)
    assert taken.texts == ["un", "deux"]


async def test_a_webhook_from_before_is_taken_away(channel: TelegramChannel, telegram: TelegramServer) -> None:
    telegram.webhook = {"url": "https://old.example/telegram"}
    telegram.updates.append(update(5, "un"))
    taken = Taken(1)
    async with polling(channel, taken):
        await taken.done.wait()
    assert telegram.called("deleteWebhook")[0].get("drop_pending_updates") != "true"


@pytest.mark.usefixtures("_hasty")
async def test_polling_outlives_everything(channel: TelegramChannel, telegram: TelegramServer) -> None:
    """A second poller, a dead server, a flood limit, an odd answer, a poison update and a turn that breaks."""
    telegram.faults.extend(
        [
            Fault("deletewebhook", 502, html=True),
            Fault("getupdates", 409, "Conflict: terminated by other getUpdates request"),
            Fault("getupdates", 500),
            Fault("getupdates", 401, "Unauthorized"),
            Fault("getupdates", 200, html=True),
        ]
    )
    poison: list[Any] = [7, None, {}, {"update_id": 3, "message": {"chat": 5}}, {"update_id": 4, "new_kind": {}}]
    telegram.updates.extend([*poison[3:], update(5, "un"), update(6, "deux"), update(7, "trois", chat=777002)])
    taken = Taken(3, breaks_on="un")
    async with polling(channel, taken):
        await taken.done.wait()
    assert sorted(taken.texts) == ["deux", "trois", "un"]
    assert taken.texts.index("un") < taken.texts.index("deux")


@pytest.mark.usefixtures("_hasty")
async def test_what_a_crash_interrupts_comes_again(channel: TelegramChannel, telegram: TelegramServer) -> None:
    telegram.updates.append(update(5, "un"))
    started = asyncio.Event()

    async def never_ends(inbound: Inbound) -> None:
        started.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(channel.poll(never_ends, lambda: NOW))
    async with asyncio.timeout(5):
        await started.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    taken = Taken(1)
    async with polling(channel, taken):
        await taken.done.wait()
    assert taken.texts == ["un"]
