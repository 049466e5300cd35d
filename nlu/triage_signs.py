"""Reads the phrases of the safety rules and finds them in a message, fast.

Pure. A phrase is a line a worker can read: words in the shared spelling of `triage_words`, and

- `a|b|c`   one of these words
- `word*`   any word that begins so (at least three letters)
- `word?`   a word that may be missing
- `<name>`  one of the words of a named list (`lists:` in the same folder)
- `..`      up to three words in between, `...` up to eight, never across the end of a sentence

Every phrase is filed under its rarest word, so a message is only compared with the few phrases it could hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, product, repeat
from math import prod

from nlu.yaml_files import words_of

_GAPS = {"..": r"(?:[^ .?]+ ){0,3}", "...": r"(?:[^ .?]+ ){0,8}"}
_PREFIX_LENGTH = 3
_MOST_PLAIN = 24
_END = "."  # the word that ends a sentence
# Words too common to file a phrase under, when it has any other.
_COMMON = words_of("common")


class PhraseError(ValueError):
    """A phrase of a safety rule that cannot be read; the text says which one and why."""


@dataclass(frozen=True, slots=True)
class _Piece:
    options: tuple[str, ...]
    optional: bool = False


@dataclass(slots=True)
class _Filed:
    """One phrase. Two in three are patterns, compiled when first needed or by `SignIndex.make_ready`."""

    sign: str
    pieces: Sequence[_Piece | str]
    needs: tuple[frozenset[str], ...]
    """Keys of the words that must be there beside the one it is filed under: one of each set."""
    plain: tuple[str, ...]
    """Everything it can say, when that is little: looking for that needs no pattern."""
    pattern: re.Pattern[str] | None = None

    def search(self, text: str) -> str | None:
        """Give the words of the text that say it."""
        if self.plain:
            return next((said for said in self.plain if said in text), None)
        hit = self.compiled().search(text)
        return hit and hit.group()

    def compiled(self) -> re.Pattern[str]:
        if self.pattern is None:
            self.pattern = re.compile(" " + _pattern(self.pieces))
        return self.pattern


@dataclass(slots=True)
class SignIndex:
    """Phrases filed by word; `find` gives the names of the signs a message holds, with the words that showed it."""

    _by_key: dict[str, list[_Filed]] = field(default_factory=dict)
    _beginnings: set[str] = field(default_factory=set)
    """First letters of the words written with a star."""

    @classmethod
    def build(cls, signs: Mapping[str, Iterable[str]], lists: Mapping[str, Iterable[str]]) -> SignIndex:
        """Read every phrase of every sign. Raises `PhraseError` for one that cannot be read."""
        index = cls()
        words = {name: tuple(str(word) for word in members) for name, members in lists.items()}
        for sign, phrases in signs.items():
            for phrase in phrases:
                pieces = _parse(sign, str(phrase), words)
                anchor, *others = _by_rarity(sign, str(phrase), pieces)
                index._beginnings.update(key[:-1] for keys in (anchor, *others) for key in keys if key.endswith("*"))
                filed = _Filed(sign, pieces, tuple(map(frozenset, others)), _plain(pieces))
                for key in anchor:
                    index._by_key.setdefault(key, []).append(filed)
        return index

    def make_ready(self) -> None:
        """Compile every pattern (0.2 s), for instance behind the start: the first messages then wait no longer than others."""
        for filed in chain.from_iterable(list(self._by_key.values())):
            if not filed.plain:
                filed.compiled()

    def find(self, words: list[str]) -> dict[str, str]:
        """Name the signs present in a message (as cut by `triage_words.words`), in the order of its words."""
        text = f" {' '.join(words)} {_END} "  # the end of the message ends its last sentence
        # In the order of the words: a set's changes from one start of the service to the next, and the reasons with it.
        beginnings = [beginning for word in words if (beginning := word[:_PREFIX_LENGTH]) in self._beginnings]
        ordered = [*words, _END, *[beginning + "*" for beginning in beginnings]]
        present = set(ordered)
        found: dict[str, str] = {}
        for filed in chain.from_iterable(map(self._by_key.get, dict.fromkeys(ordered), repeat(()))):
            if filed.sign in found:
                continue
            for need in filed.needs:
                if need.isdisjoint(present):
                    break
            else:
                said = filed.search(text)
                if said:
                    found[filed.sign] = said.strip()
        return found


def _parse(sign: str, phrase: str, lists: Mapping[str, tuple[str, ...]]) -> list[_Piece | str]:
    pieces: list[_Piece | str] = []
    for part in phrase.split():
        if part in _GAPS:
            pieces.append(part)
            continue
        optional = part.endswith("?") and part != "?"
        body = part[:-1] if optional else part
        options: list[str] = []
        for option in body.split("|"):
            if option.startswith("<"):
                if option[1:-1] not in lists:
                    raise PhraseError(f'sign {sign}: "{phrase}" names the list {option}, which does not exist')
                options.extend(lists[option[1:-1]])
            else:
                options.append(option)
        for option in options:
            if (
                not option
                or (option.endswith("*") and len(option) <= _PREFIX_LENGTH)
                or (len(option) > 1 and "?" in option)
            ):
                raise PhraseError(
                    f'sign {sign}: "{phrase}": write {part} with whole words, `?` last, 3 letters before `*`'
                )
        pieces.append(_Piece(tuple(options), optional))
    return pieces


def _by_rarity(sign: str, phrase: str, pieces: list[_Piece | str]) -> list[dict[str, None]]:
    """Give the keys of each piece that must be there, the rarest piece first: the phrase is filed under that one."""

    def rarity(keys: dict[str, None]) -> tuple[int, bool, int]:
        return (-sum(key in _COMMON for key in keys), len(keys) <= 12, min(map(len, keys)))

    required = [_keys(piece) for piece in pieces if isinstance(piece, _Piece) and not piece.optional]
    if not required:
        raise PhraseError(f'sign {sign}: "{phrase}" has no word that must be there')
    return sorted(required, key=rarity, reverse=True)


def _keys(piece: _Piece) -> dict[str, None]:
    """Give what a message must hold one of: a word (of several, the rarest: "a_terre" is "terre"), or `beginning*`."""
    return dict.fromkeys(
        option[:_PREFIX_LENGTH] + "*"
        if option.endswith("*")
        else max(option.split("_"), key=lambda word: (word not in _COMMON, len(word)))
        for option in piece.options
    )


def _plain(pieces: Sequence[_Piece | str]) -> tuple[str, ...]:
    """Give everything a phrase can say, as it stands in a text, the longest first; nothing when that is too much."""
    ways: list[tuple[str, ...]] = []
    for piece in pieces:
        if isinstance(piece, str) or any(option.endswith("*") for option in piece.options):
            return ()
        ways.append((*piece.options, "") if piece.optional else piece.options)
    if prod(map(len, ways)) > _MOST_PLAIN:
        return ()
    said = {" ".join(filter(None, way)).replace("_", " ") for way in product(*ways)}
    return tuple(f" {words} " for words in sorted(said, key=len, reverse=True))


def _pattern(pieces: Sequence[_Piece | str]) -> str:
    parts: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(_GAPS[piece])
            continue
        options = "|".join(_word(option) + " " for option in piece.options)
        single = len(piece.options) == 1 and not piece.optional
        parts.append(options if single else f"(?:{options})" + ("?" if piece.optional else ""))
    return "".join(parts)


def _word(option: str) -> str:
    *firsts, last = option.split("_")
    ending = re.escape(last.removesuffix("*")) + (r"[^ ]*" if last.endswith("*") else "")
    return " ".join([*map(re.escape, firsts), ending])
