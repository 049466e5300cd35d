"""The HTTP client under Twilio's SDK: one try, ten seconds, and an address that tests can move.

The SDK's own asynchronous client ignores its time limit and posts again after a 5xx, which would send a text twice.
"""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from bot.channels.tls import trust

REAL_BASE = "https://api.twilio.com"

SECONDS = 10.0
"""How long one call may take: a person waits behind it."""


class Refused(Exception):
    """Twilio's refusal: HTTP status, Twilio's own code (else the status), and how long to wait where it says so.

    Raised here because the SDK loses the headers, loses status and code when a list is refused, and words addresses
    into its exceptions.
    """

    def __init__(self, status: int, code: int, retry_after: float | None) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.retry_after = retry_after


class HttpxClient(AsyncHttpClient):  # type: ignore[misc] # the SDK ships no types
    """Makes the SDK's calls with httpx."""

    def __init__(self, api_base: str = REAL_BASE, seconds: float = SECONDS) -> None:
        super().__init__(logging.getLogger(__name__), True, seconds)
        self._base = api_base.rstrip("/")
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(seconds), follow_redirects=False, verify=trust(self._base))

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the SDK's own signature
        allow_redirects: bool = False,
    ) -> Response:
        """One call, tried once. Raises `Refused` from 400 up, and httpx's own errors when there is no answer."""
        answer = await self._http.request(
            method.upper(),
            self._address(uri),
            params=_fields(params),
            data=_fields(data),
            headers=headers,
            auth=auth,
        )
        if answer.status_code >= 400:
            raise Refused(answer.status_code, _code(answer), _seconds(answer.headers.get("Retry-After")))
        return Response(answer.status_code, answer.text, answer.headers)

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    def _address(self, uri: str) -> str:
        return self._base + uri[len(REAL_BASE) :] if uri.startswith(REAL_BASE) else uri


def _fields(values: dict[str, object] | None) -> dict[str, Any] | None:
    """Values as Twilio writes them: true and false in small letters, lists as repeated fields, nothing for None."""
    if not values:
        return None
    return {name: _field(value) for name, value in values.items() if value is not None}


def _field(value: object) -> Any:
    if isinstance(value, list | tuple):
        return [_field(each) for each in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _code(answer: httpx.Response) -> int:
    try:
        return int(json.loads(answer.text)["code"])
    except (ValueError, TypeError, KeyError):
        return answer.status_code


def _seconds(header: str | None) -> float | None:
    """`Retry-After` as seconds; a date there is not promised by Twilio, and left to our own back-off."""
    try:
        seconds = float(header) if header is not None else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 <= seconds <= 86_400 else None
