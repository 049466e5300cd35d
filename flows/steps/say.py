"""`say`: send a card and go on.

- say: overdose_first_lines
- say: {card: shelter_lines, with: {name: place}}     # fills {name} with the slot `place`
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from flows.flow import Context, Outcome, Say, Slots
from flows.steps.base import StepModel


class SayStep(StepModel):
    """Send one card."""

    shorthand: ClassVar[str | None] = "card"

    card: str
    params: dict[str, str] = Field(default_factory=dict, alias="with")

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Emit the card, with the slots its placeholders name."""
        params = {name: slots.get(slot) for name, slot in self.params.items()}
        return Outcome(events=(Say(self.card, params),), go=self.go)

    def cards(self) -> tuple[str, ...]:
        """The card it sends."""
        return (self.card,)
