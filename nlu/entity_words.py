"""Cuts a message into words that remember where they stand, for finding things in it.

Pure. The words are folded (no accents, lower case) and hyphens, dots and apostrophes separate them, so "Val-d'Or",
"val d'or" and "Val d Or" are the same three words; each keeps its place in the message as it was received.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from nlu.normalize import fold_with_offsets

_ACCENTS = str.maketrans(
    "àâäáãåçéèêëíìîïñóòôöõúùûüýÿ’‘ʼ`´",
    "aaaaaaceeeeiiiinooooouuuuyy'''''",
)
_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"[0-9]")
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


@dataclass(slots=True)
class Words:
    """The words of a message: folded forms, and where each begins and ends in the original.

    Where they stand is only looked for when something may be found there, which is rare.
    """

    text: str
    folded: str
    forms: list[str]
    has_digit: bool
    _as_cut: str = field(repr=False)
    _origins: list[int] | None = field(default=None, repr=False)
    _spans: list[tuple[int, int]] | None = field(default=None, repr=False, init=False)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Give where word `first` begins and where word `last` ends, in the original."""
        spans = self._spans
        if spans is None:
            spans = [match.span() for match in _WORD.finditer(self._as_cut)]
            at = self._origins
            if at is not None:
                spans = [(at[start], at[end - 1] + 1) for start, end in spans]
            self._spans = spans
        return spans[first][0], spans[last][1]

    def joined(self, first: int, last: int) -> bool:
        """Whether words `first` to `last` follow each other with no comma or sentence end in between."""
        for word in range(first, last):
            (_start, end), (start, _end) = self.span(word, word), self.span(word + 1, word + 1)
            if self.folded[end:start] not in _JOINERS:
                return False
        return True

    def holds(self, position: int, wanted: tuple[str, ...]) -> bool:
        """Whether the words from `position` on are `wanted`, joined."""
        last = position + len(wanted)
        if len(wanted) == 1:
            return self.forms[position] == wanted[0]
        return tuple(self.forms[position:last]) == wanted and self.joined(position, last - 1)


def plain(text: str) -> str:
    """Take case and accents off, character for character: quicker than `fold`, and positions stay (nearly always)."""
    return text.lower().translate(_ACCENTS)


def cut(text: str) -> Words:
    """Cut a message. Positions count characters of `text` as received."""
    folded = plain(text)
    if len(folded) == len(text):
        return Words(text, folded, _forms(folded), _DIGIT.search(folded) is not None, folded)
    as_cut, origins = fold_with_offsets(text)  # a rare capital that becomes two characters
    return Words(text, text, _forms(as_cut), _DIGIT.search(text) is not None, as_cut, origins)


def _forms(folded: str) -> list[str]:
    return [_SHORT_FORMS.get(word, word) for word in _WORD.findall(folded)]


def phrase(name: str) -> tuple[str, ...]:
    """Give the words of a name as `cut` would."""
    return tuple(cut(name).forms)
