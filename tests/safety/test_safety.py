"""Runs the red flags and the look-alikes of this folder: the messages on which the service must never be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from nlu.interpretation import Assessment, Urgency
from nlu.interpreter import EmbeddedInterpreter, load_interpreter
from nlu.triage import Rules, assess, load_rules

_HERE = Path(__file__).parent
_LANGUAGES = ("fr", "en")
# With the classifier a look-alike may still page now and then: a false page costs less than a missed life.
_FALSE_PAGES_ALLOWED = 0.05


def _read(kind: str, group: str) -> list[str]:
    texts: list[str] = []
    for language in _LANGUAGES:
        content = yaml.safe_load((_HERE / f"{kind}.{language}.yml").read_text(encoding="utf-8"))
        texts.extend(content.get(group, []))
    return texts


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules()


@pytest.fixture(scope="module")
def interpreter() -> EmbeddedInterpreter:
    loaded, problem = load_interpreter()
    if problem:
        pytest.skip(f"no trained model here: {problem}")
    return loaded


def _alone(rules: Rules, text: str) -> Assessment:
    return assess(rules, text, (), None, ())


def test_there_are_hundreds_of_them() -> None:
    assert len(_read("red-flags", "emergency")) >= 200
    assert len(_read("look-alikes", "calm")) >= 150


@pytest.mark.parametrize("text", _read("red-flags", "emergency"))
def test_the_rules_alone_see_the_emergency(rules: Rules, text: str) -> None:
    assessment = _alone(rules, text)
    assert assessment.urgency is Urgency.EMERGENCY, assessment
    assert assessment.reasons
    assert assessment.danger


@pytest.mark.parametrize("text", _read("look-alikes", "calm"))
def test_the_rules_alone_do_not_page_for_a_look_alike(rules: Rules, text: str) -> None:
    assessment = _alone(rules, text)
    assert assessment.urgency is Urgency.NONE, assessment.reasons


def test_with_the_classifier_every_red_flag_is_seen(interpreter: EmbeddedInterpreter) -> None:
    texts = _read("red-flags", "emergency")
    missed = []
    for text in texts:
        understood = interpreter.interpret(text)
        if understood.urgency is Urgency.NONE and not understood.check:
            missed.append(text)
    assert not missed


def test_with_the_classifier_look_alikes_rarely_page(interpreter: EmbeddedInterpreter) -> None:
    texts = _read("look-alikes", "calm")
    paged = [text for text in texts if interpreter.interpret(text).urgency is not Urgency.NONE]
    assert len(paged) <= len(texts) * _FALSE_PAGES_ALLOWED, paged
