"""`hand_off`: open, or strengthen, a handoff to the on-call worker.

- hand_off: {urgency: emergency, danger: overdose_now}
- hand_off: urgent
"""

from __future__ import annotations

from typing import ClassVar, Literal

from flows.flow import Context, HandOff, Outcome, Slots
from flows.steps.base import StepModel


class HandOffStep(StepModel):
    """Ask for a human."""

    shorthand: ClassVar[str | None] = "urgency"

    urgency: Literal["emergency", "urgent"]
    danger: str | None = None

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Emit the handoff and go on: the person is never made to wait for it."""
        return Outcome(events=(HandOff(self.urgency, self.danger),), go=self.go)
