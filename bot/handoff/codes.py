"""Reply codes: what a worker types on a phone with one thumb. Pure.

"A7" takes the conversation, "A7 fin" closes it, "A7" and words sends the words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"  # without I, O and Q, which are read as 1 and 0
RANGES = ((1, 9), (10, 99), (100, 999))

_CODE = re.compile(r"^\W*([A-Za-z]\d{1,3})\b[\s:,.;!)-]*", re.ASCII)
_CLOSING = frozenset({"fin", "end", "fini", "termine", "fermer", "ferme", "close", "done"})
_CARRIER = frozenset({"stop", "arret", "unsubscribe", "end", "quit", "cancel", "stopall", "revoke", "optout"})


class Command(StrEnum):
    """What a worker's message asks for."""

    TAKE = "take"
    CLOSE = "close"
    WORDS = "words"
    HELP = "help"  # nothing that could be sent: an empty message, a photo, a bot command
    CARRIER_WORD = "carrier_word"  # a lone word that the carrier takes as "write to me no more"


@dataclass(frozen=True, slots=True)
class WorkerReply:
    """A worker's message, read: which conversation (None: not said) and what to do."""

    command: Command
    code: str | None
    words: str = field(default="", repr=False)


class NoCodeLeft(Exception):
    """Every code was used within the last days: far more handoffs than a small line ever has."""


def choose(used: Collection[str], random: Random) -> str:
    """A code that is not in use: the shortest kind that has any left."""
    for first, last in RANGES:
        free = [code for letter in LETTERS for n in range(first, last + 1) if (code := f"{letter}{n}") not in used]
        if free:
            return random.choice(free)
    raise NoCodeLeft("every reply code was used within the last 30 days")


def read(text: str) -> WorkerReply:
    """Read a worker's message."""
    stripped = text.strip()
    found = _CODE.match(stripped)
    if found is None:
        if not stripped or stripped.startswith("/"):
            return WorkerReply(Command.HELP, None)
        word = _bare(stripped)
        if word in _CLOSING and word != "end":
            return WorkerReply(Command.CLOSE, None)
        return WorkerReply(Command.CARRIER_WORD if word in _CARRIER else Command.WORDS, None, stripped)
    code, words = found.group(1).upper(), stripped[found.end() :].strip()
    if not words:
        return WorkerReply(Command.TAKE, code)
    if _bare(words) in _CLOSING:
        return WorkerReply(Command.CLOSE, code)
    return WorkerReply(Command.WORDS, code, words)


def _bare(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(character for character in decomposed if character.isalnum())
