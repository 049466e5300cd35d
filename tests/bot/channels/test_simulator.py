"""The simulated phones show everything once and in order; the recorder keeps what it is given."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.channels.simulator import HISTORY, PHONES, RecordingChannel, SimulatorChannel
from bot.messages import Channel, ChannelName, Choice, DeliveryStatus, Outbound, SendError, SendFailure

NOW = datetime(2026, 1, 16, 19, 0, tzinfo=UTC)


def outbound(text: str, address: str = "texter-1", **more: object) -> Outbound:
    return Outbound(f"id-{len(text)}", ChannelName.SIMULATOR, address, text, **more)  # type: ignore[arg-type] # any field


async def test_a_phone_shows_its_thread_again_and_then_what_comes() -> None:
    channel = SimulatorChannel()
    sender: Channel = channel
    channel.said("texter-1", "allo")
    receipt = await sender.send(outbound("salut", choices=(Choice("1", "Manger"),), ask_location=True))
    assert receipt.status is DeliveryStatus.DELIVERED
    async with channel.watch("texter-1") as queue:
        await channel.send(outbound("encore"))
        await channel.send(outbound("pour un autre", address="texter-2"))
        lines = [queue.get_nowait() for _ in range(queue.qsize())]
    assert [(line.number, line.mine, line.text) for line in lines] == [
        (1, True, "allo"),
        (2, False, "salut"),
        (3, False, "encore"),
    ]
    assert lines[1].choices == (Choice("1", "Manger"),)
    assert lines[1].ask_location
    assert "salut" not in repr(lines[1])


async def test_a_page_that_reconnects_gets_only_what_it_missed() -> None:
    channel = SimulatorChannel()
    for text in ("un", "deux", "trois"):
        await channel.send(outbound(text))
    async with channel.watch("texter-1", after=2) as queue:
        assert queue.get_nowait().text == "trois"
        assert queue.empty()
    await channel.send(outbound("quatre"))
    assert queue.empty(), "nobody looks any more"


async def test_memory_is_bounded_and_can_be_emptied() -> None:
    channel = SimulatorChannel()
    for number in range(HISTORY + 5):
        await channel.send(outbound(str(number)))
    assert [line.number for line in channel.history("texter-1")] == list(range(6, HISTORY + 6))
    async with channel.watch("texter-1", after=HISTORY + 5) as queue:
        channel.forget("texter-1")
        assert channel.history("texter-1") == []
        for number in range(PHONES + 20):
            await channel.send(outbound("x", address=f"phone-{number}"))
        await channel.send(outbound("toi"))
        assert queue.get_nowait().text == "toi", "a phone somebody looks at is never dropped"
        assert channel.history("phone-0") == []
    await channel.close()
    assert channel.history("texter-1") == []


async def test_a_shown_message_is_found() -> None:
    channel = SimulatorChannel()
    assert await channel.find(outbound("un"), NOW) is None
    receipt = await channel.send(outbound("un"))
    assert await channel.find(outbound("un"), NOW) == receipt
    assert await channel.redact(receipt.provider_id)


async def test_the_recorder_keeps_fails_and_forgets() -> None:
    recorder = RecordingChannel(ChannelName.SMS)
    sender: Channel = recorder
    recorder.fail_next(SendError(SendFailure.RETRY, "1"))
    with pytest.raises(SendError):
        await sender.send(outbound("un"))
    await sender.send(outbound("un"))
    await sender.send(outbound("deux", address="autre"))
    assert recorder.texts_to("texter-1") == ["un"]
    assert [message.id for message in recorder.messages_to("autre")] == ["id-4"]
    assert await sender.find(outbound("trois"), NOW) is not None
    recorder.arrives = False
    assert await sender.find(outbound("trois"), NOW) is None
    assert await recorder.redact("x")
    assert recorder.redacted == ["x"]
    recorder.clear()
    assert list(recorder) == []
