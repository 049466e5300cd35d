"""What the corpus covers and where it is thin, as a page: `python -m nlu.corpus_card` writes `docs/corpus-matrix.md`.

The matrix is intent × urgency × language; who writes and in what register comes from the blocks' `register`, and from the
writing itself; situations are counted by intent. A test refuses a page that no longer says what the messages are.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from nlu.corpus import LANGUAGES, TrainingMessage, load, matrix
from nlu.labels import INTENTS
from nlu.model_report import THIN, registers_of, situations, thin_cells

PAGE = Path(__file__).resolve().parents[1] / "docs" / "corpus-matrix.md"
URGENCIES = ("emergency", "urgent", "none")
LENGTHS = ((1, 4), (5, 12), (13, 24), (25, 44), (45, None))
WRITERS = {
    "teens, children": ("teen", "youth", "child", "student"),
    "seniors": ("senior",),
    "parents": ("parent",),
    "newcomers, second language": ("newcomer", "esl"),
    "workers, professionals, passers-by": ("worker", "pro", "passer", "community"),
    "texting, joual, street": ("sms", "street", "shorthand", "typos", "drunk", "coded"),
    "dictated": ("dictated", "voice"),
    "in capitals, in panic": ("caps", "panic"),
    "standard, formal": ("standard", "formal", "adult-correct"),
    "long, rambling, buried": ("long", "rambl", "buried"),
    "northern, first peoples": ("north",),
}
"""Who writes and how, by what the `register` of a block begins with or holds (several may hold)."""


def written(messages: Sequence[TrainingMessage]) -> str:
    """Write the page."""
    parts = [
        "# The corpus: what is covered, what is thin",
        "Written by `python -m nlu.corpus_card` from `nlu/data`; what the labels mean, and the limits, are in "
        "[the data card](corpus-data-card.md).",
        "## Size",
        _table(("", "messages"), _sizes(messages)),
        "## Intent × urgency × language",
        _table(
            ("intent", *(f"{language} {level}" for language in LANGUAGES for level in URGENCIES)), _matrix(messages)
        ),
        "## Who writes, and how",
        "As the writers noted it for their block (a block may count twice; those without a note are left out):",
        _table(("who, how", "messages"), _writers(messages)),
        "As the writing itself shows (a message may count twice):",
        _table(("writing", "messages"), _shown(messages)),
        "## Situations",
        "Different situations of each intent, without the seed messages, which have none finer:",
        _table(("intent", "situations"), [(f"`{intent}`", count) for intent, count in situations(messages).items()]),
        "## Thin cells",
        f"Pairs of intent and urgency that exist in a language, with fewer than {THIN} messages in another one:",
        _table(
            ("intent", "urgency", "language", "messages"),
            [(f"`{cell.intent}`", cell.urgency, cell.language, cell.count) for cell in thin_cells(messages)],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _sizes(messages: Sequence[TrainingMessage]) -> list[tuple[object, ...]]:
    languages = Counter(message.language for message in messages)
    urgencies = Counter(message.urgency for message in messages)
    lengths = Counter(_length(message.text) for message in messages)
    return [
        ("all", len(messages)),
        *((f"language {language}", languages[language]) for language in LANGUAGES),
        *((f"urgency {urgency}", urgencies[urgency]) for urgency in URGENCIES),
        *((_named(low, high), lengths[low]) for low, high in LENGTHS),
        ("with an annotated entity", sum(bool(message.entities) for message in messages)),
    ]


def _length(text: str) -> int:
    count = len(text.split())
    return max(low for low, _high in LENGTHS if low <= max(count, 1))


def _named(low: int, high: int | None) -> str:
    return f"{low} words and more" if high is None else f"{low} to {high} words"


def _matrix(messages: Sequence[TrainingMessage]) -> list[tuple[object, ...]]:
    counts = matrix(messages)
    return [
        (f"`{intent}`", *(counts[intent, level, language] or "" for language in LANGUAGES for level in URGENCIES))
        for intent in INTENTS
    ]


def _writers(messages: Sequence[TrainingMessage]) -> list[tuple[object, ...]]:
    registers = Counter(message.register.lower() for message in messages)
    return [
        (who, sum(count for register, count in registers.items() if any(mark in register for mark in marks)))
        for who, marks in WRITERS.items()
    ]


def _shown(messages: Sequence[TrainingMessage]) -> list[tuple[object, ...]]:
    counts = Counter(register for message in messages for register in registers_of(message.text))
    return list(counts.most_common())


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    ruled = [" | ".join(heads), " | ".join(["---", *("---:" for _ in heads[1:])])]
    return "\n".join(f"| {line} |" for line in [*ruled, *(" | ".join(map(str, row)) for row in rows)])


def main() -> None:
    """Write the page."""
    messages, problems = load()
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    PAGE.write_text(written(messages), encoding="utf-8")
    sys.stdout.write(f"{PAGE}: {len(messages)} messages\n")


if __name__ == "__main__":
    main()
