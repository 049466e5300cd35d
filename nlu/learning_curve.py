"""What more messages bring: the accuracy measured with a part of the corpus, then more of it. Drawn in the model report.

`nlu/rasa/learning_curve.py` measures (it trains several times) and writes the file; this reads it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from nlu.report_pictures import Curve, curves

CURVE_PATH = Path(__file__).parent / "model" / "learning_curve.json"


@dataclass(frozen=True, slots=True)
class LearningPoint:
    """One training: how many messages, and the shares of the measuring set right at first and among three."""

    messages: int
    first: float
    three: float


def read_curve(path: Path = CURVE_PATH) -> tuple[LearningPoint, ...]:
    """Read the measured points, fewest messages first; none when nobody measured them yet."""
    if not path.exists():
        return ()
    read = json.loads(path.read_text(encoding="utf-8"))
    points = (LearningPoint(int(one["messages"]), float(one["first"]), float(one["three"])) for one in read["points"])
    return tuple(sorted(points, key=lambda point: point.messages))


def learning_picture(points: tuple[LearningPoint, ...], title: str, across: str, first: str, three: str) -> str:
    """Draw the points; `across` is a name with `{most}` in it, for the number of messages that is 100 %."""
    most = points[-1].messages
    lines = (
        Curve(three, tuple((point.messages / most, point.three) for point in points), None, dashed=True),
        Curve(first, tuple((point.messages / most, point.first) for point in points), None, dashed=False),
    )
    return curves(title, across.format(most=f"{most:,}"), "", lines, "")
