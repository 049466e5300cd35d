"""What a flow is, what walking through it produces, and where a conversation stands: plain data.

The engine emits events and the shell performs them. A search, a place look-up and a handoff are events too;
the first two suspend the flow until the shell comes back with a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Slots = Mapping[str, Any]
"""What a flow knows, by slot name. Values are JSON (text, numbers, booleans, lists, mappings)."""

Bilingual = Mapping[str, Any]
"""The same thing per language: {"fr": …, "en": …}."""


class FlowError(Exception):
    """A flow, card or session cannot be used. The text names the file and the place, and says what to do."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to answer: a number or a label the person sees, or words and intents that mean it."""

    value: str
    go: str | None = None
    label: Bilingual = field(default_factory=dict)
    words: Bilingual = field(default_factory=dict)
    intents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person said, as the engine needs it. `text` is never kept."""

    text: str = field(repr=False)
    intent: str | None = None
    confidence: float = 0.0
    place: str | None = field(default=None, repr=False)  # the place named in the text, as written
    location: tuple[float, float] | None = field(default=None, repr=False)  # a pin
    button: str | None = None
    sure: bool = False  # the intent is clear enough to be an interruption of a waiting question


@dataclass(frozen=True, slots=True)
class Context:
    """What conditions may look at, as it stands at this turn."""

    now: datetime
    language: str = "fr"
    channel: str = "sms"
    on_call: bool = False
    audience: str | None = None
    practice: str = "rue"
    opted_out: bool = False
    text: str = field(default="", repr=False)  # what the person just wrote, for conditions on words; never kept


# --- what the engine emits -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Say:
    """Send a card. `choices` become numbers on SMS and buttons on Telegram."""

    card: str
    params: Slots = field(default_factory=dict)
    choices: tuple[Option, ...] = ()
    ask_location: bool = False


@dataclass(frozen=True, slots=True)
class LookUpPlace:
    """Find where this is; resume with `PlaceFound`, `PlaceUnclear` or `PlaceUnknown`."""

    text: str = field(repr=False)
    location: tuple[float, float] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FindServices:
    """Search the directory; resume with `ServicesFound`.

    With `about` (ids of services already named) the person asks whether those are open: their hours are the answer.
    """

    need: str
    place: Slots | None = field(default=None, repr=False)
    exclude: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandOff:
    """Open (or strengthen) a handoff to the on-call worker."""

    urgency: str
    danger: str | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """Something the shell does: to the contact (`forget`, `opt_out`, `opt_in`, `language`), or with what they found at a
    service's door (`report_closed`, `report_full`; `ids` are the services last named)."""

    name: str
    value: str | None = None
    ids: tuple[str, ...] = ()


Event = Say | LookUpPlace | FindServices | HandOff | Effect


# --- what the shell comes back with ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """One place: `place` holds label_fr, label_en, lat, lon (rounded), precision_km, kind."""

    place: Slots = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlaceUnclear:
    """Several places far apart bear this name: the person is asked which."""

    candidates: tuple[Slots, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlaceUnknown:
    """No such place is known."""


@dataclass(frozen=True, slots=True)
class ServicesFound:
    """What the search gave, already in words (`text`), with the ids so that "another one" can leave them out."""

    text: str = field(repr=False)
    ids: tuple[str, ...] = ()
    nothing: bool = False


Result = PlaceFound | PlaceUnclear | PlaceUnknown | ServicesFound


# --- where a conversation stands -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Frame:
    """One flow under way: at which step it stands, what it knows, and whether that step waits for an answer."""

    flow: str
    step: str
    slots: Slots = field(default_factory=dict, repr=False)
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """Flows under way, the interrupted ones first, the current one last."""

    frames: tuple[Frame, ...] = ()

    @property
    def current(self) -> Frame | None:
        """The flow that waits for the person, or None."""
        return self.frames[-1] if self.frames else None

    def to_json(self) -> list[dict[str, Any]]:
        """Plain JSON, to be sealed with the contact."""
        return [{"flow": f.flow, "step": f.step, "slots": dict(f.slots), "waiting": f.waiting} for f in self.frames]

    @classmethod
    def from_json(cls, data: Any) -> Session:
        """What `to_json` gave. Anything unreadable is an empty session: the person is answered afresh."""
        try:
            return cls(
                tuple(Frame(str(f["flow"]), str(f["step"]), dict(f["slots"]), bool(f["waiting"])) for f in data or ())
            )
        except (TypeError, KeyError, ValueError):
            return cls()


@dataclass(frozen=True, slots=True)
class Sprint:
    """What one move through the flows gave: where the conversation stands now, and what is to be performed, in order.

    When `pending` is set, the flow waits for the shell's result to that event (the last one of `events`).
    """

    session: Session
    events: tuple[Event, ...] = ()
    pending: LookUpPlace | FindServices | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step did. Exactly one of: go on (default), wait for the person, suspend for the shell, end, call."""

    events: tuple[Event, ...] = ()
    slots: Slots = field(default_factory=dict, repr=False)
    go: str | None = None  # a step id; None: the next step
    wait: bool = False
    end: bool = False
    call: str | None = None  # another flow, run before the next step


class Step(Protocol):
    """One step of a flow. A new kind is one new file in `flows/steps/` and a line in its table."""

    id: str

    def run(self, slots: Slots, context: Context) -> Outcome:
        """Reach this step."""
        ...

    def answer(self, answer: Answer, slots: Slots, context: Context) -> Outcome | None:
        """The person wrote while the flow waits here; None when that does not answer this step."""
        ...

    def resume(self, result: Result, slots: Slots, context: Context) -> Outcome:
        """The shell comes back with a result."""
        ...

    def ask_again(self, slots: Slots, context: Context) -> tuple[Event, ...]:
        """Say the question again, after an interruption."""
        ...

    def targets(self) -> tuple[str, ...]:
        """Step ids this step may go to, for the check and the graph."""
        ...

    def cards(self) -> tuple[str, ...]:
        """Cards this step may send, for the check."""
        ...

    def calls(self) -> tuple[str, ...]:
        """Other flows this step may run, for the check and the graph."""
        ...

    def ends(self) -> bool:
        """Whether the flow never goes on to the next step of the file, for the check and the graph."""
        ...


@dataclass(frozen=True, slots=True)
class Flow:
    """A conversation flow. `steps` are in the order of the file."""

    id: str
    about: str
    intents: frozenset[str]
    keywords: Bilingual
    danger: bool
    resumes: bool  # whether its question is asked again after an interruption
    steps: Mapping[str, Step]
    path: str

    @property
    def first(self) -> str:
        """The step a flow begins with."""
        return next(iter(self.steps))

    def after(self, step_id: str) -> str | None:
        """The step that follows in the file, or None at the end."""
        names = list(self.steps)
        index = names.index(step_id) + 1
        return names[index] if index < len(names) else None
