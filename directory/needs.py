"""What people need (the `find_…` intents) ↔ the categories that services carry (pure after `NeedMap.load()`).

The mapping is `directory/data/needs.yml`; an organisation extends it with a file in the same form.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import yaml

from directory.clock import plain
from directory.query import NEEDS

NEED_BITS = {need: 1 << position for position, need in enumerate(NEEDS)}

_BEGINNING = 3  # letters; no phrase is shorter
_WORD_STARTS = re.compile(r"\b\w")

_Lists = Mapping[str, tuple[str, ...]]  # "codes", "words", "not"


def bits_of(needs: frozenset[str]) -> int:
    """A bit for each need name; a name that is not a need raises `ValueError`."""
    bits = 0
    for need in needs:
        if need not in NEED_BITS:
            raise ValueError(f"unknown need {need!r}; the needs are {', '.join(NEEDS)}")
        bits |= NEED_BITS[need]
    return bits


@dataclass(frozen=True)
class NeedMap:
    """Says which needs a category or a service name answers."""

    lists: Mapping[str, _Lists]
    # Beginning of a phrase -> (phrase, bit of its need, whether it is one of the `not` words)
    _phrases: dict[str, list[tuple[str, int, bool]]] = field(init=False, repr=False)
    _codes: list[tuple[str, int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        phrases: dict[str, list[tuple[str, int, bool]]] = defaultdict(list)
        codes = []
        for need, lists in self.lists.items():
            for kind in ("words", "not"):
                for word in lists.get(kind, ()):
                    phrase = plain(word)
                    phrases[phrase[:_BEGINNING]].append((phrase, NEED_BITS[need], kind == "not"))
            codes += [(code.casefold(), NEED_BITS[need]) for code in lists.get("codes", ())]
        object.__setattr__(self, "_phrases", dict(phrases))
        object.__setattr__(self, "_codes", codes)

    @classmethod
    def load(cls, extra: Path | None = None) -> "NeedMap":
        """The built-in mapping, and an organisation's own file added to it.

        Raises `ValueError` with one clear line when the organisation's file is not in the right form.
        """
        text = resources.files("directory").joinpath("data", "needs.yml").read_text(encoding="utf-8")
        lists = _checked(yaml.safe_load(text), "needs.yml")
        if extra is not None:
            for need, more in _checked(_read(extra), extra.name).items():
                lists[need] = {kind: (*lists[need].get(kind, ()), *more.get(kind, ())) for kind in _KINDS}
        return cls(lists)

    def of_term(self, code: str, name: str) -> int:
        """Needs that a category answers, by its code (exact, or the beginning of an AIRS code) or its name."""
        folded = code.casefold()
        bits = 0
        for known, bit in self._codes:
            if folded == known or (folded.startswith(known) and folded[len(known)] in ".-" and known[0].isalpha()):
                bits |= bit
        return bits or self.of_words(name)

    def of_words(self, text: str) -> int:
        """Needs that a name in words answers."""
        folded = plain(text)
        wanted = excluded = 0
        for start in _WORD_STARTS.finditer(folded):
            for phrase, bit, is_not in self._phrases.get(folded[start.start() : start.start() + _BEGINNING], ()):
                if folded.startswith(phrase, start.start()):
                    if is_not:
                        excluded |= bit
                    else:
                        wanted |= bit
        return wanted & ~excluded


_KINDS = ("codes", "words", "not")


def _read(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"{path.name}: cannot be read; check its mode, and save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise ValueError(f"{path.name}{line}: not valid YAML") from None


def _checked(data: object, name: str) -> dict[str, _Lists]:
    if not isinstance(data, dict):
        raise ValueError(f"{name}: expected needs with lists of codes and words")
    lists: dict[str, _Lists] = {}
    for need, value in data.items():
        if need not in NEED_BITS:
            raise ValueError(f"{name}: unknown need {need!r}; the needs are {', '.join(NEEDS)}")
        if not isinstance(value, dict) or not set(value) <= set(_KINDS):
            raise ValueError(f"{name}: {need} takes lists named {', '.join(_KINDS)}")
        if not all(isinstance(items, list) for items in value.values()):
            raise ValueError(f"{name}: {need}: write each of {', '.join(value)} as a list")
        lists[need] = {kind: tuple(str(item) for item in items) for kind, items in value.items()}
        short = [
            word for kind in ("words", "not") for word in lists[need].get(kind, ()) if len(plain(word)) < _BEGINNING
        ]
        if short:
            raise ValueError(f"{name}: {need}: {short[0]!r} is too short, it would be found everywhere")
    return lists
