"""Several needs in one message: the others are found, and nothing is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlu.classifier import Classifier
from nlu.entities import Extractor
from nlu.interpreter import EmbeddedInterpreter, load_interpreter
from nlu.labels import DANGERS, INTENTS
from nlu.other_needs import LIMIT, OTHER_NEEDS, other_needs


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load()


EXTRACTOR = Extractor.load()


def found(classifier: Classifier, text: str, first: str) -> tuple[str, ...]:
    return tuple(need.intent for need in other_needs(classifier, EXTRACTOR, text, first))


@pytest.mark.parametrize(
    ("text", "first", "others"),
    [
        ("ou j'peux manger a Limoilou? pis avez vous des seringues", "find_food", ("find_supplies",)),
        ("what does naloxone do exactly, and where can i take a shower", "info_naloxone", ("find_hygiene",)),
        ("allo la roulotte passe tu jeudi? aussi mon ami respire pu yé bleu", "overdose_now", ("find_outreach",)),
    ],
)
def test_the_other_need_is_found(classifier: Classifier, text: str, first: str, others: tuple[str, ...]) -> None:
    assert found(classifier, text, first) == others


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("ou j'peux manger a Limoilou", "find_food"),
        ("jai mangé au refuge hier, jai pris ma douche, la jcherche des seringues", "find_supplies"),
        ("j'ai mal au ventre pis à tête pis j'ai froid", "find_health"),
        ("", "out_of_scope"),
        ("😭, 😭, 😭", "distress"),
    ],
)
def test_what_is_told_or_said_once_is_no_other_need(classifier: Classifier, text: str, first: str) -> None:
    assert found(classifier, text, first) == ()


def test_a_long_list_is_cut_short(classifier: Classifier) -> None:
    text = "ou manger à soir? où prendre une douche? où avoir des seringues? où me faire tester pour le vih? où dormir?"
    assert len(found(classifier, text * 40, "find_community")) == LIMIT


def test_what_is_named_in_asking_for_it_comes_with_it(classifier: Classifier) -> None:
    text = "y a tu un repas à Limoilou à soir? pis est-ce dangereux de mélanger du ghb avec de l'alcool"
    (need,) = other_needs(classifier, EXTRACTOR, text, "find_food")
    assert need.intent == "info_mixing"
    assert [(entity.entity, entity.value) for entity in need.entities] == [
        ("substance", "ghb"),
        ("substance", "alcool"),
    ]


def test_no_danger_is_ever_a_second_thought() -> None:
    assert not OTHER_NEEDS & DANGERS
    assert OTHER_NEEDS.issubset(INTENTS)


def test_without_a_model_there_is_none(tmp_path: Path) -> None:
    interpreter: EmbeddedInterpreter = load_interpreter(tmp_path / "absent.npz")[0]
    assert interpreter.other_needs("où manger? pis où dormir à soir?", "find_food") == ()
