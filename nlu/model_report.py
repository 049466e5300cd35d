"""What a trained model is worth, computed: the figures that `nlu/model_report_page.py` lays out as a page.

Everything is measured on a labelled set that the person passes, through the whole interpreter; the corpus of training
messages is only counted, to show where it is thin.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlu.corpus import LANGUAGES, TrainingMessage
from nlu.evaluate import figures
from nlu.interpretation import Urgency
from nlu.interpreter import EmbeddedInterpreter
from nlu.labels import INTENTS
from nlu.learning_curve import LearningPoint, read_curve
from nlu.measuring_set import Example, Understood
from nlu.normalize import counted_words, fold
from nlu.triage_curve import CurvePoint, measure

THIN = 15
_CONFUSIONS_SHOWN = 15
_EXAMPLES_SHOWN = 3
_DICTATED_WORDS = 15
_LOUD_LETTERS = 6
_RESPELLED_SHARE = 0.15
_SENTENCE_ENDS = (".", "?", "!")


@dataclass(frozen=True, slots=True)
class BarRow:
    """One line of the table of bars. `value` is None when the set has no message for it; `count` is how many it has."""

    name: str
    value: float | None
    count: int
    bar: float
    aim: float | None
    at_least: bool
    unit: str = "share"

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None when there was nothing to measure."""
        return None if self.value is None else _reaches(self.value, self.bar, self.at_least)

    @property
    def aimed(self) -> bool:
        """Whether the aim is met as well."""
        return self.value is not None and self.aim is not None and _reaches(self.value, self.aim, self.at_least)


