"""`effect`: something done by the shell: to the contact, or with what the contact says of a service.

- effect: forget                       # erase everything, with a receipt
- effect: {name: language, value: en}
- effect: opt_out
- effect: report_closed                # the services last named by `find_services` go along; `report_full` likewise
"""

from __future__ import annotations

from typing import ClassVar, Literal

from flows.flow import Context, Effect, Outcome, Slots
from flows.steps.base import StepModel


class EffectStep(StepModel):
    """Ask the shell for an effect."""

    shorthand: ClassVar[str | None] = "name"

    name: Literal["forget", "opt_out", "opt_in", "language", "report_closed", "report_full"]
    value: str | None = None

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Emit the effect and go on."""
        ids = tuple(slots.get("last_named") or ()) if self.name.startswith("report_") else ()
        return Outcome(events=(Effect(self.name, self.value, ids),), go=self.go)
