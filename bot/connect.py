"""`passerelle connect twilio|telegram`: sets a provider's webhooks, reads them back, and says what is left to click.

The static answer for when this machine is gone is written as a file: it is the safe card in both languages, so it is
vetted like every other text. Only a person can put it at Twilio's (a TwiML Bin has no API).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx

from bot import bootstrap
from bot.channels.telegram_updates import KINDS
from bot.channels.tls import trust
from bot.channels.twilio_client import HttpxClient
from bot.channels.twilio_forms import INBOUND_PATH, twiml
from bot.channels.twilio_sms import guarded, rest_client
from bot.messages import SendError, SendFailure
from bot.settings import Settings, is_loopback
from flows.cards import load_cards
from flows.render import render

if TYPE_CHECKING:
    from bot.channels.telegram_client import Client

RETRIES = "#rc=2&rp=all"
"""Asks Twilio to try a webhook twice more, whatever went wrong: it does not by itself."""

FALLBACK_FILE = "twilio-fallback.xml"
TELEGRAM_PATH = "/telegram"
TELEGRAM_PORTS = frozenset({None, 443, 80, 88, 8443})
"""Ports Telegram calls (None: the scheme's own)."""

SECONDS = 10.0

COMMANDS = {
    "fr": (
        ("start", "Commencer"),
        ("fr", "En français"),
        ("en", "In English"),
        ("efface", "Efface ce que vous gardez de moi"),
        ("stop", "Ne plus recevoir de messages"),
    ),
    "en": (
        ("start", "Begin"),
        ("en", "In English"),
        ("fr", "En français"),
        ("delete", "Erase what you keep about me"),
        ("stop", "Get no more messages"),
    ),
}
"""The bot's menu, by language."""

WHY = {
    SendFailure.MISCONFIGURED: "refused the account or its token",
    SendFailure.RETRY: "cannot be reached now; try again",
    SendFailure.UNKNOWN: "gave no readable answer; try again",
}


@dataclass(slots=True)
class Report:
    """What was done, line by line, and whether the provider now calls us."""

    lines: list[str] = field(default_factory=list)
    ok: bool = True

    def say(self, line: str) -> None:
        """Something done, or left to do."""
        self.lines.append(line)

    def problem(self, line: str) -> None:
        """Something that keeps the line from working."""
        self.lines.append(f"Problem: {line}")
        self.ok = False


async def twilio(settings: Settings) -> Report:
    """Point our number's webhook at this service, and check the fallback."""
    report = Report()
    if not settings.has_twilio or settings.twilio_auth_token is None:
        report.problem("set PASSERELLE_TWILIO_ACCOUNT_SID, PASSERELLE_TWILIO_AUTH_TOKEN and PASSERELLE_TWILIO_NUMBER")
        return report
    if not _public_address_fits(settings, settings.twilio_api_base, report):
        return report
    http = HttpxClient(settings.twilio_api_base, SECONDS)
    client = rest_client(settings.twilio_account_sid or "", settings.twilio_auth_token.get_secret_value(), http)
    try:
        number = await _set_number(client, settings, report)
    except SendError as error:
        report.problem(f"Twilio {WHY.get(error.failure, 'refused the change')} ({error.code})")
        return report
    finally:
        await http.close()
    if number is not None:
        await _answers(settings, report)
        await _fallback(settings, number.sms_fallback_url or "", report)
        report.lines.extend(_TWILIO_CLICKS)
    return report


async def telegram(settings: Settings) -> Report:
    """Point our bot's webhook at this service (or take it away where the service polls), and set the bot's menu."""
    report = Report()
    if settings.telegram_token is None:
        report.problem("set PASSERELLE_TELEGRAM_TOKEN (from @BotFather)")
        return report
    if settings.public_url is not None and not _telegram_can_call(settings, report):
        return report
    from bot.channels import telegram_client

    client, requests = telegram_client.build(
        settings.telegram_token.get_secret_value(), settings.telegram_api_base, SECONDS
    )
    try:
        if settings.public_url is None:
            await telegram_client.guarded(client.delete_webhook(drop_pending_updates=False))
            report.say(
                "No PASSERELLE_PUBLIC_URL: webhook removed; 'passerelle serve' asks Telegram for messages itself."
            )
        elif not await _set_webhook(client, settings, report):
            return report
        for language, commands in COMMANDS.items():
            await telegram_client.guarded(client.set_my_commands(commands, language_code=language))
        await telegram_client.guarded(client.set_my_commands(COMMANDS["fr"]))
        report.say("The bot's menu is set, in French and in English.")
        report.lines.extend(_TELEGRAM_CLICKS)
    except SendError as error:
        report.problem(f"Telegram {WHY.get(error.failure, 'refused the change')} ({error.code})")
    finally:
        for request in requests:
            await request.shutdown()
    return report


def fallback_twiml(organisation: Path) -> str:
    """The static answer: the safe card, French first, then English."""
    card = load_cards([bootstrap.FLOWS / "cards", organisation / "cards"])["safe_card"]
    texts = [" ".join(render(card, {}, language=language, channel="sms")) for language in ("fr", "en")]
    return twiml(texts)


async def _set_number(client: Any, settings: Settings, report: Report) -> Any:
    """Set the number's webhook and read it back; None when the account has no such number."""
    found = await guarded(client.incoming_phone_numbers.list_async(phone_number=settings.twilio_number, limit=1))
    if not found:
        report.problem("this Twilio account has no number PASSERELLE_TWILIO_NUMBER; check the number and the account")
        return None
    if not (found[0].capabilities or {}).get("sms", True):
        report.problem("this number cannot receive texts; choose one with SMS at Twilio")
    number = client.incoming_phone_numbers(found[0].sid)
    url = f"{settings.public_url}{INBOUND_PATH}{RETRIES}"
    # An application set on the number would be called instead of the address.
    await guarded(number.update_async(sms_url=url, sms_method="POST", sms_application_sid=""))
    after = await guarded(number.fetch_async())
    if after.sms_url == url and after.sms_method == "POST" and not after.sms_application_sid:
        report.say(f"Webhook set and read back: POST {url}")
        report.say("Status callbacks need no setting: each message carries its own address.")
    else:
        report.problem("Twilio kept another webhook than the one set; look at the number's Messaging settings")
    return after


async def _answers(settings: Settings, report: Report) -> None:
    """Whether the public address leads here. Not being started yet is no mistake."""
    try:
        async with httpx.AsyncClient(timeout=SECONDS, verify=trust(settings.public_url or "")) as http:
            status = (await http.get(f"{settings.public_url}/healthz")).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        report.say(
            f"To do: {settings.public_url} does not answer yet ({type(error).__name__}); run 'passerelle serve'."
        )
        return
    if status == 200:
        report.say(f"{settings.public_url}/healthz answers.")
    else:
        report.say(f"To do: {settings.public_url}/healthz answers {status}; look at the proxy, then at the service.")


async def _fallback(settings: Settings, url: str, report: Report) -> None:
    """Write the static answer, and look at what the number has for when this machine is gone."""
    path = settings.prepare_state() / FALLBACK_FILE
    try:
        path.write_text(fallback_twiml(settings.organisation) + "\n", encoding="utf-8")
    except OSError as error:
        report.problem(f"{path}: cannot be written ({error.strerror})")
        return
    report.say(f"Static fallback written: {path}")
    if not url:
        report.lines.extend([f"To do: nothing answers when this machine is gone. {_BIN}"])
    elif settings.public_url and urlsplit(url).netloc == urlsplit(settings.public_url).netloc:
        report.say(f"To do: the fallback is on this machine, so it goes with it. {_BIN}")
    elif await _is_whole(url):
        report.say("The number's fallback answers, and says 911.")
    else:
        report.say(f"To do: the number's fallback does not answer with a message that says 911. {_BIN}")


async def _is_whole(url: str) -> bool:
    """Whether a fallback address gives TwiML with a message that says 911."""
    try:
        async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=True) as http:
            answer = await http.get(url)
        root = ElementTree.fromstring(answer.content)  # noqa: S314  # an address the organisation chose itself
    except (httpx.HTTPError, httpx.InvalidURL, ElementTree.ParseError):
        return False
    return answer.is_success and any("911" in "".join(message.itertext()) for message in root.iter("Message"))


