"""What one turn knows as it goes. Lives for one transaction, and shows nothing in a `repr`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation.keywords import Keyword
from bot.conversation.memory import Memory
from bot.conversation.performer import Scene
from bot.conversation.replies import Reply
from bot.handoff.rows import HandoffRow
from bot.messages import Inbound, InboundKind
from bot.store.contacts import Contact
from flows.flow import Answer
from nlu.interpretation import Entity, Interpretation, Language
from nlu.language import weigh

NOTHING_UNASKED = frozenset({"violence_danger"})
"""Dangers in which nothing unsolicited is sent: the phone may be watched."""

SURE = 0.5
"""Confidence from which an intent is a clear new subject, even while another step waits."""

CLEAR = 0.22
"""Confidence from which an intent is acted upon when nothing waits."""

SUBSTANCES = 3
"""How many substances of a message a flow is told."""

LANGUAGE_WORDS = 3
"""A message this long in the other language changes the conversation's language."""


@dataclass(slots=True)
class Turn:
    """One turn. Answers add replies and change `contact` and `memory`; the end of the turn writes them down."""

    conn: AsyncConnection = field(repr=False)
    inbound: Inbound
    inbound_id: str
    contact: Contact
    memory: Memory = field(repr=False)
    understood: Interpretation = field(repr=False)
    scene: Scene
    handoff: HandoffRow | None = field(default=None, repr=False)
    keyword: Keyword | None = None
    replies: list[Reply] = field(default_factory=list, repr=False)
    paged: bool = False
    forgotten: bool = False
    may_offer: bool = False  # whether another need the person told may be offered after this answer
    unasked: bool = True  # whether anything unasked may follow: not after a word that asks for less

    @property
    def now(self) -> datetime:
        """The moment of this turn."""
        return self.scene.now

    def answer(self) -> Answer:
        """The message as the flows read it."""
        understood = self.understood
        return Answer(
            text=self.inbound.text,
            intent=understood.intent,
            confidence=understood.confidence,
            place=self.entity("place"),
            location=self.inbound.location,
            button=self.inbound.text if self.inbound.kind is InboundKind.BUTTON else None,
            sure=understood.confidence >= SURE,
        )

    def entity(self, name: str) -> str | None:
        """The first entity of a kind, or None."""
        return _first(self.understood.entities, name)

    def slots(self) -> dict[str, object]:
        """What a flow starts with."""
        pin = self.inbound.location
        return {
            "intent": self.understood.intent,
            "urgency": self.understood.urgency.value,
            "said_location": list(pin) if pin else None,
            **entity_slots(self.understood.entities),
        }

    def remember(self, **changes: object) -> None:
        """Change the conversation's memory."""
        self.memory = replace(self.memory, **changes)  # type: ignore[arg-type] # dataclasses.replace checks the names


def entity_slots(entities: Sequence[Entity]) -> dict[str, object]:
    """What is named, as the slots a flow starts with."""
    return {
        "said_place": _first(entities, "place"),
        "substances": [entity.value for entity in entities if entity.entity == "substance"][:SUBSTANCES],
        "person": _first(entities, "person"),
    }


def _first(entities: Sequence[Entity], name: str) -> str | None:
    return next((entity.value for entity in entities if entity.entity == name), None)


def settled_language(contact: Contact, understood: Interpretation, inbound: Inbound) -> str | None:
    """The conversation's language after this message: it sticks, and changes when the person changes."""
    language, detected = contact.language, understood.language
    if not weigh(inbound.text).speaks:  # "2", "H2X" and an emoji are in no language
        return language
    if detected in (Language.FR, Language.EN):
        if language is None or len(inbound.text.split()) >= LANGUAGE_WORDS:
            return detected.value
    elif language is None and detected is Language.OTHER and inbound.language_hint in ("fr", "en"):
        return inbound.language_hint
    return language
