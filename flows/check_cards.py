"""Checks of cards: sources, languages, length on SMS, reading level, dates. One kind of problem a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from flows.cards import LANGUAGES, Card, CardText
from flows.carrier_words import invited
from flows.facts import Facts, digits_of
from flows.problem import Problem
from flows.render import placeholders, render
from flows.segments import FIRST_UNITS, first_units, segments

MAX_CHARACTERS = 320
"""Longest text for delivery, by the provider's advice."""

MAX_PARTS = 3
"""SMS parts of one text at most; life-saving steps are worth them."""

EASY_FRENCH = 80.0
"""Kandel-Moles reading ease from which a text is easy (5th and 6th grade)."""

EASY_ENGLISH = 6.0
"""Flesch-Kincaid grade up to which a text is easy."""

_CALL_911 = re.compile(r"\b(?:appelle|appelez|call)\s+(?:le\s+)?911\b", re.IGNORECASE)
_TEXT_911 = re.compile(r"\b(?:text|texte|texter|texto|textez)\s+(?:au\s+|le\s+|to\s+)?911\b", re.IGNORECASE)
_NUMBERS = re.compile(r"(?<![\d-])(?:1[ -])?\d{3}[ -]\d{3}-\d{4}(?!\d)|(?<!\d)(?:911|811|988|211|535353|686868)(?!\d)")


def missing_translation(card: Card, facts: Facts, today: date) -> Iterator[Problem]:
    """A card that exists in one language only."""
    for language in LANGUAGES:
        if language not in card.texts:
            path = next(iter(card.paths.values()))
            yield Problem(path, f"card '{card.id}'", f"missing in '{language}'; write it in flows/cards/{language}")


def different_placeholders(card: Card, facts: Facts, today: date) -> Iterator[Problem]:
    """A placeholder that one language has and the other has not."""
    names = {language: placeholders(text.text) for language, text in card.texts.items()}
    if len(set(names.values())) > 1:
        listed = "; ".join(f"{language}: {', '.join(sorted(found)) or 'none'}" for language, found in names.items())
        yield _in(card, "fr", f"placeholders differ ({listed}); use the same ones")


def different_kinds(card: Card, facts: Facts, today: date) -> Iterator[Problem]:
    """A card that is an emergency in one language and not in the other."""
    if len({text.kind for text in card.texts.values()}) > 1:
        yield _in(card, "fr", "its 'kind' differs between languages; make it the same")


def emergency_first_lines(card: Card, facts: Facts, today: date) -> Iterator[Problem]:
    """What to do and 911 within the first 136 GSM-7 characters, in one SMS part."""
    for language, text in card.texts.items():
        if text.kind != "emergency":
            continue
        first = render(card, {}, language)[0]
        measured = segments(first)
        if not _CALL_911.search(first_units(first)):
            yield _in(card, language, f"'call 911' must stand in the first {FIRST_UNITS} characters")
        if measured.encoding != "GSM-7":
            odd = sorted({letter for letter in first if segments(letter).encoding != "GSM-7"})
            yield _in(card, language, f"the first paragraph leaves GSM-7 ({' '.join(odd)}); use other words")
        elif measured.units > FIRST_UNITS:
            yield _in(card, language, f"the first paragraph has {measured.units} units; {FIRST_UNITS} at most")


def never_text_911(card: Card, facts: Facts, today: date) -> Iterator[Problem]:
    """In Canada 911 is called by voice: a text to it reaches nobody."""
    for language, text in _written(card):
        if _TEXT_911.search(text):
            yield _in(card, language, "invites to text 911, which reaches nobody; write 'call 911'")


def sms_parts(card: Card, facts: Facts, today: date) -> Iterator[Problem]:
    """A text that is too long, or costs too many SMS parts."""
    for language in card.texts:
        for text in (*render(card, {}, language), *([card.more(language) or ""])):
            parts = segments(text).parts
            if parts > MAX_PARTS:
                yield _in(card, language, f"{parts} SMS parts; {MAX_PARTS} at most")
            elif len(text) > MAX_CHARACTERS:
                yield _in(card, language, f"{len(text)} characters; {MAX_CHARACTERS} at most", "warning")


def carrier_words(card: Card, facts: Facts, today: date) -> Iterator[Problem]:
    """A text that invites a word the carrier owns."""
    for language, text in _written(card):
        for word in sorted(set(invited(text))):
            yield _in(card, language, f"invites {word}, which the carrier owns; offer a number or another word")


def reading_level(card: Card, facts: Facts, today: date) -> Iterator[Problem]:
    """A text harder to read than 5th or 6th grade."""
    from textstat.textstat import textstatistics  # large, and a running line never needs it

    measure = textstatistics()
    for language, text in card.texts.items():
        if len(text.text.split()) < 8 or placeholders(text.text):
            continue  # a formula says nothing of a few words
        if language == "fr":
            measure.set_lang("fr")
            ease = measure.flesch_reading_ease(_sentences(text.text))
            if ease < EASY_FRENCH:
                yield _in(
                    card, language, f"Kandel-Moles {ease:.0f}, {EASY_FRENCH:.0f} wanted; use shorter words", "warning"
                )
        else:
            measure.set_lang("en_US")
            grade = measure.flesch_kincaid_grade(_sentences(text.text))
            if grade > EASY_ENGLISH:
                yield _in(card, language, f"grade {grade:.0f}, {EASY_ENGLISH:.0f} wanted; use shorter words", "warning")


