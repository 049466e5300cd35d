"""Reads the answer to "is somebody in danger right now?", in any form people give it. Pure.

`True` yes, `False` no, `None` neither (then the message is taken for what it says).
"""

from __future__ import annotations

import re
import unicodedata

from nlu.interpretation import Interpretation

YES = frozenset(
    {
        "ye",
        "oui",
        "yup",
        "sos",
        "yes",
        "ui",
        "danger",
        "yep",
        "ouais",
        "yeah",
        "yea",
        "aide",
        "mhm",
        "ouai",
        "help",
        "oue",
        "oe",
        "urgence",
        "ouin",
        "1",
        "wi",
        "ya",
        "vite",
    }
)
NO = frozenset({"na", "nan", "nah", "2", "non", "no", "nop", "okay", "pas", "pantoute", "correct", "ok", "nope"})
YES_EMOJI = ("👍", "✅", "🆘", "☝", "1️⃣")
NO_EMOJI = ("👎", "❌", "🙅", "2️⃣")
MAX_WORDS = 4
_WORD = re.compile(r"[a-z0-9]+")


def read(text: str, understood: Interpretation) -> bool | None:
    """Whether somebody is in danger, as the person answered."""
    if any(emoji in text for emoji in NO_EMOJI):
        return False
    if any(emoji in text for emoji in YES_EMOJI):
        return True
    plain = unicodedata.normalize("NFD", text.lower())
    words = _WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))
    if 0 < len(words) <= MAX_WORDS:
        if words[0] in NO:
            return False
        if words[0] in YES:
            return True
    if understood.intent == "affirm" and understood.confidence >= 0.5:
        return True
    if understood.intent in ("deny", "resolved") and understood.confidence >= 0.5:
        return False
    return None
