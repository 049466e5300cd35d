"""Writes the numbers of safety triage (`nlu/triage/evidence.yml`) as a file that a person can read and correct. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HEADER = """\
# Every number of safety triage, chosen by `python -m nlu.triage_tuning` (which says how, and at what cost).
# Points are log-odds: +0.7 doubles the odds, +2.3 multiplies them by ten; the first is for "a life is at risk now",
# the second for "a human is needed today". They may be corrected by hand; run tests/safety after.
evidence:
"""
_NOTES = {
    "rules": "rule: [a life is at risk now, a human is needed today]",
    "context": "context: the same two, mostly negative",
    "softening": "contexts that keep a certain rule from standing alone",
    "doubting": 'of these, those that keep it from paging but not from being asked about: people in danger ask, and say "lol"',
    "calming": "contexts in which, without a classifier, nothing pages: the service asks instead",
    "asking": "contexts in which nothing pages, classifier or not: the service asks instead",
    "balances": "start (alone: without a classifier), how much the points count, how much the classifier's log-odds count",
    "thresholds": "a sum at or over its threshold: page, emergency (of what pages), emergency_alone (pages by itself), check",
}


def as_yaml(evidence: Mapping[str, Any]) -> str:
    """Write the numbers as a file that a person can read."""
    lines = [_HEADER.rstrip("\n")]
    for part, content in evidence.items():
        lines.append(f"  # {_NOTES[part]}")
        if isinstance(content, list):
            lines.append(f"  {part}: [{', '.join(content)}]")
            continue
        lines.append(f"  {part}:")
        for name, value in content.items():
            shown = (
                "{" + ", ".join(f"{key}: {number}" for key, number in value.items()) + "}"
                if isinstance(value, Mapping)
                else f"[{', '.join(str(number) for number in value)}]"
            )
            lines.append(f"    {name}: {shown}")
    return "\n".join(lines) + "\n"
