"""Performs what the flows emit: renders cards, looks places up, searches, and resumes the flow with the result.

It changes nothing outside: handoffs, opt-outs and erasures are handed back to the turn, which owns the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bot.conversation.directory_view import DirectoryView, ReportKind, ServiceReport
from bot.conversation.replies import Reply
from bot.messages import ChannelName, Choice
from flows.cards import Card
from flows.engine import Engine
from flows.flow import (
    Answer,
    Context,
    Effect,
    Event,
    FindServices,
    Flow,
    HandOff,
    LookUpPlace,
    Option,
    Say,
    Session,
    Sprint,
)
from flows.render import render
from flows.segments import segments

PLACE_CARD_ROUNDS = 6
"""Look-ups and searches performed in one turn at most."""

REPORTS: Mapping[str, ReportKind] = {"report_closed": "closed", "report_full": "full"}
"""Effects that are a person's word about a service."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the flows may look at in this turn."""

    language: str
    channel: ChannelName
    now: datetime
    on_call: bool
    practice: str
    opted_out: bool = False
    audience: str | None = None
    text: str = field(default="", repr=False)
    said: str = field(default="", repr=False)  # the last minutes' own words: for whom a search is

    def context(self) -> Context:
        """The engine's own form."""
        return Context(
            now=self.now,
            language=self.language,
            channel=self.channel.value,
            on_call=self.on_call,
            audience=self.audience,
            practice=self.practice,
            opted_out=self.opted_out,
            text=self.text,
        )


@dataclass(slots=True)
class Spoken:
    """What moving through the flows gave: replies in order, and what the turn must do."""

    session: Session
    replies: list[Reply] = field(default_factory=list)
    handoffs: list[HandOff] = field(default_factory=list)
    more_card: str | None = None
    language: str | None = None
    opted_out: bool | None = None
    forget: bool = False
    reports: list[ServiceReport] = field(default_factory=list)


class Performer:
    """Flows, cards and the directory, ready to speak."""

    def __init__(self, engine: Engine, cards: Mapping[str, Card], directory: DirectoryView) -> None:
        self._engine = engine
        self._cards = cards
        self._directory = directory

    def flow_for(self, intent: str | None) -> str | None:
        """The flow an intent starts, or None."""
        return None if intent is None else self._engine.flow_for(intent)

    def waiting_flow(self, session: Session) -> Flow | None:
        """The flow that waits for the person, or None."""
        current = session.current
        return None if current is None else self._engine.flows.get(current.flow)

    def try_answer(self, session: Session, answer: Answer, scene: Scene) -> Sprint | None:
        """What the waiting step makes of a message; None when it does not answer it. Nothing is performed yet."""
        return self._engine.answer(session, answer, scene.context())

    def start(self, session: Session, flow_id: str, slots: Mapping[str, Any], scene: Scene) -> Spoken:
        """Begin a flow and perform what it emits."""
        return self.perform(self._engine.start(session, flow_id, slots, scene.context()), scene)

    def perform(self, sprint: Sprint, scene: Scene) -> Spoken:
        """Perform a sprint's events, resuming the flow until it waits or ends."""
        spoken = Spoken(sprint.session)
        for _ in range(PLACE_CARD_ROUNDS):
            for event in sprint.events:
                self._event(event, spoken, scene)
            spoken.session = sprint.session
            if sprint.pending is None:
                break
            sprint = self._engine.resume(sprint.session, self._result(sprint, scene), scene.context())
        return spoken

    def holds_danger(self, session: Session) -> bool:
        """Whether a danger flow is under way, on top or below what interrupted it."""
        flows = (self._engine.flows.get(frame.flow) for frame in session.frames)
        return any(flow is not None and flow.danger for flow in flows)

    def is_asking(self, session: Session, scene: Scene) -> bool:
        """Whether the waiting step has a question open (a step that only listens has none)."""
        return bool(self._engine.ask_again(session, scene.context()))

    def card(
        self, card_id: str, params: Mapping[str, Any], scene: Scene, choices: tuple[Option, ...] = ()
    ) -> list[Reply]:
        """One card as replies, outside any flow; nothing when there is no such card."""
        return self._say(Say(card_id, params, choices), scene)

    def place_known(self, session: Session) -> Mapping[str, Any] | None:
        """The place this conversation searched near last, or None."""
        places = (frame.slots.get("place") for frame in reversed(session.frames))
        return next((place for place in places if isinstance(place, Mapping)), None)

    def today(self, now: datetime) -> date:
        """The day where the organisation is."""
        return self._directory.today(now)

    def more_of(self, card_id: str | None, language: str) -> str | None:
        """What a card says beyond its first text, or None."""
        card = self._cards.get(card_id or "")
        return None if card is None else card.more(language)

    def _event(self, event: Event, spoken: Spoken, scene: Scene) -> None:
        if isinstance(event, Say):
            spoken.replies.extend(self._say(event, scene))
            card = self._cards.get(event.card)
            if card is not None and card.more(scene.language):
                spoken.more_card = event.card
        elif isinstance(event, HandOff):
            spoken.handoffs.append(event)
        elif isinstance(event, Effect):
            self._effect(event, spoken, scene)

    def _effect(self, effect: Effect, spoken: Spoken, scene: Scene) -> None:
        kind = REPORTS.get(effect.name)
        if kind is not None:
            report = self._directory.report(kind, effect.ids, scene.text, scene.now)
            spoken.reports.extend([report] if report is not None else [])
        elif effect.name == "forget":
            spoken.forget = True
        elif effect.name == "language":
            spoken.language = effect.value
        else:
            spoken.opted_out = effect.name == "opt_out"

    def _result(self, sprint: Sprint, scene: Scene) -> Any:
        if isinstance(sprint.pending, LookUpPlace):
            return self._directory.look_up(sprint.pending, _near(sprint.session))
        if isinstance(sprint.pending, FindServices):
            return self._directory.find(sprint.pending, scene.language, scene.now, scene.said)
        raise TypeError(f"nothing performs {type(sprint.pending).__name__}")

    def _say(self, event: Say, scene: Scene) -> list[Reply]:
        card = self._cards.get(event.card)
        if card is None or (card.expired(scene.now.date()) and not card.is_emergency):
            return []  # an expired text is not sent; the check lists it before that happens
        texts = render(
            card,
            event.params,
            language=scene.language,
            audience=scene.audience,
            channel=scene.channel.value,
            choices=event.choices,
        )
        choices = tuple(
            Choice(option.value, str(option.label.get(scene.language) or option.label.get("fr") or option.value))
            for option in event.choices
        )
        last = len(texts) - 1
        return [
            Reply(
                text,
                choices if n == last else (),
                ask_location=event.ask_location and n == last,
                alone=card.is_emergency and n == 0,
            )
            for n, text in enumerate(texts)
        ]


def parts_of(text: str, channel: ChannelName) -> int:
    """SMS parts of a text; 0 elsewhere."""
    return segments(text).parts if channel is ChannelName.SMS else 0


def _near(session: Session) -> tuple[float, float] | None:
    """A place this conversation already knows: it tells homonyms apart."""
    for frame in reversed(session.frames):
        place = frame.slots.get("place")
        if isinstance(place, Mapping) and "lat" in place:
            return float(place["lat"]), float(place["lon"])
    return None
