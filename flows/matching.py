"""Recognises a short answer: a number, a label's words, or listed words. Pure, and deliberately small.

Understanding what a whole message means is `nlu`'s work; this only tells whether it picks one of the options offered.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from flows.flow import Answer, Option

_NOT_WORD = re.compile(r"[^a-z0-9']+")
_NUMBER = re.compile(r"^\W*(?:#|no|num[eé]ro|number|option|le|the)?\s*(\d{1,2})\W*$", re.IGNORECASE)
_GAP = r"(?: \S+){0,3}"
"""What `...` between two words of a listed phrase stands for: up to three words ("respire ... pas")."""

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


def mentions(text: str, phrases: Iterable[str]) -> bool:
    """Whether one of these phrases is in the text, as whole words.

    In a phrase `*` ends a word that may go on ("réveill*"), and `...` stands for up to three words ("respire ... pas").
    An emoji has no letters: it is compared as it is.
    """
    folded = f" {fold(text)} "
    return any(_found(phrase, folded, text) for phrase in phrases)


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
    text = fold(answer.text)
    if longest is None or len(text.split()) <= longest:
        for option in options:
            if any(mentions(answer.text, words) for words in option.words.values()):
                return option
        for option in options:
            if text and any(fold(str(label)) == text for label in option.label.values()):
                return option
    for option in options:
        if answer.intent in option.intents:
            return option
    return None


def _found(phrase: str, folded: str, raw: str) -> bool:
    if not fold(phrase):
        return phrase.strip() in raw
    return _pattern(phrase).search(folded) is not None


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> re.Pattern[str]:
    parts = []
    for part in phrase.split("..."):
        words = (re.escape(fold(word)) + (r"\S*" if word.endswith("*") else "") for word in part.split())
        parts.append(" ".join(words))
    return re.compile(f" {f'{_GAP} '.join(parts)} ")
