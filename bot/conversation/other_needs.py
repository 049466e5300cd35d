"""A second need told in the same message: remembered while the first is answered, then offered in one short question.

The most urgent comes first, always: nothing is offered beside a danger, to a phone that may be watched, to someone who asks
to be left alone, nor while a step waits for an answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.conversation.memory import KEPT_CHARACTERS, Need
from bot.conversation.performer import Performer
from bot.conversation.turn_state import NOTHING_UNASKED, Turn, entity_slots
from flows.flow import Answer, Option
from flows.matching import fold, pick
from nlu.interpretation import Interpreter, OtherNeed, Urgency
from nlu.labels import DANGERS
from nlu.other_needs import OTHER_NEEDS

LEFT_ALONE = frozenset({"stop_messages", "delete_my_data", "insult", "complaint", "privacy_question", "goodbye"})
"""After these, an offer would be the very thing the person does not want."""

PLACE_WORDS = 6
"""A place named in so few words, just after an offer to look for one, says yes and where."""

_BUTTON = "also:"
_NO_BUTTON = f"{_BUTTON}no"
_YES = re.compile(
    r"(?:(?:ben|oh|ah|ok|euh) )*(?:oui|ouin|ouais|yes|yeah|yep|yup|ya|sure|ok|okay|d'accord|go|vas y|please|svp)"
    r"(?: (?:oui|svp|stp|pls|plz|please|merci|thanks|thx|ok|la))*"
)
_NO = re.compile(
    r"(?:ben |oh |ah )*(?:non|nan|no|nah|nope|pas besoin|pas la|not now)(?: (?:merci|thanks|thx|ca va|im good))*"
)


@dataclass(frozen=True, slots=True)
class OfferAnswer:
    """What the person answered to an offer: the need they take, or None when they leave it."""

    need: Need | None
    with_place: bool = False  # the answer itself says where


def card_for(need: str) -> str:
    """The card that offers a need. A need without such a card is not offered."""
    return f"also_{need}"


def answered(turn: Turn) -> OfferAnswer | None:
    """What this message answers to the offer made last; None when it is about something else."""
    asked, offered = turn.answer(), turn.memory.offer_open(turn.now)
    if asked.button is not None and asked.button.startswith(_BUTTON):
        pressed = asked.button.removeprefix(_BUTTON)
        if pressed not in OTHER_NEEDS:
            return OfferAnswer(None)
        return OfferAnswer(offered if offered is not None and offered.intent == pressed else Need(pressed))
    if offered is None:
        return None
    words = fold(asked.text)
    chosen = pick(Answer(text=asked.text), _options(offered.intent))
    if chosen is not None or _YES.fullmatch(words) or _NO.fullmatch(words) or asked.text.strip() in ("👍", "👎"):
        no = (chosen is not None and chosen.value == _NO_BUTTON) or _NO.fullmatch(words) or asked.text.strip() == "👎"
        return OfferAnswer(None if no else offered)
    somewhere = asked.location is not None or (asked.place is not None and len(words.split()) <= PLACE_WORDS)
    if (
        somewhere
        and offered.intent.startswith("find_")
        and not (asked.sure and asked.intent != offered.intent and asked.location is None)
    ):
        return OfferAnswer(offered, with_place=True)
    return None


def remember(turn: Turn, interpreter: Interpreter) -> None:
    """Keep what the message asks for beside what is answered now."""
    first = turn.understood.danger or turn.understood.intent
    others = interpreter.other_needs(turn.inbound.text, turn.understood.intent)
    needs = tuple(
        Need(other.intent, other.words[:KEPT_CHARACTERS], _named(other)) for other in others if other.intent != first
    )
    turn.memory = turn.memory.asked_for(first, needs, turn.now)


def offer(turn: Turn, performer: Performer) -> None:
    """Offer the next need that is left, once nothing else is being asked."""
    if turn.understood.intent in LEFT_ALONE or {turn.understood.danger, turn.memory.danger} & NOTHING_UNASKED:
        turn.remember(needs=())
    left = turn.memory.needs_left(turn.now)
    if not left or turn.forgotten or _danger_stands(turn, performer) or turn.memory.check_pending:
        return
    if performer.is_asking(turn.memory.session, turn.scene):
        return
    turn.remember(needs=left[1:])
    need = left[0]
    replies = performer.card(card_for(need.intent), {}, turn.scene, _options(need.intent))
    if replies:
        turn.replies.extend(replies)
        turn.remember(offered=need, offered_at=turn.now)


def _named(need: OtherNeed) -> dict[str, object]:
    """What was named in asking for a need, as slots: only what is there, so that the first need's answers stay."""
    return {name: value for name, value in entity_slots(need.entities).items() if value}


def _danger_stands(turn: Turn, performer: Performer) -> bool:
    """Whether a danger is being answered, waits below what is being answered, or was told within the hour."""
    memory = turn.memory
    under_way = memory.crisis_under_way(turn.now) and (memory.danger is None or memory.danger in DANGERS)
    return turn.understood.urgency is Urgency.EMERGENCY or under_way or performer.holds_danger(memory.session)


def _options(need: str) -> tuple[Option, ...]:
    return (
        Option(f"{_BUTTON}{need}", label={"fr": "Oui", "en": "Yeah"}),
        Option(_NO_BUTTON, label={"fr": "Non", "en": "No"}),
    )
