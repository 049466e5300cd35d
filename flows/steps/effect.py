"""`effect`: something done to the contact by the shell.

- effect: forget                       # erase everything, with a receipt
- effect: {name: language, value: en}
- effect: opt_out
"""

from __future__ import annotations

from typing import ClassVar, Literal

from flows.flow import Context, Effect, Outcome, Slots
from flows.steps.base import StepModel


class EffectStep(StepModel):
    """Ask the shell for an effect."""

    shorthand: ClassVar[str | None] = "name"

    name: Literal["forget", "opt_out", "opt_in", "language"]
    value: str | None = None

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Emit the effect and go on."""
        return Outcome(events=(Effect(self.name, self.value),), go=self.go)
