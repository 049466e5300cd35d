"""The names of places in Québec and how they are looked up (pure after `Gazetteer.load()`).

The tables in `directory/data` and where they come from: `directory/data/ATTRIBUTION.md`.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import resources
from typing import Literal

from directory.spelling import ORDINARY, key_of, like, sound_of, without_fillers

EntryKind = Literal["town", "neighbourhood", "landmark", "borough", "sector", "metro", "region"]
_TOWNS = ("city", "municipality", "first_nation", "inuit_village")
_LONGEST_NAME = 7  # words
_LIKE = 82.0  # rapidfuzz ratio from which a misspelled name is taken
_LIKE_STATION = 76.0  # a métro station was said to follow: less is enough
_LIKE_SHORT = 88.0  # the same for names of six letters or fewer, and for a part of the text


def read_table(name: str) -> Iterator[dict[str, str]]:
    """Rows of one CSV table in `directory/data`."""
    with resources.files("directory").joinpath("data", name).open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


@dataclass(frozen=True, slots=True)
class Entry:
    """One named place. `where` (town or region) tells homonyms apart; `preferred`: a nickname chosen by hand."""

    name_fr: str = field(repr=False)
    name_en: str = field(repr=False)
    kind: EntryKind
    lat: float = field(repr=False)
    lon: float = field(repr=False)
    precision_km: float
    population: int = 0
    where: str = field(default="", repr=False)
    preferred: bool = False


class Gazetteer:
    """Keys (see `spelling.key_of`) to the places they may mean."""

    def __init__(self, named: Iterable[tuple[str, Entry]]) -> None:
        self._entries: dict[str, list[Entry]] = defaultdict(list)
        self._stations: dict[str, list[Entry]] = defaultdict(list)
        self._beginnings: dict[str, list[Entry]] = defaultdict(list)
        for name, entry in named:
            key = key_of(name)
            if entry not in self._entries[key]:
                self._entries[key].append(entry)
            if entry.kind == "metro":
                self._stations[key].append(entry)
            if entry.kind == "town":
                words = key.split()
                for size in range(1, len(words)):
                    self._beginnings[" ".join(words[:size])].append(entry)
        self._keys = [key for key in self._entries if len(key) >= 4 and key not in ORDINARY]
        self._sounds = [sound_of(key) for key in self._keys]
        self._station_keys = list(self._stations)
        self._station_sounds = [sound_of(key) for key in self._station_keys]

    @classmethod
    def load(cls) -> "Gazetteer":
        """Towns, quarters, landmarks, métro stations and nicknames."""
        return cls(_named_entries())

    def exact(self, words: list[str]) -> list[Entry]:
        """Places that have exactly this name."""
        return self._entries.get(key_of(" ".join(words)), []) if words else []

    def station(self, words: list[str]) -> list[Entry]:
        """Métro stations named in the words, misspelled or not."""
        for size in range(min(len(words), 5), 0, -1):
            for start in range(len(words) - size + 1):
                name = " ".join(words[start : start + size])
                if name in self._stations:
                    return self._stations[name]
        names = [name for name in _runs(words) if len(name) >= 4][:8]
        matches = [match for name in names for match in like(name, self._station_sounds, _LIKE_STATION, 1)]
        if not matches:
            return []
        return self._stations[self._station_keys[max(matches, key=lambda match: match[1])[0]]]

    def names_in(self, words: list[str]) -> list[tuple[str, list[Entry]]]:
        """Known names inside a text, longest first, none overlapping; ordinary words count only when alone."""
        taken = [False] * len(words)
        hits: list[tuple[str, list[Entry]]] = []
        for size in range(min(len(words), _LONGEST_NAME), 0, -1):
            for start in range(len(words) - size + 1):
                if any(taken[start : start + size]):
                    continue
                name = " ".join(words[start : start + size])
                if name not in self._entries or (size < len(words) and (name in ORDINARY or len(name) < 3)):
                    continue
                hits.append((name, self._entries[name]))
                taken[start : start + size] = [True] * size
        return hits

    def beginning_with(self, words: list[str]) -> list[Entry]:
        """Towns whose name starts with these words ("sainte agathe"), else the one name these letters start."""
        name = key_of(" ".join(words)) if words else ""
        if len(name) < 5:
            return []
        if name in self._beginnings:
            return self._beginnings[name]
        longer = [key for key in self._keys if key.startswith(name)]
        return self._entries[longer[0]] if len(longer) == 1 else []

    def like(self, words: list[str]) -> list[Entry]:
        """Places whose name looks like the words or a part of them; only the best look-alikes."""
        best: list[tuple[float, str]] = []
        for name in [name for name in _runs(words) if len(name) >= 5][:8]:
            whole = name == " ".join(words)
            floor = _LIKE if whole and len(name) > 6 else _LIKE_SHORT
            bonus = 4.0 if whole else 0.0
            best += [(score + bonus, self._keys[index]) for index, score in like(name, self._sounds, floor, 3)]
        best.sort(reverse=True)
        return [entry for score, key in best if score >= best[0][0] - 2 for entry in self._entries[key]]


def _runs(words: list[str]) -> list[str]:
    """Every run of words, the longest first, without fillers at its ends."""
    runs: dict[str, None] = {}
    for size in range(min(len(words), 5), 0, -1):
        for start in range(len(words) - size + 1):
            run = without_fillers(words[start : start + size])
            if run:
                runs.setdefault(" ".join(run), None)
    return list(runs)


def _named_entries() -> Iterator[tuple[str, Entry]]:
    by_name: dict[tuple[str, str], Entry] = {}
    for row in read_table("places.csv"):
        kind: EntryKind = "town" if row["kind"] in _TOWNS else _other_kind(row["kind"])
        where = row["region"] if kind == "town" else row["town"]
        entry = Entry(
            row["name_fr"], row["name_en"], kind, float(row["lat"]), float(row["lon"]), float(row["precision_km"]),
            int(row["population"]) if kind == "town" else 0, where,
        )  # fmt: skip
        by_name.setdefault((row["name_fr"], row["town"]), entry)
        for name in (row["name_fr"], row["name_en"], *filter(None, row["aliases"].split("|"))):
            yield name, entry
        for part in row["name_fr"].split("–") if kind == "borough" else ():
            yield part, entry
    for row in read_table("metro.csv"):
        entry = Entry(row["name"], row["name"], "metro", float(row["lat"]), float(row["lon"]), 0.3, 0, row["town"])
        by_name.setdefault((row["name"], row["town"]), entry)
        for name in (row["name"], *filter(None, row["aliases"].split("|"))):
            yield name, entry
    for row in read_table("landmarks.csv"):
        entry = Entry(
            row["name_fr"], row["name_en"], "landmark", float(row["lat"]), float(row["lon"]), 0.6, 0, row["town"]
        )
        for name in (row["name_fr"], row["name_en"], *filter(None, row["aliases"].split("|"))):
            yield name, entry
    for row in read_table("nicknames.csv"):
        entry = by_name[(row["name"], row["town"])]
        yield row["nickname"], Entry(
            entry.name_fr, entry.name_en, entry.kind, entry.lat, entry.lon, entry.precision_km, entry.population,
            entry.where, preferred=True,
        )  # fmt: skip


def _other_kind(kind: str) -> EntryKind:
    if kind == "rem_station":
        return "metro"
    if kind in ("neighbourhood", "landmark", "borough", "sector", "region"):
        return kind  # type: ignore[return-value]  # the five values above are EntryKind
    raise ValueError(f"places.csv: unknown kind {kind!r}")
