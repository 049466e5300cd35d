"""What becomes of a send, written down: handed over, to be tried again, to be looked up, given up.

Only the process whose claim still stands may put a row back; a delivery status only moves forward.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import DeliveryStatus, Receipt, SendError, SendFailure
from bot.metrics import Metrics
from bot.store import claims, messages, tables
from bot.store.alarms import raise_alarm
from bot.store.database import Database
from bot.store.vault import Vault
from bot.undelivered import Undelivered, empty_if_receipt

log = structlog.get_logger(__name__)

FIRST_DELAY = 2.0
FIRST_LOOK = 10.0
"""Seconds before an uncertain send is looked up: the provider's list is a little late."""
LONGEST_DELAY = 300.0
LONGEST_URGENT_DELAY = 30.0
MOST_ATTEMPTS = 80
MOST_URGENT_ATTEMPTS = 720
"""Both are about six hours of tries; a message of no use so late has its own `not_after`."""
MISCONFIGURED_DELAY = timedelta(seconds=60)


Row = Mapping[str, Any]


class Outcomes:
    """Records outcomes. A row is the mapping that `claims.claim` gave: the row as it was just before its claim."""

    def __init__(
        self, database: Database, vault: Vault, undelivered: Undelivered, metrics: Metrics, jitter: random.Random
    ) -> None:
        self._database = database
        self._vault = vault
        self._undelivered = undelivered
        self._metrics = metrics
        self._jitter = jitter

    async def handed_over(self, row: Row, receipt: Receipt, now: datetime) -> None:
        """The provider took it."""
        status = receipt.status if receipt.status is not DeliveryStatus.QUEUED else DeliveryStatus.HANDED_OVER
        digest = self._vault.digest_provider_id(row["channel"], receipt.provider_id)
        async with self._database.begin() as conn:
            await messages.move_status(
                conn,
                row["id"],
                status,
                now,
                provider_digest=digest,
                provider_copy=messages.seal_provider_id(self._vault, row["channel"], receipt.provider_id),
                attempts=row["attempts"] + 1,
                due_at=None,
                lease_until=None,
            )
            await empty_if_receipt(conn, row)
        self._metrics.sent(row["channel"], row["kind"], status.value)
        log.info("handed_over", message_id=row["id"], channel=row["channel"], kind=row["kind"])

    async def failed(self, row: Row, lease_until: datetime, error: SendError, now: datetime) -> None:
        """Record a failed send and what follows from its kind."""
        failure = error.failure
        most = MOST_URGENT_ATTEMPTS if _is_urgent(row) else MOST_ATTEMPTS
        self._metrics.sent(row["channel"], row["kind"], failure.value)
        log.warning("not_sent", message_id=row["id"], channel=row["channel"], failure=failure.value, code=error.code)
        async with self._database.begin() as conn:
            if error.retry_after is not None:
                await claims.hold(conn, row["channel"], now + timedelta(seconds=error.retry_after))
            if failure is SendFailure.MISCONFIGURED:
                ref = f"{row['channel']}:{error.code}:{now.date()}"
                await raise_alarm(conn, "channel_misconfigured", ref[:64], now)
                await claims.hold(conn, row["channel"], now + MISCONFIGURED_DELAY)
                await self.later(conn, row, lease_until, now, now + MISCONFIGURED_DELAY)
            elif failure in (SendFailure.RETRY, SendFailure.UNKNOWN) and row["attempts"] < most:
                await self._try_later(conn, row, lease_until, error, now)
            else:
                await self._give_up(conn, row, error, now)

    async def _try_later(
        self, conn: AsyncConnection, row: Row, lease_until: datetime, error: SendError, now: datetime
    ) -> None:
        attempts = row["attempts"] + 1
        unknown = error.failure is SendFailure.UNKNOWN
        longest = LONGEST_URGENT_DELAY if _is_urgent(row) else LONGEST_DELAY
        delay = min((FIRST_LOOK if unknown else FIRST_DELAY) * 2 ** min(attempts - 1, 10), longest)
        delay = max(delay * self._jitter.uniform(0.75, 1.25), error.retry_after or 0.0)
        status = DeliveryStatus.UNKNOWN if unknown else DeliveryStatus.QUEUED
        due_at = now + timedelta(seconds=delay)
        await self.later(conn, row, lease_until, now, due_at, status, attempts, error.code)

    async def _give_up(self, conn: AsyncConnection, row: Row, error: SendError, now: datetime) -> None:
        moved = await messages.move_status(
            conn,
            row["id"],
            DeliveryStatus.FAILED,
            now,
            error_code=error.code[:40] or error.failure.value,
            attempts=row["attempts"] + 1,
            due_at=None,
            lease_until=None,
        )
        if moved:
            await empty_if_receipt(conn, row)
            await self._undelivered.record(conn, row, error.failure, now)
            if error.failure in (SendFailure.RETRY, SendFailure.UNKNOWN):
                await raise_alarm(conn, "given_up", row["id"], now)

    async def leave_unknown(self, row: Row, lease_until: datetime, now: datetime) -> None:
        """Neither found nor to be sent again: the row stays as it is, and says so."""
        async with self._database.begin() as conn:
            await self.later(conn, row, lease_until, now, None, DeliveryStatus.UNKNOWN, row["attempts"])
            await empty_if_receipt(conn, row)

    async def cancel(self, conn: AsyncConnection, row: Row, reason: str, now: datetime) -> None:
        """It must not leave any more; `reason` is kept as its error code."""
        await messages.move_status(
            conn, row["id"], DeliveryStatus.CANCELLED, now, error_code=reason, due_at=None, lease_until=None
        )
        await empty_if_receipt(conn, row)
        self._metrics.sent(row["channel"], row["kind"], "cancelled")

    async def later(
        self,
        conn: AsyncConnection,
        row: Row,
        lease_until: datetime,
        now: datetime,
        due_at: datetime | None,
        status: DeliveryStatus = DeliveryStatus.QUEUED,
        attempts: int | None = None,
        code: str = "",
    ) -> None:
        """Put a claimed row back, unless it moved on meanwhile."""
        await conn.execute(
            update(tables.outbox)
            .where(claims.held(row["id"], lease_until))
            .values(
                status=status.value,
                due_at=due_at,
                lease_until=None,
                attempts=row["attempts"] if attempts is None else attempts,
                error_code=code[:40] or None,
                updated_at=now,
            )
        )


def _is_urgent(row: Row) -> bool:
    return bool(row["priority"] <= messages.PRIORITY_EMERGENCY)
