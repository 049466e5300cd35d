"""What understanding says of one message: the types every other part reads, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol


class Language(StrEnum):
    """The language of one message; `MIX` when French and English share it."""

    FR = "fr"
    EN = "en"
    MIX = "mix"
    OTHER = "other"


class Urgency(StrEnum):
    """How soon a human is needed (the levels of `shared/intents.md`)."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing named in the message.

    `value` is as written for place, time, substance and supply, and a class
    (`friend`, `minor`, `fr`) for person, age_group and language. `start` and `end`
    are character offsets in the message as it was received.
    """

    entity: str
    value: str
    start: int
    end: int


class RankedIntent(NamedTuple):
    """One line of the ranking: an intent and its probability (0 to 1)."""

    intent: str
    confidence: float


class UrgencyScores(NamedTuple):
    """Probabilities from the urgency classifier; they sum to 1."""

    emergency: float
    urgent: float
    none: float


class OtherNeed(NamedTuple):
    """A need told beside the first one: its intent, the words that ask for it, and what they name."""

    intent: str
    words: str = ""
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """What safety triage decided, and why, in words a worker reads.

    `check` is only ever true with `Urgency.NONE`: triage cannot tell, so the service asks one short question.
    `danger` names the danger intent triage saw (`overdose_now`, `suicide_risk`, `violence_danger`,
    `sexual_assault`, `medical_emergency`, `exposure_risk`, `distress`) or is None.
    """

    urgency: Urgency
    check: bool = False
    danger: str | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interpretation:
    """Everything understanding says of one message. `ranking` holds ten intents, best first."""

    language: Language
    urgency: Urgency
    check: bool
    danger: str | None
    reasons: tuple[str, ...]
    intent: str
    confidence: float
    ranking: tuple[RankedIntent, ...] = ()
    entities: tuple[Entity, ...] = field(default=())


class Interpreter(Protocol):
    """What the conversation needs of understanding, whoever computes it (embedded model or a Rasa server)."""

    async def ask_ahead(self, text: str) -> None:
        """Fetch from afar what interpreting this text will need, so that `interpret` waits for nobody. Never raises."""
        ...

    def interpret(self, text: str, recent: tuple[str, ...] = ()) -> Interpretation:
        """Interpret one message. `recent` holds the contact's messages of the last few minutes, oldest first."""
        ...

    def other_needs(self, text: str, first: str) -> tuple[OtherNeed, ...]:
        """Say what else the message asks for, beside the `first` intent; usually nothing."""
        ...

    def close(self) -> None:
        """Let go of what it holds (connections, threads), at the end of the service."""
        ...
