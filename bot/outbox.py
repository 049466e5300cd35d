"""Sends what is due, once: claim, send outside any transaction, record; and reconcile what a crash left in between.

What may be sent twice rather than never: replies, relays, notices and pages, after a look at the provider's own list.
What is never sent twice: alerts, and receipts of erasure (design section 9).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import redaction
from bot.messages import Channel, ChannelName, DeliveryStatus, Outbound, Receipt, SendError, SendFailure
from bot.metrics import Metrics
from bot.outcomes import MISCONFIGURED_DELAY, Outcomes, Row
from bot.store import claims, contacts, messages, tables
from bot.store.alarms import raise_alarm
from bot.store.database import Database
from bot.store.messages import Body
from bot.store.vault import SealBroken, Vault
from bot.undelivered import Undelivered, Workers, empty_if_receipt, failure_of

log = structlog.get_logger(__name__)

RATES = {ChannelName.SMS: 1.0, ChannelName.TELEGRAM: 0.04, ChannelName.SIMULATOR: 0.0}
"""Seconds between two messages of a sender: 1 a second for a Canadian long number, 25 a second for a Telegram bot."""

BATCH = 20
ROUND_SECONDS = 10.0
"""A run claims nothing more after this long (real seconds), so that no lease can expire under a living process."""
SEND_SECONDS = 12.0
"""A channel that does not answer within this is given up on; whether it sent is then unknown."""

NEVER_TWICE = frozenset({"alert", "receipt"})


@dataclass(frozen=True, slots=True)
class _Claimed:
    """One row claimed and opened."""

    row: Row
    message: Outbound
    lease_until: datetime

    @property
    def may_be_sent(self) -> bool:
        """Whether a send may have happened already."""
        return bool(self.row["status"] != DeliveryStatus.QUEUED.value)


class Outbox:
    """Sends rows of the outbox. Any number of processes may run one on the same database."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        channels: Mapping[ChannelName, Channel],
        workers: Workers,
        metrics: Metrics,
        jitter: random.Random | None = None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._channels = channels
        self._workers = workers
        self._metrics = metrics
        self._rates = {name.value: RATES[name] for name in channels}
        self._undelivered = Undelivered(vault, workers, frozenset(self._rates))
        self._outcomes = Outcomes(database, vault, self._undelivered, metrics, jitter or random.Random())

    async def run_due(self, now: datetime) -> int:
        """Send what is due; returns how many rows were dealt with."""
        async with self._database.read() as conn:
            queue = await claims.look(conn)  # takes no write lock, and mostly there is nothing to do
        late = 0.0 if queue.oldest is None else max(0.0, (now - queue.oldest).total_seconds())
        self._metrics.outbox(queue.waiting, late)
        return 0 if queue.next_due is None or queue.next_due > now else await self._send_due(now)

    async def _send_due(self, now: datetime) -> int:
        done, began = 0, time.monotonic()
        while time.monotonic() - began < ROUND_SECONDS:
            async with self._database.begin() as conn:
                rows = await claims.claim(conn, self._rates, now, BATCH)
                claimed = [await self._open(conn, row, now) for row in rows]
            if not rows:
                break
            results = await asyncio.gather(
                *(self._send(each, now) for each in claimed if each is not None), return_exceptions=True
            )
            done += len(rows)
            for result in results:
                if isinstance(result, BaseException):
                    raise result  # the others were recorded; this one's lease expires and it is reconciled
        return done

    async def next_due(self, conn: AsyncConnection) -> datetime | None:
        """When something is due next; None when nothing waits."""
        return (await claims.look(conn)).next_due

    async def status(
        self, message_id: str, provider_id: str, status: DeliveryStatus, error_code: str | None, now: datetime
    ) -> bool:
        """Take what a provider tells of a message. False when it is not ours, or tells nothing new."""
        async with self._database.begin() as conn:
            query = select(tables.outbox).where(tables.outbox.c.id == message_id)
            found = (await conn.execute(query)).mappings().first()
            if found is None:
                return False
            row = dict(found)
            values: dict[str, Any] = {"due_at": None, "lease_until": None}
            if error_code:
                values["error_code"] = error_code[:40]
            if provider_id:
                values["provider_digest"] = self._vault.digest_provider_id(row["channel"], provider_id)
                values["provider_copy"] = messages.seal_provider_id(self._vault, row["channel"], provider_id)
            if not await messages.move_status(conn, message_id, status, now, **values):
                return False
            await empty_if_receipt(conn, row)
            if status in (DeliveryStatus.FAILED, DeliveryStatus.UNDELIVERED):
                await self._undelivered.record(conn, row, failure_of(error_code), now)
        self._metrics.delivery(row["channel"], status.value)
        return True

    async def redact_forgotten(self, now: datetime) -> int:
        """Erase the providers' copies of what is forgotten here; returns how many are erased."""
        return await redaction.run(self._database, self._vault, self._channels, now)

    async def _open(self, conn: AsyncConnection, row: Row, now: datetime) -> _Claimed | None:
        """What a claimed row says, and to whom; None when it must not leave, which is then recorded."""
        lease_until = now + claims.LEASE
        if row["channel"] not in self._rates:
            await raise_alarm(conn, "channel_not_set_up", f"{row['channel']}:{now.date()}", now)
            await self._outcomes.later(conn, row, lease_until, now, now + MISCONFIGURED_DELAY)
            return None
        may_be_sent = row["status"] != DeliveryStatus.QUEUED.value
        if row["not_after"] is not None and row["not_after"] <= now and not may_be_sent:
            await self._outcomes.cancel(conn, row, "too_late", now)
            return None
        body, address, reason = await self._body_and_address(conn, row)
        if body is None or address is None:
            if row["worker"] is not None and reason == "no_address":
                await self._undelivered.record(conn, row, SendFailure.PERMANENT, now)
            await self._outcomes.cancel(conn, row, reason, now)
            return None
        message = Outbound(
            id=row["id"],
            channel=ChannelName(row["channel"]),
            address=address,
            text=body.text,
            choices=body.choices,
            ask_location=body.ask_location,
        )
        return _Claimed(row, message, lease_until)

    async def _body_and_address(self, conn: AsyncConnection, row: Row) -> tuple[Body | None, str | None, str]:
        """The opened body, the address, and, when one is missing, why the row cannot leave."""
        contact_id, worker = row["contact_id"], row["worker"]
        key = None if contact_id is None else await contacts.key_of(conn, self._vault, contact_id)
        if row["body"] is None or (contact_id is not None and key is None):
            return None, None, "forgotten"
        try:
            body = messages.open_body(self._vault, key, row["body"])
        except SealBroken:
            return None, None, "seal_broken"
        if body.address is not None:
            return body, body.address, ""
        if worker is not None:
            person = self._workers.workers.get(worker)
            return body, None if person is None else person.addresses.get(row["channel"]), "no_address"
        contact = (
            await conn.execute(
                select(tables.contact.c.address, tables.contact.c.digest, tables.contact.c.unreachable).where(
                    tables.contact.c.id == contact_id
                )
            )
        ).first()
        if contact is None or contact.address is None or key is None:
            return body, None, "forgotten"
        if contact.unreachable:
            return body, None, "unreachable"
        if row["kind"] == "alert" and await contacts.is_opted_out(conn, contact.digest):
            return body, None, "opted_out"
        return body, key.open("address", contact.address), ""

    async def _send(self, claimed: _Claimed, now: datetime) -> None:
        """Send one claimed row, outside any transaction, and record what became of it."""
        row, channel = claimed.row, self._channels[claimed.message.channel]
        if claimed.may_be_sent:
            receipt = await self._look_up(channel, claimed)
            if receipt is not None:
                await self._outcomes.handed_over(row, receipt, now)
                return
            too_late = row["not_after"] is not None and row["not_after"] <= now
            if too_late or (row["kind"] in NEVER_TWICE and not _rode_on_response(row)):
                await self._outcomes.leave_unknown(row, claimed.lease_until, now)
                return
        try:
            async with asyncio.timeout(SEND_SECONDS):
                receipt = await channel.send(claimed.message)
        except SendError as error:
            await self._outcomes.failed(row, claimed.lease_until, error, now)
        except Exception as error:  # a bug in a channel, or no answer in time: it may have been sent
            log.error("send_broke", message_id=row["id"], channel=row["channel"], error=type(error).__name__)
            unknown = SendError(SendFailure.UNKNOWN, type(error).__name__)
            await self._outcomes.failed(row, claimed.lease_until, unknown, now)
        else:
            await self._outcomes.handed_over(row, receipt, now)

    async def _look_up(self, channel: Channel, claimed: _Claimed) -> Receipt | None:
        """An interrupted send, found at the provider; None when it is not there, or belongs to another row."""
        row = claimed.row
        since = max(row["created_at"] - timedelta(seconds=5), row["updated_at"] - timedelta(seconds=30))
        try:
            async with asyncio.timeout(SEND_SECONDS):
                receipt = await channel.find(claimed.message, since)
        except Exception as error:  # cannot be known now
            log.warning("look_up_failed", channel=row["channel"], error=type(error).__name__)
            return None
        if receipt is None:
            return None
        digest = self._vault.digest_provider_id(row["channel"], receipt.provider_id)
        same = (tables.outbox.c.provider_digest == digest) & (tables.outbox.c.id != row["id"])
        async with self._database.read() as conn:
            known = (await conn.execute(select(tables.outbox.c.id).where(same))).first()
        return receipt if known is None else None


def _rode_on_response(row: Row) -> bool:
    """Whether a row was last seen on a webhook's response, never handed to the provider's API."""
    return bool(row["via"] == "twiml")
