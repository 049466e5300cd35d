"""What was sent to workers about a handoff, as the outbox keeps it: pages and relayed words. SQL only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import desc, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import DeliveryStatus
from bot.store import tables

_outbox = tables.outbox


async def cancel_pages(conn: AsyncConnection, handoff_id: str, now: datetime) -> None:
    """Pages that were not sent yet are of no use any more."""
    await conn.execute(
        update(_outbox)
        .where(
            _outbox.c.handoff_id == handoff_id,
            _outbox.c.kind == "page",
            _outbox.c.status == DeliveryStatus.QUEUED.value,
        )
        .values(status=DeliveryStatus.CANCELLED.value, updated_at=now)
    )


async def paged_workers(conn: AsyncConnection, handoff_id: str) -> list[str]:
    """Workers whose page went out, or may still go out."""
    query = (
        select(_outbox.c.worker)
        .where(
            _outbox.c.handoff_id == handoff_id,
            _outbox.c.kind == "page",
            _outbox.c.status != DeliveryStatus.CANCELLED.value,
        )
        .distinct()
        .order_by(_outbox.c.worker)
    )
    return list((await conn.execute(query)).scalars())


async def last_channel(conn: AsyncConnection, handoff_id: str, worker: str) -> str | None:
    """The channel on which a worker was last written to about a handoff: the one they answer from."""
    query = (
        select(_outbox.c.channel)
        .where(_outbox.c.handoff_id == handoff_id, _outbox.c.worker == worker)
        .order_by(desc(_outbox.c.created_at), desc(_outbox.c.kind != "page"), desc(_outbox.c.position))
        .limit(1)
    )
    found: str | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def heard_elsewhere(conn: AsyncConnection, handoff_id: str, worker: str, since: datetime) -> bool:
    """Whether words from another conversation reached this worker lately: an uncoded reply may be meant for it."""
    query = select(_outbox.c.id).where(
        _outbox.c.worker == worker,
        _outbox.c.kind == "relay",
        _outbox.c.handoff_id != handoff_id,
        _outbox.c.created_at > since,
    )
    return (await conn.execute(query.limit(1))).first() is not None
