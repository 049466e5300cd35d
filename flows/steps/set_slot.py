"""`set`: put values into slots (null empties one).

- set: {wish: null}
"""

from __future__ import annotations

from typing import Any, ClassVar

from flows.flow import Context, Outcome, Slots
from flows.steps.base import StepModel


class SetStep(StepModel):
    """Remember, or forget, something for the rest of the flow."""

    shorthand: ClassVar[str | None] = "values"

    values: dict[str, Any]

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Change the slots."""
        return Outcome(slots=self.values, go=self.go)
