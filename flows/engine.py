"""Walks through flows. Pure: data in, events out; the shell performs them and keeps the session.

A flow that waits can be interrupted: the new flow goes on top, and when it ends the interrupted one asks its question
again. A danger flow has the floor to itself: nothing below it speaks until it is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flows.flow import (
    Answer,
    Context,
    Event,
    FindServices,
    Flow,
    FlowError,
    Frame,
    LookUpPlace,
    Outcome,
    Result,
    Session,
    Slots,
    Sprint,
    Step,
)

MAX_MOVES = 100
"""A flow that moves this often without waiting goes round in circles."""

MAX_FRAMES = 4
"""Interrupted flows kept at most; the oldest is dropped beyond that."""


class Engine:
    """The flows of an organisation, ready to be walked through."""

    def __init__(self, flows: Mapping[str, Flow]) -> None:
        self.flows = flows
        self._by_intent = {intent: flow.id for flow in flows.values() for intent in flow.intents}

    def flow_for(self, intent: str) -> str | None:
        """The flow an intent starts, or None."""
        return self._by_intent.get(intent)

    def is_danger(self, session: Session) -> bool:
        """Whether a danger flow is the one under way."""
        current = session.current
        return current is not None and current.flow in self.flows and self.flows[current.flow].danger

    def start(self, session: Session, flow_id: str, slots: Slots, context: Context) -> Sprint:
        """Begin a flow, on top of whatever waits. Starting a flow that is under way begins it afresh."""
        flow = self._flow(flow_id)
        kept = (f for f in self._known(session).frames if f.flow != flow_id and self.flows[f.flow].resumes)
        below = tuple(kept)[-(MAX_FRAMES - 1) :]
        frame = Frame(flow_id, flow.first, slots)
        return self._walk(Session((*below, frame)), self._run(frame, context), context)

    def answer(self, session: Session, answer: Answer, context: Context) -> Sprint | None:
        """Give the waiting step what the person wrote. None when nothing waits or it is no answer."""
        session = self._known(session)
        frame = session.current
        if frame is None:
            return None
        outcome = self._step(frame).answer(answer, frame.slots, context)
        return None if outcome is None else self._walk(session, outcome, context)

    def resume(self, session: Session, result: Result, context: Context) -> Sprint:
        """Go on after the shell performed the pending event."""
        session = self._known(session)
        frame = session.current
        if frame is None:
            return Sprint(session)
        return self._walk(session, self._step(frame).resume(result, frame.slots, context), context)

    def ask_again(self, session: Session, context: Context) -> tuple[Event, ...]:
        """The waiting question once more, or nothing."""
        frame = self._known(session).current
        if frame is None or not frame.waiting:
            return ()
        return self._step(frame).ask_again(frame.slots, context)

    def _walk(self, session: Session, outcome: Outcome, context: Context) -> Sprint:
        """Apply an outcome, then run steps until one waits, suspends for the shell, or nothing is left."""
        events: list[Event] = []
        for _ in range(MAX_MOVES):
            frame = session.frames[-1]
            frame = replace(frame, slots={**frame.slots, **outcome.slots})
            below = session.frames[:-1]
            events.extend(outcome.events)
            last = outcome.events[-1] if outcome.events else None
            if isinstance(last, LookUpPlace | FindServices):
                return Sprint(Session((*below, replace(frame, waiting=True))), tuple(events), pending=last)
            if outcome.wait:
                return Sprint(Session((*below, replace(frame, waiting=True))), tuple(events))
            session = Session((*below, *self._leave(frame, outcome)))
            over = outcome.call is None and not any(f.flow == frame.flow for f in session.frames)
            if over and self._flow(frame.flow).danger:
                return Sprint(Session(), tuple(events))  # what was under way before a danger is not taken up unasked
            top = session.current
            if top is None:
                return Sprint(session, tuple(events))
            if top.waiting:
                return Sprint(session, (*events, *self.ask_again(session, context)))
            outcome = self._run(top, context)
        raise FlowError(f"flow '{session.frames[-1].flow}' goes round in circles; check the 'go' of its steps")

    def _leave(self, frame: Frame, outcome: Outcome) -> tuple[Frame, ...]:
        """What replaces a frame whose step is done: its next step, a called flow above it, or nothing."""
        target = None if outcome.end else outcome.go or self._flow(frame.flow).after(frame.step)
        rest = () if target is None else (replace(frame, step=target, waiting=False),)
        if outcome.call is None:
            return rest
        return (*rest, Frame(outcome.call, self._flow(outcome.call).first, frame.slots))

    def _run(self, frame: Frame, context: Context) -> Outcome:
        return self._step(frame).run(frame.slots, context)

    def _known(self, session: Session) -> Session:
        """Drop frames whose flow or step no longer exists: a running flow survives an edit of its file."""
        return Session(tuple(f for f in session.frames if f.flow in self.flows and f.step in self.flows[f.flow].steps))

    def _flow(self, flow_id: str) -> Flow:
        try:
            return self.flows[flow_id]
        except KeyError:
            raise FlowError(f"flow '{flow_id}' does not exist; see flows/library") from None

    def _step(self, frame: Frame) -> Step:
        return self._flow(frame.flow).steps[frame.step]
