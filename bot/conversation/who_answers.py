"""Who answers a message: the list, in order. Pure, small, and the first file to read about the conversation.

Design section 2: nothing stands before danger, a worker who holds the conversation is not talked over, and the machine's
own questions come after both.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.conversation.keywords import Keyword
from nlu.interpretation import Urgency


class Answerer(StrEnum):
    """Who answers, in order of precedence."""

    KEYWORD = "keyword"  # 1. an exact opt-out, opt-in or erase word
    CHECK = "check"  # 2. the answer to a pending check question
    DANGER = "danger"  # 3. triage says emergency: its danger flow starts or goes on
    WORKER = "worker"  # 4. a worker holds the conversation: the bot is silent
    URGENT = "urgent"  # 5. triage says urgent, and it is not what the waiting step is about
    OFFER = "offer"  # 6. a yes or no to the other need just offered (a question like those of the steps below)
    WAITING = "waiting"  # 7. the step that waits, if the message answers it
    INTENT = "intent"  # 8. what the person wants now
    FALLBACK = "fallback"  # 9. one clarifying question, then a menu, then a human


@dataclass(frozen=True, slots=True)
class Situation:
    """What the choice rests on, as it stands when the message arrives."""

    urgency: Urgency
    keyword: Keyword | None = None
    check_answered: bool = False  # a check question is pending and this message answers it
    held: bool = False  # a worker holds the conversation
    about_waiting_step: bool = False  # the urgent matter is the one the waiting flow already deals with
    answers_offer: bool = False  # another need was just offered, and this message says yes or no
    answers_waiting_step: bool = False
    intent_is_clear: bool = False


def who_answers(situation: Situation) -> Answerer:
    """The first of the list that applies."""
    if situation.keyword is not None:
        return Answerer.KEYWORD
    if situation.check_answered:
        return Answerer.CHECK
    if situation.urgency is Urgency.EMERGENCY:
        return Answerer.DANGER
    if situation.held:
        return Answerer.WORKER
    if situation.urgency is Urgency.URGENT and not situation.about_waiting_step:
        return Answerer.URGENT
    if situation.answers_offer:
        return Answerer.OFFER
    if situation.answers_waiting_step:
        return Answerer.WAITING
    if situation.intent_is_clear:
        return Answerer.INTENT
    return Answerer.FALLBACK
