"""Reads what a partner texts about a service: "CONFIRME 1280", "1280 3 lits". Pure, exact patterns only.

Whether this phone may say it is decided elsewhere (`bot.conversation.news`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartnerText:
    """A service's code, and how many places are free (None: the partner confirms). `language` when the words show it."""

    code: int
    available: int | None = None
    language: str | None = None


_LONGEST = 40
_CODE = r"#?(?P<code>[1-9]\d{3,6})"
_CONFIRM = re.compile(rf"(?P<word>confirme[rz]?|confirm|confirmed) {_CODE}")
_CAPACITY = re.compile(rf"{_CODE}[:,]? (?P<count>\d{{1,4}}) (?P<word>lits?|places?|beds?|spaces?|spots?)")
_FULL = re.compile(rf"{_CODE}[:,]? (?P<word>complet|plein|full)")
_LANGUAGE = {
    "confirme": "fr", "confirmer": "fr", "confirmez": "fr", "confirm": "en", "confirmed": "en", "lit": "fr",
    "lits": "fr", "bed": "en", "beds": "en", "space": "en", "spaces": "en", "spot": "en", "spots": "en",
    "complet": "fr", "plein": "fr", "full": "en",
}  # fmt: skip


def read(text: str) -> PartnerText | None:
    """What a message that consists of nothing else says of a service; None for every other message."""
    if len(text) > _LONGEST:
        return None
    plain = unicodedata.normalize("NFD", text.casefold())
    words = " ".join("".join(c for c in plain if not unicodedata.combining(c)).split()).rstrip(".!")
    for pattern in (_CONFIRM, _CAPACITY, _FULL):
        match = pattern.fullmatch(words)
        if match is not None:
            named = match.groupdict()
            count = {_CONFIRM: None, _CAPACITY: int(named.get("count") or 0), _FULL: 0}[pattern]
            return PartnerText(int(named["code"]), count, _LANGUAGE.get(named["word"]))
    return None
