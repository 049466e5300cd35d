"""The language of one message: French, English, both, or another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlu.interpretation import Language
from nlu.language import detect, weigh

_DEV = Path(__file__).resolve().parents[2] / "../shared/corpus/dev.jsonl"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("jveux des seringues neuves", Language.FR),
        ("j'ai besoin d'aide", Language.FR),
        ("chu pu capable", Language.FR),
        ("respire pu", Language.FR),
        ("merci", Language.FR),
        ("où ?", Language.FR),
        ("chu su un bad trip pis jfreak", Language.FR),
        ("where can i get needles tonight", Language.EN),
        ("hes not breathing", Language.EN),
        ("help", Language.EN),
        ("thx", Language.EN),
        ("STOP", Language.EN),
        ("heyyyy 👋", Language.EN),
        ("my chum respire weird pis his lips are blue", Language.MIX),
        ("where is la van à soir, i need des seringues", Language.MIX),
        ("necesito ayuda por favor, mi amigo no respira", Language.OTHER),
        ("أحتاج مساعدة", Language.OTHER),
        ("мне нужна помощь", Language.OTHER),
        ("我需要帮助", Language.OTHER),
        ("mwen bezwen yon kote pou domi", Language.OTHER),
    ],
)
def test_language(text: str, language: Language) -> None:
    assert detect(text) is language


@pytest.mark.parametrize("text", ["", "2", "👍", "H2X 1Y4", "514-555-0199", "?!"])
def test_what_says_nothing_about_a_language_says_so(text: str) -> None:
    assert not weigh(text).speaks
    assert detect(text) is Language.FR


def test_most_messages_written_by_somebody_else_are_right() -> None:
    if not _DEV.exists():
        pytest.skip("the shared development messages are not beside this project")
    messages = [json.loads(line) for line in _DEV.read_text(encoding="utf-8").splitlines()]
    right = sum(detect(message["text"]) == message["lang"] for message in messages)
    assert right / len(messages) >= 0.97
