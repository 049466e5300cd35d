"""Reading and checking the training messages (Rasa YAML under `nlu/data/{fr,en,mix}/`).

Shared by the command line (`passerelle` corpus checks), the tests and the evaluation. The files belong to
the people who write them, so every problem is told as file:line and one sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from nlu.interpretation import Entity, Urgency
from nlu.labels import ENTITIES, INTENTS
from nlu.near_duplicates import similar_pairs
from nlu.normalize import fold

DATA = Path(__file__).parent / "data"
LANGUAGES = ("fr", "en", "mix")

# An annotation as Rasa writes it: [words](entity)
_ANNOTATION = re.compile(r"\[(?P<words>[^\]]+)\]\((?P<entity>[^)]*)\)")


@dataclass(frozen=True, slots=True)
class TrainingMessage:
    """One labelled message. `file` is relative to the corpus folder; `line` counts from 1."""

    text: str
    language: str
    intent: str
    urgency: str
    situation: str
    entities: tuple[Entity, ...]
    file: str
    line: int
    register: str = ""  # who writes and how, when the block says it: newcomer, senior, teen, sms-joual...


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to correct in a corpus file, said to the person who wrote it."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


def load(folder: Path = DATA) -> tuple[list[TrainingMessage], list[Problem]]:
    """Read every message of the corpus, and the problems of form and labels met on the way.

    A message with a problem is left out of the list: what is returned can be trained on.
    """
    messages: list[TrainingMessage] = []
    problems: list[Problem] = []
    for language in LANGUAGES:
        for path in sorted((folder / language).glob("*.yml")):
            _read_file(path, folder, language, messages, problems)
    return messages, problems


def check(messages: Sequence[TrainingMessage], held_out: Iterable[str] = ()) -> list[Problem]:
    """Find repeats: exact ones, near ones, and messages that are (nearly) in `held_out`, kept for measuring."""
    problems: list[Problem] = []
    first_seen: dict[str, TrainingMessage] = {}
    different: list[TrainingMessage] = []
    for message in messages:
        earlier = first_seen.setdefault(fold(message.text), message)
        if earlier is message:
            different.append(message)
        else:
            problems.append(_repeat(message, "the same message", earlier))
    reserved = list(held_out)
    texts = reserved + [message.text for message in different]
    for first, second, similarity in similar_pairs(texts):
        if second < len(reserved):
            continue
        message = different[second - len(reserved)]
        if first < len(reserved):
            what = f"{similarity:.0%} like message {first + 1} of the measuring set; take it out"
            problems.append(Problem(message.file, message.line, what))
        else:
            problems.append(_repeat(message, f"{similarity:.0%} the same", different[first - len(reserved)]))
    return problems


def matrix(messages: Iterable[TrainingMessage]) -> Counter[tuple[str, str, str]]:
    """Count messages by (intent, urgency, language): what the data card shows and what a gap looks like."""
    return Counter((message.intent, message.urgency, message.language) for message in messages)


def read_annotated(line: str) -> tuple[str, tuple[Entity, ...], str | None]:
    """Turn an annotated line into its text and entities; the third part says what is wrong, if anything."""
    text, entities, position, wrong = "", [], 0, None
    for found in _ANNOTATION.finditer(line):
        text += line[position : found.start()]
        if found["entity"] not in ENTITIES:
            wrong = f"unknown entity {found['entity']!r}; use one of {', '.join(sorted(ENTITIES))}"
        start = len(text)
        text += found["words"]
        entities.append(Entity(found["entity"], found["words"], start, len(text)))
        position = found.end()
    text += line[position:]
    if wrong is None and re.search(r"[\[\]{}|]", text):
        wrong = "one of [ ] { } | is left in the message; keep them for [words](entity)"
    return text, tuple(entities), wrong


def _repeat(message: TrainingMessage, how: str, earlier: TrainingMessage) -> Problem:
    return Problem(message.file, message.line, f"{how} as {earlier.file}:{earlier.line}; keep one of them")


def _read_file(
    path: Path, folder: Path, language: str, messages: list[TrainingMessage], problems: list[Problem]
) -> None:
    name = path.relative_to(folder).as_posix()
    try:
        document = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        problems.append(Problem(name, mark.line + 1 if mark else 1, "is not valid YAML in UTF-8"))
        return
    for block in _blocks(document):
        if "intent" not in block:
            continue  # lookup tables, synonyms and regexes hold no messages
        _read_block(block, name, language, messages, problems)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _blocks(document: yaml.Node | None) -> Iterator[dict[str, yaml.Node]]:
    top = _mapping(document)
    listed = top.get("nlu")
    if isinstance(listed, yaml.SequenceNode):
        for item in listed.value:
            yield _mapping(item)


def _mapping(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): value for key, value in node.value}


def _read_block(
    block: dict[str, yaml.Node], name: str, language: str, messages: list[TrainingMessage], problems: list[Problem]
) -> None:
    intent, metadata, examples = block["intent"], _mapping(block.get("metadata")), block.get("examples")
    line = intent.start_mark.line + 1
    labels = {key: str(value.value) for key, value in metadata.items()}
    if intent.value not in INTENTS:
        problems.append(Problem(name, line, f"unknown intent {intent.value!r}"))
        return
    if labels.get("urgency") not in set(Urgency):
        problems.append(Problem(name, line, "metadata needs urgency: emergency, urgent or none"))
        return
    if not isinstance(examples, yaml.ScalarNode) or examples.style != "|":
        problems.append(Problem(name, line, "examples must be a block written with |, one message a line"))
        return
    for offset, written in enumerate(examples.value.split("\n"), start=examples.start_mark.line + 2):
        if not written.strip():
            continue
        text, entities, wrong = read_annotated(written.removeprefix("- ").strip())
        if not written.startswith("- "):
            wrong = "a message starts with '- ' and holds on one line"
        if wrong or not text:
            problems.append(Problem(name, offset, wrong or "empty message"))
            continue
        situation, register = labels.get("situation", ""), labels.get("register", "")
        messages.append(
            TrainingMessage(
                text, language, intent.value, labels["urgency"], situation, entities, name, offset, register
            )
        )
