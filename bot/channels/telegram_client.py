"""python-telegram-bot, as we use it: its client with our limits, and what each of its errors means for the sender.

Loaded only where a bot is set up: the library takes a second to import.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Awaitable
from typing import Any, TypeVar

import httpx
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import BaseRequest, HTTPXRequest, RequestData

from bot.channels.telegram_updates import KINDS
from bot.channels.tls import trust
from bot.messages import SendError, SendFailure

T = TypeVar("T")

SECONDS = 10.0
POLL_SECONDS = 25
"""How long Telegram holds an empty `getUpdates` back."""

BATCH = 100
"""Updates asked for at once (Telegram's own limit)."""

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class NotProcessed(NetworkError):
    """Telegram's door refused the call before it was processed: too many calls (429), or no server behind it (502)."""

    def __init__(self, status: int, retry_after: float | None = None) -> None:
        super().__init__(f"not processed ({status})")
        self.status = status
        self.retry_after = retry_after


class Request(HTTPXRequest):
    """The library's HTTP client, which also tells apart what certainly was not processed.

    The library loses the status of a refusal, and builds its own flood error with a warning that our tests refuse.
    """

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One call. Raises `NotProcessed` besides the library's own errors."""
        status, payload = await super().do_request(
            url, method, request_data, read_timeout, write_timeout, connect_timeout, pool_timeout
        )
        if status == 429:
            raise NotProcessed(status, _retry_after(payload))
        if status == 502:
            raise NotProcessed(status)
        return status, payload


class Client(Bot):
    """The bot. It asks Telegram nothing when it starts, so that a line can start while Telegram is away."""

    async def raw_updates(self, offset: int | None) -> list[Any]:
        """Updates as they came: the library's own parsing would fail a whole batch for one odd update."""
        data = {"offset": offset, "limit": BATCH, "timeout": POLL_SECONDS, "allowed_updates": list(KINDS)}
        updates = await self._post("getUpdates", data, read_timeout=POLL_SECONDS + SECONDS)
        return updates if isinstance(updates, list) else []


def build(token: str, api_base: str, seconds: float = SECONDS) -> tuple[Client, list[Request]]:
    """A client, and the connections to shut down at the end."""
    certificates = trust(api_base)
    polling, sending = _request(seconds, certificates), _request(seconds, certificates)
    base = f"{api_base.rstrip('/')}/bot"
    return Client(token, base_url=base, request=sending, get_updates_request=polling), [polling, sending]


def _request(seconds: float, certificates: ssl.SSLContext | bool) -> Request:
    return Request(
        connection_pool_size=64,
        read_timeout=seconds,
        write_timeout=seconds,
        connect_timeout=min(5.0, seconds),
        pool_timeout=seconds,
        httpx_kwargs={"verify": certificates},
    )


async def guarded(call: Awaitable[T]) -> T:
    """Make one call; whatever the library raises becomes a `SendError` without an address or a token in it."""
    try:
        return await call
    except Exception as error:  # the library also raises KeyError and ValueError on odd answers
        raise to_send_error(error) from None


def to_send_error(error: Exception) -> SendError:
    """What the sender does about an error of the library.

    `BadRequest` and `TimedOut` are network errors in the library: they are looked at first. A bad request is about this
    text or this address; `TelegramChannel` finds out which.
    """
    name = type(error).__name__
    match error:
        case NotProcessed():
            return SendError(SendFailure.RETRY, str(error.status), error.retry_after)
        case Forbidden():
            return SendError(SendFailure.STOPPED, "403")
        case InvalidToken():
            return SendError(SendFailure.MISCONFIGURED, "401")
        case ChatMigrated():
            return SendError(SendFailure.PERMANENT, "migrated")
        case Conflict() | RetryAfter():
            return SendError(SendFailure.RETRY, name)
        case BadRequest():
            return SendError(SendFailure.REJECTED, "400")
        case TimedOut() | NetworkError() if isinstance(error.__cause__, _NOT_SENT):
            return SendError(SendFailure.RETRY, name)
        case TelegramError():
            return SendError(SendFailure.UNKNOWN, name)
    return SendError(SendFailure.UNKNOWN, name)


def _retry_after(payload: bytes) -> float | None:
    try:
        seconds = json.loads(payload)["parameters"]["retry_after"]
    except (ValueError, TypeError, KeyError):
        return None
    return float(seconds) if isinstance(seconds, int | float) and 0 < seconds <= 86_400 else None
