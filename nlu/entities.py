"""Finds what a message names: places, substances, supplies, times, who needs help, ages and languages.

Pure once loaded (`Extractor.load()`, once). Spans are positions in the message as received; `value` is as written for
place, time, substance and supply, and a class for person (`friend`, `child`...), age_group (`minor`...), language (`fr`...).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from nlu.entity_places import PlaceFinder
from nlu.entity_words import Words, cut, phrase
from nlu.interpretation import Entity
from nlu.time_words import find_times, may_name_time
from nlu.yaml_files import read_lexicon, words_of

_SEPARATOR = " | "
# Before an unsure word: "du jus", "some g", "took 2 caps" speak of a substance; "des filtres", "need a kit" of a supply.
_SUBSTANCE_BEFORE = words_of("before_substance")
_STRICT_BEFORE = words_of("just_before_letter")
_SUPPLY_BEFORE = words_of("before_supply")
_OWNED = words_of("possessive")
_ONE = words_of("one_of")
_SHORT = words_of("one_letter_substances")
_ALONE_PERSONS = words_of("person_alone")
_UNIT = (
    "ans|mois|jours|days|hours|h|min|minutes|heures|sec|sem|semaines|weeks|months|piasses|dollars|bucks|km|fois|times"
    "|on|percent|pills|pilules|points|mg|g|gr"
)
_BEING = "j'ai|jai|chu|im|i'm|i am|g|shes|she's|hes|he's|she is|he is|they're|we're|en a|aged"
_SOMEBODY = (
    "est|a|are|is|were|son|sa|fille|fils|gars|soeur|frere|brother|sister|daughter|kid|cousin|cousine|friend|nephew"
)
_BABY = "bebe|baby|poupon|newborn|jumeaux|jumelles|twins|fils|fille|gars|petite?|ptite?|puce|son|daughter"
_AGE = re.compile(
    r"(?<![\w.,/$-])(?P<age>\d{1,3}) ?(?:ans|yo|y/o|yrs? old|years? old|year old|yr old|yrs)(?!\w)"
    rf"|(?<!\w)(?:{_BEING}) (?:just |only |juste )?(?P<bare>\d{{2}})(?!\w| ?(?:{_UNIT})(?!\w)|[$%.,:/]\d?)"
    rf"|(?<!\w)(?:{_SOMEBODY}),? (?P<bare2>\d{{2}})(?=,| (?:pi|pis|et|and|n|but|mais)(?!\w)|\s*[.!?)](?!\d)|\s*$)"
    r"|(?<!\w)(?:sec|secondaire|gr|grade) ?(?P<grade>\d{1,2})(?!\d)"
    r"|(?<!\w)(?P<months>\d{1,2}) ?months? old(?!\w)"
    rf"|(?<!\w)(?:{_BABY}),? (?:de |a |is |of |only )*(?P<months2>\d{{1,2}}) ?(?:mois|months?)(?!\w)"
    r"|(?<!\w)(?P<word>mineure?s?|minors?|underage|ados?|adolescente?s?|teen(?:ager)?s?|toddler|bebe|baby|infant)(?!\w)"
    r"|(?<!\w)(?P<senior>aine(?:e?s)?|seniors?|elderly|personnes? agees?|retraitee?|retired)(?!\w)"
    r"|(?<!\w)(?P<youth>jeunes|youth)(?!\w)"
)
_APOSTROPHES = ("'", "’")
_AGE_WORDS = words_of("age")
_NOT_AN_AGE_BEFORE = re.compile(
    r"(?:depuis|en|y a|ya|il y a|fait|pendant|in|for|since|apres|after|last|passe|every|aux|clean|sobre)\s*(?:les |the )?$"
)
_NOT_AN_AGE_AFTER = re.compile(
    r"^\s*(?:ago|clean|sobre|sober|passe|plus tard"
    r"|later|de clean|deja|d'attente|of|que|qu'|en prison|apres|ensemble|together|on the|dans la rue|de rue"
    r"|straight|de suite|jail|inside|in a row)"
)


@dataclass(frozen=True, slots=True)
class _Thing:
    words: tuple[str, ...]
    entity: str
    value: str | None
    sure: bool


@dataclass(frozen=True, slots=True)
class Extractor:
    """The loaded extractor: share one, it is never changed."""

    things: dict[str, tuple[_Thing, ...]]
    places: PlaceFinder

    @classmethod
    def load(cls) -> Extractor:
        """Read the word lists of `nlu/lexicon/`."""
        lexicon = read_lexicon()
        things, known, places = lexicon["things"], lexicon["language_words"], lexicon["places"]
        filed: dict[str, list[_Thing]] = {}
        for thing in _things(things):
            filed.setdefault(thing.words[0], []).append(thing)
        ordinary = frozenset(f"{known['fr']} {known['en']}".split()) | frozenset(filed)
        return cls(
            things={first: tuple(sorted(members, key=lambda t: -len(t.words))) for first, members in filed.items()},
            places=PlaceFinder.build(
                _split(places["names"]), _split(places["needs_context"]), _split(places["streets"]), ordinary
            ),
        )

    def find(self, text: str) -> tuple[Entity, ...]:
        """Find everything a message names, in the order it is written."""
        words = cut(text)
        found = [Entity("place", text[start:end], start, end) for start, end in self.places.find(words)]
        taken = [(entity.start, entity.end) for entity in found]
        for start, end in find_times(words.folded) if may_name_time(words.forms, words.has_digit) else ():
            if not _overlaps(start, end, taken):
                found.append(Entity("time", text[start:end], start, end))
                taken.append((start, end))
        found.extend(self._things(words, taken))
        found.extend(_ages(words))
        return tuple(sorted(found, key=lambda entity: (entity.start, entity.end)))

    def _things(self, words: Words, taken: list[tuple[int, int]]) -> list[Entity]:
        found: list[Entity] = []
        person = False
        covered = 0
        for position in [at for at, word in enumerate(words.forms) if word in self.things]:
            if position < covered:
                continue
            thing = self._thing_at(words, position, person)
            if thing is None:
                continue
            covered = position + len(thing.words)
            start, end = words.span(position, covered - 1)
            if _overlaps(start, end, taken):
                continue
            person = person or thing.entity == "person"
            found.append(Entity(thing.entity, thing.value or words.text[start:end], start, end))
        return found

    def _thing_at(self, words: Words, position: int, person_known: bool) -> _Thing | None:
        for thing in self.things.get(words.forms[position], ()):
            if not words.holds(position, thing.words):
                continue
            if thing.entity == "person":
                if not person_known and _names_a_person(words, position, thing):
                    return thing
            elif thing.sure or _speaks_of(words, position, thing):
                return thing
        return None


def _speaks_of(words: Words, position: int, thing: _Thing) -> bool:
    before = words.forms[position - 1] if position else ""
    if thing.entity == "supply":
        return before in _SUPPLY_BEFORE or len(words.forms) <= 2
    if thing.words[0] in _SHORT:
        _start, end = words.span(position, position)
        if words.text[end : end + 1] in _APOSTROPHES:
            return False  # "47 m'a sorti": no M
        return before in _STRICT_BEFORE or before.isdigit()
    return before in _SUBSTANCE_BEFORE and not (thing.words == ("down",) and before in {"l", "the", "and", "sur"})


def _names_a_person(words: Words, position: int, thing: _Thing) -> bool:
    before = words.forms[position - 1] if position else ""
    if thing.value == "stranger":
        return before in _ONE or thing.words[0] in {"someone", "somebody", "qqn"}
    if thing.words[0] in {"man", "homme", "best", "boy", "boys", "bro", "girl"}:
        return before in _OWNED
    return before in _OWNED or (thing.value == "client" and before in _ONE) or thing.words[0] in _ALONE_PERSONS


def _ages(words: Words) -> list[Entity]:
    found: list[Entity] = []
    if not words.has_digit and _AGE_WORDS.isdisjoint(words.forms):
        return found
    for match in _AGE.finditer(words.folded):
        group = match.lastgroup or ""
        start, end = match.span(group)
        if group == "age":
            end = match.end()
            if _NOT_AN_AGE_BEFORE.search(words.folded[:start]) or _NOT_AN_AGE_AFTER.match(words.folded[end:]):
                continue
        value = _age_class(group, match.group(group))
        if value:
            found.append(Entity("age_group", value, start, end))
    return found[:1]


def _age_class(group: str, written: str) -> str | None:
    if group in {"grade", "months", "months2", "word"}:
        return "minor"
    if group in {"senior", "youth"}:
        return group
    age = int(written)
    if age < 18:
        return "minor"
    if age < 25:
        return "youth"
    if age < 65:
        return "adult"
    return "senior" if age < 110 else None


def _things(lists: dict[str, Any]) -> list[_Thing]:
    things: list[_Thing] = []
    for entity in ("substance", "supply"):
        for certainty, names in lists[entity].items():
            things.extend(_Thing(phrase(name), entity, None, certainty == "sure") for name in _split(names))
    for kind, names in {**lists["person"], "stranger": lists["stranger"]}.items():
        things.extend(_Thing(phrase(name), "person", kind, False) for name in _split(names))
    for code, names in lists["language"].items():
        things.extend(_Thing(phrase(name), "language", code, True) for name in _split(names))
    return things


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split("|") if name.strip()]


def _overlaps(start: int, end: int, taken: list[tuple[int, int]]) -> bool:
    return any(start < other_end and end > other_start for other_start, other_end in taken)
