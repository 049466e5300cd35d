"""The training messages: their files are clean, and the checks find what they must, at the right line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlu.corpus import DATA, TrainingMessage, check, load, matrix, read_annotated
from nlu.interpretation import Entity
from nlu.labels import DANGERS, INTENTS
from nlu.near_duplicates import character_grams, similar_pairs

SHARED = Path(__file__).resolve().parents[2] / "../shared"


@pytest.fixture(scope="module")
def corpus() -> list[TrainingMessage]:
    messages, problems = load()
    assert [str(problem) for problem in problems] == []
    return messages


def test_the_corpus_is_whole(corpus: list[TrainingMessage]) -> None:
    counts = matrix(corpus)
    assert len(corpus) > 15_000
    for intent in INTENTS:
        for language in ("fr", "en"):
            held = sum(count for (name, _, spoken), count in counts.items() if (name, spoken) == (intent, language))
            assert held >= 30, f"{intent} in {language}: only {held} messages"
    for intent in DANGERS - {"distress", "exposure_risk"}:
        assert sum(count for (name, urgency, _), count in counts.items() if (name, urgency) == (intent, "urgent")) >= 30


@pytest.mark.slow
def test_no_message_is_there_twice_or_in_a_measuring_set(corpus: list[TrainingMessage]) -> None:
    files = [SHARED / "corpus/dev.jsonl", SHARED / "samples/messages.jsonl"]
    lines = [line for path in files if path.exists() for line in path.read_text(encoding="utf-8").split("\n") if line]
    held_out = [json.loads(line)["text"] for line in lines]
    assert [str(problem) for problem in check(corpus, held_out)] == []


def _written(folder: Path, text: str, name: str = "fr/one.yml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


BLOCK = """version: "3.1"
nlu:
- intent: {intent}
  metadata: {{urgency: {urgency}, situation: test}}
  examples: |
    - yo chu au [Berri](place) à [soir](time)
    - {line}
"""


def test_a_block_is_read_with_labels_entities_and_place(tmp_path: Path) -> None:
    folder = _written(tmp_path, BLOCK.format(intent="find_food", urgency="none", line="# faim: \"ben gros\" 'là'"))
    messages, problems = load(folder)
    assert problems == []
    first, second = messages
    assert (first.text, first.intent, first.urgency, first.situation, first.language) == (
        "yo chu au Berri à soir",
        "find_food",
        "none",
        "test",
        "fr",
    )
    assert first.entities == (Entity("place", "Berri", 10, 15), Entity("time", "soir", 18, 22))
    assert (second.text, second.file, second.line) == ("# faim: \"ben gros\" 'là'", "fr/one.yml", 7)


@pytest.mark.parametrize(
    ("intent", "urgency", "line", "place", "what"),
    [
        ("find_fod", "none", "faim", "fr/one.yml:3", "unknown intent"),
        ("find_food", "high", "faim", "fr/one.yml:3", "urgency"),
        ("find_food", "none", "chez [Marie](persn)", "fr/one.yml:7", "unknown entity"),
        ("find_food", "none", "chez [Marie", "fr/one.yml:7", "[ ]"),
    ],
)
def test_a_bad_label_is_told_with_its_line(
    tmp_path: Path, intent: str, urgency: str, line: str, place: str, what: str
) -> None:
    _, problems = load(_written(tmp_path, BLOCK.format(intent=intent, urgency=urgency, line=line)))
    assert len(problems) == 1
    assert str(problems[0]).startswith(place)
    assert what in problems[0].what


def test_a_file_that_is_not_yaml_is_told(tmp_path: Path) -> None:
    _, problems = load(_written(tmp_path, "nlu:\n- intent: [\n"))
    assert [problem.file for problem in problems] == ["fr/one.yml"]


def test_repeats_are_found(tmp_path: Path) -> None:
    line = "YO chu au BERRI à soir"
    messages, _ = load(_written(tmp_path, BLOCK.format(intent="find_food", urgency="none", line=line)))
    assert [str(problem) for problem in check(messages)] == [
        "fr/one.yml:7: the same message as fr/one.yml:6; keep one of them"
    ]
    almost, _ = load(_written(tmp_path, BLOCK.format(intent="find_food", urgency="none", line=line + " lol")))
    assert "fr/one.yml:6" in str(check(almost)[0])
    reserved = check(almost[:1], ["yo chu au berri a soir moi"])
    assert "measuring set" in reserved[0].what


def test_annotations() -> None:
    assert read_annotated("au [métro Frontenac](place) (vite)") == (
        "au métro Frontenac (vite)",
        (Entity("place", "métro Frontenac", 3, 18),),
        None,
    )


def test_similar_pairs_are_exactly_those_above_the_threshold() -> None:
    messages, _ = load(DATA)
    texts = [message.text for message in messages[:150]] + ["ok", "ok!", "o", "", "non merci", "non merci!!"]
    expected = []
    for later, mine in enumerate(map(character_grams, texts)):
        for earlier, other in enumerate(map(character_grams, texts[:later])):
            similarity = len(mine & other) / len(mine | other)
            if similarity > 0.2:
                expected.append((earlier, later, similarity))
    assert sorted(similar_pairs(texts, 0.2)) == sorted(expected)
