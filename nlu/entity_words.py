"""Cuts a message into words that remember where they stand, for finding things in it.

Pure. The words are folded (no accents, lower case) and hyphens, dots and apostrophes separate them, so "Val-d'Or",
"val d'or" and "Val d Or" are the same three words; each keeps its place in the message as it was received.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nlu.normalize import fold_with_offsets

_ACCENTS = str.maketrans(
    "àâäáãåçéèêëíìîïñóòôöõúùûüýÿ’‘ʼ`´",
    "aaaaaaceeeeiiiinooooouuuuyy'''''",
)
_WORD = re.compile(r"[^\W_]+")
_SHORT_FORMS = {
    "st": "saint",
    "ste": "sainte",
    "mt": "mont",
    "boulevard": "boul",
    "blvd": "boul",
    "avenue": "av",
    "ave": "av",
}
_JOINERS = frozenset({" ", "-", "'", ". ", ".", "  ", "", "–", " - "})


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a message: folded forms, and where each begins and ends in the original."""

    text: str
    folded: str
    forms: list[str]
    starts: list[int]
    ends: list[int]

    @property
    def has_digit(self) -> bool:
        """Whether the message holds any number."""
        return any(character in self.folded for character in "0123456789")

    def joined(self, first: int, last: int) -> bool:
        """Whether words `first` to `last` follow each other with no comma or sentence end in between."""
        return all(self.folded[self.ends[i] : self.starts[i + 1]] in _JOINERS for i in range(first, last))

    def holds(self, position: int, wanted: tuple[str, ...]) -> bool:
        """Whether the words from `position` on are `wanted`, joined."""
        last = position + len(wanted)
        if tuple(self.forms[position:last]) != wanted:
            return False
        return len(wanted) == 1 or self.joined(position, last - 1)


def plain(text: str) -> str:
    """Take case and accents off, character for character: quicker than `fold`, and positions stay (nearly always)."""
    return text.lower().translate(_ACCENTS)


def cut(text: str) -> Words:
    """Cut a message. Positions count characters of `text` as received."""
    folded = plain(text)
    origins: list[int] | None = None
    if len(folded) != len(text):  # a rare capital that becomes two characters
        folded, origins = fold_with_offsets(text)
    forms: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _WORD.finditer(folded):
        word = match.group()
        forms.append(_SHORT_FORMS.get(word, word))
        starts.append(match.start())
        ends.append(match.end())
    if origins is not None:
        starts = [origins[start] for start in starts]
        ends = [origins[end - 1] + 1 for end in ends]
        folded = text
    return Words(text, folded, forms, starts, ends)


def phrase(name: str) -> tuple[str, ...]:
    """Give the words of a name as `cut` would."""
    return tuple(cut(name).forms)
