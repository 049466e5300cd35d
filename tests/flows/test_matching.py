"""Recognising short answers: numbers, labels, listed words, gaps, endings, elisions."""

from __future__ import annotations

import pytest

from flows.flow import Answer, Option
from flows.matching import Words, fold, number_in, pick


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("y respire toujours pas", "respire ... pas"),
        ("Y RESPIRE PAS", "respire ... pas"),
        ("il se réveille enfin", "réveill*"),
        ("à l'hôpital là", "hôpital"),
        ("c'est fermé", "c'est fermé"),
        ("d’alcool", "alcool"),
        ("ok 👍", "👍"),
    ],
)
def test_a_phrase_is_found(text: str, phrase: str) -> None:
    assert Words.of(text).mention(["never there", phrase])


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("y respire bien pis je suis là pour y rester mais pas trop", "respire ... pas"),
        ("g pris du xanax", "du g"),
        ("désolé", "sol"),
        ("respirer", "respire"),
    ],
)
def test_a_phrase_is_not_found(text: str, phrase: str) -> None:
    assert not Words.of(text).mention(["never there", phrase])


@pytest.mark.parametrize(("text", "number"), [("2", 2), ("2)", 2), ("#2", 2), ("option 2", 2), ("j'en veux 2", None)])
def test_a_number_alone_is_a_choice(text: str, number: int | None) -> None:
    assert number_in(text) == number


OPTIONS = (
    Option("food", label={"fr": "Manger", "en": "Food"}, words={"fr": ["bouffe"]}),
    Option("sleep", label={"fr": "Dormir", "en": "Sleep"}, intents=frozenset({"find_shelter"})),
)


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (Answer("1"), "food"),
        (Answer("3"), None),
        (Answer("dormir"), "sleep"),
        (Answer("de la bouffe"), "food"),
        (Answer("", button="sleep"), "sleep"),
        (Answer("chu gelé dehors", intent="find_shelter"), "sleep"),
        (Answer("la bouffe que j'ai mangé hier au refuge était correcte mais là je cherche autre chose"), None),
    ],
)
def test_pick(answer: Answer, value: str | None) -> None:
    chosen = pick(answer, OPTIONS)
    assert (chosen.value if chosen else None) == value


def test_fold_keeps_words_apart() -> None:
    assert fold("  L’Été, ÇA   va?") == "l'ete ca va"


def test_what_a_person_wrote_does_not_show() -> None:
    assert "bleu" not in repr(Words.of("yé bleu"))
