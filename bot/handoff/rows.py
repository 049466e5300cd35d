"""The handoff rows: read, locked, claimed and changed. SQL only; what it means is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, desc, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.handoff.state import OWNED, WAITING, Standing, State, is_held
from bot.store import tables

CODE_RESTS = timedelta(days=30)
"""How long a code is not used again."""

CODES_LOCK = 7_301
"""The number of the lock under which codes are chosen, where many processes share a database."""

_handoff = tables.handoff
_owned = _handoff.c.state.in_([state.value for state in OWNED])
_waiting = _handoff.c.state.in_([state.value for state in WAITING])
_open = _handoff.c.state != State.CLOSED.value
_since = func.coalesce(_handoff.c.owner_changed_at, _handoff.c.opened_at)
_not_told = _handoff.c.state.in_([State.REQUESTED.value, State.PAGED.value])


@dataclass(frozen=True, slots=True)
class HandoffRow:
    """One handoff, as it stood at a moment. `held`: a worker had it then, with a live lease."""

    id: str
    contact_id: str
    code: str
    state: State
    urgency: str
    language: str
    danger: str | None
    reasons: bytes | None = field(repr=False)
    step: int
    round: int
    due_at: datetime | None
    owner: str | None
    lease_until: datetime | None
    owner_changed_at: datetime | None
    told_at: datetime | None
    opened_at: datetime
    held: bool

    @property
    def standing(self) -> Standing:
        """What decisions look at."""
        return Standing(
            state=self.state,
            urgency=self.urgency,
            danger=self.danger,
            owner=self.owner,
            lease_until=self.lease_until,
            due_at=self.due_at,
            waiting_since=self.owner_changed_at or self.opened_at,
        )


def _row(values: RowMapping, now: datetime) -> HandoffRow:
    state = State(values["state"])
    names = [name for name in HandoffRow.__slots__ if name not in ("state", "held")]
    held = is_held(state, values["lease_until"], now)
    return HandoffRow(**{name: values[name] for name in names}, state=state, held=held)


async def _first(
    conn: AsyncConnection, condition: ColumnElement[bool], now: datetime, *, lock: bool = False
) -> HandoffRow | None:
    query = select(_handoff).where(condition).order_by(desc(_handoff.c.opened_at)).limit(1)
    found = (await conn.execute(query.with_for_update() if lock else query)).mappings().first()
    return None if found is None else _row(found, now)


async def latest_open(
    conn: AsyncConnection, contact_id: str, now: datetime, *, lock: bool = False
) -> HandoffRow | None:
    """The handoff of a contact that is not closed, or None."""
    return await _first(conn, (_handoff.c.contact_id == contact_id) & _open, now, lock=lock)


async def get(conn: AsyncConnection, handoff_id: str, now: datetime, *, lock: bool = False) -> HandoffRow | None:
    """One handoff by id."""
    return await _first(conn, _handoff.c.id == handoff_id, now, lock=lock)


async def reread(conn: AsyncConnection, handoff_id: str, now: datetime) -> HandoffRow:
    """A handoff that is known to exist, as it stands after a change."""
    row = await get(conn, handoff_id, now)
    if row is None:
        raise LookupError("a handoff vanished inside its own transaction")
    return row


async def by_code(conn: AsyncConnection, code: str, now: datetime) -> HandoffRow | None:
    """The handoff a code names now (locked): the newest one, if its code is not at rest for good."""
    return await _first(conn, (_handoff.c.code == code) & _recent(now), now, lock=True)


async def latest(conn: AsyncConnection, contact_id: str, now: datetime) -> tuple[HandoffRow | None, datetime | None]:
    """The handoff of a contact that is not closed; or, when there is none, the moment the last one was closed."""
    query = (
        select(_handoff)
        .where(_handoff.c.contact_id == contact_id)
        .order_by(desc(_open), desc(_handoff.c.opened_at))
        .limit(1)
    )
    found = (await conn.execute(query)).mappings().first()
    if found is None or found["state"] == State.CLOSED.value:
        return None, None if found is None else found["closed_at"]
    return _row(found, now), None


async def latest_state(conn: AsyncConnection, contact_id: str) -> str:
    """The state of a contact's latest handoff, or "none"."""
    query = (
        select(_handoff.c.state)
        .where(_handoff.c.contact_id == contact_id)
        .order_by(desc(_open), desc(_handoff.c.opened_at))
        .limit(1)
    )
    return (await conn.execute(query)).scalar_one_or_none() or "none"


async def held_by(conn: AsyncConnection, worker: str, now: datetime) -> list[HandoffRow]:
    """The conversations a worker has, with a live lease, oldest first."""
    condition = (_handoff.c.owner == worker) & _owned & (_handoff.c.lease_until > now)
    found = await conn.execute(select(_handoff).where(condition).order_by(_handoff.c.opened_at))
    return [_row(values, now) for values in found.mappings()]


async def waiting_codes(conn: AsyncConnection) -> list[str]:
    """Codes of the conversations nobody has, oldest first, and no more than a message can list."""
    query = select(_handoff.c.code).where(_waiting).order_by(_handoff.c.opened_at).limit(8)
    return list((await conn.execute(query)).scalars())


async def due(conn: AsyncConnection, now: datetime, tell_after: timedelta, limit: int = 50) -> list[HandoffRow]:
    """Handoffs for which something is due, locked; rows another process works on are left to it."""
    late = and_(_not_told, _since <= now - tell_after)
    query = (
        select(_handoff)
        .where(_open, or_(_handoff.c.due_at <= now, late))
        .order_by(_handoff.c.opened_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_row(values, now) for values in (await conn.execute(query)).mappings().all()]


async def next_due(conn: AsyncConnection, tell_after: timedelta) -> datetime | None:
    """When something is due next."""
    step = (await conn.execute(select(func.min(_handoff.c.due_at)).where(_open))).scalar_one()
    waits = (await conn.execute(select(func.min(_since)).where(_not_told))).scalar_one()
    moments = [step, waits + tell_after if waits is not None else None]
    return min((moment for moment in moments if moment is not None), default=None)


async def codes_in_use(conn: AsyncConnection, now: datetime) -> frozenset[str]:
    """Codes that may not be given out. Held until the transaction ends, so that two handoffs never share one."""
    if conn.dialect.name == "postgresql":
        await conn.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": CODES_LOCK})
    found = await conn.execute(select(_handoff.c.code).where(or_(_open, _recent(now))))
    return frozenset(found.scalars())


async def insert(conn: AsyncConnection, values: Mapping[str, Any]) -> None:
    """A new handoff."""
    await conn.execute(_handoff.insert().values(**values))


async def change(conn: AsyncConnection, handoff_id: str, **values: Any) -> None:
    """Change a handoff that the caller has locked."""
    await conn.execute(update(_handoff).where(_handoff.c.id == handoff_id).values(**values))


async def claim(conn: AsyncConnection, handoff_id: str, worker: str, now: datetime, lease_until: datetime) -> bool:
    """Give a handoff to a worker if nobody has it: one row changed means it is theirs."""
    free = or_(_waiting, and_(_owned, _handoff.c.lease_until <= now))
    changed = await conn.execute(
        update(_handoff)
        .where(_handoff.c.id == handoff_id, free)
        .values(
            state=State.ACKNOWLEDGED.value,
            owner=worker,
            lease_until=lease_until,
            due_at=lease_until,
            owner_changed_at=now,
            acknowledged_at=now,
        )
    )
    return changed.rowcount == 1


async def keep(conn: AsyncConnection, handoff_id: str, worker: str, state: State, lease_until: datetime) -> bool:
    """The owner gave a sign: the lease goes on. False when it is not theirs any more."""
    changed = await conn.execute(
        update(_handoff)
        .where(_handoff.c.id == handoff_id, _handoff.c.owner == worker, _owned)
        .values(state=state.value, lease_until=lease_until, due_at=lease_until)
    )
    return changed.rowcount == 1


async def close(conn: AsyncConnection, handoff_id: str, now: datetime) -> None:
    """End a handoff for good. Its owner stays written: who had it is how a late reply is answered."""
    await change(conn, handoff_id, state=State.CLOSED.value, closed_at=now, due_at=None, lease_until=None)


def _recent(now: datetime) -> ColumnElement[bool]:
    since = now - CODE_RESTS
    return or_(_handoff.c.opened_at > since, _handoff.c.closed_at > since, _open)
