"""The real Twilio SDK against the fake: what is sent, and what each failure becomes (contract section 6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from bot.channels.twilio_sms import SignatureCheck, TwilioSms, parse_status
from bot.messages import Channel, ChannelName, DeliveryStatus, Outbound, SendError, SendFailure
from bot.settings import load
from tests.fakes.loopback import closed_port
from tests.fakes.twilio_server import ACCOUNT, NUMBER, TOKEN, Fault, TwilioServer, signed

TO = "+15145550101"
OURS = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def sms(twilio: TwilioServer) -> AsyncIterator[TwilioSms]:
    channel = TwilioSms(ACCOUNT, TOKEN, NUMBER, "https://line.example", twilio.url, seconds=0.5)
    yield channel
    await channel.close()


def outbound(text: str = "Où es-tu? 😀", to: str = TO, seconds: int = 300) -> Outbound:
    return Outbound(OURS, ChannelName.SMS, to, text, valid_for_seconds=seconds)


async def failure(sms: TwilioSms, message: Outbound) -> SendError:
    with pytest.raises(SendError) as caught:
        await sms.send(message)
    assert message.address not in str(caught.value)
    hidden = caught.value.__suppress_context__ or caught.value.__context__ is None
    assert hidden, "the SDK's exception holds addresses: it must not be shown with ours"
    return caught.value


async def test_a_text_is_handed_over_once_with_a_callback_and_a_short_life(
    sms: TwilioSms, twilio: TwilioServer
) -> None:
    channel: Channel = sms
    receipt = await channel.send(outbound())
    (method, path, form, headers) = twilio.calls[0]
    assert (method, path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert form == {
        "To": TO,
        "From": NUMBER,
        "Body": "Où es-tu? 😀",
        "StatusCallback": f"https://line.example/sms/twilio/status?m={OURS}",
        "ValidityPeriod": "300",
    }
    assert headers["x-twilio-client"].startswith("python-")
    assert receipt.provider_id == twilio.messages[0]["sid"]
    assert receipt.status is DeliveryStatus.HANDED_OVER
    assert len(twilio.calls) == 1


async def test_settings_make_the_channel(twilio: TwilioServer) -> None:
    settings = load(
        {
            "PASSERELLE_ORGANISATION": "/tmp/nowhere",  # noqa: S108  # never opened
            "PASSERELLE_PUBLIC_URL": "https://line.example/",
            "PASSERELLE_TWILIO_ACCOUNT_SID": ACCOUNT,
            "PASSERELLE_TWILIO_AUTH_TOKEN": TOKEN,
            "PASSERELLE_TWILIO_NUMBER": NUMBER,
            "PASSERELLE_TWILIO_API_BASE": twilio.url,
        }
    )
    channel = TwilioSms.from_settings(settings)
    await channel.send(outbound())
    await channel.close()
    assert twilio.messages[0]["callback"].startswith("https://line.example/sms/twilio/status")
    assert TOKEN not in repr(channel) + repr(channel.signature)


async def test_plain_punctuation_leaves_and_accents_stay(sms: TwilioSms, twilio: TwilioServer) -> None:
    await sms.send(outbound("T\u2019es pas seul\u2026 \u00ab\u00a0tué\u00a0\u00bb\x00"))
    assert twilio.messages[0]["body"] == 'T\'es pas seul... " tué "'


@pytest.mark.parametrize(("asked", "given"), [(1, "6"), (600, "600"), (999_999, "36000")])
async def test_validity_stays_within_what_twilio_takes(
    sms: TwilioSms, twilio: TwilioServer, asked: int, given: str
) -> None:
    await sms.send(outbound(seconds=asked))
    assert twilio.messages[0]["validity"] == given


async def test_an_empty_text_is_never_sent(sms: TwilioSms, twilio: TwilioServer) -> None:
    assert (await failure(sms, outbound(" \x00"))).failure is SendFailure.REJECTED
    assert twilio.calls == []


@pytest.mark.parametrize(
    ("to", "code", "expected"),
    [
        ("+15005550001", "21211", SendFailure.PERMANENT),
        ("+15005550009", "21614", SendFailure.PERMANENT),
        ("+15005550004", "21610", SendFailure.STOPPED),
        ("+15005550002", "21612", SendFailure.MISCONFIGURED),
        ("+15005550003", "21408", SendFailure.MISCONFIGURED),
        ("not a number", "21211", SendFailure.PERMANENT),
    ],
)
async def test_a_refused_address_says_which_kind(sms: TwilioSms, to: str, code: str, expected: SendFailure) -> None:
    error = await failure(sms, outbound(to=to))
    assert (error.failure, error.code) == (expected, code)


async def test_a_stopped_number_is_stopped_until_it_starts_again(sms: TwilioSms, twilio: TwilioServer) -> None:
    twilio.opted_out.add(TO)
    assert (await failure(sms, outbound())).failure is SendFailure.STOPPED
    twilio.opted_out.clear()
    assert (await sms.send(outbound())).provider_id


@pytest.mark.parametrize(
    ("fault", "expected", "wait"),
    [
        (Fault(400, 21635), SendFailure.PERMANENT, None),
        (Fault(400, 21606), SendFailure.MISCONFIGURED, None),
        (Fault(400, 21611), SendFailure.RETRY, None),
        (Fault(400, 21617), SendFailure.REJECTED, None),
        (Fault(400, 30007), SendFailure.REJECTED, None),
        (Fault(404, 20404), SendFailure.MISCONFIGURED, None),
        (Fault(429, 20429), SendFailure.RETRY, None),
        (Fault(429, 20429, {"Retry-After": "7"}), SendFailure.RETRY, 7.0),
        (Fault(429, 20429, {"Retry-After": "tomorrow"}), SendFailure.RETRY, None),
        (Fault(429, html=True), SendFailure.RETRY, None),
        (Fault(429, 63038), SendFailure.MISCONFIGURED, 3_600.0),
        (Fault(500), SendFailure.UNKNOWN, None),
        (Fault(503, html=True), SendFailure.UNKNOWN, None),
        (Fault(302, html=True, headers={"Location": "https://elsewhere.example/"}), SendFailure.UNKNOWN, None),
        (Fault(201, body=""), SendFailure.UNKNOWN, None),
        (Fault(201, body="<html>"), SendFailure.UNKNOWN, None),
        (Fault(201, body="{}"), SendFailure.UNKNOWN, None),
        (Fault(201, body="[]"), SendFailure.UNKNOWN, None),
        (Fault(400, body='{"type":"t","title":"x","status":400,"code":21610}'), SendFailure.STOPPED, None),
    ],
)
async def test_each_fault_is_one_call_and_one_kind_of_failure(
    sms: TwilioSms, twilio: TwilioServer, fault: Fault, expected: SendFailure, wait: float | None
) -> None:
    twilio.faults.append(fault)
    error = await failure(sms, outbound())
    assert (error.failure, error.retry_after) == (expected, wait)
    assert len(twilio.calls) == 1, "a second try is the outbox's to decide"


async def test_a_rotated_token_is_our_own_fault(sms: TwilioSms, twilio: TwilioServer) -> None:
    twilio.token = "f" * 32
    error = await failure(sms, outbound())
    assert (error.failure, error.code) == (SendFailure.MISCONFIGURED, "20003")


async def test_nobody_listening_was_certainly_not_sent() -> None:
    sms = TwilioSms(ACCOUNT, TOKEN, NUMBER, "https://line.example", closed_port(), seconds=0.5)
    error = await failure(sms, outbound())
    await sms.close()
    assert error.failure is SendFailure.RETRY


async def test_too_slow_an_answer_is_unknown_and_found_later(sms: TwilioSms, twilio: TwilioServer) -> None:
    began = datetime.now(UTC)
    twilio.faults.append(Fault(hang=2.0, accepted=True))
    async with asyncio.timeout(1.5):  # the SDK alone would wait for ever
        assert (await failure(sms, outbound())).failure is SendFailure.UNKNOWN
    receipt = await sms.find(outbound(), began)
    assert receipt is not None
    assert receipt.provider_id == twilio.messages[0]["sid"]
    assert len(twilio.messages) == 1


async def test_a_500_after_acceptance_is_told_from_one_before(sms: TwilioSms, twilio: TwilioServer) -> None:
    began = datetime.now(UTC)
    twilio.faults.extend([Fault(500, accepted=True), Fault(500)])
    assert (await failure(sms, outbound("un"))).failure is SendFailure.UNKNOWN
    assert (await failure(sms, outbound("deux"))).failure is SendFailure.UNKNOWN
    assert await sms.find(outbound("un"), began) is not None
    assert await sms.find(outbound("deux"), began) is None


async def test_only_a_recent_message_with_these_words_to_this_number_counts(
    sms: TwilioSms, twilio: TwilioServer
) -> None:
    began = datetime.now(UTC)
    twilio.new_message(TO, "Allo", date_created="Thu, 24 Aug 2023 05:01:45 +0000")
    twilio.new_message("+15145550199", "Allo")
    twilio.new_message(TO, "Autre chose")
    assert await sms.find(outbound("Allo"), began) is None
    trial = twilio.new_message(TO, "Sent from your Twilio trial account - Allo", status="sent")
    receipt = await sms.find(outbound("Allo"), began)
    assert receipt is not None
    assert (receipt.provider_id, receipt.status) == (trial["sid"], DeliveryStatus.SENT)
    assert await sms.find(outbound("Allo"), began + timedelta(minutes=5)) is None


async def test_a_list_that_cannot_be_read_proves_nothing(sms: TwilioSms, twilio: TwilioServer) -> None:
    twilio.faults.append(Fault(503, html=True))
    with pytest.raises(SendError):
        await sms.find(outbound(), datetime.now(UTC))


async def test_a_finished_message_is_deleted_and_a_missing_one_is_done(sms: TwilioSms, twilio: TwilioServer) -> None:
    message = twilio.new_message(TO, "Allo", status="delivered")
    assert await sms.redact(message["sid"])
    assert twilio.messages == []
    assert await sms.redact(message["sid"])


async def test_an_unfinished_message_is_blanked_and_deleted_later(sms: TwilioSms, twilio: TwilioServer) -> None:
    message = twilio.new_message(TO, "Allo", status="sent")
    assert not await sms.redact(message["sid"])
    assert message["body"] == ""
    message["status"] = "delivered"
    assert await sms.redact(message["sid"])


async def test_a_dead_provider_redacts_nothing_and_raises_nothing(sms: TwilioSms, twilio: TwilioServer) -> None:
    message = twilio.new_message(TO, "Allo", status="delivered")
    twilio.faults.append(Fault(503, html=True))
    assert not await sms.redact(message["sid"])
    assert len(twilio.calls) == 1


async def test_many_at_once_all_leave(sms: TwilioSms, twilio: TwilioServer) -> None:
    await asyncio.gather(*(sms.send(outbound(str(number))) for number in range(20)))
    assert sorted(int(message["body"]) for message in twilio.messages) == list(range(20))


async def test_a_callback_comes_back_signed_with_our_id(sms: TwilioSms, twilio: TwilioServer) -> None:
    """The address sent with the message, signed as Twilio signs it, is one we accept and read our id from."""
    await sms.send(outbound())
    url = twilio.messages[0]["callback"]
    form = {"MessageSid": twilio.messages[0]["sid"], "MessageStatus": "undelivered", "ErrorCode": "30003"}
    headers = signed(url, form)["headers"]
    parts = urlsplit(url)
    check = SignatureCheck(TOKEN, "https://line.example")
    assert check.valid(f"{parts.path}?{parts.query}", form, headers["X-Twilio-Signature"])
    assert not check.valid(f"{parts.path}?m={'0' * 32}", form, headers["X-Twilio-Signature"])
    status = parse_status(form, dict(parse_qsl(parts.query)))
    assert getattr(status, "message_id", "") == OURS


async def test_environment_variables_of_the_sdk_change_nothing(
    monkeypatch: pytest.MonkeyPatch, twilio: TwilioServer
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    sms = TwilioSms(ACCOUNT, TOKEN, NUMBER, "https://line.example", twilio.url)
    await sms.send(outbound())
    await sms.close()
    assert len(twilio.messages) == 1


async def test_close_is_final(sms: TwilioSms) -> None:
    await sms.close()
    error = await failure(sms, outbound())
    assert error.failure is SendFailure.UNKNOWN
    assert not isinstance(error.__cause__, httpx.HTTPError)
