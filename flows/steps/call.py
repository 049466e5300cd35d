"""`call`: run another flow, then come back to the next step.

- call: talk_to_worker
"""

from __future__ import annotations

from typing import ClassVar

from flows.flow import Context, Outcome, Slots
from flows.steps.base import StepModel


class CallStep(StepModel):
    """Run another flow."""

    shorthand: ClassVar[str | None] = "flow"

    flow: str

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Call it."""
        return Outcome(call=self.flow, go=self.go)

    def calls(self) -> tuple[str, ...]:
        """The flow it runs."""
        return (self.flow,)
