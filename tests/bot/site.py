"""The real application with fake providers: what the tests of the web drive, in process and on the real clock."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from bot import bootstrap
from bot.app import create_app
from bot.bootstrap import Content, Service
from bot.settings import Settings, load
from bot.store import tables
from tests.fakes.telegram_server import TOKEN as BOT_TOKEN
from tests.fakes.telegram_server import TelegramServer
from tests.fakes.twilio_server import ACCOUNT, NUMBER, TOKEN, TwilioServer

PUBLIC = "https://line.example.org"
SECRET = "only-telegram-knows"
HERE = ("127.0.0.1", 50_000)
ELSEWHERE = ("203.0.113.7", 50_000)
PATIENCE = 60.0
"""Seconds to wait for what the worker loop does: a fast machine never waits."""

_sids = count(1)


def new_sid() -> str:
    """A provider id nobody used."""
    return f"SM{next(_sids):032d}"


def settings_for(state: Path, twilio: TwilioServer, telegram: TelegramServer | None = None, **more: str) -> Settings:
    """The demonstration with fake providers."""
    return load(environment_for(state, twilio, telegram, **more))


def environment_for(
    state: Path, twilio: TwilioServer, telegram: TelegramServer | None = None, **more: str
) -> dict[str, str]:
    """The same as environment variables."""
    given = {
        "state": str(state),
        "public_url": PUBLIC,
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": TOKEN,
        "twilio_number": NUMBER,
        "twilio_api_base": twilio.url,
    }
    if telegram is not None:
        given |= {"telegram_token": BOT_TOKEN, "telegram_secret": SECRET, "telegram_api_base": telegram.url}
    return {f"PASSERELLE_{name.upper()}": value for name, value in (given | more).items()}


@dataclass
class Site:
    """The application, started."""

    service: Service
    client: httpx.AsyncClient
    twilio: TwilioServer

    async def text(self, sender: str, body: str, **fields: str) -> tuple[httpx.Response, list[dict[str, Any]]]:
        """A signed text; the response, and the messages Twilio makes of it."""
        fields = {"sid": new_sid()} | fields
        return await self.twilio.text(self.client, f"{PUBLIC}/sms/twilio", sender, body, **fields)

    def sent_to(self, number: str) -> list[str]:
        """Texts handed to Twilio's API for a number, in order; not what rode on a response."""
        return [
            each["body"]
            for each in self.twilio.messages
            if each["to"] == number and each["direction"] == "outbound-api"
        ]

    async def count(self, table: Any) -> int:
        """How many rows a table holds."""
        async with self.service.database.read() as conn:
            return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())

    async def stored(self) -> dict[str, int]:
        """How many rows each table of messages holds."""
        return {
            each.name: await self.count(each)
            for each in (tables.inbound, tables.contact, tables.outbox, tables.handoff)
        }

    async def metrics(self) -> str:
        """What `/metrics` says."""
        return (await self.client.get("/metrics")).text


@contextlib.asynccontextmanager
async def opened(
    settings: Settings,
    content: Content,
    twilio: TwilioServer,
    monkeypatch: pytest.MonkeyPatch,
    *,
    work: bool = True,
    address: tuple[str, int] = HERE,
) -> AsyncIterator[Site]:
    """The application on these settings, over files read once for the whole session."""
    monkeypatch.setattr(bootstrap, "load_content", lambda _settings: content)
    app = create_app(settings, work=work)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=address)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
            yield Site(app.state.service, client, twilio)


async def until(happened: Callable[[], Any], what: str) -> Any:
    """Wait until something gives a true value, and give it."""
    limit = time.monotonic() + PATIENCE
    while not (found := happened()):
        assert time.monotonic() < limit, f"never happened: {what}"
        await asyncio.sleep(0.02)
    return found
