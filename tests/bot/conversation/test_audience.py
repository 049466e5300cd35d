"""For whom a search is: what was said counts, what was not said is never guessed."""

from __future__ import annotations

from typing import Any

import pytest

from bot.conversation.audience import audience_of
from directory.query import Audience


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("cherche un lit à soir j'ai 16 ans", {"age": 16}),
        ("im 19 years old n need a bed", {"age": 19}),
        ("shelter that takes my dog, im with my dog", {"pets": True}),
        ("refuge pour femmes à Montréal", {"gender": "woman"}),
        ("chu un gars de 34 ans, une place pour dormir", {"gender": "man", "age": 34}),
        ("moi pis ma blonde on cherche à dormir", {"couple": True}),
        ("jai pu de carte soleil, clinique?", {"no_id": True}),
        ("clinic, i dont have my health card", {"no_id": True}),
        ("une place pour manger en fauteuil roulant", {"wheelchair": True}),
        ("womens shelter with a spot thats not religious", {"gender": "woman", "faith_free": True}),
        ("un refuge même si j'ai bu", {"low_threshold": True}),
    ],
)
def test_what_was_said(said: str, known: dict[str, Any]) -> None:
    assert audience_of(said) == Audience(**known)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "où je peux manger à soir",
        "j'ai 20 piasses, c'est où la banque alimentaire",
        "ça fait 3 ans que chu dehors",
        "need needles near berri",
        "mon chum répond pu",
        "le 24 c'est ouvert?",
    ],
)
def test_nothing_is_guessed(said: str) -> None:
    assert audience_of(said) == Audience()
