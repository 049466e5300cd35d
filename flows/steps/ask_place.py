"""`ask_place`: find out near where to look, in the words of the street, or from a pin.

    - ask_place: {card: ask_place, slot: place, unknown: place_unknown, unclear: which_place}

A place already named in the message that started the flow (slot `said_place`) or a pin (`said_location`) is tried
before asking. The look-up itself is the shell's: this step emits it and reads the result. Two unknown places in a
row end the question: `give_up` names the step to go to (the province-wide lines).
"""

from __future__ import annotations

from typing import Any, ClassVar

from flows.flow import (
    Answer,
    Context,
    Event,
    LookUpPlace,
    Option,
    Outcome,
    PlaceFound,
    PlaceUnclear,
    Result,
    Say,
    Slots,
)
from flows.matching import number_in, pick
from flows.steps.base import StepModel

MAX_PLACE_WORDS = 8
"""A place is named in up to so many words; a longer message without a recognised place is another subject."""

INTENTS_THAT_NAME_PLACES = frozenset({"out_of_scope", "greet", "affirm"})
"""A lone place name has no intent of its own: the classifier calls it one of these, or is unsure."""


class AskPlaceStep(StepModel):
    """Ask where, unless it was said."""

    shorthand: ClassVar[str | None] = "card"

    card: str = "ask_place"
    slot: str = "place"
    unknown: str = "place_unknown"
    unclear: str = "place_unclear"
    give_up: str | None = None

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Use the place already known or said; else ask."""
        if slots.get(self.slot):
            return Outcome(go=self.go)
        said, pin = slots.get("said_place"), slots.get("said_location")
        forget: dict[str, Any] = {"said_place": None, "said_location": None, "place_tries": 0}
        if said or pin:
            return Outcome(events=(_look_up(said or "", pin),), slots=forget | {"place_from_first": True})
        return Outcome(events=(self._question(),), slots=forget, wait=True)

    def answer(self, answer: Answer, slots: Slots, context: Context) -> Outcome | None:
        """A pin, one of the places asked about, or words that may name a place."""
        candidates = slots.get("place_candidates") or ()
        if answer.location is not None:
            return Outcome(events=(_look_up("", answer.location),), slots={"place_candidates": None})
        if candidates:
            options = _options(candidates)
            chosen = pick(Answer(text=answer.text, button=answer.button), options)
            if chosen is not None:
                return Outcome(
                    slots={self.slot: candidates[int(chosen.value) - 1], "place_candidates": None}, go=self.go
                )
        if answer.place is None:
            if answer.sure and answer.intent not in INTENTS_THAT_NAME_PLACES:
                return None  # a clear new subject
            if len(answer.text.split()) > MAX_PLACE_WORDS or number_in(answer.text) is not None:
                return None
        return Outcome(events=(_look_up(answer.place or answer.text, None),), slots={"place_from_first": False})

    def resume(self, result: Result, slots: Slots, context: Context) -> Outcome:
        """Keep the place, ask which of several, or say it is not known."""
        if isinstance(result, PlaceFound):
            return Outcome(slots={self.slot: dict(result.place), "place_candidates": None}, go=self.go)
        if isinstance(result, PlaceUnclear):
            candidates = [dict(place) for place in result.candidates]
            question = Say(self.unclear, choices=_options(candidates))
            return Outcome(events=(question,), slots={"place_candidates": candidates}, wait=True)
        if slots.get("place_from_first"):  # the words that started the flow named no place we know: simply ask
            return Outcome(events=(self._question(),), slots={"place_from_first": False}, wait=True)
        tries = int(slots.get("place_tries") or 0) + 1
        if tries >= 2 and self.give_up is not None:
            return Outcome(go=self.give_up)
        return Outcome(events=(Say(self.unknown, ask_location=True),), slots={"place_tries": tries}, wait=True)

    def ask_again(self, slots: Slots, context: Context) -> tuple[Event, ...]:
        """Ask where once more."""
        return (self._question(),)

    def targets(self) -> tuple[str, ...]:
        """The next step, and the one for a place that stays unknown."""
        return tuple(step for step in (self.go, self.give_up) if step)

    def cards(self) -> tuple[str, ...]:
        """The three questions."""
        return (self.card, self.unknown, self.unclear)

    def _question(self) -> Say:
        return Say(self.card, ask_location=True)


def _look_up(text: str, location: Any) -> LookUpPlace:
    return LookUpPlace(text, None if location is None else (float(location[0]), float(location[1])))


def _options(candidates: Any) -> tuple[Option, ...]:
    return tuple(
        Option(value=str(n), label={"fr": place["label_fr"], "en": place["label_en"]})
        for n, place in enumerate(candidates, start=1)
    )