async def _set_webhook(client: Client, settings: Settings, report: Report) -> bool:
    """Set the bot's webhook and read it back; False when it did not hold."""
    from bot.channels import telegram_client

    secret = _telegram_secret(settings)
    url = f"{settings.public_url}{TELEGRAM_PATH}"
    kinds = list(KINDS)
    await telegram_client.guarded(
        client.set_webhook(url, allowed_updates=kinds, secret_token=secret, drop_pending_updates=False)
    )
    info = await telegram_client.guarded(client.get_webhook_info())
    if info.url != url or sorted(info.allowed_updates or ()) != sorted(kinds):
        report.problem("Telegram kept another webhook than the one set; run this again")
        return False
    report.say(f"Webhook set and read back: {url}")
    if info.last_error_message:
        report.say(f"To do: Telegram's last call failed: {info.last_error_message}")
    await _answers(settings, report)
    return True


def _telegram_can_call(settings: Settings, report: Report) -> bool:
    """Whether Telegram takes this address."""
    if not is_loopback(settings.telegram_api_base) and _port(settings.public_url or "") not in TELEGRAM_PORTS:
        report.problem("PASSERELLE_PUBLIC_URL: Telegram calls ports 443, 80, 88 and 8443 only")
    return _public_address_fits(settings, settings.telegram_api_base, report) and report.ok


def _telegram_secret(settings: Settings) -> str:
    return settings.telegram_secret.get_secret_value() if settings.telegram_secret is not None else ""


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return -1  # not a number: no provider calls it


def _public_address_fits(settings: Settings, api_base: str, report: Report) -> bool:
    """A provider on the internet calls https only; a played-back one on this machine calls anything."""
    if (settings.public_url or "").startswith("https://") or is_loopback(api_base):
        return True
    report.problem("PASSERELLE_PUBLIC_URL: write the address the provider calls, beginning with https://")
    return False


_BIN = (
    "In Twilio's console: TwiML Bins, Create, paste that file, Save; then Phone Numbers, this number, Messaging, "
    "'Primary handler fails': TwiML Bin, choose it, Save; then run this again."
)
_TWILIO_CLICKS = (
    "Look at, in Twilio's console (these have no setting here):",
    "- Messaging Service: if the number is in one, choose 'Defer to sender's webhook' there.",
    "- Advanced Opt-Out (in a Messaging Service): add ARRET, ARRÊT, ARRETER and DESABONNER to the stop words, and write "
    "the stop and help answers in French and English with 911 and 988: Twilio's own are in English and name neither.",
    "- Geo permissions: allow Canada only.",
    "- Toll-free or short code: have it verified before the line opens.",
)
_TELEGRAM_CLICKS = (
    "Look at, with @BotFather (these have no setting here):",
    "- /setjoingroups: Disable. The line answers private chats only.",
    "- /setdescription: say that it is a robot and people, and that in danger one calls 911.",
)
