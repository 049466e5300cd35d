"""Words that carriers and providers take for themselves: who texts one alone is cut off, or gets a text that is not ours.

Source: the provider's opt-out documentation (see docs/flows.md); no text of ours may invite somebody to send one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

WORDS = ("STOP", "END", "QUIT", "CANCEL", "YES", "HELP", "INFO", "UNSUBSCRIBE", "STOPALL", "REVOKE", "OPTOUT")
_SHOUTED = re.compile(rf"\b(?:{'|'.join(WORDS)})\b")
_ASKED_FOR = re.compile(
    rf"\b(?:écris|ecris|écrivez|réponds|reponds|texte|tape|write|reply|answer|text|type|send)\b[ :\"'«“]+({'|'.join(WORDS)})\b",
    re.IGNORECASE,
)


def invited(text: str, alone: bool = False) -> Iterator[str]:
    """The carrier's words this text invites to send: in capitals, or asked for; with `alone`, as the whole text."""
    yield from _SHOUTED.findall(text)
    yield from (word.upper() for word in _ASKED_FOR.findall(text) if not word.isupper())
    if alone and text.strip().upper() in WORDS and not text.strip().isupper():
        yield text.strip().upper()
