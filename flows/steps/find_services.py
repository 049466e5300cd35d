"""`find_services`: search the directory near the place, and say what was found, in the directory's own words.

    - find_services: {need: find_food, slot: place, nothing: nothing_near}
    - find_services: {need: find_food, hours: true}     # are those just named open?

`need` may be "{intent}": the intent that started the flow. The search is the shell's; its words come back as one text,
sent with the card `services`. Services already named are left out when the step is reached again ("another one").
"""

from __future__ import annotations

from typing import ClassVar

from flows.flow import Context, FindServices, Outcome, Result, Say, ServicesFound, Slots
from flows.steps.base import StepModel

CARD = "services"


class FindServicesStep(StepModel):
    """Search and answer."""

    shorthand: ClassVar[str | None] = "need"

    need: str
    slot: str = "place"
    nothing: str | None = None
    hours: bool = False

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Emit the search."""
        need = str(slots.get("intent") or "") if self.need == "{intent}" else self.need
        place = slots.get(self.slot)
        if self.hours:
            return Outcome(events=(FindServices(need, place, about=tuple(slots.get("last_named") or ())),))
        return Outcome(events=(FindServices(need, place, exclude=tuple(slots.get("named_services") or ())),))

    def resume(self, result: Result, slots: Slots, context: Context) -> Outcome:
        """Say what was found; or go where `nothing` says."""
        if not isinstance(result, ServicesFound):
            return Outcome(go=self.go)
        named = [*(slots.get("named_services") or ()), *result.ids]
        kept = {"named_services": named, "last_named": list(result.ids)}
        events = (Say(CARD, {"text": result.text}),) if result.text else ()
        if result.nothing and self.nothing is not None:
            return Outcome(events=events, go=self.nothing, slots=kept)
        return Outcome(events=events, slots={} if self.hours else kept, go=self.go)

    def targets(self) -> tuple[str, ...]:
        """The next step, and the one for an empty answer."""
        return tuple(t for t in (self.go, self.nothing) if t)

    def cards(self) -> tuple[str, ...]:
        """The card that carries the directory's words."""
        return (CARD,)
