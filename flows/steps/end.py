"""`end`: the flow is over.

- end:
"""

from __future__ import annotations

from flows.flow import Context, Outcome, Slots
from flows.steps.base import StepModel


class EndStep(StepModel):
    """Leave the flow."""

    def run(self, slots: Slots, context: Context) -> Outcome:
        """End."""
        return Outcome(end=True)

    def ends(self) -> bool:
        """Always."""
        return True
