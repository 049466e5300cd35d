"""The escalation under way: who is paged now, what is due, what the person is told when nobody comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.handoff import escalation, page, person, rows, sent
from bot.handoff.escalation import Policy
from bot.handoff.person import Person
from bot.handoff.post import Post
from bot.handoff.rows import HandoffRow
from bot.handoff.staff import Staff
from bot.handoff.state import Due, State, due
from bot.store.alarms import close_alarm, raise_alarm
from bot.store.messages import count
from bot.store.vault import Vault

UNANSWERED_CLOSES = timedelta(hours=24)
"""An unanswered handoff closes this long after the last page, so that what is kept of it can be forgotten."""


class Escalator:
    """Pages, and tells the truth when nobody answers. Every row it is given is locked by the caller's transaction."""

    def __init__(self, staff: Staff, policy: Policy, vault: Vault, post: Post) -> None:
        self._staff = staff
        self._policy = policy
        self._vault = vault
        self._post = post

    async def page_from(
        self,
        conn: AsyncConnection,
        row: HandoffRow,
        who: Person,
        start: int,
        now: datetime,
        *,
        round: int | None = None,
        state: State = State.PAGED,
        without: str | None = None,
        **changes: Any,
    ) -> frozenset[str]:
        """Page the first step that reaches somebody, from `start` on, and set when the next is due.

        Returns the workers paged. When no step reaches anybody, the person is told at once. `without` is left out as
        long as there is somebody else. `changes` are written into the row with the rest.
        """
        number = row.round if round is None else round
        found = self._first_staffed(start, now, without) or self._first_staffed(start, now, None)
        if found is None:
            await self._nobody(conn, row, who, start, now, {"round": number} | changes)
            return frozenset()
        position, reached = found
        paged = set()
        for worker_id, channel in reached.items():
            worker = self._staff.worker(worker_id)
            key = f"{row.id}:page:{number}:{position}:{worker_id}"
            if worker is not None and await self._post.page(conn, row, worker_id, channel, worker.language, key, now):
                paged.add(worker_id)
        due_at = now + self._policy.step(position).wait
        await rows.change(conn, row.id, state=state.value, step=position, round=number, due_at=due_at, **changes)
        return frozenset(paged)

    def _first_staffed(self, start: int, now: datetime, without: str | None) -> tuple[int, dict[str, str]] | None:
        return escalation.first_staffed(self._policy, start, lambda step: self._staff.reached(step, now, without))

    async def advance(self, conn: AsyncConnection, now: datetime) -> int:
        """Do what is due for every handoff; returns for how many something was done."""
        due_rows = await rows.due(conn, now, self._policy.tell_after)
        for row in due_rows:
            who = await person.find(conn, self._vault, row.contact_id)
            if who is None:
                await self.end_without_person(conn, row, now)
                continue
            what = due(row.standing, now, self._policy.tell_after)
            if what is Due.OWNER_LOST:
                await self.owner_lost(conn, row, who, now)
            elif what is Due.TELL:
                await self._tell_unanswered(conn, row, who, now)
            elif what is Due.NEXT_STEP:
                await self._next_step(conn, row, who, now)
        return len(due_rows)

    async def owner_lost(self, conn: AsyncConnection, row: HandoffRow, who: Person, now: datetime) -> frozenset[str]:
        """A silent owner loses the conversation: the escalation goes on, the person and the owner are told."""
        number = row.round + 1
        key = f"{row.id}:lost:{number}"
        told = await self._post.card(conn, row, who, "handoff_owner_lost", key, now)
        paged = await self.page_from(
            conn,
            row,
            who,
            min(row.step + 1, self._policy.last),
            now,
            round=number,
            without=row.owner,
            owner=None,
            lease_until=None,
            owner_changed_at=now,
            told_at=None,
        )
        if not told:
            await self._say_unreachable(conn, row, key, now, without=row.owner)
        if row.owner not in paged:
            for worker, channel in await self._staff.reachable(conn, row, [row.owner]):
                text = page.say("lost", worker.language, code=row.code)
                choices = (page.take_choice(worker.language, row.code),)
                await self._post.notice(
                    conn, worker.id, channel, text, f"{key}:owner", now, handoff=row, choices=choices
                )
        return paged

    async def end_without_person(self, conn: AsyncConnection, row: HandoffRow, now: datetime) -> None:
        """The person was forgotten: nobody can be answered any more, and whoever was concerned hears it."""
        await sent.cancel_pages(conn, row.id, now)
        for worker, channel in await self._staff.concerned(conn, row):
            text = page.say("erased", worker.language, code=row.code)
            await self._post.notice(conn, worker.id, channel, text, f"{row.id}:erased:{worker.id}", now, handoff=row)
        await self._close(conn, row, now)

    async def _next_step(self, conn: AsyncConnection, row: HandoffRow, who: Person, now: datetime) -> None:
        position = row.step + 1
        if position > self._policy.end:
            await self._close(conn, row, now)
        elif position == self._policy.end:
            await self._end_of_policy(conn, row, who, now)
        else:
            if row.state is State.UNANSWERED and row.told_at is None:
                await self._tell_unanswered(conn, row, who, now)  # they can perhaps be reached by now
            await self.page_from(conn, row, who, position, now, state=row.state)

    async def _tell_unanswered(self, conn: AsyncConnection, row: HandoffRow, who: Person, now: datetime) -> None:
        """The truth: nobody has answered, and others are being called."""
        if row.due_at is not None and row.due_at <= now and row.step + 1 == self._policy.end:
            await self._end_of_policy(
                conn, row, who, now
            )  # at this very moment nobody is called any more: say that alone
        else:
            await self._say_unanswered(conn, row, who, "handoff_unanswered", now)

    async def _end_of_policy(self, conn: AsyncConnection, row: HandoffRow, who: Person, now: datetime) -> None:
        """The truth: nobody could answer, and nobody is called any more."""
        await self._say_unanswered(conn, row, who, "handoff_still_unanswered", now)
        await rows.change(conn, row.id, step=self._policy.end, due_at=now + UNANSWERED_CLOSES)

    async def _say_unanswered(
        self, conn: AsyncConnection, row: HandoffRow, who: Person, card_id: str, now: datetime
    ) -> None:
        """Somebody who cannot be reached was not told: the workers are told instead."""
        key = f"{row.id}:{card_id}:{row.round}"
        told = await self._post.card(conn, row, who, card_id, key, now)
        if not told:
            await self._say_unreachable(conn, row, key, now)
        if row.state is not State.UNANSWERED:
            await count(conn, "handoff", "unanswered", now)
        await rows.change(conn, row.id, state=State.UNANSWERED.value, told_at=now if told else row.told_at)
        await raise_alarm(conn, "handoff_unanswered", row.id, now)

    async def _nobody(
        self,
        conn: AsyncConnection,
        row: HandoffRow,
        who: Person,
        start: int,
        now: datetime,
        changes: dict[str, Any],
    ) -> None:
        """No step reaches anybody now: the person hears it at once, and it is tried again later."""
        told = changes.get("told_at", row.told_at)
        key = f"{row.id}:nobody:{changes['round']}"
        if told is None and await self._post.card(conn, row, who, "handoff_requested_nobody", key, now):
            told = now
        position = max(start, self._policy.last)
        values = changes | {"state": State.UNANSWERED.value, "told_at": told, "step": position}
        await rows.change(conn, row.id, due_at=now + self._policy.step(position).wait, **values)
        await raise_alarm(conn, "handoff_nobody", row.id, now)

    async def _say_unreachable(
        self, conn: AsyncConnection, row: HandoffRow, key: str, now: datetime, without: str | None = None
    ) -> None:
        """Those who were paged hear what the person could not be told."""
        ids = [worker for worker in await sent.paged_workers(conn, row.id) if worker != without]
        for worker, channel in await self._staff.reachable(conn, row, ids):
            text = page.say("unreachable_unanswered", worker.language, code=row.code)
            choices = (page.take_choice(worker.language, row.code),)
            await self._post.notice(
                conn, worker.id, channel, text, f"{key}:{worker.id}", now, handoff=row, choices=choices
            )

    async def _close(self, conn: AsyncConnection, row: HandoffRow, now: datetime) -> None:
        await rows.close(conn, row.id, now)
        for kind in ("handoff_unanswered", "handoff_nobody"):
            await close_alarm(conn, kind, row.id, now)
