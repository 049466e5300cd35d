"""How well understanding works on labelled messages: `python -m nlu.evaluate FILE.jsonl… [--json]`.

A line of the file is one message: `text`, `lang`, `intent`, `urgency`, and perhaps `also` (other intents that are
fair) and `entities`. Every message goes through the whole interpreter (triage, classifier, language, entities).
"Paged" means that a worker is called: urgency emergency or urgent.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlu.interpretation import Entity, Interpretation, Interpreter, Urgency
from nlu.interpreter import load_interpreter

SHORT_WORDS = 4


@dataclass(frozen=True, slots=True)
class Labelled:
    """One message of a measuring set and its labels."""

    text: str
    language: str
    intent: str
    urgency: str
    also: tuple[str, ...]
    entities: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled message and what understanding said of it."""

    expected: Labelled
    got: Interpretation

    @property
    def paged(self) -> bool:
        """Whether a worker would be called."""
        return self.got.urgency is not Urgency.NONE


def read_labelled(path: Path) -> list[Labelled]:
    """Read a file of labelled messages. Raises ValueError naming the file and line of a bad one."""
    messages = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if line.strip():
            try:
                messages.append(_labelled(json.loads(line)))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path}:{number}: not a labelled message (text, lang, intent, urgency)") from error
    return messages


def _labelled(row: dict[str, Any]) -> Labelled:
    entities = frozenset((item["entity"], item["value"].casefold()) for item in row.get("entities") or ())
    return Labelled(row["text"], row["lang"], row["intent"], row["urgency"], tuple(row.get("also") or ()), entities)


def judge(interpreter: Interpreter, messages: Sequence[Labelled]) -> list[Judged]:
    """Interpret each message by itself."""
    return [Judged(message, interpreter.interpret(message.text)) for message in messages]


def figures(judged: Sequence[Judged]) -> dict[str, float]:
    """Compute every figure of one slice: shares from 0 to 1, absent when the slice has no message for them."""
    result: dict[str, float] = {"messages": len(judged)}
    for name, among, true in _FIGURES:
        chosen = [one for one in judged if among(one)]
        if chosen:
            result[name] = sum(map(true, chosen)) / len(chosen)
    result.update(_entity_figures(judged))
    return result


_Test = Callable[[Judged], bool]


def _labelled_as(urgency: Urgency) -> _Test:
    return lambda one: one.expected.urgency == urgency


def _everyone(one: Judged) -> bool:
    return True


def _intents(one: Judged, count: int) -> list[str]:
    others = [ranked.intent for ranked in one.got.ranking if ranked.intent != one.got.intent]
    return [one.got.intent, *others][:count]


_FIGURES: tuple[tuple[str, _Test, _Test], ...] = (
    ("intent right", _everyone, lambda one: one.got.intent == one.expected.intent),
    (
        "intent right or fair",
        _everyone,
        lambda one: one.got.intent == one.expected.intent or one.got.intent in one.expected.also,
    ),
    ("intent in first 3", _everyone, lambda one: one.expected.intent in _intents(one, 3)),
    ("urgency right", _everyone, lambda one: one.got.urgency == one.expected.urgency),
    ("emergency: said emergency", _labelled_as(Urgency.EMERGENCY), lambda one: one.got.urgency == "emergency"),
    ("emergency: paged", _labelled_as(Urgency.EMERGENCY), lambda one: one.paged),
    ("emergency: paged or asked", _labelled_as(Urgency.EMERGENCY), lambda one: one.paged or one.got.check),
    ("urgent: paged", _labelled_as(Urgency.URGENT), lambda one: one.paged),
    ("urgent: paged or asked", _labelled_as(Urgency.URGENT), lambda one: one.paged or one.got.check),
    ("none: paged for nothing", _labelled_as(Urgency.NONE), lambda one: one.paged),
    ("none: said emergency", _labelled_as(Urgency.NONE), lambda one: one.got.urgency == "emergency"),
    ("none: asked", _labelled_as(Urgency.NONE), lambda one: one.got.check),
    ("language right", _everyone, lambda one: one.got.language == one.expected.language),
)


def _entity_figures(judged: Sequence[Judged]) -> dict[str, float]:
    expected = [(number, *entity) for number, one in enumerate(judged) for entity in one.expected.entities]
    got = {
        (number, entity.entity, _as_labelled(one, entity).casefold())
        for number, one in enumerate(judged)
        for entity in one.got.entities
    }
    right = sum(entity in got for entity in expected)
    if not expected or not got:
        return {}
    return {"entities found": right / len(expected), "entities right": right / len(got)}


def _as_labelled(one: Judged, entity: Entity) -> str:
    """An entity as measuring sets write it: a language as the person named it, the others by their value."""
    return one.expected.text[entity.start : entity.end] if entity.entity == "language" else entity.value


def slices(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """Cut a set into all, by language, and short messages."""
    cut = {"all": list(judged)}
    for language in ("fr", "en", "mix"):
        cut[language] = [one for one in judged if one.expected.language == language]
    cut["short"] = [one for one in judged if len(one.expected.text.split()) <= SHORT_WORDS]
    return {name: part for name, part in cut.items() if part}


def table(results: dict[str, dict[str, float]]) -> str:
    """Lay the figures out as a Markdown table, one column a slice."""
    names = list(dict.fromkeys(name for result in results.values() for name in result))
    rows = [["", *results], ["---", *("---:" for _ in results)]]
    for name in names:
        rows.append([name, *(_cell(name, result.get(name)) for result in results.values())])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if name == "messages" else f"{value:.1%}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the files named on the command line, together."""
    parser = argparse.ArgumentParser(description="Measure understanding on labelled messages.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.jsonl")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args(arguments)
    try:
        messages = [message for path in options.files for message in read_labelled(path)]
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    interpreter, trouble = load_interpreter()
    if trouble:
        sys.stderr.write(f"No model: {trouble}\n")
    results = {name: figures(part) for name, part in slices(judge(interpreter, messages)).items()}
    sys.stdout.write((json.dumps(results, indent=1) if options.json else table(results)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
