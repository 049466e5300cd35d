"""Concepts: words and expressions of one meaning, in French and English, under one name (`nlu/concepts.yml`).

"flics", "les boeufs" and "cops" are `police`; "pogné un ticket" is `ticket_fine`. The classifier counts the concepts of a
message beside its words, so that a word its training messages never had still says something, in both languages.
The lexicon travels inside the trained model: what was counted in training is what is counted in service. Pure; runs in
the Rasa environment too (Python 3.10).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

LONGEST = 3
"""Words of the longest expression."""

SHORTEST_STEM = 3
"""Letters of the shortest stem: a shorter one would begin everything."""


@dataclass(frozen=True)
class Concepts:
    """The lexicon made ready: expressions and stems (entries that end in `*`), each with its concepts."""

    expressions: Mapping[str, Sequence[str]] = field(repr=False)
    stems: Mapping[str, Sequence[str]] = field(repr=False)
    _longest: dict[str, int] = field(init=False, repr=False, default_factory=dict)
    """By first word, how many words the longest expression has that begins so."""

    def __post_init__(self) -> None:
        """Note which words begin an expression: most words of a message begin none."""
        for expression in self.expressions:
            words = expression.split(" ")
            self._longest[words[0]] = max(len(words), self._longest.get(words[0], 1))

    @classmethod
    def of_lexicon(cls, lexicon: Mapping[str, Iterable[object]]) -> Concepts:
        """Read concept → entries. Raises ValueError, naming the entry, for one that could never match."""
        expressions: dict[str, list[str]] = {}
        stems: dict[str, list[str]] = {}
        for concept, entries in lexicon.items():
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
        """Name the concepts of a message, in order; `words` are in shared forms (`nlu.normalize.counted_words`).

        The longest expression wins and covers its words: in "respire plus" there is no "plus".
        """
        found: list[str] = []
        at, count = 0, len(words)
        while at < count:
            step = 1
            for size in range(min(self._longest.get(words[at], 0), count - at), 0, -1):
                named = self.expressions.get(words[at] if size == 1 else " ".join(words[at : at + size]))
                if named is not None:
                    found.extend(named)
                    step = size
                    break
            else:
                found.extend(self._by_stem(words[at]))
            at += step
        return found

    def _by_stem(self, word: str) -> Sequence[str]:
        for size in range(len(word), SHORTEST_STEM - 1, -1):
            named = self.stems.get(word[:size])
            if named is not None:
                return named
        return ()