def sources(card: Card, facts: Facts, today: date) -> Iterator[Problem]:
    """What a card rests on must exist, be fit to send, and say when it is not confirmed."""
    for language, text in card.texts.items():
        if text.kind != "service" and not text.facts and not text.lines:
            yield _in(card, language, "says something about health and names no fact; list them under 'facts'")
        for fact_id in text.facts:
            fact = facts.facts.get(fact_id)
            if fact is None:
                yield _in(card, language, f"fact '{fact_id}' does not exist; see flows/facts")
            elif not fact.send:
                yield _in(card, language, f"fact '{fact_id}' is for workers only; take it out")
            elif not fact.confirmed and fact_id not in text.unconfirmed:
                yield _in(card, language, f"fact '{fact_id}' is not confirmed; list it under 'unconfirmed' too")
        for fact_id in text.unconfirmed:
            if fact_id not in text.facts or (fact_id in facts.facts and facts.facts[fact_id].confirmed):
                yield _in(
                    card, language, f"'unconfirmed' lists '{fact_id}', which is confirmed or not used; take it out"
                )


def help_lines(card: Card, facts: Facts, today: date) -> Iterator[Problem]:
    """Numbers printed must be those of the confirmed lines a card names."""
    for language, text in card.texts.items():
        allowed: set[str] = set()
        for line_id in text.lines:
            line = facts.lines.get(line_id)
            if line is None:
                yield _in(card, language, f"line '{line_id}' does not exist; see flows/facts/lines.yml")
            elif not line.confirmed:
                yield _in(card, language, f"line '{line_id}' is not confirmed; call it first, or take it out")
            else:
                allowed |= line.numbers
        for number in sorted(_numbers_in(text) - allowed):
            yield _in(card, language, f"prints {number}, which is no number of its 'lines'; mend it, or list the line")


def expired(card: Card, facts: Facts, today: date) -> Iterator[Problem]:
    """A text past its date. An emergency card is still sent, so that is an error; any other is not sent any more."""
    for language, text in card.texts.items():
        if text.expires is None:
            if text.kind != "service":
                yield _in(card, language, "has no date; add 'expires: YYYY-MM-DD'", "warning")
        elif text.expires < today:
            severity = "error" if text.kind == "emergency" else "warning"
            fate = "it is still sent" if severity == "error" else "it is not sent any more"
            yield _in(card, language, f"expired on {text.expires}; {fate}: review it and give it a new date", severity)


def drafts(cards: Mapping[str, Card]) -> Iterator[Problem]:
    """Texts nobody signed, one line a file."""
    yield from _listed(cards, lambda text: text.reviewer is None, "drafts to sign (reviewer: null)")


def unconfirmed_facts(cards: Mapping[str, Card]) -> Iterator[Problem]:
    """Cards that rest on facts still to be confirmed, one line a file."""
    yield from _listed(cards, lambda text: bool(text.unconfirmed), "cards rest on facts to confirm ('unconfirmed')")


ONE_CARD: tuple[Callable[[Card, Facts, date], Iterable[Problem]], ...] = (
    missing_translation,
    different_placeholders,
    different_kinds,
    emergency_first_lines,
    never_text_911,
    sms_parts,
    carrier_words,
    reading_level,
    sources,
    help_lines,
    expired,
)
ALL_CARDS: tuple[Callable[[Mapping[str, Card]], Iterable[Problem]], ...] = (drafts, unconfirmed_facts)


def _listed(cards: Mapping[str, Card], wanted: Callable[[CardText], bool], what: str) -> Iterator[Problem]:
    found: dict[str, list[str]] = {}
    for card in cards.values():
        for language, text in card.texts.items():
            if wanted(text):
                found.setdefault(card.paths[language], []).append(card.id)
    for path, ids in found.items():
        yield Problem(path, f"{len(ids)} {what}", ", ".join(ids), "warning")


def _written(card: Card) -> Iterator[tuple[str, str]]:
    for language, text in card.texts.items():
        for each in (text.text, text.more or "", *text.variants.values()):
            yield language, each


def _numbers_in(text: CardText) -> set[str]:
    written = " ".join((text.text, text.more or "", *text.variants.values()))
    return {digits_of(number) for number in _NUMBERS.findall(written)}


def _sentences(text: str) -> str:
    """A line is a sentence, and a colon begins one: formulas only know full stops."""
    return ". ".join(part.strip() for part in re.split(r"[\n:;]+", text) if part.strip())


def _in(card: Card, language: str, message: str, severity: str = "error") -> Problem:
    path = card.paths.get(language) or next(iter(card.paths.values()))
    return Problem(path, f"card '{card.id}' ({language})", message, "error" if severity == "error" else "warning")
