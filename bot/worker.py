"""The loop that does what is due: sends, escalates, asks nobody twice, forgets on time. Rows, not timers.

`tick` does everything due at one moment, so that tests and `converse` run the same code on a clock of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from bot import bootstrap
from bot.bootstrap import Service
from bot.calendar_copy import CalendarUnavailable
from bot.conversation.silence import page_for_silence
from bot.store import retention, tables
from directory import freshness

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks when nothing wakes the loop: another process may have queued something."""

SHORTEST_STEP, LONGEST_STEP = timedelta(seconds=1), timedelta(minutes=1)
PURGE_EVERY = timedelta(minutes=10)
DIRECTORY_EVERY = timedelta(minutes=1)
LOOK_AHEAD_EVERY = timedelta(minutes=5)
"""How often the rota ahead is looked at for what changed."""


async def tick(service: Service, now: datetime) -> int:
    """Do what is due at this moment; returns how many things were done.

    One part that fails does not keep the others from their work; then the first failure is raised.
    """
    done = 0
    failures: list[Exception] = []
    for part in (_replay, _silence, _escalate, _send, _directory):
        try:
            done += await part(service, now)
        except Exception as error:  # told below, when the rest is done
            failures.append(error)
    if failures:
        raise failures[0]
    return done


async def _replay(service: Service, now: datetime) -> int:
    return await service.intake.replay()


async def _silence(service: Service, now: datetime) -> int:
    async with service.database.begin() as conn:
        return await page_for_silence(conn, service.vault, service.handoffs, service.content.cards, now)


async def _escalate(service: Service, now: datetime) -> int:
    async with service.database.begin() as conn:
        return await service.handoffs.advance(conn, now)


async def _send(service: Service, now: datetime) -> int:
    return await service.outbox.run_due(now)


async def _directory(service: Service, now: datetime) -> int:
    """What people said of services reaches the next searcher; looked at once a minute, since loading takes a while."""
    if service.directory_looked is None or abs(now - service.directory_looked) >= DIRECTORY_EVERY:
        service.directory_looked = now
        await bootstrap.refresh_directory(service)
    return 0


async def next_due(service: Service) -> datetime | None:
    """When something is due next, or None."""
    async with service.database.read() as conn:
        silence = (await conn.execute(select(func.min(tables.contact.c.check_due_at)))).scalar_one()
        moments = [silence, await service.handoffs.next_due(conn), await service.outbox.next_due(conn)]
    return min((moment for moment in moments if moment is not None), default=None)


async def work_until(service: Service, now: datetime, until: datetime, tell: Callable[[datetime], None]) -> None:
    """Do what falls due between two moments, each thing at its own: for tests and `converse`, on a clock of their own.

    `tell` sets that clock. What is due but cannot be done yet (a sender's rate) is tried again a little later.
    """
    step = SHORTEST_STEP
    while (due := await next_due(service)) is not None and max(due, now) <= until:
        now = max(due, now)
        tell(now)
        if await tick(service, now):
            step = SHORTEST_STEP
        else:
            now, step = now + step, min(step * 2, LONGEST_STEP)
    tell(until)
    await tick(service, until)


async def look_ahead(service: Service, now: datetime) -> None:
    """Raise alarms for gaps of the rota before they begin, and take up a directory that changed."""
    try:
        await service.content.organisation.refresh()
    except CalendarUnavailable as error:  # the last copy stays; the rota ahead is still looked at
        log.warning("calendar_unavailable", error=type(error).__name__)
    async with service.database.begin() as conn:
        await service.handoffs.look_ahead(conn, now)
    await bootstrap.refresh_directory(service)


async def keep_up(service: Service, stop: asyncio.Event) -> None:
    """For a process that answers and leaves the work to another: take up a directory that changed."""
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), DIRECTORY_EVERY.total_seconds())
            return
        try:
            await bootstrap.refresh_directory(service)
        except Exception as error:  # the directory it has still answers
            log.error("directory_not_refreshed", error=type(error).__name__)


async def run(service: Service, stop: asyncio.Event) -> None:
    """Work until told to stop. A failure is logged and tried again: rows are never lost."""
    last_purge: datetime | None = None
    last_look: datetime | None = None
    last_tick: datetime | None = None
    while not stop.is_set():
        service.work.clear()
        now = service.clock()
        try:
            if last_tick is None or now - last_tick >= timedelta(seconds=LOOK_EVERY):
                await tick(service, now)
                last_tick = now
            else:  # woken by a message: what it queued leaves at once; the rest is looked at every second
                await _send(service, now)
            if last_purge is None or now - last_purge >= PURGE_EVERY:
                async with service.database.begin() as conn:
                    await retention.purge(conn, service.vault, service.content.organisation.retention_hours, now)
                    await freshness.forget_old(conn, int(now.timestamp()))
                await service.outbox.redact_forgotten(now)
                last_purge = now
            if last_look is None or now - last_look >= LOOK_AHEAD_EVERY:
                await look_ahead(service, now)
                last_look = now
        except Exception as error:  # the loop must outlive a lost database
            log.error("work_failed", error=type(error).__name__)
        waiters = [asyncio.ensure_future(service.work.wait()), asyncio.ensure_future(stop.wait())]
        await asyncio.wait(waiters, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiters:
            waiter.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiter
