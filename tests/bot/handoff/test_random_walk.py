"""Whatever happens, in whatever order: one owner at most, nobody left in silence, no state out of nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select

from bot.handoff.state import NEXT, State
from bot.organisation import Organisation
from bot.store import contacts, tables
from tests.bot.handoff.conftest import TEXTER, Desk

STEPS = 45
TELL_AFTER = timedelta(minutes=10)


async def do_something(desk: Desk, random: Random) -> None:
    """One thing that may happen."""
    handoff = await desk.handoff()
    code = handoff.code if handoff is not None else "A1"
    worker = random.choice(["ana", "bob", "cleo"])
    what = random.randrange(9)
    if what == 0:
        urgency = random.choice(["urgent", "emergency"])
        await desk.ask(urgency, random.choice([None, "overdose_now", "suicide_risk", "violence_danger"]))
    elif what == 1:
        await desk.worker(worker, code)
    elif what == 2:
        await desk.worker(worker, f"{code} des mots")
    elif what == 3:
        await desk.worker(worker, random.choice([f"{code} fin", "des mots", "fin", ""]))
    elif what == 4 and handoff is not None and handoff.held:
        await desk.texter_writes("je suis là")
    elif what == 5:
        await desk.block(unreachable=random.random() < 0.3)
    elif what == 6 and random.random() < 0.1:
        contact = await desk.contact()
        async with desk.database.begin() as conn:
            await desk.handoffs.erased(conn, contact.id, desk.now)
            await contacts.forget(conn, contact, desk.now)
    else:
        desk.later(minutes=random.choice([0.5, 2, 4, 7, 15]))


async def check(desk: Desk, seen: dict[str, State], waiting: dict[str, datetime]) -> None:
    """What must hold after everything due was done."""
    async with desk.database.read() as conn:
        handoffs = (await conn.execute(select(tables.handoff))).mappings().all()
    for row in handoffs:
        state = State(row["state"])
        before = seen.get(row["id"])
        assert before is None or state is before or reachable(before, state), f"{before} cannot become {state}"
        seen[row["id"]] = state
        owned = state in (State.ACKNOWLEDGED, State.ACTIVE)
        assert not owned or (row["owner"] is not None and row["lease_until"] > desk.now)
        assert state is State.CLOSED or row["due_at"] is not None, "an open handoff always has something ahead"
        if state in (State.REQUESTED, State.PAGED):
            since = row["owner_changed_at"] or row["opened_at"]
            assert desk.now - since < TELL_AFTER, "waiting for too long without being told"
        if state is State.UNANSWERED and row["told_at"] is None:
            contact = await desk.contact()
            assert contact.unreachable or waiting.setdefault(row["id"], desk.now) >= desk.now - 2 * TELL_AFTER
        else:
            waiting.pop(row["id"], None)
    open_now = [row for row in handoffs if row["state"] != State.CLOSED.value]
    assert len({row["contact_id"] for row in open_now}) == len(open_now), "one open handoff a person"


def reachable(before: State, after: State) -> bool:
    """Whether a state can follow in a few moves (several may happen between two looks)."""
    found, edge = {before}, {before}
    while edge:
        edge = {follower for state in edge for follower in NEXT[state]} - found
        found |= edge
    return after in found


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 14))])
async def test_a_random_walk(make_desk: Callable[..., Desk], place: Organisation, seed: int) -> None:
    random = Random(seed)
    desk = make_desk(place)
    seen: dict[str, State] = {}
    waiting: dict[str, datetime] = {}
    for _ in range(STEPS):
        await do_something(desk, random)
        while await desk.advance():
            pass
        await check(desk, seen, waiting)
    await desk.block(TEXTER, unreachable=False)
    await desk.run_until(desk.now + timedelta(days=3))
    assert await desk.state() in ("none", "closed"), "left alone, everything comes to its end"
