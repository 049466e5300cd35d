"""Claiming outbox rows: which are due, in what order, and that only one process has each.

A claim is a row set to `sending` with a lease, committed before the provider hears anything. A process that dies leaves
its lease behind; whoever comes after it reconciles the row before anything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import DeliveryStatus
from bot.store import tables
from bot.store.database import insert_if_new
from bot.store.messages import PRIORITY_ALERT, PRIORITY_EMERGENCY

LEASE = timedelta(seconds=45)
"""Longer than a whole round of sends; a killed process's rows wait this long."""

RESPONSE_TRAVEL = timedelta(seconds=3)
"""What follows a webhook's response leaves this long after it, or as soon as it is heard of: texts arrive in order."""

BURST = {PRIORITY_EMERGENCY: timedelta(days=1), PRIORITY_ALERT - 1: timedelta(seconds=10)}
"""How far ahead of a sender's steady rate messages up to each priority may go; alerts may not at all."""

WAITING = (DeliveryStatus.QUEUED.value, DeliveryStatus.UNKNOWN.value, DeliveryStatus.HANDED_OVER.value)
"""Statuses in which a row with a `due_at` waits: to be sent, to be looked up, to be heard of."""

_outbox = tables.outbox.c
_earlier = tables.outbox.alias("earlier")


async def claim(
    conn: AsyncConnection, rates: Mapping[str, float], now: datetime, limit: int
) -> Sequence[Mapping[str, Any]]:
    """Claim up to `limit` due rows, most urgent first, as they were just before (their status tells what to do).

    `rates`: seconds between two messages of each channel's sender.
    """
    names = [name for channel in rates for name in (channel, hold_name(channel))]
    query = (
        select(tables.sender).where(tables.sender.c.name.in_(names)).order_by(tables.sender.c.name).with_for_update()
    )
    next_at = {row.name: row.next_at for row in await conn.execute(query)}
    if len(next_at) < len(names):  # the first time a channel sends
        for name in names:
            await conn.execute(insert_if_new(tables.sender, {"name": name, "next_at": now}))
        next_at = {row.name: row.next_at for row in await conn.execute(query)}
    on_hold = [channel for channel in rates if next_at[hold_name(channel)] > now]
    due = (
        select(tables.outbox)
        .where(_is_due(now), *_may_leave(rates, next_at, now), _outbox.channel.not_in(on_hold), not_(_is_blocked(now)))
        .order_by(_outbox.priority, _outbox.created_at, _outbox.position)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = []
    for found in (await conn.execute(due)).mappings().all():
        row = dict(found)
        if _within_rate(row, rates, next_at, now):
            await conn.execute(
                update(tables.outbox)
                .where(_outbox.id == row["id"])
                .values(status=DeliveryStatus.SENDING.value, via="api", lease_until=now + LEASE, updated_at=now)
            )
            claimed.append(row)
    for channel in {row["channel"] for row in claimed if row["channel"] in rates}:
        sender = update(tables.sender).where(tables.sender.c.name == channel)
        await conn.execute(sender.values(next_at=next_at[channel]))
    return claimed


def held(message_id: str, lease_until: datetime) -> ColumnElement[bool]:
    """The condition under which a claim is still ours: not expired and taken over, not moved on by a callback."""
    return and_(
        _outbox.id == message_id,
        _outbox.status == DeliveryStatus.SENDING.value,
        _outbox.lease_until == lease_until,
    )


async def hold(conn: AsyncConnection, channel: str, until: datetime) -> None:
    """Let a whole sender wait: the provider said so, or our account is wrong."""
    name = hold_name(channel)
    await conn.execute(insert_if_new(tables.sender, {"name": name, "next_at": until}))
    later = update(tables.sender).where(tables.sender.c.name == name, tables.sender.c.next_at < until)
    await conn.execute(later.values(next_at=until))


def hold_name(channel: str) -> str:
    """The `sender` row that says until when a whole channel waits."""
    return f"{channel}:hold"


@dataclass(frozen=True, slots=True)
class Queue:
    """The outbox at a glance: when the next row is due (None when nothing waits), how many wait to be sent, since when."""

    next_due: datetime | None
    waiting: int
    oldest: datetime | None


async def look(conn: AsyncConnection) -> Queue:
    """Look at the queue, in one statement: this is asked after every message."""
    *moments, waiting = (await conn.execute(_LOOK)).one()
    due: list[datetime] = [moment for moment in moments if moment is not None]
    return Queue(min(due, default=None), waiting, moments[0])


_LOOK = select(
    *(
        select(func.min(_outbox.due_at)).where(_outbox.status == status, _outbox.due_at.is_not(None)).scalar_subquery()
        for status in WAITING
    ),
    select(func.min(_outbox.lease_until)).where(_outbox.status == DeliveryStatus.SENDING.value).scalar_subquery(),
    select(func.count()).where(_outbox.status == DeliveryStatus.QUEUED.value).scalar_subquery(),
)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(_outbox.status.in_(WAITING), _outbox.due_at <= now),
        and_(_outbox.status == DeliveryStatus.SENDING.value, _outbox.lease_until <= now),
    )


def _is_blocked(now: datetime) -> ColumnElement[bool]:
    """Whether an earlier message to the same person has to go first. A more urgent message never waits for a lesser."""
    earlier = _earlier.c
    same_person = or_(
        and_(_outbox.worker.is_(None), earlier.worker.is_(None), earlier.contact_id == _outbox.contact_id),
        and_(earlier.worker == _outbox.worker, earlier.handoff_id == _outbox.handoff_id),
    )
    under_way = or_(
        earlier.status.in_((DeliveryStatus.QUEUED.value, DeliveryStatus.SENDING.value)),
        and_(earlier.status == DeliveryStatus.UNKNOWN.value, earlier.due_at.is_not(None)),
        and_(
            earlier.status == DeliveryStatus.HANDED_OVER.value,
            earlier.via == "twiml",
            earlier.created_at > now - RESPONSE_TRAVEL,
        ),
    )
    before = tuple_(earlier.created_at, earlier.position, earlier.id) < tuple_(
        _outbox.created_at, _outbox.position, _outbox.id
    )
    return exists().where(same_person, under_way, before, earlier.priority <= _outbox.priority)


def _may_leave(
    rates: Mapping[str, float], next_at: Mapping[str, datetime], now: datetime
) -> Iterator[ColumnElement[bool]]:
    """Leave out, before anything else, what a channel's rate holds back: a long queue is not gone through to send nothing."""
    for channel in rates:
        if next_at[channel] > now:
            allowed = (priority for priority, burst in BURST.items() if next_at[channel] <= now + burst)
            yield or_(_outbox.channel != channel, _outbox.priority <= max(allowed, default=-1))


def _within_rate(
    row: Mapping[str, Any], rates: Mapping[str, float], next_at: dict[str, datetime], now: datetime
) -> bool:
    """Whether a message may leave now; if so, its sender's `next_at` moves on."""
    channel = row["channel"]
    if channel not in rates:
        return True  # a channel that is not set up here: the outbox says so, and lets the row wait
    ahead = next((burst for priority, burst in BURST.items() if row["priority"] <= priority), timedelta(0))
    if next_at[channel] > now + ahead:
        return False
    next_at[channel] = max(next_at[channel], now) + timedelta(seconds=rates[channel])
    return True
