"""`listen`: wait for what the person says next, without a menu. Danger flows advance this way.

- id: next
  listen:
    options:
      - {go: awake, words: {fr: [réveill*], en: [awake]}, intents: [resolved]}
    otherwise: keep_going       # every other answer that is about this (optional)
    intents: [overdose_now]     # what else is about this when there is no listed word; empty: any unclear message
    longest: 12                 # listed words count only in messages of up to so many words (optional)
    place: elsewhere            # where a named place or a pin goes; it is put in `said_place`, `said_location` (optional)
    new_subject: [find_food]    # these intents, when clear and not the flow's own, are another subject (optional)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from flows.flow import Answer, Context, Option, Outcome, Slots
from flows.matching import MAX_WORDS, pick
from flows.steps.base import OptionModel, StepModel, to_options

NEW_SUBJECT_FROM = 0.3
"""Confidence from which another of the listed needs is a new subject ("seringues à Gatineau", after a meal in Laval)."""

PHRASE_WORDS = 5
"""A listed phrase of several words that is most of the message ("no room left") is about what was just named, whatever
intent it resembles. In a longer message, or by one word ("open"), it may be about anything."""


def _told_by_phrases(options: Sequence[Option]) -> list[Option]:
    """The options by their listed phrases of several words alone."""
    return [
        replace(option, words={name: [p for p in phrases if " " in p] for name, phrases in option.words.items()})
        for option in options
    ]


class ListenStep(StepModel):
    """Wait, and go on by the words or the intent of what comes."""

    options: list[OptionModel] = Field(default_factory=list)
    otherwise: str | None = None
    intents: list[str] = Field(default_factory=list)
    longest: int = MAX_WORDS
    place: str | None = None
    new_subject: list[str] = Field(default_factory=list)

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Say nothing, and wait."""
        return Outcome(wait=True)

    def answer(self, answer: Answer, slots: Slots, context: Context) -> Outcome | None:
        """Listed words and intents first; then anything about the same matter, or too unclear to be about another."""
        options = to_options(self.options)
        chosen = pick(Answer(text=answer.text), _told_by_phrases(options), numbered=False, longest=PHRASE_WORDS)
        another = answer.intent in self.new_subject and answer.intent != slots.get("intent")
        if chosen is None and another and (answer.sure or answer.confidence >= NEW_SUBJECT_FROM):
            return None
        chosen = chosen or pick(answer, options, numbered=False, longest=self.longest)
        if chosen is not None:
            return Outcome(go=chosen.go or self.go)
        if self.place is not None and (answer.place or answer.location):
            pin = list(answer.location) if answer.location else None
            return Outcome(slots={"said_place": answer.place, "said_location": pin}, go=self.place)
        if self.otherwise is not None and (answer.intent in self.intents or not answer.sure):
            return Outcome(go=self.otherwise)
        return None

    def targets(self) -> tuple[str, ...]:
        """Where each option goes."""
        return tuple(t for t in (self.go, self.otherwise, self.place, *(option.go for option in self.options)) if t)

    def ends(self) -> bool:
        """When every answer that is taken says where to go."""
        return self.go is not None or all(option.go for option in self.options)
