"""What a message names, where exactly, and which window of the clock a time word means."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from nlu.entities import Extractor
from nlu.entity_words import phrase
from nlu.time_words import resolve

_DEV = Path(__file__).resolve().parents[2] / "../shared/corpus/dev.jsonl"
_ZONE = ZoneInfo("America/Toronto")
_FRIDAY = datetime(2026, 1, 16, 14, 0, tzinfo=_ZONE)


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor.load()


def _values(extractor: Extractor, text: str, entity: str) -> list[str]:
    return [found.value for found in extractor.find(text) if found.entity == entity]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ou avoir des seringues à Hochelaga", "Hochelaga"),
        ("seringues hochelag", "hochelag"),
        ("H2X", "H2X"),
        ("chu au h3n 1x4", "h3n 1x4"),
        ("métro Frontenac svp", "métro Frontenac"),
        ("coin Ontario et St-Laurent", "coin Ontario et St-Laurent"),
        ("chu coin ste-cath pi panet", "coin ste-cath pi panet"),
        ("near atwater", "atwater"),
        ("un lit a soir a Val-d'Or", "Val-d'Or"),
        ("bed in val dor", "val dor"),
        ("Saint-Roch", "Saint-Roch"),
        ("je suis à Chicoutmi", "Chicoutmi"),
        ("clinique a Longueil", "Longueil"),
        ("12 rue Sherbrooke est", "12 rue Sherbrooke est"),
        ("any shelter downtown", "downtown"),
        ("dans le village", "village"),
    ],
)
def test_place(extractor: Extractor, text: str, place: str) -> None:
    assert _values(extractor, text, "place") == [place]


@pytest.mark.parametrize(
    "text", ["g2g", "j'ai 2 enfants", "the point is", "ya tu du monde", "mon chum est parti", "c'est le palais"]
)
def test_no_place(extractor: Extractor, text: str) -> None:
    assert _values(extractor, text, "place") == []


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("du fent pis du G", "substance", "fent"),
        ("du fent pis du G", "substance", "G"),
        ("c tu dangereux la kéta", "substance", "kéta"),
        ("ou trouver des capotes", "supply", "capotes"),
        ("need a narcan kit", "supply", "narcan kit"),
        ("ouvert demain matin?", "time", "demain matin"),
        ("la van passe tu à soir", "time", "à soir"),
        ("open right now", "time", "right now"),
        ("samedi", "time", "samedi"),
        ("mon chum respire pu", "person", "partner"),
        ("my lil bro is blue", "person", "sibling"),
        ("un gars à terre", "person", "stranger"),
        ("ma fille de 15 ans", "person", "child"),
        ("ma fille de 15 ans", "age_group", "minor"),
        ("j'ai 71 ans", "age_group", "senior"),
        ("im 19 and", "age_group", "youth"),
        ("je parle español", "language", "es"),
        ("in English please", "language", "en"),
    ],
)
def test_thing(extractor: Extractor, text: str, entity: str, value: str) -> None:
    assert value in _values(extractor, text, entity)


def test_feeling_down_is_not_a_substance(extractor: Extractor) -> None:
    assert _values(extractor, "im feeling down", "substance") == []
    assert _values(extractor, "jai pris du down", "substance") == ["down"]


def test_years_that_passed_are_not_an_age(extractor: Extractor) -> None:
    assert _values(extractor, "clean depuis 5 ans", "age_group") == []


@pytest.mark.parametrize(
    "text",
    [
        "🧊🧊 où à Montréal?",
        "l'été à QUÉBEC",
        "œuf à Longueuil",
        "İstanbul à Laval",
        "  coin  Ontario et Davidson ",
        "\0\ud800 Berri",
    ],
)
def test_spans_are_places_in_the_message_as_received(extractor: Extractor, text: str) -> None:
    for found in extractor.find(text):
        assert 0 <= found.start < found.end <= len(text)
        if found.entity in {"place", "time", "substance", "supply"}:
            assert text[found.start : found.end] == found.value


def test_places_named_by_somebody_else_are_found(extractor: Extractor) -> None:
    if not _DEV.exists():
        pytest.skip("the shared development messages are not beside this project")
    named = found = 0
    for line in _DEV.read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        written = [e["value"] for e in message["entities"] if e["entity"] == "place"]
        if written:
            words = {word for value in _values(extractor, message["text"], "place") for word in phrase(value)}
            named += len(written)
            found += sum(bool(words & set(phrase(value))) for value in written)
    assert found / named >= 0.85


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("now", "2026-01-16T14:00", "2026-01-16T15:00"),
        ("à soir", "2026-01-16T17:00", "2026-01-17T00:00"),
        ("tonight", "2026-01-16T17:00", "2026-01-17T00:00"),
        ("cette nuit", "2026-01-16T21:00", "2026-01-17T06:00"),
        ("demain", "2026-01-17T00:00", "2026-01-18T00:00"),
        ("demain matin", "2026-01-17T06:00", "2026-01-17T12:00"),
        ("samedi", "2026-01-17T00:00", "2026-01-18T00:00"),
        ("sunday night", "2026-01-18T17:00", "2026-01-19T00:00"),
        ("vendredi prochain", "2026-01-23T00:00", "2026-01-24T00:00"),
        ("à 16h", "2026-01-16T16:00", "2026-01-16T17:00"),
        ("at 9", "2026-01-16T21:00", "2026-01-16T22:00"),
        ("9am", "2026-01-17T09:00", "2026-01-17T10:00"),
        ("demain 10h", "2026-01-17T10:00", "2026-01-17T11:00"),
        ("avant 18h", "2026-01-16T14:00", "2026-01-16T18:00"),
        ("la fin de semaine", "2026-01-17T00:00", "2026-01-19T00:00"),
        ("dans 20 min", "2026-01-16T14:20", "2026-01-16T15:20"),
        ("minuit", "2026-01-17T00:00", "2026-01-17T01:00"),
    ],
)
def test_a_time_word_is_a_window(words: str, start: str, end: str) -> None:
    window = resolve(words, _FRIDAY, _ZONE)
    assert window is not None
    assert [moment.strftime("%Y-%m-%dT%H:%M") for moment in window] == [start, end]


@pytest.mark.parametrize("words", ["hier", "last week", "il y a 3 jours", "2 days ago", "blabla"])
def test_the_past_is_no_window(words: str) -> None:
    assert resolve(words, _FRIDAY, _ZONE) is None


def test_the_night_that_is_going_on_has_already_begun() -> None:
    window = resolve("cette nuit", datetime(2026, 1, 17, 2, 30, tzinfo=_ZONE), _ZONE)
    assert window is not None
    assert window[0].isoformat() == "2026-01-16T21:00:00-05:00"


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("ça fait 3 mois que jdors sur des divans", None),
        ("chu enceinte de 5 mois", None),
        ("un test aux 3 mois", None),
        ("premiere fois en 6 ans", None),
        ("i got 4 years on the street", None),
        ("chu rendu a 38.5 de fievre", None),
        ("moi et mon bébé de 5 mois", "minor"),
        ("she is 7 months old", "minor"),
        ("j'ai 15 ans", "minor"),
    ],
)
def test_a_duration_is_no_age(text: str, group: str | None) -> None:
    found = [entity.value for entity in Extractor.load().find(text) if entity.entity == "age_group"]
    assert found == ([group] if group else [])


def test_the_m_of_a_verb_is_no_substance() -> None:
    assert not [e for e in Extractor.load().find("le taxi no 47 m'a sorti un couteau") if e.entity == "substance"]
