"""A small world for the outbox: a texter, two workers, a provider that does as it is told."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from bot.messages import ChannelName, DeliveryStatus, Outbound, Receipt, SendError
from bot.metrics import Metrics
from bot.outbox import Outbox
from bot.store import contacts, messages, tables
from bot.store.contacts import Contact
from bot.store.database import Database
from bot.store.vault import Vault

START = datetime(2026, 1, 16, 19, 0, tzinfo=UTC)
TEXTER = "+15145550123"
MARIE = "+15145550190"
_keys = itertools.count()


@dataclass
class Worker:
    """A worker as the outbox sees one."""

    language: str
    addresses: Mapping[str, str]


@dataclass
class Workers:
    """The organisation as the outbox sees it."""

    workers: Mapping[str, Worker]


@dataclass
class Provider:
    """A channel that keeps what it was given. `plan` says how the next sends fail; `listed`, what a look-up finds."""

    name: ChannelName
    plan: list[SendError | Exception | None] = field(default_factory=list)
    sent: list[Outbound] = field(default_factory=list)
    listed: bool = False
    redacts: bool = True
    redacted: list[str] = field(default_factory=list)
    during_send: Callable[[Outbound], Any] | None = None

    async def send(self, message: Outbound) -> Receipt:
        problem = self.plan.pop(0) if self.plan else None
        if self.during_send is not None:
            await self.during_send(message)
        if problem is not None:
            raise problem
        self.sent.append(message)
        return Receipt(f"P{len(self.sent)}-{message.id}")

    async def find(self, message: Outbound, since: datetime) -> Receipt | None:
        matches = [n for n, each in enumerate(self.sent, start=1) if each.text == message.text]
        return Receipt(f"P{matches[0]}-{self.sent[matches[0] - 1].id}") if self.listed and matches else None

    async def redact(self, provider_id: str) -> bool:
        if self.redacts:
            self.redacted.append(provider_id)
        return self.redacts

    async def close(self) -> None:
        pass

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.sent]


@dataclass
class World:
    """Everything a test of the outbox needs, on a clock it moves."""

    database: Database
    vault: Vault
    now: datetime = START
    sms: Provider = field(default_factory=lambda: Provider(ChannelName.SMS))
    telegram: Provider = field(default_factory=lambda: Provider(ChannelName.TELEGRAM))
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self.workers = Workers(
            {"marie": Worker("fr", {"sms": MARIE}), "sam": Worker("en", {"sms": "+15145550191", "telegram": "99"})}
        )
        self.outbox = self.new_outbox()

    def new_outbox(self) -> Outbox:
        """Another process' outbox on the same database."""
        channels = {ChannelName.SMS: self.sms, ChannelName.TELEGRAM: self.telegram}
        return Outbox(self.database, self.vault, channels, self.workers, self.metrics, random.Random(1))

    async def contact(self, address: str = TEXTER, channel: str = "sms") -> Contact:
        async with self.database.begin() as conn:
            return await contacts.find_or_create(conn, self.vault, channel, address, self.now)

    async def queue(self, text: str, contact: Contact | None = None, **options: Any) -> str:
        draft = messages.Draft(
            key=f"test:{next(_keys)}",
            kind=options.pop("kind", "reply"),
            channel=options.pop("channel", "sms"),
            text=text,
            contact_id=None if contact is None else contact.id,
        )
        draft = replace(draft, **options)
        async with self.database.begin() as conn:
            queued = await messages.queue(conn, self.vault, None if contact is None else contact.key, draft, self.now)
        assert queued is not None
        return queued

    async def run(self) -> int:
        return await self.outbox.run_due(self.now)

    async def later(self, seconds: float) -> int:
        self.now += timedelta(seconds=seconds)
        return await self.run()

    async def row(self, message_id: str) -> Any:
        async with self.database.read() as conn:
            return (await conn.execute(select(tables.outbox).where(tables.outbox.c.id == message_id))).mappings().one()

    async def rows(self, table: Any) -> list[Any]:
        async with self.database.read() as conn:
            return list((await conn.execute(select(table))).mappings().all())

    async def change(self, message_id: str, **values: Any) -> None:
        async with self.database.begin() as conn:
            await conn.execute(update(tables.outbox).where(tables.outbox.c.id == message_id).values(**values))

    async def handoff(self, contact: Contact, owner: str | None = None, state: str = "active") -> str:
        handoff_id = messages.new_id()
        async with self.database.begin() as conn:
            await conn.execute(
                tables.handoff.insert().values(
                    id=handoff_id,
                    contact_id=contact.id,
                    code="A7",
                    state=state,
                    urgency="emergency",
                    language="fr",
                    policy="nights",
                    step=0,
                    round=0,
                    owner=owner,
                    opened_at=self.now,
                )
            )
        return handoff_id

    async def status(self, message_id: str, status: DeliveryStatus, code: str | None = None) -> bool:
        return await self.outbox.status(message_id, "", status, code, self.now)
