"""Writing made comparable: one matching form for correct French, joual, SMS spelling and English.

Pure, and the single source of truth for what a word is: the safety rules, the classifier and the Rasa
tokenizer (which runs under Python 3.10) all read messages through this module. Nothing here is ever
shown to anybody; the original message is what is kept and answered.

`fold` removes what texters do not type reliably (case, accents, typographic signs, stretched letters).
`tokens` cuts the folded text. `lemma` gives a token its shared form ("jveux" and "j'veux" become "je veux").
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

import regex

from nlu.shared_forms import EMOJI_WORDS, SHARED_FORMS

_APOSTROPHES = dict.fromkeys(map(ord, "’‘ʼʻ`´′＇ˈ‛"), "'")
_LIGATURES = {ord("œ"): "oe", ord("æ"): "ae", ord("ø"): "o", ord("ł"): "l", ord("ı"): "i"}
_SKIN_TONES: dict[int, None] = dict.fromkeys(range(0x1F3FB, 0x1F400))
_TABLE: dict[int, str | None] = {**_APOSTROPHES, **_LIGATURES, **_SKIN_TONES}

# Marks, format characters (joiners, direction) and variation selectors say nothing to a reader.
_INVISIBLE = regex.compile(r"[\p{Mn}\p{Me}\p{Cf}]+")
# NUL, control characters, lone surrogates, private use, unassigned: a blank.
_UNUSABLE = regex.compile(r"[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Z}]+")
# Three or more of the same sign are stress, not spelling: "aiiide", "!!!", "😭😭😭". Digits are left alone (1000).
_STRETCHED = regex.compile(r"([^\d\s])\1{2,}")
_SPACES = re.compile(r" {2,}")

# Nearly all that French and English texts are written with, and what `_fold_once` makes of each: the same, in one pass.
_ACCENTED = "àâäáãåçéèêëíîïñóôöõúùûüÿ"
_BARE = "aaaaaaceeeeiiinoooouuuuy"
_PLAIN = str.maketrans(
    {**dict(zip(_ACCENTED, _BARE, strict=True)), "œ": "oe", "æ": "ae", "…": "...", "’": "'", "`": "'"}
)
_IS_PLAIN = re.compile(rf"[ -~{_ACCENTED}{_ACCENTED[:-1].upper()}œŒæÆ…’«»“”–—]*")
_STRETCHED_PLAIN = re.compile(_STRETCHED.pattern)  # the standard library is quicker, and the same on plain text

_TOKEN = regex.compile(r"[^\W_]+(?:'[^\W_]+)*|\p{Extended_Pictographic}|[?!]")
_ASCII_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*|[?!]")
# Elided French words that stand alone once cut: "l'hôpital" and "hôpital" must share "hopital".
_ELISION = regex.compile(r"^(l|d|n|s|t|m|c|j|y|qu|quelqu|jusqu|lorsqu|puisqu|presqu|aujourd)'(.+)$")
_JOUAL_JE = regex.compile(r"^j([bcdfghlmnpqrstvwxz].+)$")  # "jveux": no French or English word starts so


class Folded(str):
    """A text in its matching form: `fold` gives it back as it is, so that whoever folds first folds for all."""

    __slots__ = ()


def _squeeze(text: str, stretched: re.Pattern[str] | regex.Pattern[str]) -> str:
    return str(_SPACES.sub(" ", stretched.sub(r"\1", text))).strip()


def _fold_once(text: str) -> str:
    text = unicodedata.normalize("NFKD", text).casefold().translate(_TABLE)
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKD", text))
    return _squeeze(_UNUSABLE.sub(" ", text), _STRETCHED)


def fold(text: str) -> Folded:
    """Give the matching form of a text: lower case, no accents, one kind of apostrophe, no stretched letters.

    Idempotent; accepts anything a phone or an attacker may send (NULs, lone surrogates, joiners).
    """
    if isinstance(text, Folded):
        return text
    if text.isascii() and text.isprintable():  # most texts: the same result, faster
        return Folded(_squeeze(text.lower().replace("`", "'"), _STRETCHED_PLAIN))
    if _IS_PLAIN.fullmatch(text):
        return Folded(_squeeze(text.lower().translate(_PLAIN), _STRETCHED_PLAIN))
    previous, folded = text, _fold_once(text)
    while folded != previous:  # rare signs need a second pass (a compatibility capital inside another)
        previous, folded = folded, _fold_once(folded)
    return Folded(folded)


def fold_with_offsets(text: str) -> tuple[str, list[int]]:
    """Fold a text and say, for each character of the result, which character of `text` it comes from.

    For finding things: match on the folded form, answer with a span of the original. Unlike `fold` it
    keeps every blank and every repeated letter, so that each position has one origin.
    """
    characters: list[str] = []
    origins: list[int] = []
    for position, character in enumerate(text):
        for piece in _fold_character(character):
            characters.append(piece)
            origins.append(position)
    return "".join(characters), origins


def _fold_character(character: str) -> str:
    if character.isascii():
        return character.lower() if character.isprintable() and character != "`" else ("'" if character == "`" else " ")
    piece = unicodedata.normalize("NFKD", character).casefold().translate(_TABLE)
    return str(_UNUSABLE.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFKD", piece))))


def tokens(text: str) -> list[str]:
    """Cut a text (folded here) into words, numbers, emoji, `?` and `!`. Apostrophes stay inside words."""
    folded = fold(text)
    return _ASCII_TOKEN.findall(folded) if folded.isascii() else list(_TOKEN.findall(folded))


def lemma(token: str) -> str:
    """Give the shared form of one token; it can be several words ("chu" gives "je suis").

    A form is only shared where the language does not matter: "y" is *il* in French and *why* in
    English texting, so it stays "y".
    """
    return _shared_form(fold(token))


def _shared_form(word: str) -> str:
    if "'" not in word and word[:1] != "j":  # nothing to cut off: most words
        return _FORMS.get(word, word)
    cut: list[str] = []
    while True:  # a loop, not recursion: nothing forbids a message of two thousand "j'"
        shared = _FORMS.get(word)
        if shared:
            return " ".join([*cut, shared])
        clitic, rest = _cut_clitic(word)
        if clitic:
            cut.append(clitic)
        elif rest == word:
            return " ".join([*cut, word])
        word = rest


def _cut_clitic(word: str) -> tuple[str, str]:
    """Cut the first elided word off ("l'hopital", "jcherche"); the first part is empty when there is none."""
    elided = _ELISION.match(word)
    if elided:
        return _CLITICS.get(elided[1], elided[1]), elided[2]
    if "'" in word:
        return "", fold(word.replace("'", ""))
    joual = _JOUAL_JE.match(word)
    return ("je", joual[1]) if joual else ("", word)


_FORMS = {**EMOJI_WORDS, **SHARED_FORMS}
_CLITICS = {"j": "je", "y": "il"}


def normalise_tokens(words: Iterable[str]) -> list[str]:
    """Give the shared forms of tokens as one flat list of words. Idempotent."""
    return [part for word in words for part in lemma(word).split()]


def normalise(text: str) -> str:
    """Give a whole text in shared forms, words separated by one space."""
    return " ".join([_shared_form(word) for word in tokens(text)])


NOTHING_TO_READ = "nothingtoread"
"""What is counted for a message without a single word: Rasa cannot predict on nothing."""


def counted_words(text: str) -> str:
    """Give what the classifier counts: the shared forms, with words in place of `?` and `!`.

    Counting a text is counting its blank-separated pieces one by one (the Rasa tokenizer relies on it).
    """
    return normalise(text).translate(_MARKS)


_MARKS = {ord("?"): "questionmark", ord("!"): "exclamationmark"}


def fingerprint() -> str:
    """Identify what this module computes (not how it is written): a model only fits the normaliser it learnt with."""
    computed = [counted_words(text) for text in (*_PROBES, *SHARED_FORMS, *EMOJI_WORDS)]
    return hashlib.sha256("\n".join(computed).encode()).hexdigest()[:16]


_PROBES = (
    "J’veux pu vivre… 😭😭😭",
    "y’est bleu pi y répond pu AIIIIIDE!!!",
    "can't wake him, he's on da floor 911",
    "jl'ai dit que jm'en allais, l'gars m'a suivi",
    "qu'est-ce qu'y faut qu'j'fasse à l'hôpital d'la place",
    "jcherche un refuge à soir, 2 personnes 👍🏽 ???",
    "cœur ＡＢＣ İ ß z̸a̵ l'd'a a'b'c",
    "a\0b\u200dc \ud800 \u00a0 ½ ٣",
)
