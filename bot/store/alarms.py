"""Alarms: what a coordinator must look at. A kind and an opaque reference, never words or addresses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import tables
from bot.store.database import insert_if_new
from bot.store.messages import new_id


async def raise_alarm(conn: AsyncConnection, kind: str, ref: str, now: datetime) -> bool:
    """Raise an alarm once per kind and reference; True when it is new."""
    row = {"id": new_id(), "kind": kind, "ref": ref, "at": now}
    return bool((await conn.execute(insert_if_new(tables.alarm, row))).rowcount == 1)


async def close_alarm(conn: AsyncConnection, kind: str, ref: str, now: datetime) -> None:
    """Mark an alarm as dealt with."""
    where = (tables.alarm.c.kind == kind) & (tables.alarm.c.ref == ref)
    await conn.execute(update(tables.alarm).where(where).values(closed_at=now))


async def open_alarms(conn: AsyncConnection) -> Sequence[Any]:
    """Every alarm nobody dealt with, oldest first."""
    query = select(tables.alarm).where(tables.alarm.c.closed_at.is_(None)).order_by(tables.alarm.c.at)
    return (await conn.execute(query)).mappings().all()
