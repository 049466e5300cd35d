"""A Telegram Bot API that lives on loopback: sending, webhooks, polling, and its faults."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.loopback import Loopback

TOKEN = "123456:AAfakefakefakefakefakefakefakefake-x"
NESTED = frozenset({"reply_markup", "allowed_updates", "message_ids", "commands"})
BOT = {"id": 123456, "is_bot": True, "first_name": "B", "username": "b_bot"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next call of a method instead of its answer. `accepted`: it is carried out all the same."""

    method: str = "sendmessage"
    status: int = 500
    description: str = "Internal Server Error"
    parameters: Mapping[str, int] | None = None
    html: bool = False
    hang: float = 0.0
    accepted: bool = False


class TelegramServer:
    """The fake. Use it in a `with telegram.running():`."""

    def __init__(self, token: str = TOKEN) -> None:
        self.url = ""
        self.token = token
        self.reset()

    def reset(self) -> None:
        """As it was at first, for the next test: starting a server costs more than most tests."""
        self.sent: list[dict[str, Any]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.faults: deque[Fault] = deque()
        self.updates: list[dict[str, Any]] = []
        self.redelivered = False
        self.blocked: set[int] = set()
        self.unknown_chats: set[int] = set()
        self.refuse_markup = False
        self.refused_texts: set[str] = set()
        self.deleted: list[int] = []
        self.stale_queries: set[str] = set()
        self.webhook: dict[str, Any] = {"url": ""}
        self.last_error: str | None = None
        self.other_poller = False
        self.commands: dict[str, list[dict[str, str]]] = {}
        self._count = 10

    @contextlib.contextmanager
    def running(self) -> Iterator[TelegramServer]:
        """Serve while the `with` lasts."""
        with Loopback(Starlette(routes=[Route("/bot{token}/{method}", self._call, methods=["GET", "POST"])])) as server:
            self.url = server.url
            yield self

    def called(self, method: str) -> list[dict[str, Any]]:
        """Parameters of each call of a method."""
        return [parameters for name, parameters in self.calls if name == method.lower()]

    async def _call(self, request: Request) -> Response:
        method = request.path_params["method"].lower()
        if request.path_params["token"] != self.token:
            return failed(401, "Unauthorized")
        parameters = await _parameters(request)
        self.calls.append((method, parameters))
        fault = next((each for each in self.faults if each.method == method), None)
        if fault is not None:
            self.faults.remove(fault)
            if fault.accepted:
                await self._carry_out(method, parameters)
            if fault.hang:
                await asyncio.sleep(fault.hang)
            if fault.html:
                return Response("<html>Bad Gateway</html>", fault.status, media_type="text/html")
            return failed(fault.status, fault.description, fault.parameters)
        return await self._carry_out(method, parameters)

    async def _carry_out(self, method: str, parameters: dict[str, Any]) -> Response:
        handler = getattr(self, f"_{method}", None)
        return failed(404, "Not Found") if handler is None else await handler(parameters)

    async def _getme(self, parameters: dict[str, Any]) -> Response:
        return done(BOT | {"can_join_groups": False, "can_read_all_group_messages": False})

    async def _sendmessage(self, parameters: dict[str, Any]) -> Response:
        chat, text = int(parameters["chat_id"]), str(parameters.get("text", ""))
        refusal = self._refusal(chat)
        if refusal is not None:
            return refusal
        if not text.strip():
            return failed(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4096:
            return failed(400, "Bad Request: message is too long")
        markup = parameters.get("reply_markup") or {}
        if text in self.refused_texts or (self.refuse_markup and "inline_keyboard" in markup):
            return failed(400, "Bad Request: BUTTON_DATA_INVALID")
        for row in markup.get("inline_keyboard", []):
            if any(not 0 < len(button["callback_data"].encode()) <= 64 for button in row):
                return failed(400, "Bad Request: BUTTON_DATA_INVALID")
        self._count += 1
        self.sent.append({"message_id": self._count, "chat_id": chat, "text": text, "reply_markup": markup})
        message = {
            "message_id": self._count,
            "from": BOT,
            "chat": {"id": chat, "first_name": "Zoé", "type": "private"},
            "date": 1764000120,
            "text": text,
        }
        return done(message)

    async def _sendchataction(self, parameters: dict[str, Any]) -> Response:
        return self._refusal(int(parameters["chat_id"])) or done(True)

    async def _deletemessages(self, parameters: dict[str, Any]) -> Response:
        self.deleted.extend(parameters["message_ids"])
        return done(True)

    async def _answercallbackquery(self, parameters: dict[str, Any]) -> Response:
        if parameters["callback_query_id"] in self.stale_queries:
            return failed(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        return done(True)

    async def _getupdates(self, parameters: dict[str, Any]) -> Response:
        if self.webhook["url"]:
            return failed(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook")
        if self.other_poller:
            return failed(409, "Conflict: terminated by other getUpdates request")
        offset = int(parameters.get("offset", 0))
        if not self.redelivered:
            self.updates = [update for update in self.updates if update["update_id"] >= offset]
        if not self.updates:
            await asyncio.sleep(0.02)
        return done(self.updates[: int(parameters.get("limit", 100))])

    async def _setwebhook(self, parameters: dict[str, Any]) -> Response:
        self.webhook = {
            "url": parameters.get("url", ""),
            "secret_token": parameters.get("secret_token", ""),
            "allowed_updates": parameters.get("allowed_updates", []),
        }
        return done(True)

    async def _deletewebhook(self, parameters: dict[str, Any]) -> Response:
        self.webhook = {"url": ""}
        return done(True)

    async def _getwebhookinfo(self, parameters: dict[str, Any]) -> Response:
        info = {
            "url": self.webhook["url"],
            "has_custom_certificate": False,
            "pending_update_count": len(self.updates),
            "allowed_updates": self.webhook.get("allowed_updates", []),
        }
        if self.last_error is not None:
            info |= {"last_error_date": 1764000000, "last_error_message": self.last_error}
        return done(info)

    async def _setmycommands(self, parameters: dict[str, Any]) -> Response:
        self.commands[parameters.get("language_code", "")] = parameters["commands"]
        return done(True)

    def _refusal(self, chat: int) -> Response | None:
        if chat in self.blocked:
            return failed(403, "Forbidden: bot was blocked by the user")
        if chat in self.unknown_chats:
            return failed(400, "Bad Request: chat not found")
        return None


async def _parameters(request: Request) -> dict[str, Any]:
    """Parameters however they come; nested ones arrive as JSON text."""
    if request.headers.get("content-type", "").startswith("application/json"):
        return dict(await request.json())
    pairs = [*request.query_params.multi_items(), *parse_qsl((await request.body()).decode(), keep_blank_values=True)]
    return {name: json.loads(value) if name in NESTED else value for name, value in pairs}


def done(result: Any) -> Response:
    """A success as Telegram words it."""
    return JSONResponse({"ok": True, "result": result})


def failed(status: int, description: str, parameters: Mapping[str, int] | None = None) -> Response:
    """A refusal as Telegram words it."""
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = dict(parameters)
    return JSONResponse(body, status)
