"""`passerelle connect` against the fakes: webhooks set and read back, the fallback written, and every refusal one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot import connect
from bot.settings import Settings, load
from tests.fakes.loopback import Loopback, closed_port
from tests.fakes.telegram_server import TOKEN as BOT_TOKEN
from tests.fakes.telegram_server import TelegramServer
from tests.fakes.twilio_server import ACCOUNT, NUMBER, TOKEN, TwilioServer, read_xml


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """A public address with a healthy service, and two fallback files."""

    def whole(request: object) -> Response:
        return Response("<Response><Message>Appelle le 911</Message></Response>", media_type="text/xml")

    routes = [
        Route("/healthz", lambda request: PlainTextResponse("ok")),
        Route("/whole.xml", whole),
        Route("/empty.xml", lambda request: Response("<Response/>", media_type="text/xml")),
        Route("/page.html", lambda request: Response("<p>911", media_type="text/html")),
    ]
    with Loopback(Starlette(routes=routes)) as site:
        yield site.url


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer().running() as server:
        yield server


@pytest.fixture
def telegram() -> Iterator[TelegramServer]:
    with TelegramServer().running() as server:
        yield server


def settings(tmp_path: Path, **more: str) -> Settings:
    given = {"organisation": str(tmp_path / "org"), "state": str(tmp_path / "state")} | more
    return load({f"PASSERELLE_{name.upper()}": value for name, value in given.items()})


def for_twilio(tmp_path: Path, twilio: TwilioServer, public_url: str, **more: str) -> Settings:
    given = {
        "public_url": public_url,
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": TOKEN,
        "twilio_number": NUMBER,
        "twilio_api_base": twilio.url,
    }
    return settings(tmp_path, **(given | more))


def for_telegram(tmp_path: Path, telegram: TelegramServer, **more: str) -> Settings:
    given = {"telegram_token": BOT_TOKEN, "telegram_api_base": telegram.url, "telegram_secret": "s3cret"}
    return settings(tmp_path, **(given | more))


def told(report: connect.Report) -> str:
    text = "\n".join(report.lines)
    assert TOKEN not in text
    assert BOT_TOKEN not in text
    return text


async def test_twilio_is_set_read_back_and_told_about(tmp_path: Path, twilio: TwilioServer, site: str) -> None:
    twilio.number["sms_application_sid"] = "AP" + "1" * 32
    report = await connect.twilio(for_twilio(tmp_path, twilio, site))
    text = told(report)
    assert report.ok, text
    assert twilio.number["sms_url"] == f"{site}/sms/twilio#rc=2&rp=all"
    assert twilio.number["sms_method"] == "POST"
    assert twilio.number["sms_application_sid"] == ""
    assert "read back" in text
    assert "/healthz answers." in text
    assert "To do: nothing answers when this machine is gone" in text


async def test_the_fallback_says_911_first_in_both_languages(tmp_path: Path, twilio: TwilioServer, site: str) -> None:
    report = await connect.twilio(for_twilio(tmp_path, twilio, site))
    path = tmp_path / "state" / "twilio-fallback.xml"
    assert str(path) in told(report)
    (message,) = read_xml(path.read_text(encoding="utf-8"))
    french, english = (message.text or "").split("\n")
    assert message.attrib == {}, "nobody can be called back when the machine is gone"
    for words in (french, english):
        assert "911" in words[:136]
        assert "988" in words
    assert "appelle le 911" in french
    assert "call 911" in english.lower()


@pytest.mark.parametrize(
    ("fallback", "expected"),
    [
        ("/whole.xml", "says 911."),
        ("/empty.xml", "does not answer with a message that says 911"),
        ("/page.html", "does not answer with a message that says 911"),
        ("/nothing", "does not answer with a message that says 911"),
    ],
)
async def test_a_fallback_that_is_there_is_looked_at(
    tmp_path: Path, twilio: TwilioServer, site: str, fallback: str, expected: str
) -> None:
    twilio.number["sms_fallback_url"] = site + fallback
    report = await connect.twilio(for_twilio(tmp_path, twilio, "http://127.0.0.2:1"))
    assert expected in told(report)
    assert twilio.number["sms_fallback_url"] == site + fallback, "never replaced"


async def test_a_fallback_on_this_same_machine_is_none(tmp_path: Path, twilio: TwilioServer, site: str) -> None:
    twilio.number["sms_fallback_url"] = f"{site}/whole.xml"
    assert "it goes with it" in told(await connect.twilio(for_twilio(tmp_path, twilio, site)))


async def test_a_service_not_started_yet_is_no_mistake(tmp_path: Path, twilio: TwilioServer) -> None:
    report = await connect.twilio(for_twilio(tmp_path, twilio, closed_port()))
    assert report.ok
    assert "does not answer yet" in told(report)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"twilio_auth_token": "f" * 32}, "Problem: Twilio refused the account or its token (20003)"),
        ({"twilio_number": "+15145550199"}, "Problem: this Twilio account has no number"),
        ({"twilio_api_base": "closed"}, "Problem: Twilio cannot be reached now"),
    ],
)
async def test_each_refusal_of_twilio_is_one_line(
    tmp_path: Path, twilio: TwilioServer, site: str, change: dict[str, str], expected: str
) -> None:
    change = {name: closed_port() if value == "closed" else value for name, value in change.items()}
    report = await connect.twilio(for_twilio(tmp_path, twilio, site, **change))
    assert not report.ok
    assert len(report.lines) == 1
    assert told(report).startswith(expected)
    assert twilio.number["sms_url"].startswith("https://demo.twilio.com"), "left as it was"


async def test_a_number_without_texts_and_a_change_that_does_not_hold_are_problems(
    tmp_path: Path, twilio: TwilioServer, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    twilio.number["capabilities"] = {"sms": False, "voice": True}
    assert "cannot receive texts" in told(await connect.twilio(for_twilio(tmp_path, twilio, site)))

    class Deaf(dict[str, Any]):
        def __ior__(self, other: Any) -> Deaf:  # type: ignore[override,misc] # changes nothing, on purpose
            return self

    twilio.number = Deaf(twilio.number | {"sms_url": "https://else.example"})
    report = await connect.twilio(for_twilio(tmp_path, twilio, site))
    assert not report.ok
    assert "kept another webhook" in told(report)


async def test_without_settings_each_says_what_to_set(tmp_path: Path) -> None:
    for report, name in (
        (await connect.twilio(settings(tmp_path)), "PASSERELLE_TWILIO_ACCOUNT_SID"),
        (await connect.telegram(settings(tmp_path)), "PASSERELLE_TELEGRAM_TOKEN"),
    ):
        assert not report.ok
        assert name in told(report)


async def test_a_real_provider_is_given_an_https_address_only(tmp_path: Path) -> None:
    real = settings(
        tmp_path,
        public_url="http://line.example",
        twilio_account_sid=ACCOUNT,
        twilio_auth_token=TOKEN,
        twilio_number=NUMBER,
        telegram_token=BOT_TOKEN,
        telegram_secret="s3cret",
    )
    for report in (await connect.twilio(real), await connect.telegram(real)):
        assert not report.ok
        assert "beginning with https://" in told(report)


async def test_telegram_s_webhook_is_set_read_back_with_its_menu(
    tmp_path: Path, telegram: TelegramServer, site: str
) -> None:
    telegram.last_error = "Wrong response from the webhook: 403 Forbidden"
    report = await connect.telegram(for_telegram(tmp_path, telegram, public_url=site))
    text = told(report)
    assert report.ok, text
    assert telegram.webhook == {
        "url": f"{site}/telegram",
        "secret_token": "s3cret",
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
    }
    assert set(telegram.commands) == {"", "fr", "en"}
    assert {"command": "stop", "description": "Ne plus recevoir de messages"} in telegram.commands["fr"]
    assert "403 Forbidden" in text


async def test_without_a_public_address_the_webhook_goes(tmp_path: Path, telegram: TelegramServer) -> None:
    telegram.webhook = {"url": "https://old.example"}
    report = await connect.telegram(for_telegram(tmp_path, telegram))
    assert report.ok, told(report)
    assert telegram.webhook == {"url": ""}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"telegram_token": "999:" + "z" * 35}, "Problem: Telegram refused the account or its token (401)"),
        ({"telegram_api_base": "closed"}, "Problem: Telegram cannot be reached now"),
    ],
)
async def test_each_refusal_of_telegram_is_one_line(
    tmp_path: Path, telegram: TelegramServer, site: str, change: dict[str, str], expected: str
) -> None:
    change = {name: closed_port() if value == "closed" else value for name, value in change.items()}
    report = await connect.telegram(for_telegram(tmp_path, telegram, public_url=site, **change))
    assert not report.ok
    assert len(report.lines) == 1
    assert told(report).startswith(expected)
    assert telegram.webhook == {"url": ""}


async def test_telegram_s_ports(tmp_path: Path) -> None:
    real = settings(
        tmp_path, public_url="https://line.example:8000", telegram_token=BOT_TOKEN, telegram_secret="s3cret"
    )
    assert "ports 443, 80, 88 and 8443" in told(await connect.telegram(real))
