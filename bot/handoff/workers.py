"""The workers' side: what a worker's message does. Takes, relays, closes, or says why nothing was sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.handoff import codes, page, person, rows, sent
from bot.handoff.codes import Command
from bot.handoff.escalation import Policy
from bot.handoff.person import Person
from bot.handoff.post import Post
from bot.handoff.rows import HandoffRow
from bot.handoff.staff import Staff
from bot.handoff.state import OWNED, State
from bot.messages import Choice
from bot.organisation import Worker
from bot.store.alarms import close_alarm, raise_alarm
from bot.store.messages import count
from bot.store.vault import Vault

UNCODED_WAITS = timedelta(minutes=10)
"""An uncoded reply this soon after a change of owner may be meant for another conversation: its code is asked for."""

WORDS_BEFORE = timedelta(minutes=15)
"""What was written this long before the handoff opened is shown to whoever takes it."""

UNORDERED = frozenset({"sms"})
"""Channels on which a reply may arrive late and out of order."""

EXAMPLE = "A7"


class WorkerDesk:
    """Takes workers' messages, inside the caller's transaction."""

    def __init__(self, staff: Staff, policy: Policy, vault: Vault, post: Post) -> None:
        self._staff = staff
        self._policy = policy
        self._vault = vault
        self._post = post

    async def receive(
        self, conn: AsyncConnection, worker: Worker, channel: str, text: str, inbound_id: str, now: datetime
    ) -> None:
        """Do what a worker's message asks for."""
        desk = _Desk(self, conn, worker, channel, inbound_id, now)
        reply = codes.read(text)
        if reply.command is Command.CARRIER_WORD:
            await raise_alarm(conn, "worker_stopped", worker.id, now)  # their carrier may block our pages now
        elif reply.command is Command.HELP:
            await desk.say("help", codes=await desk.codes())
        elif reply.code is not None:
            await desk.coded(reply.command, reply.code, reply.words)
        elif reply.command is Command.CLOSE:
            await desk.say("close_which", example=await desk.example())
        else:
            await desk.uncoded(reply.words)

    async def close(
        self, conn: AsyncConnection, worker: Worker, handoff: HandoffRow, channel: str, inbound_id: str, now: datetime
    ) -> bool:
        """Close a conversation for its owner; False, and they are told why, when it is not theirs."""
        desk = _Desk(self, conn, worker, channel, inbound_id, now)
        row = await rows.get(conn, handoff.id, now, lock=True)
        return row is not None and await desk.close(row)


