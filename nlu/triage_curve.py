"""The trade-off of safety triage as a picture: `python -m nlu.triage_curve FILE.jsonl… [--out PICTURE.svg]`.

The thresholds of `nlu/triage/evidence.yml` are moved together, from anxious to deaf; at each place the share of
emergencies given a human is set against the share of calm messages that would call somebody for nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nlu import triage
from nlu.evaluate import Labelled
from nlu.interpretation import Assessment, RankedIntent, Urgency, UrgencyScores
from nlu.interpreter import EmbeddedInterpreter, load_interpreter
from nlu.measuring_set import read_set
from nlu.report_pictures import Curve, curves

SHIFTS = tuple(step / 2 for step in range(-8, 13))
_MOVED = ("page", "emergency", "emergency_alone", "check", "check_emergency")


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Shares (0 to 1) with every threshold moved by `shift` log-odds; 0 is what the service does.

    `caught` and `paged`: emergencies and calm messages that call a human. The `_or_asked` pair adds the check question.
    """

    shift: float
    caught: float
    paged: float
    caught_or_asked: float
    paged_or_asked: float


def moved(rules: triage.Rules, shift: float) -> triage.Rules:
    """Give the rules with every threshold moved by `shift` log-odds (positive: calmer, fewer pages)."""
    thresholds = {
        mode: {name: value + shift if name in _MOVED else value for name, value in limits.items()}
        for mode, limits in rules.thresholds.items()
    }
    return replace(rules, thresholds=thresholds)


def measure(
    interpreter: EmbeddedInterpreter, messages: Sequence[Labelled], shifts: Sequence[float] = SHIFTS
) -> tuple[CurvePoint, ...]:
    """Compute the curve; empty when the set lacks emergencies or calm messages. About 0.2 ms a message and a shift."""
    groups = [
        [(message.text, *interpreter.classify(message.text)) for message in messages if message.urgency == urgency]
        for urgency in (Urgency.EMERGENCY, Urgency.NONE)
    ]
    if not all(groups):
        return ()
    points = []
    for shift in shifts:
        rules = moved(interpreter.rules, shift)
        emergencies, calm = ([_assess(rules, *message) for message in group] for group in groups)
        points.append(
            CurvePoint(
                shift, _human(emergencies), _human(calm), _human_or_question(emergencies), _human_or_question(calm)
            )
        )
    return tuple(points)


def _assess(
    rules: triage.Rules, text: str, ranking: tuple[RankedIntent, ...], scores: UrgencyScores | None
) -> Assessment:
    return triage.assess(rules, text, (), scores, ranking)


def _human(assessed: Sequence[Assessment]) -> float:
    return sum(one.urgency is not Urgency.NONE for one in assessed) / len(assessed)


def _human_or_question(assessed: Sequence[Assessment]) -> float:
    return sum(one.urgency is not Urgency.NONE or one.check for one in assessed) / len(assessed)


_WORDS = {
    "en": (
        "What triage gives up for what it gains",
        "calm messages disturbed",
        "emergencies found",
        "a human is called",
        "a human is called, or the question asked",
        "today",
    ),
    "fr": (
        "Ce que le triage perd pour ce qu'il gagne",
        "messages calmes dérangés",
        "urgences trouvées",
        "un humain est appelé",
        "un humain est appelé, ou la question est posée",
        "aujourd'hui",
    ),
}


def picture(points: Sequence[CurvePoint], language: str = "en") -> str:
    """Draw the curve as a self-contained SVG image; `language` is `en` or `fr`."""
    title, across, up, human, question, today = _WORDS[language]
    called = Curve(human, tuple((point.paged, point.caught) for point in points), _today(points, asked=False), False)
    asked = Curve(
        question,
        tuple((point.paged_or_asked, point.caught_or_asked) for point in points),
        _today(points, asked=True),
        True,
    )
    return curves(title, across, up, (called, asked), today)


def _today(points: Sequence[CurvePoint], asked: bool) -> tuple[float, float] | None:
    for point in points:
        if point.shift == 0:
            return (point.paged_or_asked, point.caught_or_asked) if asked else (point.paged, point.caught)
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the curve of the files named on the command line."""
    parser = argparse.ArgumentParser(prog="nlu.triage_curve", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.jsonl")
    parser.add_argument("--out", type=Path, default=Path("docs/images/triage-curve.svg"))
    chosen = parser.parse_args(arguments)
    try:
        messages = [example.labelled for example in read_set(chosen.files)]
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    interpreter, trouble = load_interpreter()
    if trouble:
        sys.stderr.write(f"No model: {trouble}\n")
    points = measure(interpreter, messages)
    if not points:
        sys.stderr.write("The curve needs messages labelled emergency and messages labelled none.\n")
        return 2
    chosen.out.write_text(picture(points), encoding="utf-8")
    for point in points:
        sys.stdout.write(
            f"{point.shift:+.1f}  emergencies {point.caught:.1%} for {point.paged:.1%} of calm messages; "
            f"with the question {point.caught_or_asked:.1%} for {point.paged_or_asked:.1%}\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
