"""The whole of understanding together: the parts agree, and it still works when the model is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlu.interpretation import Interpreter, Language, RankedIntent, Urgency, UrgencyScores
from nlu.interpreter import EmbeddedInterpreter, load_interpreter

OVERDOSE = "mon chum a pris du fent y est bleu pis y respire pu"


@pytest.fixture(scope="module")
def interpreter() -> EmbeddedInterpreter:
    loaded, trouble = load_interpreter()
    assert trouble is None
    return loaded


@pytest.fixture(scope="module")
def without_model(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedInterpreter:
    loaded, trouble = load_interpreter(tmp_path_factory.mktemp("none") / "absent.npz")
    assert trouble is not None
    assert "make model" in trouble
    return loaded


def test_it_is_an_interpreter(interpreter: EmbeddedInterpreter) -> None:
    asked: Interpreter = interpreter
    got = asked.interpret(OVERDOSE)
    assert (got.urgency, got.intent, got.danger) == (Urgency.EMERGENCY, "overdose_now", "overdose_now")
    assert got.language is Language.FR
    assert len(got.ranking) == 10
    assert got.reasons
    assert {entity.entity for entity in got.entities} >= {"substance"}


def test_a_plain_need_is_not_an_alarm(interpreter: EmbeddedInterpreter) -> None:
    got = interpreter.interpret("where can i get clean needles near berri tonight")
    assert (got.urgency, got.intent, got.language) == (Urgency.NONE, "find_supplies", Language.EN)
    assert {(entity.entity, entity.value) for entity in got.entities} >= {("time", "tonight"), ("supply", "needles")}


def test_without_model_the_safety_rules_still_speak(without_model: EmbeddedInterpreter) -> None:
    got = without_model.interpret(OVERDOSE)
    assert (got.urgency, got.intent, got.ranking) == (Urgency.EMERGENCY, "overdose_now", ())
    assert without_model.interpret("allo").intent == "out_of_scope"


def test_an_unsure_intent_gives_way_to_the_danger(interpreter: EmbeddedInterpreter) -> None:
    ranking = (RankedIntent("thanks", 0.4), RankedIntent("overdose_now", 0.1))
    got = interpreter.combine(OVERDOSE, (), ranking, UrgencyScores(0.9, 0.05, 0.05))
    assert (got.urgency, got.intent, got.confidence) == (Urgency.EMERGENCY, "overdose_now", 0.1)
    assert got.ranking == ranking, "the ranking stays what the classifier said"


def test_a_sure_intent_keeps_its_name_and_the_danger_is_said(interpreter: EmbeddedInterpreter) -> None:
    got = interpreter.combine(OVERDOSE, (), (RankedIntent("info_naloxone", 0.9),), UrgencyScores(0.9, 0.05, 0.05))
    assert (got.urgency, got.intent, got.danger) == (Urgency.EMERGENCY, "info_naloxone", "overdose_now")


@pytest.mark.parametrize("text", ["", " ", "\0", "\ud800\udfff", "?", "a" * 4000, "🦀" * 200, "j'" * 1000])
def test_any_text_is_interpreted(interpreter: EmbeddedInterpreter, text: str) -> None:
    got = interpreter.interpret(text, ("allo", text))
    assert got.urgency in set(Urgency)
    assert not (got.check and got.urgency is not Urgency.NONE)


def test_a_damaged_model_is_said_in_one_line(tmp_path: Path) -> None:
    damaged = tmp_path / "understanding.npz"
    damaged.write_bytes(b"PK\x03\x04 nothing")
    _, trouble = load_interpreter(damaged)
    assert trouble is not None
    assert "\n" not in trouble
