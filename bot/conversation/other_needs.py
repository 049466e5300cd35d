"""A second need told in the same message: remembered while the first is answered, then offered in one short question.

The most urgent comes first, always: nothing is offered with a text about a danger, nor while a step waits for an answer.
"""

from __future__ import annotations

from bot.conversation.performer import Performer
from bot.conversation.turn_state import Turn
from flows.flow import Answer, Option
from flows.matching import pick
from nlu.interpretation import Interpreter, Urgency

OPTIONS = (
    Option(
        "take",
        label={"fr": "Oui", "en": "Yeah"},
        words={"fr": ["oui", "ouin", "ouais", "ok", "svp", "👍"], "en": ["yes", "yeah", "yep", "sure", "please"]},
        intents=frozenset({"affirm"}),
    ),
    Option(
        "leave",
        label={"fr": "Non", "en": "No"},
        words={"fr": ["non", "nan", "pas besoin"], "en": ["no", "nah", "no thanks"]},
        intents=frozenset({"deny"}),
    ),
)
LONGEST = 5
"""A longer answer says something of its own."""


def card_for(need: str) -> str:
    """The card that offers a need. A need without such a card is not offered."""
    return f"also_{need}"


def taken(turn: Turn) -> str | None:
    """The need this message says yes to, or None."""
    offered = turn.memory.offered
    if offered is None:
        return None
    asked = turn.answer()
    answer = Answer(text=asked.text, intent=asked.intent if asked.sure else None, button=asked.button)
    chosen = pick(answer, OPTIONS, longest=LONGEST)
    return offered if chosen is not None and chosen.value == "take" else None


def remember(turn: Turn, interpreter: Interpreter) -> None:
    """Keep what the message asks for beside what is answered now."""
    first = turn.understood.danger or turn.understood.intent
    others = interpreter.other_needs(turn.inbound.text, turn.understood.intent)
    turn.memory = turn.memory.asked_for(first, tuple(need for need in others if need != first), turn.now)


def offer(turn: Turn, performer: Performer) -> None:
    """Offer the next need that is left, once nothing else is being asked."""
    left = turn.memory.needs_left(turn.now)
    flow = performer.waiting_flow(turn.memory.session)
    busy = turn.memory.check_pending or (flow is not None and flow.danger)
    if not left or busy or turn.forgotten or turn.understood.urgency is Urgency.EMERGENCY:
        return
    if performer.is_asking(turn.memory.session, turn.scene):
        return
    turn.remember(needs=left[1:], offered=None)
    replies = performer.card(card_for(left[0]), {}, turn.scene, OPTIONS)
    if replies:
        turn.replies.extend(replies)
        turn.remember(offered=left[0])
