"""The demonstration's page: two simulated phones side by side, both going through the real pipeline.

What is typed on a phone becomes an `Inbound` on the simulator channel and goes through the same intake, turn and outbox as
a text by SMS; what is sent comes back through the channel to the page (`live.py`). These routes exist in the built-in
demonstration only.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, cast

from babel.dates import format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.console import live
from bot.console.words import EXAMPLES, PLACES, words
from bot.conversation.intake import Intake
from bot.messages import Channel, ChannelName, Inbound, InboundKind
from bot.metrics import Metrics
from bot.organisation import Organisation, Worker

HERE = Path(__file__).parent
MAX_TEXTERS = 8
MAX_CHARACTERS = 4000
MAX_BODY = 32 * 1024
"""Bytes of a posted message at most: `MAX_CHARACTERS` of any kind fit, written as JSON."""

STATIC = frozenset({"page.css", "device.css", "thread.css", "small.css", "phones.js", "thread.js", "passerelle.svg"})
SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class _Content(Protocol):
    @property
    def organisation(self) -> Organisation: ...


class _Service(Protocol):
    """What the page needs of the service (`bot.bootstrap.Service`)."""

    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def content(self) -> _Content: ...
    @property
    def channels(self) -> Mapping[ChannelName, Channel]: ...
    @property
    def intake(self) -> Intake: ...
    @property
    def metrics(self) -> Metrics: ...


class Refused(Exception):
    """A post that cannot be taken: the key of the line that says why, and the status."""

    def __init__(self, word: str, status: int = 400) -> None:
        super().__init__(word)
        self.word = word
        self.status = status


@dataclass(frozen=True, slots=True)
class Posted:
    """What was typed, chosen or pinned. `shown` is how the phone's own thread shows it."""

    kind: InboundKind
    text: str = field(repr=False)
    shown: str = field(repr=False)
    location: tuple[float, float] | None = field(default=None, repr=False)


def routes() -> list[Route]:
    """The page's routes."""
    page = _Page()
    return [
        Route("/", page.show),
        Route("/phones/live", page.live),
        Route("/phones/message", page.receive, methods=["POST"]),
        Route("/phones/static/{name}", static),
    ]


async def static(request: Request) -> Response:
    """One of the page's own files."""
    name = request.path_params["name"]
    if name not in STATIC:
        return Response(status_code=404, headers=SAFE_HEADERS)
    return FileResponse(HERE / "static" / name, headers={**SAFE_HEADERS, "Cache-Control": "no-cache"})


