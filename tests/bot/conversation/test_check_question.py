"""The answer to the check question, in the forms people really give it."""

from __future__ import annotations

import pytest

from bot.conversation.check_question import read
from nlu.interpretation import Interpretation, Language, Urgency


def understood(intent: str = "out_of_scope", confidence: float = 0.3) -> Interpretation:
    return Interpretation(Language.FR, Urgency.NONE, False, None, (), intent, confidence)


@pytest.mark.parametrize("text", ["1", "oui", "Ouin", "OUI!!", "👍", "yes", "yep he is", "oui vite", "1.", "aide"])
def test_yes(text: str) -> None:
    assert read(text, understood()) is True


@pytest.mark.parametrize("text", ["2", "non", "non non", "Nope", "👎", "2)", "nan c correct", "no im ok", "pantoute"])
def test_no(text: str) -> None:
    assert read(text, understood()) is False


@pytest.mark.parametrize("text", ["", "je cherche une place pour manger à soir", "😀", "quoi", "12"])
def test_neither(text: str) -> None:
    assert read(text, understood()) is None


def test_a_clear_intent_counts_as_an_answer() -> None:
    assert read("ben y est réveillé pis y parle avec nous autres", understood("resolved", 0.9)) is False
    assert read("c'est en plein ça que j'essaye de dire", understood("affirm", 0.9)) is True
