"""What follows when a message will never arrive: the contact is marked, the worker is told, an alarm is raised.

Nobody is left believing that somebody was reached (design section 1, promise 2).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import SendFailure
from bot.store import contacts, messages, tables
from bot.store.alarms import raise_alarm
from bot.store.vault import Vault

BLOCKED = {
    "fr": "{code}: cette personne ne peut plus recevoir nos messages (bloqué). Elle n'a pas été rejointe.",
    "en": "{code}: this person can no longer receive our messages (blocked). They were not reached.",
}
NOT_DELIVERED = {
    "fr": "{code}: ton message n'a pas été livré.",
    "en": "{code}: your message was not delivered.",
}
STOP_CODES = frozenset({"21610", "63024"})
"""Provider codes that mean the person, or the carrier for them, refuses our messages."""

FINAL_CODES = frozenset({"21211", "21614", "21635", "30004", "30005", "30006"})
"""Provider codes that mean this address will never receive anything."""


class Worker(Protocol):
    """Where a worker can be written to, and in what language."""

    @property
    def language(self) -> str: ...
    @property
    def addresses(self) -> Mapping[str, str]: ...


class Workers(Protocol):
    """Who works for the organisation, by id."""

    @property
    def workers(self) -> Mapping[str, Worker]: ...


def failure_of(error_code: str | None) -> SendFailure:
    """What a delivery error reported later means for the contact."""
    if error_code in STOP_CODES:
        return SendFailure.STOPPED
    return SendFailure.PERMANENT if error_code in FINAL_CODES else SendFailure.REJECTED


class Undelivered:
    """Acts on messages that will never arrive. Every method works in the caller's transaction."""

    def __init__(self, vault: Vault, workers: Workers, channels: Collection[str]) -> None:
        self._vault = vault
        self._workers = workers
        self._channels = channels

    async def record(self, conn: AsyncConnection, row: Mapping[str, Any], failure: SendFailure, now: datetime) -> None:
        """Draw the consequences of one row's final failure."""
        if row["worker"] is not None:
            await raise_alarm(conn, "worker_not_reached", f"{row['worker']}:{now.date()}", now)
            return
        if row["contact_id"] is None:
            return
        gone = failure in (SendFailure.STOPPED, SendFailure.PERMANENT)
        if gone:
            await contacts.set_unreachable(conn, row["contact_id"], True)
        if failure is SendFailure.STOPPED:
            await self._remember_stop(conn, row["contact_id"], now)
        if failure is SendFailure.REJECTED:
            await raise_alarm(conn, "text_rejected", row["id"], now)
        if gone or row["kind"] == "relay":
            await self._tell(conn, row, BLOCKED if gone else NOT_DELIVERED, now)

    async def _remember_stop(self, conn: AsyncConnection, contact_id: str, now: datetime) -> None:
        query = select(tables.contact.c.digest).where(tables.contact.c.id == contact_id)
        digest = (await conn.execute(query)).scalar_one_or_none()
        if digest is not None:
            await contacts.opt_out(conn, digest, now)

    async def _tell(
        self, conn: AsyncConnection, row: Mapping[str, Any], texts: Mapping[str, str], now: datetime
    ) -> None:
        """Tell whoever has the contact's conversation, or was paged for it; nobody there is an alarm."""
        handoff = tables.handoff.c
        query = (
            select(handoff.id, handoff.code, handoff.owner)
            .where(handoff.contact_id == row["contact_id"], handoff.state != "closed")
            .order_by(handoff.opened_at.desc())
        )
        found = (await conn.execute(query)).first()
        if found is None:
            return
        await raise_alarm(conn, "contact_not_reached", found.id, now)
        for worker, channel in await self._who(conn, found.id, found.owner):
            language = self._workers.workers[worker].language
            draft = messages.Draft(
                key=f"{row['id']}:undelivered:{worker}",
                kind="notice",
                channel=channel,
                text=texts.get(language, texts["fr"]).format(code=found.code),
                worker=worker,
                handoff_id=found.id,
                priority=messages.PRIORITY_PAGE,
            )
            await messages.queue(conn, self._vault, None, draft, now)

    async def _who(self, conn: AsyncConnection, handoff_id: str, owner: str | None) -> list[tuple[str, str]]:
        """Workers to tell, each with the channel they were last written to on."""
        outbox = tables.outbox.c
        query = (
            select(outbox.worker, outbox.channel)
            .where(outbox.handoff_id == handoff_id, outbox.worker.is_not(None))
            .order_by(outbox.created_at)
        )
        last = {row.worker: row.channel for row in await conn.execute(query) if row.worker in self._workers.workers}
        if owner is None:
            return list(last.items())
        if owner in last:
            return [(owner, last[owner])]
        worker = self._workers.workers.get(owner)
        addresses = worker.addresses if worker is not None else {}
        return [(owner, channel) for channel in addresses if channel in self._channels][:1]


async def empty_if_receipt(conn: AsyncConnection, row: Mapping[str, Any]) -> None:
    """A receipt of erasure carries the address of somebody we forgot: once it is gone, its body goes too."""
    if row["kind"] == "receipt":
        await conn.execute(update(tables.outbox).where(tables.outbox.c.id == row["id"]).values(body=None))
