"""Finds places in a message: postal codes, addresses, corners, stations, towns, quarters, and names with a typo.

Pure once the names are loaded. It only says where in the message a place is named; what and where it is, the
directory knows (homonyms are asked about there).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from nlu.entity_words import Words, phrase
from nlu.yaml_files import words_of

Span = tuple[int, int]

# A full postal code or its first half; the letters D F I O Q U are never used.
_POSTAL = re.compile(r"(?<![^\W_])[ghj]\d[abceghj-nprstv-z](?:[ -]?\d[abceghj-nprstv-z]\d)?(?![^\W_])")
_NOT_POSTAL = frozenset({"g2g"})  # "got to go"
_STREET_WORD = "(?:rue|boul|boulevard|av|ave|avenue|chemin|ch|rang|route|place|montee|cote|allee)"
_LINK = "(?:(?:de la|de l'|des|de|du|la|le) ?)?"
_SIDE = "(?: (?:est|ouest|nord|sud))?"
_NAME = r"[^\W\d_][\w'.-]*"
_ADDRESS = re.compile(
    rf"(?<!\w)\d{{1,5}},? {_STREET_WORD}\.? {_LINK}{_NAME}(?:[ -](?:saint|st|ste|[a-z]{{3,}}))?{_SIDE}"
    rf"|(?<!\w)\d{{2,5}} {_NAME}(?: {_NAME})? (?:street|st|avenue|ave|road|rd|boulevard|blvd)(?!\w)"
)
_CORNER = re.compile(
    r"(?<!\w)(?:coin|angle|corner of|corner|intersection) (?:de |des |du |of )?(?:la |le |l'|rue )?"
    rf"[^\W_][\w'.-]*(?: {_NAME})? (?:et|pi|pis|and|&|x|/|avec|n) "
    r"(?:de |des |du )?(?:la |le |l'|rue )?[^\W_][\w'.-]*"
)
_IN = words_of("before_place")
_WEAK_IN = words_of("weak_before_place")
_STREET_BEFORE = words_of("before_street")
_STREET_AFTER = words_of("after_street")
_HEADS = words_of("kind_of_place")
_PAIR = frozenset({"et", "and", "pi", "pis", "x", "n"})
_FUZZY_IN = frozenset({"a", "in", "near", "metro", "vers", "quartier", "station", "ville"})
_CALENDAR = words_of("capitalised_not_places")
_SHORTEST_FUZZY = 6
_FUZZY_RATIO = 86
_LONGEST_NAME = 5
_ARTICLES = frozenset({"le", "la", "l", "the"})


@dataclass(frozen=True, slots=True)
class PlaceFinder:
    """Finds where places are named. `known_words` are ordinary words, never taken for a misspelled place."""

    sure: dict[str, tuple[tuple[str, ...], ...]]
    unsure: frozenset[tuple[str, ...]]
    streets: dict[str, tuple[tuple[str, ...], ...]]
    fuzzy_names: list[str]
    known_words: frozenset[str]
    firsts: frozenset[str]
    """The words that begin a name or a street."""

    @classmethod
    def build(
        cls, names: Iterable[str], needs_context: Iterable[str], streets: Iterable[str], known_words: frozenset[str]
    ) -> PlaceFinder:
        """File the names by first word, longest first."""
        unsure = [phrase(name) for name in needs_context]
        sure = [phrase(name) for name in names]
        single = sorted({name[0] for name in sure if len(name) == 1 and len(name[0]) >= _SHORTEST_FUZZY})
        filed, filed_streets = _file([*sure, *unsure]), _file(phrase(name) for name in streets)
        return cls(filed, frozenset(unsure), filed_streets, single, known_words, frozenset(filed).union(filed_streets))

    def find(self, words: Words) -> list[Span]:
        """Give the spans of the places named, in order, not overlapping."""
        spans: list[Span] = []
        if words.has_digit:
            spans.extend(match.span() for match in _POSTAL.finditer(words.folded) if match.group() not in _NOT_POSTAL)
            spans.extend(match.span() for match in _ADDRESS.finditer(words.folded))
        if "coin" in words.forms or "corner" in words.forms or "angle" in words.forms:
            spans.extend(match.span() for match in _CORNER.finditer(words.folded))
        spans.extend(self._names(words))
        return _merged(spans)

    def _names(self, words: Words) -> list[Span]:
        forms = words.forms
        # Most words begin no name and follow no "near": they are passed over without a look.
        near = not _FUZZY_IN.isdisjoint(forms)
        if not near and self.firsts.isdisjoint(forms):
            return []
        spans: list[Span] = []
        covered = 0
        for position, word in enumerate(forms):
            if position < covered or not (
                word in self.firsts or (near and position and forms[position - 1] in _FUZZY_IN)
            ):
                continue
            length = self._length_at(words, position)
            if length:
                covered = position + length
                first = position
                while first > 0 and forms[first - 1] in _HEADS and words.joined(first - 1, first):
                    first -= 1
                spans.append(words.span(first, covered - 1))
        return spans

    def _length_at(self, words: Words, position: int) -> int:
        """Give how many words the place named at a position has; 0 when none is."""
        word = words.forms[position]
        for name in self.sure.get(word, ()):
            if words.holds(position, name) and (
                name not in self.unsure or self._in_context(words, position, len(name))
            ):
                return len(name)
        for name in self.streets.get(word, ()):
            if words.holds(position, name) and self._street_context(words, position, len(name)):
                return len(name)
        return self._unlisted(words, position)

    def _in_context(self, words: Words, position: int, length: int) -> bool:
        if len(words.forms) <= length + 2:  # an answer to "where are you?"
            return True
        first = position
        while first > 0 and words.forms[first - 1] in _ARTICLES:  # "dans le village"
            first -= 1
        before = words.forms[first - 1] if first else ""
        return before in _IN and (before not in _WEAK_IN or first < position)

    def _street_context(self, words: Words, position: int, length: int) -> bool:
        before = words.forms[position - 1] if position else ""
        after = words.forms[position + length] if position + length < len(words.forms) else ""
        if before in _STREET_BEFORE and before not in _PAIR:
            return True
        if after in _STREET_AFTER:
            return True
        if len(words.forms) <= length + 1:
            return True
        if before in _PAIR and position > 1 and self._is_name_end(words, position - 2):
            return True
        return after in _PAIR and self._is_name(words, position + length + 1)

    def _is_name(self, words: Words, position: int) -> bool:
        if position >= len(words.forms):
            return False
        word = words.forms[position]
        return any(words.holds(position, name) for name in (*self.streets.get(word, ()), *self.sure.get(word, ())))

    def _is_name_end(self, words: Words, position: int) -> bool:
        return any(self._is_name(words, first) for first in range(max(0, position - _LONGEST_NAME + 1), position + 1))

    def _unlisted(self, words: Words, position: int) -> int:
        """A name we do not have: capitalised after "à" or "near", or a near miss of a name we have."""
        word = words.forms[position]
        if position == 0 or words.forms[position - 1] not in _FUZZY_IN:
            return 0
        if word in self.known_words or word in _CALENDAR or word.isdigit() or not words.joined(position - 1, position):
            return 0
        start, _end = words.span(position, position)
        if words.text[start].isupper() and not words.text.isupper() and len(word) > 2:
            return 1
        if len(word) >= _SHORTEST_FUZZY and process.extractOne(
            word, self.fuzzy_names, scorer=fuzz.ratio, score_cutoff=_FUZZY_RATIO
        ):
            return 1
        return 0


def _file(names: Iterable[tuple[str, ...]]) -> dict[str, tuple[tuple[str, ...], ...]]:
    filed: dict[str, list[tuple[str, ...]]] = {}
    for name in names:
        if name:
            filed.setdefault(name[0], []).append(name)
    return {first: tuple(sorted(set(members), key=len, reverse=True)) for first, members in filed.items()}


def _merged(spans: list[Span]) -> list[Span]:
    """Keep the widest of overlapping spans."""
    kept: list[Span] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if kept and start < kept[-1][1]:
            if end > kept[-1][1]:
                kept[-1] = (kept[-1][0], end)
            continue
        kept.append((start, end))
    return kept
