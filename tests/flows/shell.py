"""A small stand-in for the service: it answers a message from the labels a golden transcript gives it.

It follows the same order as `bot.conversation.who_answers` (danger, urgent, waiting step, intent, fallback), looks
places up in a small table, and performs nothing else: what the flows emit is what a transcript compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flows.cards import Card
from flows.engine import Engine
from flows.flow import (
    Answer,
    Context,
    Effect,
    Event,
    FindServices,
    HandOff,
    LookUpPlace,
    PlaceFound,
    PlaceUnclear,
    PlaceUnknown,
    Result,
    Say,
    ServicesFound,
    Session,
    Slots,
    Sprint,
)
from flows.matching import fold
from flows.render import render

NOW = datetime(2026, 1, 16, 19, 0, tzinfo=UTC)
FALLBACKS = ("fallback_question", "menu", "fallback_human")


def place(label: str) -> dict[str, Any]:
    """A place as the directory gives it."""
    return {"label_fr": label, "label_en": label, "lat": 45.54, "lon": -73.55, "precision_km": 1.0, "kind": "area"}


PLACES: Mapping[str, tuple[str, ...]] = {
    "hochelag": ("Hochelaga",),
    "berri": ("Berri-UQAM",),
    "h3n": ("H3N (Parc-Extension)",),
    "h3n 1x4": ("H3N (Parc-Extension)",),
    "st-michel": ("Saint-Michel (Montréal)", "Saint-Michel (Montérégie)"),
}
"""What may be said, and the place or places of that name."""

SERVICES = (
    ("a", "Dopamine, 3591 rue Sainte-Catherine Est: ouvert jusqu'à 23h, 514 555-0101."),
    ("b", "Spectre de rue, 1280 rue Ontario Est: fermé, ouvre lundi, 514 555-0102."),
)
"""Given one at a time, so that "another one" gives another one, then none."""


@dataclass
class Heard:
    """What one turn gave: cards and texts in order, and what else was asked for."""

    cards: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    does: list[str] = field(default_factory=list)


@dataclass
class Shell:
    """One person's conversation."""

    engine: Engine
    cards: Mapping[str, Card]
    language: str = "fr"
    channel: str = "sms"
    on_call: bool = True
    session: Session = field(default_factory=Session)
    fallbacks: int = 0
    crisis: str | None = None

    def take(self, turn: Mapping[str, Any]) -> Heard:
        """Answer one message of a transcript."""
        text, intent = str(turn.get("text", "")), turn.get("intent")
        urgency = turn.get("urgency", "none")
        location = tuple(turn["location"]) if "location" in turn else None
        answer = Answer(
            text=text,
            intent=intent,
            confidence=0.9 if turn.get("sure", True) else 0.3,
            place=turn.get("place"),
            location=location,
            sure=intent is not None and turn.get("sure", True),
        )
        context = Context(
            now=NOW,
            language=self.language,
            channel=self.channel,
            on_call=self.on_call,
            audience=turn.get("audience"),
            text=text,
        )
        slots: Slots = {
            "intent": intent,
            "urgency": urgency,
            "said_place": turn.get("place"),
            "said_location": list(location) if location else None,
            "substances": turn.get("substances", []),
            "person": turn.get("person"),
        }
        return self._perform(self._move(answer, slots, context), context)

    def _move(self, answer: Answer, slots: Slots, context: Context) -> Sprint:
        danger, urgency = slots["intent"], slots["urgency"]
        waiting = self.engine.answer(self.session, answer, context)
        about = self._about(danger)
        if urgency == "emergency":
            on, self.crisis = waiting is not None and (about or self.crisis == danger), danger
            if on and waiting is not None and self.engine.is_danger(self.session):
                return waiting
            return self._start(self.engine.flow_for(str(danger)) or "danger_now", slots, context)
        if urgency == "urgent" and not about:
            return self._start(self.engine.flow_for(str(danger)) or "talk_to_worker", slots, context)
        if waiting is not None:
            self.fallbacks = 0
            return waiting
        flow = self.engine.flow_for(str(danger)) if answer.location is None else None
        if flow is not None:
            self.fallbacks = 0
            return self._start(flow, slots, context)
        self.fallbacks += 1
        return self._start(FALLBACKS[(self.fallbacks - 1) % 3], slots, context)

    def _about(self, danger: Any) -> bool:
        current = self.session.current
        flow = None if current is None else self.engine.flows[current.flow]
        return flow is not None and flow.danger and danger in flow.intents

    def _start(self, flow: str, slots: Slots, context: Context) -> Sprint:
        return self.engine.start(self.session, flow, slots, context)

    def _perform(self, sprint: Sprint, context: Context) -> Heard:
        heard = Heard()
        while True:
            for event in sprint.events:
                self._event(event, heard)
            # a session is written down between two messages: what cannot be read back would be lost
            self.session = Session.from_json(sprint.session.to_json())
            if sprint.pending is None:
                return heard
            sprint = self.engine.resume(self.session, result_of(sprint.pending), context)

    def _event(self, event: Event, heard: Heard) -> None:
        if isinstance(event, Say):
            heard.cards.append(event.card)
            card = self.cards[event.card]
            heard.texts.extend(render(card, event.params, self.language, channel=self.channel, choices=event.choices))
            if self.channel != "sms":
                heard.texts.extend(str(option.label.get(self.language)) for option in event.choices)
        elif isinstance(event, HandOff):
            heard.does.append(f"hand_off {event.urgency}{f' {event.danger}' if event.danger else ''}")
        elif isinstance(event, Effect):
            heard.does.append(f"{event.name}{f' {event.value}' if event.value else ''}")
            if event.name == "language" and event.value:
                self.language = event.value
        elif isinstance(event, FindServices):
            heard.does.append(f"find {event.need}")


def result_of(event: LookUpPlace | FindServices) -> Result:
    """What the directory says, from the tables above."""
    if isinstance(event, LookUpPlace):
        if event.location is not None:
            return PlaceFound(place("Ton point"))
        names = PLACES.get(event.text.lower()) or PLACES.get(fold(event.text), ())
        if len(names) > 1:
            return PlaceUnclear(tuple(place(name) for name in names))
        return PlaceFound(place(names[0])) if names else PlaceUnknown()
    if event.about:
        lines = [text for key, text in SERVICES if key in event.about]
        return ServicesFound("\n".join(lines), event.about)
    left = [(key, text) for key, text in SERVICES if key not in event.exclude][:1]
    return ServicesFound("\n".join(text for _, text in left), tuple(key for key, _ in left), nothing=not left)
