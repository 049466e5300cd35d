"""A Twilio that lives on loopback: the Messages and numbers API, signed webhooks, TwiML read back, and its faults.

Built from the provider's contract, not from our own code: the signature is computed here on its own.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.loopback import Loopback
from tests.fakes.twilio_wire import ACCOUNT, NUMBER, TOKEN, error, inbound_form, read_xml, sign, signed

__all__ = ["ACCOUNT", "NUMBER", "TOKEN", "Fault", "TwilioServer", "inbound_form", "read_xml", "sign", "signed"]

NUMBER_SID = "PN00000000000000000000000000000001"

MAGIC = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
FINAL = frozenset({"delivered", "undelivered", "failed", "canceled", "received"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call instead of its answer. `accepted`: it is carried out all the same, then fails."""

    status: int = 500
    code: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    html: bool = False
    hang: float = 0.0
    accepted: bool = False
    body: str | None = None


class TwilioServer:
    """The fake. Use it in a `with twilio.running():`; tests look at `messages` and `calls`."""

    def __init__(self) -> None:
        self.url = ""
        self.reset()

    def reset(self) -> None:
        """As it was at first, for the next test: starting a server costs more than most tests."""
        self.messages: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str, dict[str, str], httpx.Headers]] = []
        self.faults: deque[Fault] = deque()
        self.opted_out: set[str] = set()
        self.undeletable: set[str] = set()
        self.token = TOKEN
        self.number: dict[str, Any] = {
            "sid": NUMBER_SID,
            "account_sid": ACCOUNT,
            "phone_number": NUMBER,
            "capabilities": {"sms": True, "mms": True, "voice": True},
            "sms_url": "https://demo.twilio.com/welcome/sms/reply/",
            "sms_method": "POST",
            "sms_fallback_url": "",
            "sms_fallback_method": "POST",
            "sms_application_sid": "",
        }
        self._count = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[TwilioServer]:
        """Serve while the `with` lasts."""
        root = f"/2010-04-01/Accounts/{ACCOUNT}"
        routes = [
            Route(f"{root}/Messages.json", self._create, methods=["POST"]),
            Route(f"{root}/Messages.json", self._list, methods=["GET"]),
            Route(f"{root}/Messages/{{sid}}.json", self._one, methods=["GET", "POST", "DELETE"]),
            Route(f"{root}/IncomingPhoneNumbers.json", self._numbers, methods=["GET"]),
            Route(f"{root}/IncomingPhoneNumbers/{{sid}}.json", self._one_number, methods=["GET", "POST"]),
        ]
        with Loopback(Starlette(routes=routes)) as server:
            self.url = server.url
            yield self

    def new_message(self, to: str, body: str, **more: Any) -> dict[str, Any]:
        """Make a message as Twilio's account would hold it."""
        self._count += 1
        made = format_datetime(datetime.now(UTC))
        message = {
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": body,
            "date_created": made,
            "date_sent": None,
            "date_updated": made,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": NUMBER,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": None,
            "sid": f"SM{self._count:032x}",
            "status": "queued",
            "subresource_uris": {},
            "to": to,
            "uri": "",
            **more,
        }
        self.messages.append(message)
        return message

    async def text(
        self, client: httpx.AsyncClient, url: str, sender: str, body: str, **fields: str
    ) -> tuple[httpx.Response, list[dict[str, Any]]]:
        """Deliver a text to a webhook, signed; what its TwiML says becomes messages, as it does at Twilio."""
        form = inbound_form(sender, body, **fields)
        answer = await client.post(url, **signed(url, form, self.token))
        return answer, self.read_twiml(answer, sender)

    def read_twiml(self, answer: httpx.Response, sender: str) -> list[dict[str, Any]]:
        """Messages made from an answer. Raises `ValueError` for what Twilio would report as an error."""
        if answer.status_code >= 300:
            raise ValueError(f"11200: HTTP {answer.status_code}")
        if answer.headers.get("content-type", "").split(";")[0] not in ("text/xml", "application/xml"):
            raise ValueError("12300: not TwiML")
        root = read_xml(answer.text)
        if root.tag != "Response" or any(child.tag != "Message" for child in root):
            raise ValueError("12200: unknown verb")
        made = []
        for child in root:
            body = child.findtext("Body") or child.text or ""
            if not body or len(body) > 1600:
                raise ValueError("14103: invalid body")
            callback = child.get("action") or child.get("statusCallback") or ""
            made.append(self.new_message(sender, body, direction="outbound-reply", callback=callback, status="queued"))
        return made

    async def report(
        self, client: httpx.AsyncClient, message: Mapping[str, Any], status: str, error_code: int | None = None
    ) -> httpx.Response:
        """Call the message's status callback, signed."""
        form = {
            "SmsSid": str(message["sid"]),
            "SmsStatus": status,
            "MessageStatus": status,
            "To": str(message["to"]),
            "MessageSid": str(message["sid"]),
            "AccountSid": ACCOUNT,
            "From": NUMBER,
            "ApiVersion": "2010-04-01",
        }
        if error_code is not None:
            form["ErrorCode"] = str(error_code)
        url = str(message["callback"])
        return await client.post(url, **signed(url, form, self.token))

    async def _answer(self, request: Request) -> tuple[dict[str, str], Fault | None, Response | None]:
        """Note a call; give its form, the fault it meets, and the refusal it gets before anything happens."""
        raw = (await request.body()).decode()
        form = dict(parse_qsl(raw, keep_blank_values=True))
        self.calls.append((request.method, request.url.path, form, httpx.Headers(request.headers.raw)))
        given = base64.b64encode(f"{ACCOUNT}:{self.token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {given}":
            return form, None, error(401, 20003, "Authenticate")
        if not self.faults:
            return form, None, None
        fault = self.faults.popleft()
        if fault.hang and not fault.accepted:
            await asyncio.sleep(fault.hang)
        return form, fault, None if fault.accepted else _failed(fault)

    async def _create(self, request: Request) -> Response:
        form, fault, refusal = await self._answer(request)
        if refusal is not None:
            return refusal
        to, body = form.get("To", ""), form.get("Body", "")
        code = MAGIC.get(to)
        if code is None and to in self.opted_out:
            code = 21610
        if code is None and not (to.startswith("+") and to[1:].isdigit()):
            code = 21211
        if code is None and len(body) > 1600:
            code = 21617
        if code is None and form.get("From") != NUMBER:
            code = 21606
        if code is not None:
            return error(400, code, f"Refused for {to}")
        message = self.new_message(
            to, body, callback=form.get("StatusCallback", ""), validity=form.get("ValidityPeriod", "")
        )
        if fault is not None:
            if fault.hang:
                await asyncio.sleep(fault.hang)
            return _failed(fault)
        return JSONResponse(_public(message), 201)

    async def _list(self, request: Request) -> Response:
        _, _, refusal = await self._answer(request)
        if refusal is not None:
            return refusal
        query = request.query_params
        size, page = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
        found = [
            _public(message)
            for message in reversed(self.messages)
            if query.get("To", message["to"]) == message["to"] and query.get("From", message["from"]) == message["from"]
        ]
        path = f"{request.url.path}?{urlencode([*query.multi_items(), ('Page', str(page + 1))])}"
        return JSONResponse(
            {
                "messages": found[page * size : (page + 1) * size],
                "end": 0,
                "first_page_uri": request.url.path,
                "next_page_uri": path if len(found) > (page + 1) * size else None,
                "page": page,
                "page_size": size,
                "previous_page_uri": None,
                "start": 0,
                "uri": request.url.path,
            }
        )

    async def _one(self, request: Request) -> Response:
        form, _, refusal = await self._answer(request)
        if refusal is not None:
            return refusal
        sid = request.path_params["sid"]
        message = next((each for each in self.messages if each["sid"] == sid), None)
        if message is None:
            return error(404, 20404, "Not found")
        if request.method == "DELETE":
            if message["status"] not in FINAL or sid in self.undeletable:
                return error(409, 20009, "Cannot delete this resource before it is complete")
            self.messages.remove(message)
            return Response(status_code=204)
        if request.method == "POST":
            if form.get("Body") != "":
                return error(400, 30400, "Body or Status")
            message["body"] = ""
        return JSONResponse(_public(message))

    async def _numbers(self, request: Request) -> Response:
        _, _, refusal = await self._answer(request)
        if refusal is not None:
            return refusal
        wanted = request.query_params.get("PhoneNumber", "")
        found = [self.number] if wanted == self.number["phone_number"] else []
        return JSONResponse({"incoming_phone_numbers": found, "page": 0, "page_size": 50, "next_page_uri": None})

    async def _one_number(self, request: Request) -> Response:
        form, _, refusal = await self._answer(request)
        if refusal is not None:
            return refusal
        if request.path_params["sid"] != self.number["sid"]:
            return error(404, 20404, "Not found")
        names = {
            "SmsUrl": "sms_url",
            "SmsMethod": "sms_method",
            "SmsFallbackUrl": "sms_fallback_url",
            "SmsApplicationSid": "sms_application_sid",
        }
        self.number |= {names[name]: value for name, value in form.items() if name in names}
        return JSONResponse(self.number)


def _failed(fault: Fault) -> Response:
    if fault.body is not None:
        return Response(fault.body, fault.status, dict(fault.headers), "application/json")
    if fault.html:
        return Response("<html><body>Bad Gateway</body></html>", fault.status, dict(fault.headers), "text/html")
    answer = error(fault.status, fault.code or 20500, "Played fault")
    answer.headers.update(fault.headers)
    return answer


def _public(message: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in ("callback", "validity")}
