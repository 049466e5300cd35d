"""Workers as a handoff sees them: who they are, and on which channel they are written to about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.handoff import sent
from bot.handoff.escalation import Step
from bot.handoff.rows import HandoffRow
from bot.organisation import Organisation, Worker


@dataclass(frozen=True, slots=True)
class Staff:
    """The organisation's workers, over the channels that are configured."""

    organisation: Organisation
    channels: frozenset[str]

    def worker(self, worker_id: str | None) -> Worker | None:
        """A worker, or None when there is none or they left."""
        return self.organisation.workers.get(worker_id or "")

    def reached(self, step: Step, now: datetime, without: str | None = None) -> dict[str, str]:
        """Whom a step reaches: worker id to channel."""
        reached = self.organisation.reached(step, now, self.channels)
        return {worker: channel for worker, channel in reached.items() if worker != without}

    def relay_channel_from(self, worker: Worker, preferred: str | None) -> str | None:
        """The channel on which a person's words may reach this worker: the preferred one if it may carry them."""
        return self._choose(worker, worker.may_relay, preferred)

    async def relay_channel(self, conn: AsyncConnection, handoff: HandoffRow, worker: Worker | None) -> str | None:
        """The same for a conversation under way: where the worker last was, if that channel may carry words."""
        if worker is None:
            return None
        return self.relay_channel_from(worker, await sent.last_channel(conn, handoff.id, worker.id))

    async def reply_channel(self, conn: AsyncConnection, handoff: HandoffRow, worker: Worker | None) -> str | None:
        """Where a worker is told something that carries no words of the person."""
        if worker is None:
            return None
        return self._choose(worker, self.channels, await sent.last_channel(conn, handoff.id, worker.id))

    async def concerned(
        self, conn: AsyncConnection, handoff: HandoffRow, without: str | None = None
    ) -> list[tuple[Worker, str]]:
        """The owner, or everybody who was paged when nobody has it, each with the channel to write on."""
        ids = [handoff.owner] if handoff.held else await sent.paged_workers(conn, handoff.id)
        return await self.reachable(conn, handoff, (worker_id for worker_id in ids if worker_id != without))

    async def reachable(
        self, conn: AsyncConnection, handoff: HandoffRow, ids: Iterable[str | None]
    ) -> list[tuple[Worker, str]]:
        """Those of these workers who can be written to, each with the channel."""
        found = []
        for worker in (self.worker(worker_id) for worker_id in ids):
            channel = await self.reply_channel(conn, handoff, worker)
            if worker is not None and channel is not None:
                found.append((worker, channel))
        return found

    def _choose(self, worker: Worker, allowed: frozenset[str], preferred: str | None) -> str | None:
        usable = [channel for channel in worker.addresses if channel in allowed and channel in self.channels]
        return preferred if preferred in usable else next(iter(usable), None)
