"""The life of a handoff: opened, made worse, answered, ended. Rows and leases, in the caller's transaction.

Nothing here waits or sends: decisions come from the pure modules beside, texts go to the outbox under unique keys, and what
is due later is a moment in a row. A process killed at any point leaves either all of a step or nothing of it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.handoff import codes, page, person, rows
from bot.handoff.escalator import Escalator
from bot.handoff.person import Person
from bot.handoff.post import Post
from bot.handoff.rows import HandoffRow
from bot.handoff.staff import Staff
from bot.handoff.state import DANGERS, OWNED, WATCHED, State, is_worse
from bot.handoff.workers import WorkerDesk
from bot.organisation import Organisation, Worker
from bot.store.alarms import raise_alarm
from bot.store.contacts import Contact
from bot.store.messages import count, new_id
from bot.store.vault import Vault
from flows.cards import Card

WARN_AHEAD = timedelta(hours=24)
"""A gap in the rota raises an alarm this long before it begins."""

MOST_REASONS = 6


@dataclass(frozen=True, slots=True)
class Opened:
    """What `open` did. `paged`: a new page was queued; `new`: there was no handoff before."""

    handoff_id: str
    code: str
    state: str
    paged: bool
    new: bool


class Handoffs:
    """Opens, escalates and ends handoffs. Built once by `bootstrap`; `channels` are those that are configured."""

    def __init__(
        self,
        organisation: Organisation,
        vault: Vault,
        cards: Mapping[str, Card],
        channels: frozenset[str],
        random: Random | None = None,
    ) -> None:
        self._organisation = organisation
        self._policy = organisation.policy
        self._random = random or secrets.SystemRandom()
        self._post = Post(vault, cards)
        self._staff = Staff(organisation, channels)
        self._escalator = Escalator(self._staff, self._policy, vault, self._post)
        self._desk = WorkerDesk(self._staff, self._policy, vault, self._post)

    async def open(
        self,
        conn: AsyncConnection,
        contact: Contact,
        *,
        urgency: str,
        danger: str | None,
        reasons: Sequence[str],
        language: str,
        inbound_id: str | None,
        now: datetime,
    ) -> Opened:
        """Ask for a human. Pages when nobody was asked yet, when it got worse, or when nobody answered before."""
        who = Person.of(contact)
        row = await rows.latest_open(conn, contact.id, now, lock=True)
        if row is None:
            row = await self._insert(conn, who, urgency, danger, reasons, language, now)
            paged = await self._escalator.page_from(conn, row, who, 0, now)
            await count(conn, "handoff", f"opened:{urgency}", now)
            return await self._opened(conn, row, who, bool(paged), True, now)
        worse = is_worse(row.standing, urgency, danger)
        row = await self._strengthen(conn, row, who, worse, urgency, danger, reasons, now)
        paged = frozenset()
        if row.held:
            if worse:
                await self._warn_owner(conn, row, who, danger, inbound_id, now)
        elif row.state in OWNED:
            paged = await self._escalator.owner_lost(conn, row, who, now)
        elif row.state is State.UNANSWERED:
            paged = await self._escalator.page_from(
                conn, row, who, 0, now, round=row.round + 1, told_at=None, owner_changed_at=now
            )
        elif worse:
            paged = await self._escalator.page_from(conn, row, who, 0, now, round=row.round + 1)
        return await self._opened(conn, row, who, bool(paged), False, now)

    async def current(self, conn: AsyncConnection, contact_id: str, now: datetime) -> HandoffRow | None:
        """The contact's handoff that is not closed, or None."""
        return await rows.latest_open(conn, contact_id, now)

    async def state_for(self, conn: AsyncConnection, contact_id: str) -> str:
        """The state of the contact's latest handoff, or "none"."""
        return await rows.latest_state(conn, contact_id)

    async def latest(
        self, conn: AsyncConnection, contact_id: str, now: datetime
    ) -> tuple[HandoffRow | None, datetime | None]:
        """The contact's handoff that is not closed; or, when there is none, the moment the last one was closed."""
        return await rows.latest(conn, contact_id, now)

    async def from_texter(
        self, conn: AsyncConnection, contact: Contact, handoff: HandoffRow, text: str, inbound_id: str, now: datetime
    ) -> None:
        """Carry the person's words to the owner. The lease is the worker's to keep, so nothing is renewed here."""
        owner = self._staff.worker(handoff.owner)
        channel = await self._staff.relay_channel(conn, handoff, owner)
        if owner is None or channel is None:
            return  # the owner left the organisation, or lost the channel: the lease ends, and somebody else is paged
        key = f"{handoff.id}:texter:{inbound_id}"
        await self._post.words_to_worker(conn, handoff, Person.of(contact), owner.id, channel, text, key, now)

    async def alert_owner(
        self,
        conn: AsyncConnection,
        contact: Contact,
        handoff: HandoffRow,
        urgency: str,
        danger: str | None,
        inbound_id: str | None,
        now: datetime,
    ) -> None:
        """A new danger while a worker has the conversation: they are warned, once per danger. `open` does the same."""
        row = await rows.get(conn, handoff.id, now, lock=True)
        if row is not None and row.held and is_worse(row.standing, urgency, danger):
            who = Person.of(contact)
            row = await self._strengthen(conn, row, who, True, urgency, danger, (), now)
            await self._warn_owner(conn, row, who, danger, inbound_id, now)

    async def resolved(
        self, conn: AsyncConnection, contact: Contact, handoff: HandoffRow, inbound_id: str, now: datetime
    ) -> None:
        """The person writes that the danger is over: whoever has it, or was paged, is told. The handoff stays."""
        for worker, channel in await self._staff.concerned(conn, handoff):
            text = page.say("resolved", worker.language, code=handoff.code)
            key = f"{handoff.id}:resolved:{inbound_id}:{worker.id}"
            await self._post.notice(conn, worker.id, channel, text, key, now, handoff=handoff)

    async def erased(self, conn: AsyncConnection, contact_id: str, now: datetime) -> None:
        """The person erased everything: the handoff closes, and whoever has it, or was paged, is told."""
        row = await rows.latest_open(conn, contact_id, now, lock=True)
        if row is not None:
            await self._escalator.end_without_person(conn, row, now)

    async def from_worker(
        self,
        conn: AsyncConnection,
        worker: Worker,
        channel: str,
        text: str,
        button: str | None,
        inbound_id: str,
        now: datetime,
    ) -> None:
        """A worker wrote: take, relay, close, or say why nothing was sent."""
        await self._desk.receive(conn, worker, channel, button or text, inbound_id, now)

    async def close_by_worker(
        self, conn: AsyncConnection, worker: Worker, handoff: HandoffRow, channel: str, inbound_id: str, now: datetime
    ) -> bool:
        """Close a conversation for its owner; False, and they are told why, when it is not theirs."""
        return await self._desk.close(conn, worker, handoff, channel, inbound_id, now)

    async def advance(self, conn: AsyncConnection, now: datetime) -> int:
        """Do what is due: next steps, the truth to those who wait, leases that ended. Returns for how many handoffs."""
        return await self._escalator.advance(conn, now)

    async def next_due(self, conn: AsyncConnection) -> datetime | None:
        """When something is due next, or None."""
        return await rows.next_due(conn, self._policy.tell_after)

    async def look_ahead(self, conn: AsyncConnection, now: datetime) -> int:
        """Raise an alarm for each gap of the next hours and each worker no page reaches; returns how many are new."""
        raised = 0
        for gap in self._organisation.rota.gaps(now, now + WARN_AHEAD):
            begins = gap.start if gap.start > now else now.replace(hour=0, minute=0)  # one a day while it lasts
            raised += await raise_alarm(conn, "rota_gap", begins.isoformat(timespec="minutes"), now)
        for worker in self._organisation.workers.values():
            if not self._staff.channels & set(worker.addresses):
                raised += await raise_alarm(conn, "worker_unreachable", worker.id, now)
        return raised

    async def _insert(
        self,
        conn: AsyncConnection,
        who: Person,
        urgency: str,
        danger: str | None,
        reasons: Sequence[str],
        language: str,
        now: datetime,
    ) -> HandoffRow:
        values = {
            "id": new_id(),
            "contact_id": who.contact_id,
            "code": codes.choose(await rows.codes_in_use(conn, now), self._random),
            "state": State.REQUESTED.value,
            "urgency": urgency,
            "language": language,
            "danger": danger[:32] if danger else None,
            "reasons": _seal_reasons(who, reasons),
            "policy": self._policy.id,
            "step": 0,
            "round": 0,
            "opened_at": now,
        }
        await rows.insert(conn, values)
        return await rows.reread(conn, str(values["id"]), now)

    async def _strengthen(
        self,
        conn: AsyncConnection,
        row: HandoffRow,
        who: Person,
        worse: bool,
        urgency: str,
        danger: str | None,
        reasons: Sequence[str],
        now: datetime,
    ) -> HandoffRow:
        """Write down what is known now. Urgency never goes down."""
        known = [*dict.fromkeys([*reasons, *person.reasons_of(who, row)])]
        await rows.change(
            conn,
            row.id,
            urgency="emergency" if "emergency" in (urgency, row.urgency) else row.urgency,
            danger=danger[:32] if danger and (worse or row.danger is None) else row.danger,
            reasons=_seal_reasons(who, known),
        )
        return await rows.reread(conn, row.id, now)

    async def _opened(
        self, conn: AsyncConnection, row: HandoffRow, who: Person, paged: bool, new: bool, now: datetime
    ) -> Opened:
        """What was done. In a gap of the rota the flows cannot say that somebody was paged all the same: it is said here."""
        row = await rows.reread(conn, row.id, now)
        if paged and row.danger in DANGERS - WATCHED and not self._organisation.on_call(now):
            await self._post.card(conn, row, who, "handoff_requested", f"{row.id}:requested:{row.round}", now)
        return Opened(row.id, row.code, row.state.value, paged, new)

    async def _warn_owner(
        self,
        conn: AsyncConnection,
        row: HandoffRow,
        who: Person,
        danger: str | None,
        inbound_id: str | None,
        now: datetime,
    ) -> None:
        owner = self._staff.worker(row.owner)
        channel = await self._staff.relay_channel(conn, row, owner)
        if owner is not None and channel is not None:
            text = page.new_danger(owner.language, row.code, row.urgency, danger)
            key = f"{row.id}:danger:{inbound_id or now.isoformat()}"
            await self._post.notice(conn, owner.id, channel, text, key, now, handoff=row, about=who)


def _seal_reasons(who: Person, reasons: Sequence[str]) -> bytes | None:
    """What triage saw is health data: sealed under the person's own key."""
    kept = list(reasons)[:MOST_REASONS]
    return who.key.seal("reasons", json.dumps(kept)) if kept else None
