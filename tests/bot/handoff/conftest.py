"""A small organisation, its handoffs over a real database, and what was queued, opened again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from bot import organisation
from bot.handoff.lifecycle import Handoffs, Opened
from bot.handoff.rows import HandoffRow
from bot.organisation import Organisation
from bot.store import contacts, messages, tables
from bot.store.contacts import Contact
from bot.store.database import Database
from bot.store.vault import Vault
from flows.cards import load_cards

CARDS = Path(__file__).parents[3] / "flows" / "cards"
NOON = datetime(2026, 1, 16, 17, 0, tzinfo=UTC)
TEXTER = "+15145550123"

FILE = """
name: {fr: Organisme d'essai, en: Test organisation}
relay: {channels: [sms, telegram]}
workers:
  ana: {name: Ana, language: fr, addresses: {telegram: "101", sms: "+15145550101"}}
  bob: {name: Bob, language: en, addresses: {sms: "+15145550102"}}
  cleo: {name: Cléo, language: fr, addresses: {telegram: "103"}}
on_call:
  table: [{days: all, from: "08:00", to: "20:00", workers: [ana]}]
escalation:
  steps:
    - {who: on_call, by: [telegram, sms], minutes: 4}
    - {who: everyone, by: [telegram, sms], minutes: 5}
  repeat_last: 1
"""


@dataclass(frozen=True)
class Sent:
    """One queued message, opened."""

    to: str  # a worker's id, or "texter"
    kind: str
    channel: str
    text: str = field(repr=True)
    status: str
    choices: tuple[str, ...]


@dataclass
class Desk:
    """Handoffs over a database, a clock that goes on when told to, and one or several texters."""

    database: Database
    vault: Vault
    organisation: Organisation
    handoffs: Handoffs
    now: datetime = NOON
    messages: int = 0

    def later(self, **delta: float) -> datetime:
        """Let time go by."""
        self.now += timedelta(**delta)
        return self.now

    async def contact(self, address: str = TEXTER) -> Contact:
        """The contact of an address."""
        async with self.database.begin() as conn:
            return await contacts.find_or_create(conn, self.vault, "sms", address, self.now)

    async def ask(
        self,
        urgency: str = "emergency",
        danger: str | None = "overdose_now",
        *,
        address: str = TEXTER,
        text: str = "mon chum est bleu",
        language: str = "fr",
    ) -> Opened:
        """A texter writes something for which a human is needed."""
        async with self.database.begin() as conn:
            contact = await contacts.find_or_create(conn, self.vault, "sms", address, self.now)
            inbound_id = await self._record(conn)
            await messages.attach_inbound(conn, inbound_id, contact.id, contact.key, {"text": text, "kind": "text"})
            return await self.handoffs.open(
                conn,
                contact,
                urgency=urgency,
                danger=danger,
                reasons=("ne respire pas",),
                language=language,
                inbound_id=inbound_id,
                now=self.now,
            )

    async def texter_writes(self, text: str, address: str = TEXTER) -> None:
        """The texter writes while a worker may have the conversation."""
        async with self.database.begin() as conn:
            contact = await contacts.find_or_create(conn, self.vault, "sms", address, self.now)
            handoff = await self.handoffs.current(conn, contact.id, self.now)
            assert handoff is not None
            assert handoff.held
            inbound_id = await self._record(conn)
            await self.handoffs.from_texter(conn, contact, handoff, text, inbound_id, self.now)

    async def worker(self, worker_id: str, text: str, channel: str | None = None) -> None:
        """A worker writes."""
        worker = self.organisation.workers[worker_id]
        async with self.database.begin() as conn:
            inbound_id = await self._record(conn)
            await self.handoffs.from_worker(
                conn, worker, channel or next(iter(worker.addresses)), text, None, inbound_id, self.now
            )

    async def advance(self) -> int:
        """Do what is due now."""
        async with self.database.begin() as conn:
            return await self.handoffs.advance(conn, self.now)

    async def run_until(self, moment: datetime) -> None:
        """Let the clock go on, doing what is due at its own moment."""
        while True:
            async with self.database.read() as conn:
                due = await self.handoffs.next_due(conn)
            if due is None or due > moment:
                break
            self.now = max(self.now, due)
            assert await self.advance() > 0, "something was said to be due, and nothing was done"
        self.now = moment
        assert await self.advance() == 0

    async def handoff(self, address: str = TEXTER) -> HandoffRow | None:
        """The texter's handoff that is not closed."""
        contact = await self.contact(address)
        async with self.database.read() as conn:
            return await self.handoffs.current(conn, contact.id, self.now)

    async def state(self, address: str = TEXTER) -> str:
        """The state that is reported for a texter."""
        contact = await self.contact(address)
        async with self.database.read() as conn:
            return await self.handoffs.state_for(conn, contact.id)

    async def block(self, address: str = TEXTER, unreachable: bool = True) -> None:
        """The carrier stands between us and the texter, or no longer does."""
        contact = await self.contact(address)
        async with self.database.begin() as conn:
            await contacts.set_unreachable(conn, contact.id, unreachable)

    async def take_out(self) -> list[Sent]:
        """Everything queued since the last call, oldest first; it counts as sent."""
        found = []
        async with self.database.begin() as conn:
            query = select(tables.outbox).where(tables.outbox.c.status.in_(["queued", "cancelled"]))
            order = (tables.outbox.c.created_at, tables.outbox.c.position, tables.outbox.c.key)
            for row in (await conn.execute(query.order_by(*order))).mappings().all():
                found.append(await self._open(conn, row))
                if row["status"] == "queued":
                    where = tables.outbox.c.id == row["id"]
                    await conn.execute(tables.outbox.update().where(where).values(status="handed_over"))
        return [sent for sent in found if sent.status == "queued"]

    async def _open(self, conn: Any, row: Any) -> Sent:
        key = await contacts.key_of(conn, self.vault, row["contact_id"]) if row["contact_id"] else None
        body = messages.open_body(self.vault, key, row["body"]) if row["body"] else messages.Body("")
        choices = tuple(choice.value for choice in body.choices)
        return Sent(row["worker"] or "texter", row["kind"], row["channel"], body.text, row["status"], choices)

    async def _record(self, conn: Any) -> str:
        self.messages += 1
        found = await messages.record_inbound(conn, self.vault, "sms", f"m{self.messages}", "text", self.now)
        assert found is not None
        return found


@pytest.fixture
def write_organisation(tmp_path: Path) -> Callable[[str], Path]:
    """Writes an organisation's folder."""

    def write(text: str) -> Path:
        folder = tmp_path / "organisation"
        folder.mkdir(exist_ok=True)
        (folder / "organisation.yml").write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def place(write_organisation: Callable[[str], Path]) -> Organisation:
    """The small organisation."""
    return organisation.load(write_organisation(FILE))


@pytest.fixture
def make_desk(database: Database, vault: Vault) -> Callable[..., Desk]:
    """A desk over any organisation and set of channels."""

    def make(place: Organisation, channels: frozenset[str] = frozenset({"sms", "telegram"})) -> Desk:
        handoffs = Handoffs(place, vault, load_cards([CARDS]), channels=channels, random=Random(7))
        return Desk(database, vault, place, handoffs)

    return make


@pytest.fixture
def desk(make_desk: Callable[..., Desk], place: Organisation) -> Desk:
    """The small organisation's desk, with SMS and Telegram."""
    return make_desk(place)
