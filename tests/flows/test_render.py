"""From a card to texts: placeholders, choices, typography, and the first lines of an emergency alone."""

from __future__ import annotations

from flows.cards import Card, CardText
from flows.flow import Option
from flows.render import render
from flows.segments import segments


def card(text: str, kind: str = "service", **more: object) -> Card:
    return Card("c", {"fr": CardText.model_validate({"id": "c", "kind": kind, "text": text, **more})}, {"fr": "c.yml"})


def test_placeholders_are_filled_once() -> None:
    assert render(card("Ton code: {code}."), {"code": "{x}"}, "fr") == ["Ton code: {x}."]
    assert render(card("Près de {place}"), {"place": {"label_fr": "Berri", "label_en": "Berri!"}}, "fr") == [
        "Près de Berri"
    ]
    assert render(card("{a}"), {"a": ["x", "y"]}, "fr") == ["x, y"]


def test_nothing_to_say_is_no_text() -> None:
    assert render(card("{text}"), {"text": ""}, "fr") == []


def test_choices_are_numbered_on_sms_and_buttons_elsewhere() -> None:
    options = (Option("a", label={"fr": "Oui", "en": "Yeah"}), Option("b", label={"fr": "Non", "en": "No"}))
    assert render(card("Veux-tu?"), {}, "fr", choices=options) == ["Veux-tu?\n1 Oui\n2 Non"]
    assert render(card("Veux-tu?"), {}, "fr", channel="telegram", choices=options) == ["Veux-tu?"]


def test_an_emergency_is_two_texts_the_first_lines_alone() -> None:
    emergency = card("Appelle le 911.\n\n1 Reste là.\n\n2 Attends.", "emergency")
    assert render(emergency, {}, "fr") == ["Appelle le 911.", "1 Reste là.\n\n2 Attends."]
    assert len(render(card("Un.\n\nDeux."), {}, "fr")) == 1


def test_sms_typography_is_plain_and_accents_stay() -> None:
    (text,) = render(card("« L’été » … tue n’est pas tué – ok\u00a0!"), {}, "fr")
    assert text == "\" L'été \" ... tue n'est pas tué - ok !"
    assert segments(text).encoding == "GSM-7"


def test_audience_variant() -> None:
    assert render(card("tu", variants={"senior": "vous"}), {}, "fr", audience="senior") == ["vous"]
