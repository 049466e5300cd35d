"""Street corners of Montréal in any order and spelling, and single streets (pure)."""

import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from directory.distance import km_between
from directory.spelling import ORDINARY, like, sound_of, street_key, street_words, words_of

_BETWEEN = re.compile(r"\s*(?:[/&+@]|,|\b(?:et|and|coin|corner|angle|x|pis|pi|puis|cross|at|intersection)\b)\s*", re.I)
_ASKED = re.compile(r"\b(?:coin|corner|angle|intersection|kwin)\b|[/&]", re.I)
_LOOSE, _SURE, _NO_MISSPELLING = 78.0, 90.0, 101.0
_SURELY = 91.5  # spelled right, or the beginning of the name
_LISTED_KM = 0.2
_TOO_COMMON = frozenset({"saint", "sainte", "notre", "notre dame", "grand", "grande"})
_SAME_CORNER_KM = 2.0  # two streets whose known corners come this close cross there, or nearly


@dataclass(frozen=True, slots=True)
class Corner:
    """A crossing found: the two street names as written on the signs, where (give or take), how sure (0 to 100)."""

    streets: tuple[str, str] = field(repr=False)
    lat: float = field(repr=False)
    lon: float = field(repr=False)
    precision_km: float
    score: float


@dataclass(frozen=True, slots=True)
class Street:
    """A whole street: its name, its middle, and how far its known corners lie from it (km)."""

    name: str = field(repr=False)
    lat: float = field(repr=False)
    lon: float = field(repr=False)
    radius_km: float


class Crossings:
    """Known corners, looked up by two streets in any order."""

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        self._corners: dict[frozenset[str], list[tuple[float, float]]] = defaultdict(list)
        self._names: dict[str, str] = {}
        self._along: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for row in rows:
            position = (float(row["lat"]), float(row["lon"]))
            keys = (street_key(row["street_a"]), street_key(row["street_b"]))
            if not all(keys):
                continue  # "The Boulevard" has no name once the kind of street is taken off
            self._corners[frozenset(keys)].append(position)
            for key, name in zip(keys, (row["street_a"], row["street_b"]), strict=True):
                self._names.setdefault(key, name)
                self._along[key].append(position)
        self._keys = list(self._names)
        self._sounds = [sound_of(key) for key in self._keys]
        self._first_words: dict[str, list[str]] = defaultdict(list)
        for key in self._keys:
            for size in range(3, len(key) + 1):
                self._first_words[key[:size]].append(key)

    def asked_for(self, text: str) -> bool:
        """Whether the text says that it names a corner ("coin", "angle", "/", "&")."""
        return _ASKED.search(text) is not None

    def find(self, text: str, near: tuple[float, float] | None, sure: bool = False) -> Corner | None:
        """The corner a text names, or None. `sure` takes only streets spelled right or nearly."""
        floor = _SURE if sure else _LOOSE
        parts = [part for part in (street_words(words_of(piece)) for piece in _BETWEEN.split(text)) if part]
        best: Corner | None = None
        for left, right in pairwise(parts):
            best = _better(best, self._best_pair(left, right, near, floor))
        if best is None and len(parts) == 1:
            words = parts[0][:7]
            for cut in range(1, len(words)):
                if words[0] in ORDINARY and cut == 1:
                    continue  # "parc victoria" is no corner
                best = _better(best, self._best_pair(words[:cut], words[cut:], near, _NO_MISSPELLING, whole=True))
        return best

    def names_a_crossing(self, text: str) -> bool:
        """Whether a known street stands alone on one side of a separator ("amherst et ontario")."""
        parts = [" ".join(street_words(words_of(piece))) for piece in _BETWEEN.split(text)]
        return any(left in self._names or right in self._names for left, right in pairwise(parts))

    def street(self, text: str) -> Street | None:
        """The street a text names, when it is spelled right."""
        key = street_key(text)
        if key not in self._names:
            return None
        points = self._along[key]
        lat, lon = statistics.median(p[0] for p in points), statistics.median(p[1] for p in points)
        radius = max(km_between(lat, lon, *point) for point in points)
        return Street(self._names[key], lat, lon, max(radius, 0.3))

    def _best_pair(
        self, left: list[str], right: list[str], near: tuple[float, float] | None, floor: float, *, whole: bool = False
    ) -> Corner | None:
        best: Corner | None = None
        left_runs = [left] if whole else [left[-size:] for size in range(min(len(left), 5), 0, -1)]
        right_runs = [right] if whole else [right[:size] for size in range(min(len(right), 5), 0, -1)]
        right_streets = self._streets_like(right_runs, floor)
        for left_key, left_score in self._streets_like(left_runs, floor) if right_streets else ():
            for right_key, right_score in right_streets:
                surely = min(left_score, right_score) > _SURELY
                position = self._where(left_key, right_key, near, surely) if left_key != right_key else None
                if position is None:
                    continue
                names = (self._names[left_key], self._names[right_key])
                # A corner worked out from the course of the streets must not beat one that is on the list.
                score = min(left_score, right_score) - (1.5 if position[2] > _LISTED_KM else 0)
                best = _better(best, Corner(names, *position, score))
        return best

    def _where(
        self, left: str, right: str, near: tuple[float, float] | None, surely: bool
    ) -> tuple[float, float, float] | None:
        """Latitude, longitude, precision of a corner; if unlisted, from the nearest known points of both streets."""
        listed = self._corners.get(frozenset((left, right)))
        if listed:
            lat, lon = min(listed, key=lambda p: km_between(*near, *p)) if near else listed[0]
            return lat, lon, _LISTED_KM
        if not surely:
            return None
        pairs = ((km_between(*a, *b), a, b) for a in self._along[left] for b in self._along[right])
        apart, a, b = min(pairs, key=lambda pair: pair[0])
        if apart > _SAME_CORNER_KM:
            return None
        return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, round(max(apart, 0.3), 1)

    def _streets_like(self, runs: list[list[str]], floor: float) -> list[tuple[str, float]]:
        """Street keys that the runs of words may mean, best first: exact, beginning of a name, then misspelled.

        Around a corner there are other words ("chu au coin ontario et davidson en ce moment"), so the
        caller gives shorter and shorter runs next to the separator.
        """
        found: dict[str, float] = {}
        for words in runs:
            name = " ".join(words)
            if name in self._names:
                found[name] = 100.0
                break
            if len(name) >= 4 and name not in _TOO_COMMON:
                for key in self._first_words.get(name, ())[:12]:
                    found.setdefault(key, 92.0)
            if len(name) >= 5 and not found and floor <= 100:
                for index, score in like(name, self._sounds, floor, 4):
                    found.setdefault(self._keys[index], min(score, 91.0))
        return sorted(found.items(), key=lambda item: -item[1])[:12]


def _better(one: Corner | None, other: Corner | None) -> Corner | None:
    if one is None or other is None:
        return one or other
    return other if other.score > one.score else one
