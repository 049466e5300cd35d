"""Reading measuring sets with what a person needs to find a message again: its file, its line, its note.

The same files as `nlu.evaluate` (one JSON object a line: `text`, `lang`, `intent`, `urgency`, perhaps `also`, `entities`,
`note`, `register`), with every label checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlu.corpus import LANGUAGES
from nlu.evaluate import Judged, Labelled, read_labelled
from nlu.interpretation import Interpretation, Urgency
from nlu.labels import INTENTS

_LOOK_ALIKE = ("hard negative", "look-alike", "lookalike")


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled message and where it is written. `register` is how it is written, when the file says it."""

    labelled: Labelled
    file: str
    line: int
    note: str = ""
    register: str = ""

    @property
    def place(self) -> str:
        """Where a person finds the message: file:line."""
        return f"{self.file}:{self.line}"

    @property
    def look_alike(self) -> bool:
        """Whether the message is calm but written to look like a danger (its note says so)."""
        return self.labelled.urgency == Urgency.NONE and any(word in self.note.casefold() for word in _LOOK_ALIKE)


@dataclass(frozen=True, slots=True)
class Understood:
    """A message of the set and what was understood of it."""

    example: Example
    got: Interpretation

    @property
    def judged(self) -> Judged:
        """The same, as `nlu.evaluate` counts it."""
        return Judged(self.example.labelled, self.got)


def read_set(paths: Iterable[Path]) -> list[Example]:
    """Read measuring files. Raises OSError, or ValueError naming the file and line of a bad message."""
    examples = [example for path in paths for example in _read_file(path)]
    if not examples:
        raise ValueError("the measuring set holds no message")
    return examples


def _read_file(path: Path) -> list[Example]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is not text in UTF-8") from error
    rows = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    for number, line in rows:
        wrong = _what_is_wrong(line)
        if wrong:
            raise ValueError(f"{path}:{number}: {wrong}")
    return [
        _example(labelled, path, number, json.loads(line))
        for labelled, (number, line) in zip(read_labelled(path), rows, strict=True)
    ]


def _example(labelled: Labelled, path: Path, number: int, row: dict[str, Any]) -> Example:
    return Example(labelled, str(path), number, str(row.get("note") or ""), str(row.get("register") or ""))


def _what_is_wrong(line: str) -> str | None:
    try:
        row = json.loads(line)
    except ValueError:
        return "is not a JSON object"
    if not isinstance(row, dict):
        return "is not a JSON object"
    if not isinstance(row.get("text"), str):
        return "has no text"
    allowed: dict[str, Sequence[str]] = {"lang": LANGUAGES, "intent": INTENTS, "urgency": [*Urgency]}
    for label, known in allowed.items():
        if row.get(label) not in known:
            return f"unknown {label}; docs/corpus-data-card.md lists the labels"
    entities, also = row.get("entities") or [], row.get("also") or []
    if not isinstance(also, list) or any(intent not in INTENTS for intent in also):
        return "`also` must be a list of intents"
    if not isinstance(entities, list) or not all(_is_entity(entity) for entity in entities):
        return "`entities` must be a list of objects with entity and value"
    return None


def _is_entity(entity: object) -> bool:
    return isinstance(entity, dict) and all(isinstance(entity.get(key), str) for key in ("entity", "value"))
