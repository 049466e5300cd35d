"""The states of a handoff, and what each moment means for it. Pure: rows go in, decisions come out.

`requested > paged > acknowledged > active > closed`, or `unanswered`: the person was told that nobody has answered.
An owner holds a lease, not a flag: whoever stays silent too long loses the conversation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """Where a handoff stands."""

    REQUESTED = "requested"  # a human is needed; nobody was paged yet
    PAGED = "paged"  # somebody was paged; nobody took it yet
    ACKNOWLEDGED = "acknowledged"  # a worker took it and has not written yet
    ACTIVE = "active"  # a worker writes with the person
    CLOSED = "closed"  # over
    UNANSWERED = "unanswered"  # nobody took it in time, and the person knows


WAITING = frozenset({State.REQUESTED, State.PAGED, State.UNANSWERED})
"""Nobody has it: anybody may take it."""

OWNED = frozenset({State.ACKNOWLEDGED, State.ACTIVE})
"""A worker has it, as long as the lease lives."""

NEXT: dict[State, frozenset[State]] = {
    State.REQUESTED: frozenset({State.PAGED, State.UNANSWERED, State.ACKNOWLEDGED, State.CLOSED}),
    State.PAGED: frozenset({State.UNANSWERED, State.ACKNOWLEDGED, State.CLOSED}),
    State.UNANSWERED: frozenset({State.PAGED, State.ACKNOWLEDGED, State.CLOSED}),
    State.ACKNOWLEDGED: frozenset({State.ACTIVE, State.PAGED, State.UNANSWERED, State.CLOSED}),
    State.ACTIVE: frozenset({State.PAGED, State.UNANSWERED, State.ACKNOWLEDGED, State.CLOSED}),
    State.CLOSED: frozenset(),
}
"""Which state may follow which. A closed handoff never opens again: a new need is a new handoff."""

DANGERS = frozenset({"overdose_now", "suicide_risk", "violence_danger", "sexual_assault", "medical_emergency"})
"""What counts as a danger of its own: another need pages nobody twice."""

WATCHED = frozenset({"violence_danger"})
"""Dangers in which the phone may be watched: texts nobody asked for stay discreet."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the decisions below look at."""

    state: State
    urgency: str
    danger: str | None
    owner: str | None
    lease_until: datetime | None
    due_at: datetime | None
    waiting_since: datetime


class Due(StrEnum):
    """What is due for a handoff at a moment."""

    NOTHING = "nothing"
    OWNER_LOST = "owner_lost"
    TELL = "tell"
    NEXT_STEP = "next_step"


def is_held(state: State, lease_until: datetime | None, now: datetime) -> bool:
    """Whether a worker has the conversation and is not silent for too long."""
    return state in OWNED and lease_until is not None and lease_until > now


def due(standing: Standing, now: datetime, tell_after: timedelta) -> Due:
    """What must happen now. One thing at a time: the caller asks again until there is nothing."""
    if standing.state is State.CLOSED or is_held(standing.state, standing.lease_until, now):
        return Due.NOTHING
    if standing.state in OWNED:
        return Due.OWNER_LOST
    if standing.state is not State.UNANSWERED and standing.waiting_since + tell_after <= now:
        return Due.TELL
    if standing.due_at is not None and standing.due_at <= now:
        return Due.NEXT_STEP
    return Due.NOTHING


def is_worse(standing: Standing, urgency: str, danger: str | None) -> bool:
    """Whether what was just read makes the matter worse: it rises to an emergency, or another danger appears."""
    emergency = urgency == "emergency"
    if emergency and standing.urgency != "emergency":
        return True
    another = danger in DANGERS and danger != standing.danger
    return another and (emergency or standing.urgency != "emergency")
