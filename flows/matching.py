"""Recognises a short answer: a number, a label's words, or listed words. Pure, and deliberately small.

Understanding what a whole message means is `nlu`'s work; this only tells whether it picks one of the options offered.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from flows.flow import Answer, Option

_NOT_WORD = re.compile(r"[^a-z0-9']+")
_NUMBER = re.compile(r"^\W*(?:#|no|num[eé]ro|number|option|le|the)?\s*(\d{1,2})\W*$", re.IGNORECASE)
_GAP = r"(?: \S+){0,3}"
"""What `...` between two words of a listed phrase stands for: up to three words ("respire ... pas")."""

_ELISION = re.compile(r"\b(l|d|j|m|t|s|n|c|qu)'(?=\w)")
_APART = r"\1 "
"""The small words that French glues to the next one: "l'alcool" holds the word "alcool"."""

MAX_WORDS = 12
"""A longer message is a new subject rather than the choice of an option, unless its intent says otherwise."""


def fold(text: str) -> str:
    """Lower case, no accents, straight apostrophes, single spaces."""
    plain = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(_NOT_WORD.sub(" ", bare).split())


def number_in(text: str) -> int | None:
    """The number a reply consists of ("2", "2)", "#2", "option 2"), or None."""
    match = _NUMBER.match(text.strip())
    return int(match.group(1)) if match else None


@dataclass(frozen=True, slots=True)
class Words:
    """A text made ready to look phrases up in: as it is, and folded with its elisions kept and taken apart."""

    raw: str = field(repr=False)
    folded: str = field(repr=False)
    apart: str = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Words:
        """Fold a text once for all the phrases it is compared with."""
        folded = fold(text)
        return cls(text, f" {folded} ", f" {_ELISION.sub(_APART, folded)} ")

    def mention(self, phrases: Iterable[str]) -> bool:
        """Whether one of these phrases is in the text, as whole words.

        In a phrase `*` ends a word that may go on ("réveill*"), and `...` stands for up to three words
        ("respire ... pas"). An emoji has no letters: it is compared as it is.
        """
        pattern, signs = _compiled(tuple(phrases))
        if pattern is not None and (pattern.search(self.folded) or pattern.search(self.apart)):
            return True
        return any(sign in self.raw for sign in signs)


def pick(
    answer: Answer, options: Sequence[Option], numbered: bool = True, longest: int | None = MAX_WORDS
) -> Option | None:
    """The option this answer picks: by button, number, listed words, label or intent; None when it picks none.

    Listed words count only in a message of up to `longest` words (None: in any message).
    """
    for option in options:
        if answer.button is not None and answer.button == option.value:
            return option
    number = number_in(answer.text) if numbered else None
    if number is not None:
        return options[number - 1] if 1 <= number <= len(options) else None
    words = Words.of(answer.text)
    text = words.folded.strip()
    if longest is None or len(text.split()) <= longest:
        for option in options:
            if any(words.mention(listed) for listed in option.words.values()):
                return option
        for option in options:
            if text and any(fold(str(label)) == text for label in option.label.values()):
                return option
    for option in options:
        if answer.intent in option.intents:
            return option
    return None


@lru_cache(maxsize=2048)
def _compiled(phrases: tuple[str, ...]) -> tuple[re.Pattern[str] | None, tuple[str, ...]]:
    """One pattern for all phrases with letters, and those without. Holds words of the flows, never of a person."""
    with_letters = [phrase for phrase in phrases if fold(phrase)]
    signs = tuple(phrase.strip() for phrase in phrases if not fold(phrase) and phrase.strip())
    if not with_letters:
        return None, signs
    return re.compile(f" (?:{'|'.join(_pattern(phrase) for phrase in with_letters)}) "), signs


def _pattern(phrase: str) -> str:
    parts = []
    for part in phrase.split("..."):
        words = (re.escape(fold(word)) + (r"\S*" if word.endswith("*") else "") for word in part.split())
        parts.append(" ".join(words))
    return f"{_GAP} ".join(parts)
