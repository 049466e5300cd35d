"""What every kind of step shares: its id, where it goes next, and sensible answers to what it does not support."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from flows.flow import Answer, Context, Event, Option, Outcome, Result, Slots


class StepModel(BaseModel):
    """A step as written in YAML. Unknown keys are refused, so that a typing mistake never goes unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    id: str
    go: str | None = None

    shorthand: ClassVar[str | None] = None
    """The field that `kind: value` sets when the value is not a mapping."""

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Reach this step. By default: nothing happens, and the flow goes on."""
        return Outcome(go=self.go)

    def answer(self, answer: Answer, slots: Slots, context: Context) -> Outcome | None:
        """By default a step does not wait, so nothing answers it."""
        return None

    def resume(self, result: Result, slots: Slots, context: Context) -> Outcome:
        """By default a result changes nothing and the flow goes on."""
        return Outcome(go=self.go)

    def ask_again(self, slots: Slots, context: Context) -> tuple[Event, ...]:
        """By default there is no question to say again."""
        return ()

    def targets(self) -> tuple[str, ...]:
        """Step ids this step may go to."""
        return (self.go,) if self.go else ()

    def cards(self) -> tuple[str, ...]:
        """Cards this step may send."""
        return ()

    def calls(self) -> tuple[str, ...]:
        """Flows this step may run."""
        return ()

    def ends(self) -> bool:
        """Whether what follows in the file is never reached from here: it always goes elsewhere."""
        return self.go is not None


class OptionModel(BaseModel):
    """One option as written in YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: str = ""
    go: str | None = None
    label: dict[str, str] = Field(default_factory=dict)
    words: dict[str, list[str]] = Field(default_factory=dict)
    intents: list[str] = Field(default_factory=list)

    @field_validator("value", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> str:
        return "" if value is None else str(value)

    def to_option(self, position: int) -> Option:
        """The engine's own form; an option without a value is known by its position."""
        return Option(
            value=self.value or self.go or str(position),
            go=self.go,
            label=self.label,
            words=self.words,
            intents=frozenset(self.intents),
        )


def to_options(models: list[OptionModel]) -> tuple[Option, ...]:
    """Options in the order of the file, numbered from 1."""
    return tuple(model.to_option(position) for position, model in enumerate(models, start=1))