class _Desk:
    """One message of one worker."""

    def __init__(
        self, desk: WorkerDesk, conn: AsyncConnection, worker: Worker, channel: str, inbound_id: str, now: datetime
    ) -> None:
        self._staff = desk._staff
        self._policy = desk._policy
        self._vault = desk._vault
        self._post = desk._post
        self._conn = conn
        self._worker = worker
        self._channel = channel
        self._inbound_id = inbound_id
        self._now = now

    async def say(
        self, key: str, handoff: HandoffRow | None = None, choices: tuple[Choice, ...] = (), **values: str
    ) -> None:
        """Answer the worker where they wrote."""
        code = {"code": handoff.code} if handoff is not None else {}
        text = page.say(key, self._worker.language, **code, **values)
        await self._notice(self._worker, self._channel, text, key, handoff, choices=choices)

    async def coded(self, command: Command, code: str, words: str) -> None:
        """A message that begins with a code."""
        row = await rows.by_code(self._conn, code, self._now)
        if row is None:
            await self.say("unknown_code", code=code, codes=await self.codes())
        elif command is Command.TAKE:
            await self._take(row)
        elif command is Command.CLOSE:
            await self.close(row)
        else:
            await self._relay(row, words)

    async def uncoded(self, words: str) -> None:
        """Words alone go to the worker's only conversation, unless another one may be meant."""
        held = await rows.held_by(self._conn, self._worker.id, self._now)
        if not held:
            await self.say("nothing_yours", codes=await self.codes())
        elif len(held) > 1 or await self._may_mean_another(held[0]):
            await self.say("ask_code", example=held[0].code, codes=await self.codes())
        else:
            row = await rows.get(self._conn, held[0].id, self._now, lock=True)
            await self._relay(row or held[0], words)

    async def close(self, row: HandoffRow) -> bool:
        """End a conversation of this worker; both are told."""
        if not self._owns(row):
            await self._say_whose(row)
            return False
        await rows.close(self._conn, row.id, self._now)
        await self._calm(row)
        who = await person.find(self._conn, self._vault, row.contact_id)
        await self._post.card(self._conn, row, who, "handoff_closed", self._key(row, "closed"), self._now)
        await self.say("closed", row)
        return True

    async def codes(self) -> str:
        """A reminder of the codes this worker may use."""
        held = await rows.held_by(self._conn, self._worker.id, self._now)
        waiting = await rows.waiting_codes(self._conn)
        return page.codes(self._worker.language, [row.code for row in held], waiting)

    async def example(self) -> str:
        """A code to show how codes are written: one of theirs if they have any."""
        held = await rows.held_by(self._conn, self._worker.id, self._now)
        return held[0].code if held else EXAMPLE

    async def _take(self, row: HandoffRow) -> None:
        if row.state is State.CLOSED:
            await self.say("is_closed", row)
            return
        if self._owns(row):
            lease = self._now + self._policy.first_words
            await rows.keep(self._conn, row.id, self._worker.id, row.state, max(lease, row.lease_until or lease))
            await self.say("already_yours", row)
            return
        relay = self._staff.relay_channel_from(self._worker, self._channel)
        if relay is None:
            await self.say("no_relay", row, channel=page.channel_name(self._worker.language, self._channel))
            return
        lease = self._now + self._policy.first_words
        if not await rows.claim(self._conn, row.id, self._worker.id, self._now, lease):
            await self._say_whose(await rows.get(self._conn, row.id, self._now) or row)
            return
        await sent.cancel_pages(self._conn, row.id, self._now)
        await self._calm(row)
        await self._tell_owner(row, relay)
        await self._tell_others(row)
        await count(self._conn, "handoff", "taken", self._now)

    async def _tell_owner(self, row: HandoffRow, relay: str) -> None:
        """How to answer, what triage saw, what was written: on a channel that may carry it. The person is told too."""
        language = self._worker.language
        if relay != self._channel:
            await self.say("elsewhere", row, channel=page.channel_name(language, relay))
        who = await person.find(self._conn, self._vault, row.contact_id)
        words = await person.recent_words(self._conn, who, row.opened_at - WORDS_BEFORE) if who is not None else ()
        reasons = person.reasons_of(who, row) if who is not None else ()
        text = page.taken(language, row.code, row.urgency, row.language, row.danger, reasons, words)
        choices = (page.close_choice(language, row.code),)
        for number, piece in enumerate(page.pieces(text, relay)):
            await self._notice(self._worker, relay, piece, f"taken{number}", row, about=who, choices=choices)
        if not await self._post.card(self._conn, row, who, "handoff_taken", self._key(row, "taken"), self._now):
            await self.say("unreachable", row)

    async def _tell_others(self, row: HandoffRow) -> None:
        """Whoever was paged, or lost it, hears who has it now."""
        ids = dict.fromkeys(await sent.paged_workers(self._conn, row.id))
        if row.state in OWNED and row.owner is not None:
            ids[row.owner] = None
        ids.pop(self._worker.id, None)
        for worker, channel in await self._staff.reachable(self._conn, row, ids):
            text = page.say("was_taken", worker.language, code=row.code, name=self._worker.name)
            await self._notice(worker, channel, text, "was_taken", row)

    async def _relay(self, row: HandoffRow, words: str) -> None:
        """Carry words to the person. The first ones make the conversation active; all renew the lease."""
        if not self._owns(row):
            await self._say_whose(row)
            return
        lease = self._now + self._policy.silence
        await rows.keep(self._conn, row.id, self._worker.id, State.ACTIVE, lease)
        who = await person.find(self._conn, self._vault, row.contact_id)
        if who is None:
            await self.say("erased", row)
        elif not who.reachable:
            await self.say("unreachable", row)
        else:
            await self._post.words_to_person(self._conn, row, who, words, self._key(row, "words"), self._now)

    async def _say_whose(self, row: HandoffRow) -> None:
        """Why nothing was sent: it is closed, somebody else has it, or nobody took it."""
        owner = self._staff.worker(row.owner)
        if row.state is State.CLOSED:
            await self.say("is_closed", row)
        elif row.held and owner is not None:
            await self.say("has_it", row, name=owner.name)
        else:
            choices = (page.take_choice(self._worker.language, row.code),)
            await self.say("take_first", row, choices=choices)

    async def _may_mean_another(self, row: HandoffRow) -> bool:
        since = self._now - UNCODED_WAITS
        just_changed = row.owner_changed_at is not None and row.owner_changed_at > since
        if just_changed and self._channel in UNORDERED:
            return True
        return await sent.heard_elsewhere(self._conn, row.id, self._worker.id, since)

    def _owns(self, row: HandoffRow) -> bool:
        """Whether it is theirs: a lease that ran out still counts until somebody takes it or the escalation goes on."""
        return row.state in OWNED and row.owner == self._worker.id

    async def _calm(self, row: HandoffRow) -> None:
        for kind in ("handoff_unanswered", "handoff_nobody"):
            await close_alarm(self._conn, kind, row.id, self._now)

    async def _notice(
        self,
        worker: Worker,
        channel: str,
        text: str,
        what: str,
        handoff: HandoffRow | None,
        about: Person | None = None,
        choices: tuple[Choice, ...] = (),
    ) -> None:
        key = f"worker:{self._inbound_id}:{what}:{worker.id}"
        await self._post.notice(
            self._conn, worker.id, channel, text, key, self._now, handoff=handoff, about=about, choices=choices
        )

    def _key(self, row: HandoffRow, what: str) -> str:
        return f"{row.id}:{what}:{self._inbound_id}"
