"""Golden transcripts: whole conversations, with the cards they must give. The format is told in docs/add-a-flow.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.cards import Card
from flows.engine import Engine
from flows.yaml_file import read_yaml
from tests.flows.shell import Shell

FOLDER = Path(__file__).resolve().parents[1] / "conversations"
TURN_KEYS = {
    "text", "location", "intent", "urgency", "sure", "place", "substances", "person", "audience", "on_call",
    "says", "does", "contains", "omits",
}  # fmt: skip


def transcripts() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*/*.yml")):
        for conversation in read_yaml(path):
            yield pytest.param(
                path.parent.name, conversation, id=f"{path.parent.name}/{path.stem}: {conversation['about']}"
            )


@pytest.mark.parametrize(("language", "conversation"), list(transcripts()))
def test_transcript(language: str, conversation: dict[str, Any], engine: Engine, cards: dict[str, Card]) -> None:
    shell = Shell(engine, cards, language=language, channel=conversation.get("channel", "sms"))
    shell.on_call = conversation.get("on_call", True)
    for number, turn in enumerate(conversation["turns"], start=1):
        assert set(turn) <= TURN_KEYS, f"turn {number}: unknown key"
        heard = shell.take(turn)
        where = f"turn {number} ({turn.get('text', 'a pin')!r})"
        assert heard.cards == turn["says"], f"{where} says {heard.cards}"
        assert heard.does == turn.get("does", []), f"{where} does {heard.does}"
        said = "\n".join(heard.texts).lower()
        for wanted in turn.get("contains", []):
            assert wanted.lower() in said, f"{where} must say {wanted!r}"
        for unwanted in turn.get("omits", []):
            assert unwanted.lower() not in said, f"{where} must not say {unwanted!r}"


def test_every_intent_and_danger_is_in_a_transcript(engine: Engine) -> None:
    played = {turn.get("intent") for each in transcripts() for turn in each.values[1]["turns"]}
    started = {intent for flow in engine.flows.values() for intent in flow.intents}
    assert started - played == set(), "write a transcript for these intents"


def test_both_languages_have_the_same_dangers() -> None:
    dangers: dict[str, set[str]] = {"fr": set(), "en": set()}
    for each in transcripts():
        language, conversation = each.values
        dangers[language] |= {
            turn["intent"] for turn in conversation["turns"] if turn.get("urgency") == "emergency" and "intent" in turn
        }
    assert dangers["fr"] == dangers["en"]
