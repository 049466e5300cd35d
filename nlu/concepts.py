"""Concepts: words and expressions of one meaning, in French and English, under one name (`nlu/concepts.yml`).

"flics", "les boeufs" and "cops" are `police`; "pogné un ticket" is `ticket_fine`. The classifier counts the concepts of a
message beside its words, so that a word its training messages never had still says something, in both languages.
The lexicon travels inside the trained model: what was counted in training is what is counted in service. Pure; runs in
the Rasa environment too (Python 3.10).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

LONGEST = 3
"""Words of the longest expression."""

PAIR = "__"
"""What joins the names of two concepts into one feature; no concept's name holds it."""

SHORTEST_STEM = 3
"""Letters of the shortest stem: a shorter one would begin everything."""


Beginning = tuple[Sequence[str], Collection[str]] | None
"""What a word names alone, and the words that may follow it in an expression; None for a word that does neither."""


@dataclass(frozen=True)
class Concepts:
    """The lexicon made ready: expressions and stems (entries that end in `*`), each with its concepts."""

    expressions: Mapping[str, Sequence[str]] = field(repr=False)
    stems: Mapping[str, Sequence[str]] = field(repr=False)
    _seconds: dict[str, set[str]] = field(init=False, repr=False, default_factory=dict)
    """By first word of an expression of several words, the words that may come second."""

    def __post_init__(self) -> None:
        """Note how expressions of several words begin: few words of a message begin one."""
        for expression in self.expressions:
            first, *others = expression.split(" ")
            if others:
                self._seconds.setdefault(first, set()).add(others[0])

    @classmethod
    def of_lexicon(cls, lexicon: Mapping[str, Iterable[object]]) -> Concepts:
        """Read concept → entries. Raises ValueError, naming the entry, for one that could never match."""
        expressions: dict[str, list[str]] = {}
        stems: dict[str, list[str]] = {}
        for concept, entries in lexicon.items():
            if PAIR in concept:
                raise ValueError(f"concept {concept}: {PAIR} joins two concepts; take it out of the name")
            for entry in map(str, entries):
                words = entry.split()
                if not 1 <= len(words) <= LONGEST:
                    raise ValueError(f"concept {concept}: '{entry}' has {len(words)} words; write 1 to {LONGEST}")
                if not entry.endswith("*"):
                    expressions.setdefault(" ".join(words), []).append(concept)
                elif len(words) > 1 or len(entry) <= SHORTEST_STEM:
                    raise ValueError(
                        f"concept {concept}: '{entry}': a stem is one word of {SHORTEST_STEM} letters or more"
                    )
                else:
                    stems.setdefault(entry[:-1], []).append(concept)
        return cls(expressions, stems)

    def of(self, words: Sequence[str]) -> list[str]:
        """Name the concepts of a message, in order; `words` are in shared forms (`nlu.normalize.counted_words`)."""
        return self.named(words, [self.beginning(word) for word in words])

    def beginning(self, word: str) -> Beginning:
        """Say what a word names when it stands alone, and which words may make an expression with it."""
        alone = self.expressions.get(word)
        names, seconds = self._by_stem(word) if alone is None else alone, self._seconds.get(word, ())
        return (names, seconds) if names or seconds else None

    def named(self, words: Sequence[str], beginnings: Iterable[Beginning]) -> list[str]:
        """Name the concepts of a message whose words' beginnings are known.

        The longest expression wins and covers its words: in "respire plus" there is no "plus".
        """
        found: list[str] = []
        covered, count = 0, len(words)
        for at, beginning in enumerate(beginnings):
            if beginning is None or at < covered:
                continue
            names, seconds = beginning
            if seconds and at + 1 < count and words[at + 1] in seconds:
                for size in range(min(LONGEST, count - at), 1, -1):
                    together = self.expressions.get(" ".join(words[at : at + size]))
                    if together is not None:
                        names, covered = together, at + size
                        break
            found += names
        return found

    def _by_stem(self, word: str) -> Sequence[str]:
        for size in range(len(word), SHORTEST_STEM - 1, -1):
            named = self.stems.get(word[:size])
            if named is not None:
                return named
        return ()


def with_pairs(names: Iterable[str]) -> list[str]:
    """Give the concepts of a message once each, then every two of them: "past__rape" says more than both alone.

    In alphabetical order, so that two concepts are one pair however the message is turned.
    """
    once = sorted(set(names))
    return [*once, *map(PAIR.join, combinations(once, 2))]
