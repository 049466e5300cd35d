"""Tells the language of one message: French, English, both in one message, or another language.

Pure once its word lists are loaded. It counts words that belong to one language only: short and SMS-spelled
messages have no grammar to look at. Borrowings that Québec French shares with English count for neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from nlu.interpretation import Language
from nlu.normalize import Folded, fold
from nlu.yaml_files import read_lexicon

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_ELIDED_FRENCH = ("j'", "t'", "s'", "m'", "l'", "n'", "d'", "c'", "qu'", "y'")  # English writes "'s", "'re", "n't"
_JOINED_JE = re.compile(r"j[bcdfglmnpqrtv][aeiouy]|js[aeuo]|jv[aeo]")  # "jpeux", "jveux", "jsuis"
_ENGLISH_TAILS = ("n't", "'re", "'ve", "'ll", "'m", "ing", "ight", "tioned", "ould", "ness")
_ENGLISH_S = re.compile(r"[a-z]{2}'s$")
_FRENCH_TAILS = (
    *("eux", "euse", "aux", "eau", "ement", "oir", "ais", "ait", "aient", "ees"),
    *("ier", "iere", "ez", "ette", "elle", "ique", "age"),
)
_FRENCH_MARK = re.compile(r"[éèêëàâçùûîïôœ]", re.IGNORECASE)
_FOREIGN = re.compile("[^\0-\u024f\u1e00-\u1eff]")  # letters here are of another script than the Latin one
# A second language shares the message from one word and this part of the words that tell; fewer is a borrowing.
_SHARED_PART = 0.16
_FEWEST_SHARED = 1


_FRENCH, _ENGLISH = 1, 2  # of a word that belongs to one of them; whole numbers are counted quickest


@dataclass(frozen=True, slots=True)
class _Lists:
    known: Mapping[str, int]
    other: Mapping[str, tuple[str, ...]]
    alone: frozenset[str]


@dataclass(frozen=True, slots=True)
class LanguageEvidence:
    """How many words speak for each language (French, English, any other)."""

    french: float
    english: float
    other: float

    @property
    def speaks(self) -> bool:
        """Whether the message says anything about a language: "2", "👍" or "H2X" do not."""
        return self.french + self.english + self.other > 0


@cache
def _lists() -> _Lists:
    loaded = read_lexicon()["language_words"]
    other: dict[str, tuple[str, ...]] = {}
    for name, members in loaded["other"].items():
        for word in str(members).split():
            other[word] = (*other.get(word, ()), name)
    known = dict.fromkeys([*loaded["en"].split(), "i"], _ENGLISH) | dict.fromkeys(loaded["fr"].split(), _FRENCH)
    return _Lists(known, other, frozenset(loaded["english_when_alone"].split()))


def weigh(text: str, folded: Folded | None = None) -> LanguageEvidence:
    """Count what speaks for each language. `folded` is the text as `fold` gives it, when the caller has it."""
    lists = _lists()
    words = _WORD.findall(folded or fold(text))
    told = list(map(lists.known.get, words))
    french, english = float(told.count(_FRENCH)), float(told.count(_ENGLISH))
    for word in [word for word, language in zip(words, told, strict=True) if language is None]:
        if word.startswith(_ELIDED_FRENCH) or (word[0] == "j" and _JOINED_JE.match(word)):
            french += 1
        elif len(word) > 4:
            if word.endswith(_FRENCH_TAILS):
                french += 0.5
            if word.endswith(_ENGLISH_TAILS) or ("'" in word and _ENGLISH_S.search(word)):
                english += 0.5
    if words and not french + english and all(word in lists.alone for word in words):
        english = 1.0
    other = 0.0 if text.isascii() else sum(map(str.isalpha, _FOREIGN.findall(text))) / 3.0
    if french + english < len(words) * 0.6:
        votes: dict[str, int] = {}
        for word in words:
            for name in lists.other.get(word, ()) if len(word) > 1 else ():
                votes[name] = votes.get(name, 0) + 1
        other += max(votes.values(), default=0)
    return LanguageEvidence(french, english, other)


def detect(text: str, folded: Folded | None = None) -> Language:
    """Name the language of a message.

    `MIX` when French and English really share it, `OTHER` for another language or script. A message that says
    nothing about a language (a number, an emoji, a postal code) is French, the service's first language: ask
    `weigh(text).speaks` before changing the language of a conversation.
    """
    evidence = weigh(text, folded)
    french, english = evidence.french, evidence.english
    if evidence.other >= 1 and evidence.other > max(french, english):
        return Language.OTHER
    told = french + english
    if not told:
        if _FRENCH_MARK.search(text):
            return Language.FR
        return Language.FR if not evidence.speaks else Language.OTHER
    smaller = min(french, english)
    if smaller >= _FEWEST_SHARED and smaller >= told * _SHARED_PART:
        return Language.MIX
    return Language.FR if french >= english else Language.EN
