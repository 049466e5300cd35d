"""Anonymous figures of a month. Numbers below five are hidden: in a small town, "1" can be somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import tables

SMALL = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `shown` is what may be read: the number, or that it is small."""

    name: str
    label: str
    shown: str


async def month(conn: AsyncConnection, first: date) -> list[Figure]:
    """The figures of the month that begins on `first` (days are UTC's), sorted.

    No totals: a hidden part could be worked out from them.
    """
    end = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    tally = tables.tally.c
    counts = (
        select(tally.name, tally.label, func.sum(tally.count))
        .where(tally.day >= first, tally.day < end)
        .group_by(tally.name, tally.label)
    )
    figures = [Figure(name, label, shown(int(count))) for name, label, count in await conn.execute(counts)]
    since, until = (datetime.combine(day, time(), tzinfo=UTC) for day in (first, end))
    erased = select(func.count()).where(tables.erasure.c.at >= since, tables.erasure.c.at < until)
    figures.append(Figure("erasure", "asked for", shown((await conn.execute(erased)).scalar_one())))
    figures.append(await _minutes_to_answer(conn, since, until))
    return sorted(figures, key=lambda figure: (figure.name, figure.label))


def shown(count: int) -> str:
    """A number as it may be read."""
    return str(count) if count == 0 or count >= SMALL else f"<{SMALL}"


async def _minutes_to_answer(conn: AsyncConnection, since: datetime, until: datetime) -> Figure:
    """Half of the handoffs somebody took were taken within this many minutes."""
    handoff = tables.handoff.c
    query = select(handoff.opened_at, handoff.acknowledged_at).where(
        handoff.opened_at >= since, handoff.opened_at < until, handoff.acknowledged_at.is_not(None)
    )
    minutes = [(taken - opened).total_seconds() / 60 for opened, taken in await conn.execute(query)]
    value = f"{median(minutes):.0f}" if len(minutes) >= SMALL else "too few"
    return Figure("handoff", "minutes until taken (median)", value)