@dataclass(frozen=True, slots=True)
class IntentRow:
    """One intent: how many are labelled so, how many understood so, how many both."""

    intent: str
    labelled: int
    understood: int
    right: int

    @property
    def recall(self) -> float | None:
        """Of the messages labelled so, the share understood so."""
        return self.right / self.labelled if self.labelled else None

    @property
    def precision(self) -> float | None:
        """Of the messages understood so, the share labelled so."""
        return self.right / self.understood if self.understood else None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Messages of one intent understood as another (fair alternatives left out), with a few of them."""

    labelled: str
    understood: str
    count: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Thin:
    """A cell of the corpus' matrix with few messages."""

    intent: str
    urgency: str
    language: str
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the page shows. `slices` holds, by way of cutting, the figures of `nlu.evaluate` of each part."""

    sources: tuple[str, ...]
    messages: int
    model: str
    bars: tuple[BarRow, ...]
    intents: tuple[IntentRow, ...]
    confusions: tuple[Confusion, ...]
    slices: dict[str, dict[str, dict[str, float]]]
    thin: tuple[Thin, ...]
    situations: dict[str, int]
    curve: tuple[CurvePoint, ...]
    learning: tuple[LearningPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """What the model costs to run: milliseconds a message (median), size in megabytes, seconds to load."""

    milliseconds: float
    megabytes: float | None
    seconds: float


def build(
    interpreter: EmbeddedInterpreter, examples: Sequence[Example], corpus: Sequence[TrainingMessage], cost: Cost
) -> Report:
    """Measure everything. `cost` comes from `measure_cost`, because only the caller loads the model."""
    understood = [Understood(example, interpreter.interpret(example.labelled.text)) for example in examples]
    model = interpreter.classifier.metadata if interpreter.classifier else {}
    return Report(
        sources=tuple(dict.fromkeys(Path(example.file).name for example in examples)),
        messages=len(examples),
        model=str(model.get("corpus", "")),
        bars=bar_rows(understood, cost),
        intents=intent_rows(understood),
        confusions=confusions(understood),
        slices=cut(understood),
        thin=thin_cells(corpus),
        situations=situations(corpus),
        curve=measure(interpreter, [example.labelled for example in examples]),
        learning=read_curve(),
    )


def measure_cost(
    load: Callable[[], EmbeddedInterpreter], texts: Sequence[str], model: Path
) -> tuple[EmbeddedInterpreter, Cost]:
    """Load the interpreter and time it, one message at a time as the service does."""
    started = time.perf_counter()
    interpreter = load()
    seconds = time.perf_counter() - started
    spent = []
    for text in texts:
        started = time.perf_counter()
        interpreter.interpret(text)
        spent.append((time.perf_counter() - started) * 1000)
    megabytes = model.stat().st_size / 1e6 if model.exists() else None
    return interpreter, Cost(statistics.median(spent), megabytes, seconds)


def bar_rows(understood: Sequence[Understood], cost: Cost) -> tuple[BarRow, ...]:
    """The table of bars: what is asked of the model, and what it does."""
    measured = figures([one.judged for one in understood])
    counts = Counter(one.example.labelled.urgency for one in understood)
    alike = [one.judged.paged for one in understood if one.example.look_alike]
    places = [_place_found(one, value) for one in understood for value in _places(one)]
    emergency, urgent, none = (counts[urgency] for urgency in Urgency)
    everything = len(understood)

    def row(name: str, count: int, bar: float, aim: float, at_least: bool = True) -> BarRow:
        return BarRow(name, measured.get(name), count, bar, aim, at_least)

    return (
        row("emergency: said emergency", emergency, 0.90, 0.98),
        row("emergency: paged or asked", emergency, 0.97, 0.995),
        row("urgent: paged or asked", urgent, 0.90, 0.97),
        row("none: paged for nothing", none, 0.06, 0.02, at_least=False),
        BarRow("look-alikes: paged for nothing", _share(alike), len(alike), 0.15, 0.05, at_least=False),
        row("none: asked", none, 0.10, 0.03, at_least=False),
        row("intent right", everything, 0.80, 0.92),
        row("intent in first 3", everything, 0.92, 0.98),
        row("language right", everything, 0.97, 0.99),
        BarRow("place found", _share(places), len(places), 0.85, 0.97, at_least=True),
        BarRow("milliseconds", cost.milliseconds, everything, 0.5, None, at_least=False, unit="ms"),
        BarRow("megabytes", cost.megabytes, 1, 16.0, None, at_least=False, unit="MB"),
        BarRow("seconds to load", cost.seconds, 1, 0.5, None, at_least=False, unit="s"),
    )


def _reaches(value: float, limit: float, at_least: bool) -> bool:
    return value >= limit if at_least else value <= limit


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def _places(one: Understood) -> list[str]:
    return [value for entity, value in one.example.labelled.entities if entity == "place"]


def _place_found(one: Understood, value: str) -> bool:
    """Whether a place was found there: the same words, or one holding the other ("Berri", "métro Berri")."""
    named = fold(value)
    found = [fold(entity.value) for entity in one.got.entities if entity.entity == "place"]
    return any(named in words or words in named for words in found)


def intent_rows(understood: Sequence[Understood]) -> tuple[IntentRow, ...]:
    """Count every intent that is labelled or understood at least once, in the order of the label contract."""
    labelled = Counter(one.example.labelled.intent for one in understood)
    said = Counter(one.got.intent for one in understood)
    right = Counter(one.got.intent for one in understood if one.got.intent == one.example.labelled.intent)
    return tuple(
        IntentRow(intent, labelled[intent], said[intent], right[intent])
        for intent in INTENTS
        if labelled[intent] or said[intent]
    )


def confusions(understood: Sequence[Understood]) -> tuple[Confusion, ...]:
    """List the pairs of intents most often mistaken for one another, most frequent first."""
    pairs: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for one in understood:
        expected = one.example.labelled
        if one.got.intent != expected.intent and one.got.intent not in expected.also:
            pairs[expected.intent, one.got.intent].append(one.example)
    ranked = sorted(pairs.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return tuple(
        Confusion(labelled, said, len(examples), tuple(examples[:_EXAMPLES_SHOWN]))
        for (labelled, said), examples in ranked[:_CONFUSIONS_SHOWN]
    )


def cut(understood: Sequence[Understood]) -> dict[str, dict[str, dict[str, float]]]:
    """Cut the set by language, by length and by register; a message may be of several registers."""
    groups: dict[str, dict[str, list[Understood]]] = {"language": {}, "length": {}, "register": {}}
    for one in understood:
        text = one.example.labelled.text
        groups["language"].setdefault(one.example.labelled.language, []).append(one)
        groups["length"].setdefault(length_of(text), []).append(one)
        for register in [one.example.register] if one.example.register else registers_of(text):
            groups["register"].setdefault(register, []).append(one)
    return {
        way: {name: figures([one.judged for one in part]) for name, part in sorted(parts.items())}
        for way, parts in groups.items()
    }


def length_of(text: str) -> str:
    """Name the length of a message, in words."""
    count = len(text.split())
    return next((name for most, name in ((4, "01-04"), (12, "05-12"), (39, "13-39")) if count <= most), "40+")


def registers_of(text: str) -> list[str]:
    """Tell from the writing how a message is written, when its label does not say."""
    letters = [character for character in text if character.isalpha()]
    found = {
        "emoji": any(ord(character) >= 0x2600 for character in text),
        "capitals": len(letters) >= _LOUD_LETTERS and text.upper() == text,
        "careful": text[:1].isupper() and text.rstrip()[-1:] in _SENTENCE_ENDS,
        "no punctuation, long": len(text.split()) >= _DICTATED_WORDS and not any(mark in text for mark in ".,;!?:\n"),
        "texting or joual spelling": _respelled(text),
    }
    return [name for name, true in found.items() if true] or ["everyday"]


def _respelled(text: str) -> bool:
    """Whether the normaliser had to bring words to a shared form: "jveux", "pk", "tmrw"."""
    kept = set(counted_words(text).split())
    words = [word.strip(".,;:!?()\"'") for word in fold(text).split()]
    plain = [word for word in words if word.isalpha()]
    return sum(word not in kept for word in plain) > len(plain) * _RESPELLED_SHARE


def thin_cells(corpus: Sequence[TrainingMessage]) -> tuple[Thin, ...]:
    """List the cells intent × urgency × language with fewer than `THIN` messages, thinnest first.

    Only pairs of intent and urgency that exist in some language count: nobody writes an emergency `greet`.
    """
    counts = Counter((message.intent, message.urgency, message.language) for message in corpus)
    pairs = {(intent, urgency) for intent, urgency, _language in counts}
    cells = [
        Thin(intent, urgency, language, counts[intent, urgency, language])
        for intent, urgency in pairs
        for language in LANGUAGES
    ]
    thin = [cell for cell in cells if cell.count < THIN]
    return tuple(sorted(thin, key=lambda cell: (cell.count, cell.intent, cell.urgency, cell.language)))


def situations(corpus: Sequence[TrainingMessage]) -> dict[str, int]:
    """Count the different situations of each intent, fewest first; seed messages, which have none finer, left out."""
    named: dict[str, set[str]] = {intent: set() for intent in INTENTS}
    for message in corpus:
        if message.situation and message.situation != "seed":
            named[message.intent].add(message.situation)
    return dict(sorted(((intent, len(names)) for intent, names in named.items()), key=lambda pair: (pair[1], pair[0])))
