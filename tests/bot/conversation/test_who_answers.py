"""Who answers: the order of the list, one line of it at a time."""

from __future__ import annotations

from itertools import product

import pytest

from bot.conversation.keywords import Keyword
from bot.conversation.who_answers import Answerer, Situation, who_answers
from nlu.interpretation import Urgency


@pytest.mark.parametrize(
    ("situation", "answerer"),
    [
        (Situation(Urgency.EMERGENCY, keyword=Keyword.STOP), Answerer.KEYWORD),
        (Situation(Urgency.NONE, check_answered=True, held=True), Answerer.CHECK),
        (Situation(Urgency.EMERGENCY, held=True, answers_waiting_step=True), Answerer.DANGER),
        (Situation(Urgency.URGENT, held=True), Answerer.WORKER),
        (Situation(Urgency.NONE, held=True, answers_waiting_step=True), Answerer.WORKER),
        (Situation(Urgency.URGENT, answers_waiting_step=True), Answerer.URGENT),
        (Situation(Urgency.URGENT, about_waiting_step=True, answers_waiting_step=True), Answerer.WAITING),
        (Situation(Urgency.URGENT, answers_offer=True), Answerer.URGENT),
        (Situation(Urgency.NONE, held=True, answers_offer=True), Answerer.WORKER),
        (Situation(Urgency.NONE, answers_offer=True, answers_waiting_step=True), Answerer.OFFER),
        (Situation(Urgency.NONE, answers_waiting_step=True, intent_is_clear=True), Answerer.WAITING),
        (Situation(Urgency.NONE, intent_is_clear=True), Answerer.INTENT),
        (Situation(Urgency.NONE), Answerer.FALLBACK),
    ],
)
def test_the_list_in_order(situation: Situation, answerer: Answerer) -> None:
    assert who_answers(situation) is answerer


def test_an_emergency_is_never_left_to_a_step_an_intent_or_the_fallback() -> None:
    for flags in product([False, True], repeat=6):
        situation = Situation(Urgency.EMERGENCY, None, *flags)
        assert who_answers(situation) in (Answerer.DANGER, Answerer.CHECK)
