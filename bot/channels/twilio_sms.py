"""SMS by Twilio: sends through Twilio's own asynchronous client, and tells apart how a send can fail.

The SDK has no base address, ignores time limits when asynchronous and posts again after a 5xx: its HTTP client is
ours (`twilio_client.py`). What Twilio posts to us is read in `twilio_forms.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import httpx
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

from bot.channels.twilio_client import SECONDS, HttpxClient, Refused
from bot.channels.twilio_forms import (
    STATUSES,
    BadForm,
    SignatureCheck,
    StatusUpdate,
    outgoing,
    parse_inbound,
    parse_status,
    status_callback,
    twiml,
)
from bot.messages import ChannelName, DeliveryStatus, Outbound, Receipt, SendError, SendFailure
from bot.settings import Settings

__all__ = [
    "BadForm",
    "SignatureCheck",
    "StatusUpdate",
    "TwilioSms",
    "parse_inbound",
    "parse_status",
    "status_callback",
    "twiml",
]

T = TypeVar("T")

SHORTEST_VALIDITY = 6
LONGEST_VALIDITY = 36_000
"""Seconds Twilio accepts as a message's validity (it advises more than 5)."""

LISTED = 50
"""Messages between two numbers that are looked through for an interrupted send, newest first."""

DAILY_LIMIT = 63038

CODES: dict[int, SendFailure] = {
    21610: SendFailure.STOPPED,  # the person said STOP to the carrier
    21211: SendFailure.PERMANENT,  # not a telephone number
    21614: SendFailure.PERMANENT,  # cannot receive texts
    21635: SendFailure.PERMANENT,  # a landline
    30005: SendFailure.PERMANENT,  # unknown number
    30006: SendFailure.PERMANENT,  # a landline, or an unreachable carrier
    30007: SendFailure.REJECTED,  # filtered by a carrier
    21602: SendFailure.REJECTED,  # no body
    21617: SendFailure.REJECTED,  # body over 1,600 characters
    21611: SendFailure.RETRY,  # the number's queue is full
    30001: SendFailure.RETRY,  # queue overflow
    20429: SendFailure.RETRY,  # too many at once: never processed
    DAILY_LIMIT: SendFailure.MISCONFIGURED,
}
"""What one provider code means for the sender; the rest follows from the HTTP status."""

HOUR = 3_600.0
"""Seconds to wait after the account's daily limit: it may be raised before the day ends."""


class TwilioSms:
    """The SMS channel. `signature` checks what arrives for it."""

    name = ChannelName.SMS

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        number: str,
        public_url: str,
        api_base: str = "https://api.twilio.com",
        seconds: float = SECONDS,
    ) -> None:
        self.signature = SignatureCheck(auth_token, public_url)
        self._number = number
        self._public_url = public_url
        self._http = HttpxClient(api_base, seconds)
        self._client = rest_client(account_sid, auth_token, self._http)

    @classmethod
    def from_settings(cls, settings: Settings) -> TwilioSms:
        """The channel the settings describe; they have been checked to be whole."""
        token = settings.twilio_auth_token
        return cls(
            settings.twilio_account_sid or "",
            token.get_secret_value() if token is not None else "",
            settings.twilio_number or "",
            settings.public_url or "",
            settings.twilio_api_base,
        )

    async def send(self, message: Outbound) -> Receipt:
        """Hand one text to Twilio. Raises `SendError`."""
        body = outgoing(message.text)
        if not body.strip():
            raise SendError(SendFailure.REJECTED, "empty")
        validity = min(max(message.valid_for_seconds, SHORTEST_VALIDITY), LONGEST_VALIDITY)
        created: MessageInstance = await guarded(
            self._client.messages.create_async(
                to=message.address,
                from_=self._number,
                body=body,
                status_callback=status_callback(self._public_url, message.id),
                validity_period=validity,
            )
        )
        if not created.sid:
            raise SendError(SendFailure.UNKNOWN, "no id")
        return Receipt(created.sid, _status(created))

    async def find(self, message: Outbound, since: datetime) -> Receipt | None:
        """The newest message with these words to this number, made since then; None when there is none. Raises
        `SendError` when the list cannot be read: an unread list proves nothing.
        """
        body = outgoing(message.text)
        earliest = since.astimezone(UTC) - timedelta(seconds=2)  # Twilio keeps whole seconds, on a clock of its own
        listed = await guarded(
            self._client.messages.list_async(to=message.address, from_=self._number, limit=LISTED, page_size=LISTED)
        )
        for each in listed:
            # A trial account puts a sentence of its own before ours.
            if each.sid and _made(each) >= earliest and (each.body or "").endswith(body):
                return Receipt(each.sid, _status(each))
        return None

    async def redact(self, provider_id: str) -> bool:
        """Delete Twilio's record of a message, sent or received. While Twilio still works on it, it refuses: False, try
        again a minute later. Then the words at least are blanked, where that is allowed.
        """
        try:
            await guarded(self._client.messages(provider_id).delete_async())
        except SendError as refused:
            if refused.code == "20404":
                return True  # nothing there any more
            if refused.failure not in (SendFailure.RETRY, SendFailure.UNKNOWN) and refused.code != "20003":
                await self._blank(provider_id)
            return False
        return True

    async def close(self) -> None:
        """Close connections."""
        await self._http.close()

    async def _blank(self, provider_id: str) -> None:
        try:
            await guarded(self._client.messages(provider_id).update_async(body=""))
        except SendError:
            return  # the deletion is tried again anyway

    def __repr__(self) -> str:
        return "TwilioSms()"


def rest_client(account_sid: str, auth_token: str, http: HttpxClient) -> Client:
    """Twilio's client over ours, blind to the TWILIO_… variables of whoever runs the service."""
    return Client(account_sid, auth_token, http_client=http, environment={"TWILIO_EDGE": ""})


async def guarded(call: Awaitable[T]) -> T:
    """Make one call of the SDK; whatever it raises becomes a `SendError` without an address or a token in it."""
    try:
        return await call
    except Refused as error:
        wait = HOUR if error.code == DAILY_LIMIT else error.retry_after
        raise SendError(failure_of(error.status, error.code), str(error.code), wait) from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise SendError(SendFailure.RETRY, type(error).__name__) from None
    except Exception as error:  # no answer, or one that the SDK cannot read and breaks on anywhere
        raise SendError(SendFailure.UNKNOWN, type(error).__name__) from None


def failure_of(status: int, code: int) -> SendFailure:
    """What the sender does about a refusal."""
    known = CODES.get(code)
    if known is not None:
        return known
    if status == 429:
        return SendFailure.RETRY
    if status >= 500 or status < 400:
        return SendFailure.UNKNOWN  # perhaps accepted
    return SendFailure.MISCONFIGURED  # 20003, 21606, 21608, 21408, 21612, 404…: our account, our number, our set-up


def _status(message: MessageInstance) -> DeliveryStatus:
    return STATUSES.get(str(message.status or ""), DeliveryStatus.HANDED_OVER)


def _made(message: MessageInstance) -> datetime:
    """When Twilio made a message; an unreadable date counts as long ago."""
    made = message.date_created
    if not isinstance(made, datetime):
        return datetime.min.replace(tzinfo=UTC)
    return made if made.tzinfo is not None else made.replace(tzinfo=UTC)
