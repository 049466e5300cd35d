"""Words that are commands when they are the whole message. Pure.

The list is that of `facts/sms-rules.md` section 2: what Canadian carriers treat as a stop word, in English, and its French
words, which carriers do not know. `fin` and `fini` are not among them: a person in crisis may write them. Nor is `oui`,
which answers questions; `yes` takes a stop back because it does at the carrier.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Keyword(StrEnum):
    """What a lone word asks for."""

    STOP = "stop"  # ours to answer: French words
    CARRIER_STOP = "carrier_stop"  # on SMS the carrier answers it and blocks the number
    START = "start"
    ERASE = "erase"
    MORE = "more"


_CARRIER_STOP = frozenset({"stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"})
_STOP = frozenset({"arret", "arrete", "arreter", "desabonner", "desabonne", "desabonnement", "/stop"})
_START = frozenset({"start", "unstop", "debut", "reprendre", "recommencer"})
_START_WHEN_STOPPED = frozenset({"yes", "/start"})
_ERASE = frozenset({"efface", "effacer", "effaces", "delete", "erase", "/efface", "/delete"})
_MORE = frozenset({"plus", "more"})
_EDGES = re.compile(r"^[\s\W]+|[\s\W]+$")


def find(text: str, *, stopped: bool) -> Keyword | None:
    """The keyword a message consists of, or None. `stopped`: this address said stop, so a yes takes it back."""
    if len(text) > 40:
        return None
    plain = unicodedata.normalize("NFD", text.strip().lower())
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    word = bare if bare.startswith("/") else _EDGES.sub("", bare)
    if word in _CARRIER_STOP:
        # "stop!" means the same, but carriers know the bare word only: that one is left for us to answer.
        return Keyword.CARRIER_STOP if text.strip().lower() == word else Keyword.STOP
    if word in _STOP:
        return Keyword.STOP
    if word in _START or (stopped and word in _START_WHEN_STOPPED):
        return Keyword.START
    if word in _ERASE:
        return Keyword.ERASE
    return Keyword.MORE if word in _MORE else None