class _Page:
    """The page, its stream, and what is posted on it."""

    def __init__(self) -> None:
        self._run = uuid.uuid4().hex  # threads live in memory: a page must know when they began anew
        templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._template = templates.get_template("phones.html")

    async def show(self, request: Request) -> Response:
        """The two phones."""
        service, language = _service(request), _language(request)
        html = self._template.render(
            t=words(language),
            lang=language,
            examples=EXAMPLES[language],
            places=PLACES,
            texters=_texters(),
            workers=[(worker, _address(worker)) for worker in _workers(service.content.organisation)],
            clock=_clock(service, language),
            max_characters=MAX_CHARACTERS,
        )
        return HTMLResponse(html, headers={**SAFE_HEADERS, "Content-Language": language})

    async def live(self, request: Request) -> Response:
        """Everything the phones show, as it happens."""
        service, language = _service(request), _language(request)
        addresses = [*_texters(), *(_address(worker) for worker in _workers(service.content.organisation))]
        closing: asyncio.Event = getattr(request.app.state, "closing", None) or asyncio.Event()
        stream = live.events(_phones(service), addresses, self._run, lambda: _clock(service, language), closing)
        headers = {**SAFE_HEADERS, "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def receive(self, request: Request) -> Response:
        """Take what was typed on a phone into the service. A refusal is one line in the page's language."""
        service, language = _service(request), _language(request)
        try:
            _same_origin(request)
            data = await _json(request)
            address = _known_address(service, data.get("phone"))
            posted = read(data, _phones(service), address)
        except Refused as refused:
            service.metrics.refused("simulator", "form")
            line = words(language)[refused.word].format(limit=MAX_CHARACTERS)
            return JSONResponse({"error": line}, status_code=refused.status, headers=SAFE_HEADERS)
        service.metrics.received("simulator")
        _phones(service).said(address, posted.shown)
        await service.intake.receive(
            Inbound(
                channel=ChannelName.SIMULATOR,
                address=address,
                provider_id=uuid.uuid4().hex,
                text=posted.text,
                received_at=service.clock(),
                kind=posted.kind,
                location=posted.location,
                language_hint=language,
            )
        )
        return Response(status_code=204, headers=SAFE_HEADERS)


def read(data: Mapping[str, Any], phones: live.Phones, address: str) -> Posted:
    """What a post asks for: a text, one of the choices on that phone, or a position. Raises `Refused`."""
    if "position" in data:
        return _position(data["position"])
    key = "choice" if "choice" in data else "text"
    value = data.get(key)
    if not isinstance(value, str):
        raise Refused("error_request")
    if key == "choice":
        offered = [choice for line in phones.history(address) for choice in line.choices if choice.value == value]
        if not offered:
            raise Refused("error_choice", 409)
        return Posted(InboundKind.BUTTON, value, offered[-1].label)
    text = value.encode("utf-8", "replace").decode()  # half of a surrogate pair cannot be stored or sent
    if not text.strip():
        raise Refused("error_empty")
    if len(text) > MAX_CHARACTERS:
        raise Refused("error_long", 413)
    return Posted(InboundKind.TEXT, text, text)


def _position(value: Any) -> Posted:
    numbers = value if isinstance(value, list) and len(value) == 2 else [None, None]
    latitude, longitude = (_number(number) for number in numbers)
    if abs(latitude) > 90:
        raise Refused("error_position")
    position = (latitude, longitude)
    name = next((place.name for place in PLACES if place.position == position), f"{latitude:.4f}, {longitude:.4f}")
    return Posted(InboundKind.LOCATION, "", f"📍 {name}", position)


def _number(value: Any) -> float:
    if (
        isinstance(value, int | float) and not isinstance(value, bool) and -180 <= value <= 180
    ):  # neither NaN nor infinity
        return float(value)
    raise Refused("error_position")


def _same_origin(request: Request) -> None:
    """The demonstration runs on localhost: no other page open in the browser may text on it."""
    origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
    if not host or origin not in (f"http://{host}", f"https://{host}"):
        raise Refused("error_origin", 403)


async def _json(request: Request) -> dict[str, Any]:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body.extend(chunk)
            if len(body) > MAX_BODY:
                raise Refused("error_long", 413)
        data = json.loads(body)
    except (ValueError, RecursionError, ClientDisconnect):
        raise Refused("error_request") from None
    if not isinstance(data, dict):
        raise Refused("error_request")
    return data


def _known_address(service: _Service, value: Any) -> str:
    if value in _texters() or any(_address(worker) == value for worker in _workers(service.content.organisation)):
        return str(value)
    raise Refused("error_phone", 404)


def _texters() -> list[str]:
    return [f"texter-{number}" for number in range(1, MAX_TEXTERS + 1)]


def _workers(organisation: Organisation) -> list[Worker]:
    """Workers who have a simulated phone."""
    return [worker for worker in organisation.workers.values() if ChannelName.SIMULATOR.value in worker.addresses]


def _address(worker: Worker) -> str:
    return worker.addresses[ChannelName.SIMULATOR.value]


def _clock(service: _Service, language: str) -> dict[str, Any]:
    """The service's time where the organisation is, and who is on call."""
    organisation, now = service.content.organisation, service.clock()
    local = now.astimezone(organisation.zone)
    on_call = organisation.on_call(now)
    locale = "fr_CA" if language == "fr" else "en_CA"
    return {
        "day": format_datetime(local, "EEE d MMM", locale=locale),
        "time": format_datetime(local, "HH:mm", locale=locale),
        "onCall": [worker.addresses.get(ChannelName.SIMULATOR.value, "") for worker in on_call],
        "names": ", ".join(worker.name for worker in on_call),
    }


def _language(request: Request) -> str:
    return "en" if request.query_params.get("lang") == "en" else "fr"


def _service(request: Request) -> _Service:
    return cast(_Service, request.app.state.service)


def _phones(service: _Service) -> live.Phones:
    return cast(live.Phones, service.channels[ChannelName.SIMULATOR])
