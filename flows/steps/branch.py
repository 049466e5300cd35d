"""`branch`: go one way or another by what is known. The first condition that holds wins.

    - branch:
        - {when: {on_call: true}, go: worker_on_call}
        - {when: {language: en, slot: {wish: food}}, go: food}
        - {when: {said: [lithium], and_said: [kéta*, ketamine]}, go: lithium_ketamine}
        - {go: nobody}              # no condition: always

Conditions: `on_call`, `language`, `channel`, `audience`, `practice`, `opted_out` (compared with the context);
`slot`: a mapping of slot name to a value, to a list (one of its words is enough), or to true for "is filled";
`said` and `and_said`: lists of phrases, one of which the message just received must hold (`flows.matching.Words`).
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from flows.flow import Context, Outcome, Slots
from flows.matching import Words, fold
from flows.steps.base import StepModel

CONTEXT_CONDITIONS = frozenset({"on_call", "language", "channel", "audience", "practice", "opted_out"})
WORD_CONDITIONS = frozenset({"said", "and_said"})


class BranchArm(BaseModel):
    """One way to go, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: dict[str, Any] = Field(default_factory=dict)
    go: str

    @field_validator("when")
    @classmethod
    def _known_conditions(cls, when: dict[str, Any]) -> dict[str, Any]:
        unknown = set(when) - CONTEXT_CONDITIONS - {"slot"} - WORD_CONDITIONS
        if unknown:
            raise ValueError(
                f"unknown condition {sorted(unknown)[0]!r}; use {', '.join(sorted(CONTEXT_CONDITIONS | WORD_CONDITIONS))} or slot"
            )
        for name in WORD_CONDITIONS & set(when):
            if not isinstance(when[name], list) or not all(isinstance(word, str) for word in when[name]):
                raise ValueError(f"write '{name}' as a list of words")
        return when

    def holds(self, slots: Slots, context: Context, words: Words) -> bool:
        """Whether every condition of this arm holds. `words` are those of the context's text."""
        for name, wanted in self.when.items():
            if name == "slot":
                if not all(_matches(slots.get(slot), value) for slot, value in wanted.items()):
                    return False
            elif name in WORD_CONDITIONS:
                if not words.mention(wanted):
                    return False
            elif getattr(context, name) != wanted:
                return False
        return True


class BranchStep(StepModel):
    """Choose a way without asking."""

    shorthand: ClassVar[str | None] = "arms"

    arms: list[BranchArm] = Field(min_length=1)

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Take the first arm that holds; when none does, the next step."""
        words = Words.of(context.text)
        return Outcome(go=next((arm.go for arm in self.arms if arm.holds(slots, context, words)), self.go))

    def targets(self) -> tuple[str, ...]:
        """Where each arm goes."""
        return tuple(t for t in (self.go, *(arm.go for arm in self.arms)) if t)

    def ends(self) -> bool:
        """When one arm has no condition."""
        return self.go is not None or any(not arm.when for arm in self.arms)


def _matches(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool):
        return bool(value) is wanted
    if isinstance(wanted, list):
        held = value if isinstance(value, list | tuple) else [value]
        folded = {fold(str(word)) for word in wanted}
        return any(item is not None and fold(str(item)) in folded for item in held)
    return bool(value == wanted)
