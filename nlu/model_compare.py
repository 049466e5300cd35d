"""Comparing a new model with the one in use, on a labelled set: what improved, what broke, and whether to refuse it.

A new model is refused when a message labelled emergency gets a weaker answer than before: emergency, then urgent (a human all the
same), then the check question, then nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlu.evaluate import figures
from nlu.interpretation import Interpretation, Urgency
from nlu.interpreter import EmbeddedInterpreter
from nlu.measuring_set import Example, Understood

ANSWERS = ("nothing", "the check question", "urgent", "emergency")
"""What a message gets, weakest first."""


@dataclass(frozen=True, slots=True)
class Change:
    """A message the two models treat differently. `before` and `after` are what it got: an answer or an intent."""

    example: Example
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Figures of both models by name, and the messages that changed."""

    figures: dict[str, tuple[float | None, float | None]]
    lost_emergencies: tuple[Change, ...]
    found_emergencies: tuple[Change, ...]
    new_false_pages: tuple[Change, ...]
    fewer_false_pages: tuple[Change, ...]
    broken_intents: tuple[Change, ...]
    mended_intents: tuple[Change, ...]

    @property
    def refused(self) -> bool:
        """Whether the new model must not replace the old one."""
        return bool(self.lost_emergencies)


def compare(old: EmbeddedInterpreter, new: EmbeddedInterpreter, examples: Sequence[Example]) -> Comparison:
    """Measure both models on the same messages."""
    before, after = ([Understood(one, model.interpret(one.labelled.text)) for one in examples] for model in (old, new))
    pairs = list(zip(before, after, strict=True))
    emergencies = [pair for pair in pairs if pair[0].example.labelled.urgency == Urgency.EMERGENCY]
    calm = [pair for pair in pairs if pair[0].example.labelled.urgency == Urgency.NONE]
    return Comparison(
        figures=_figures(before, after),
        lost_emergencies=_answers(pair for pair in emergencies if _strength(pair[1].got) < _strength(pair[0].got)),
        found_emergencies=_answers(pair for pair in emergencies if _strength(pair[1].got) > _strength(pair[0].got)),
        new_false_pages=_answers(pair for pair in calm if pair[1].judged.paged and not pair[0].judged.paged),
        fewer_false_pages=_answers(pair for pair in calm if pair[0].judged.paged and not pair[1].judged.paged),
        broken_intents=_intents(pair for pair in pairs if _right(pair[0]) and not _right(pair[1])),
        mended_intents=_intents(pair for pair in pairs if _right(pair[1]) and not _right(pair[0])),
    )


def answer(got: Interpretation) -> str:
    """Name what a message gets (one of `ANSWERS`)."""
    if got.urgency is not Urgency.NONE:
        return got.urgency.value
    return "the check question" if got.check else "nothing"


def places(changes: Sequence[Change]) -> list[str]:
    """Say each change in a line, with where to find the message and not its words."""
    return [
        f"{Path(change.example.file).name}:{change.example.line}: {change.example.labelled.intent}: "
        f"{change.before} before, {change.after} now"
        for change in changes
    ]


_Pairs = Iterable[tuple[Understood, Understood]]


def _strength(got: Interpretation) -> int:
    return ANSWERS.index(answer(got))


def _right(one: Understood) -> bool:
    expected = one.example.labelled
    return one.got.intent == expected.intent or one.got.intent in expected.also


def _answers(pairs: _Pairs) -> tuple[Change, ...]:
    return tuple(Change(before.example, answer(before.got), answer(after.got)) for before, after in pairs)


def _intents(pairs: _Pairs) -> tuple[Change, ...]:
    return tuple(Change(before.example, before.got.intent, after.got.intent) for before, after in pairs)


def _figures(before: Sequence[Understood], after: Sequence[Understood]) -> dict[str, tuple[float | None, float | None]]:
    old, new = (figures([one.judged for one in side]) for side in (before, after))
    return {name: (old.get(name), new.get(name)) for name in dict.fromkeys((*old, *new)) if name != "messages"}
