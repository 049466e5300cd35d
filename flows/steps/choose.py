"""`choose`: offer a few choices: numbers on SMS, buttons on Telegram.

- choose:
    card: menu
    slot: wish              # optional: keeps the option's value
    options:
      - {go: food, label: {fr: Manger, en: Food}, words: {fr: [bouffe], en: [food]}, intents: [find_food]}
      - {go: better, intents: [thanks]}      # no label: not shown, but understood
    otherwise: other        # optional: where an answer that picks nothing goes; else the subject may change
"""

from __future__ import annotations

from pydantic import Field

from flows.flow import Answer, Context, Event, Option, Outcome, Say, Slots
from flows.matching import number_in, pick
from flows.steps.base import OptionModel, StepModel, to_options


class ChooseStep(StepModel):
    """A question with numbered choices."""

    card: str
    slot: str | None = None
    options: list[OptionModel] = Field(min_length=1)
    otherwise: str | None = None

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Ask, and wait."""
        return Outcome(events=self.ask_again(slots, context), wait=True)

    def answer(self, answer: Answer, slots: Slots, context: Context) -> Outcome | None:
        """Go where the picked option says; a number that is not offered asks again."""
        chosen = pick(answer, self._shown()) or pick(answer, self._unseen(), numbered=False)
        if chosen is None:
            if number_in(answer.text) is not None:
                return self.run(slots, context)
            return None if self.otherwise is None or answer.sure else Outcome(go=self.otherwise)
        return Outcome(slots={} if self.slot is None else {self.slot: chosen.value}, go=chosen.go or self.go)

    def ask_again(self, slots: Slots, context: Context) -> tuple[Event, ...]:
        """The question with its choices."""
        return (Say(self.card, choices=self._shown()),)

    def _shown(self) -> tuple[Option, ...]:
        return tuple(option for option in to_options(self.options) if option.label)

    def _unseen(self) -> tuple[Option, ...]:
        return tuple(option for option in to_options(self.options) if not option.label)

    def targets(self) -> tuple[str, ...]:
        """Where each option goes."""
        return tuple(t for t in (self.go, self.otherwise, *(option.go for option in self.options)) if t)

    def cards(self) -> tuple[str, ...]:
        """The question."""
        return (self.card,)

    def ends(self) -> bool:
        """When every option says where to go."""
        return self.go is not None or all(option.go for option in self.options)
