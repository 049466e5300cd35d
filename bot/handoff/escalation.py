"""The escalation policy: who is paged first, who next, by what, and what happens when nobody comes. Pure.

A position counts steps from 0. Positions after the last step repeat it, `repeat_last` times; then the policy has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

ON_CALL = "on_call"
EVERYONE = "everyone"
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Step:
    """One escalation step: `who` (`on_call`, `everyone`, or worker ids), `by` (channels, first choice first), how long."""

    who: str | tuple[str, ...]
    by: tuple[str, ...]
    wait: timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """Steps in order, and the times a conversation may go without an owner, or an owner without a word."""

    id: str
    steps: tuple[Step, ...]
    repeat_last: int = 2
    tell_after: timedelta = timedelta(minutes=10)
    first_words: timedelta = timedelta(minutes=10)
    silence: timedelta = timedelta(minutes=30)

    @property
    def last(self) -> int:
        """The last step's position."""
        return len(self.steps) - 1

    @property
    def end(self) -> int:
        """The first position at which nobody is paged any more."""
        return self.last + self.repeat_last + 1

    def step(self, position: int) -> Step:
        """The step of a position."""
        return self.steps[min(position, self.last)]


def route(addresses: Collection[str], by: Sequence[str], usable: Collection[str]) -> str | None:
    """The first of a step's channels that is configured and on which the worker has an address; None: unreachable."""
    return next((channel for channel in by if channel in usable and channel in addresses), None)


def people(step: Step, on_call: Sequence[str], everyone: Sequence[str]) -> tuple[str, ...]:
    """The worker ids a step pages."""
    if step.who == ON_CALL:
        return tuple(on_call)
    if step.who == EVERYONE:
        return tuple(everyone)
    return tuple(worker for worker in step.who if worker in everyone)


def recipients(
    step: Step, on_call: Sequence[str], workers: Mapping[str, Collection[str]], usable: Collection[str]
) -> dict[str, str]:
    """Whom a step reaches: worker id to channel. `workers` maps every worker id to the channels of its addresses."""
    routes = {worker: route(workers[worker], step.by, usable) for worker in people(step, on_call, tuple(workers))}
    return {worker: channel for worker, channel in routes.items() if channel is not None}


def first_staffed(policy: Policy, start: int, reached: Callable[[Step], R]) -> tuple[int, R] | None:
    """The first position from `start` on whose step reaches somebody; empty steps are skipped at once."""
    if start >= policy.end:
        return None
    for position in range(start, max(start, policy.last) + 1):
        found = reached(policy.step(position))
        if found:
            return position, found
    return None
