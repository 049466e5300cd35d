"""What the checks of flows and cards give: one problem, in words for the person who can mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is the file, `where` the flow and step or the card, `message` what is wrong and what to do."""

    path: str
    where: str
    message: str
    severity: Severity = "error"
