"""The library passes the checks, and each kind of problem is found when it is there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from flows.cards import Card, CardText, load_cards
from flows.carrier_words import invited
from flows.facts import Fact, Facts, HelpLine, digits_of, load_facts
from flows.flow import Flow
from flows.lint import check
from flows.loader import load_flows

TODAY = date(2026, 11, 24)
FACTS = Facts(
    {
        "sure": Fact("sure", "", True),
        "unsure": Fact("unsure", "", False),
        "workers": Fact("workers", "", True, send=False),
    },
    {
        "emergency_911": HelpLine("emergency_911", True, frozenset({"911"})),
        "old": HelpLine("old", False, frozenset({"8005550199"})),
    },
)
CALL = "Appelle le 911 tout de suite, reste avec la personne."
CALL_EN = "Call 911 right now, stay with the person."


def test_the_library_has_no_error(library: dict[str, Flow], cards: dict[str, Card]) -> None:
    problems = check(library, cards, load_facts(), TODAY)
    assert [problem for problem in problems if problem.severity == "error"] == []


def test_the_library_lists_its_drafts_and_what_is_to_confirm(library: dict[str, Flow], cards: dict[str, Card]) -> None:
    found = " ".join(problem.where for problem in check(library, cards, load_facts(), TODAY))
    assert "drafts to sign" in found
    assert "facts to confirm" in found


def test_every_intent_of_the_contract_has_a_flow(library: dict[str, Flow]) -> None:
    contract = Path(__file__).resolve().parents[2] / "../shared/intents.md"
    if not contract.exists():
        pytest.skip("the label contract is not beside this clone")
    section = contract.read_text(encoding="utf-8").partition("## Intents")[2].partition("## Settled")[0]
    names = {name for line in section.splitlines() if line.startswith("|") for name in line.split("`")[1:-1:2]}
    assert names - {intent for flow in library.values() for intent in flow.intents} == set()


def one(fr: str, en: str | None = None, **more: object) -> dict[str, Card]:
    """One card, in French and (unless it is empty) English."""
    texts = {"fr": fr, "en": fr if en is None else en}
    common = {"id": "c", "kind": "service", "reviewer": "R", "expires": "2027-01-01", **more}
    written = {lang: CardText.model_validate({**common, "text": text}) for lang, text in texts.items() if text}
    return {"c": Card("c", written, dict.fromkeys(written, "cards/c.yml"))}


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        (one("Bonjour", ""), "missing in 'en'"),
        (one("Allo {name}", "Hi"), "placeholders differ"),
        (one("Reste là. " + CALL, CALL_EN, kind="emergency", lines=["emergency_911"], facts=["sure"]), None),
        (
            one("Reste là.", CALL_EN, kind="emergency", lines=["emergency_911"], facts=["sure"]),
            "must stand in the first",
        ),
        (
            one("Bonjour " * 20 + CALL, CALL_EN, kind="emergency", lines=["emergency_911"], facts=["sure"]),
            "must stand in",
        ),
        (one("Appelle le 911, même gelé.", CALL_EN, kind="emergency", lines=["emergency_911"]), "leaves GSM-7 (ê)"),
        (one(CALL + " Reste." * 20, CALL_EN, kind="emergency", lines=["emergency_911"]), "136 at most"),
        (one("Texte 911 si ça va mal", lines=["emergency_911"]), "invites to text 911"),
        (one("a" * 500), "SMS parts"),
        (one("a " * 170), "characters; 320 at most"),
        (one("Écris STOP pour partir"), "invites STOP"),
        (one("Reply yes to go on"), "invites YES"),
        (one("Réponds par help"), None),
        (
            one(
                "Anticonstitutionnellement les établissements communautaires interdisciplinaires multidimensionnels. "
                * 2
            ),
            "Moles",
        ),
        (one("Lave la plaie", kind="health"), "names no fact"),
        (one("Lave", kind="health", facts=["nowhere"]), "'nowhere' does not exist"),
        (one("Lave", kind="health", facts=["workers"]), "for workers only"),
        (one("Lave", kind="health", facts=["unsure"]), "not confirmed; list it"),
        (one("Lave", kind="health", facts=["unsure"], unconfirmed=["unsure"]), "facts to confirm"),
        (one("Lave", kind="health", facts=["sure"], unconfirmed=["sure"]), "is confirmed or not used"),
        (one("Appelle", lines=["nowhere"]), "line 'nowhere' does not exist"),
        (one("Appelle", lines=["old"]), "line 'old' is not confirmed"),
        (one("Appelle le 1 800 555-0100"), "prints 8005550100"),
        (one("Appelle le 811"), "prints 811"),
        (one("Bonjour", expires="2026-01-01"), "not sent any more"),
        (one(CALL, CALL_EN, kind="emergency", lines=["emergency_911"], expires="2026-01-01"), "it is still sent"),
        (one("Lave", kind="health", facts=["sure"], expires=None), "has no date"),
        (one("Bonjour", reviewer=None), "drafts to sign"),
    ],
)
def test_card_problems(cards: dict[str, Card], words: str | None) -> None:
    found = [f"{p.where} {p.message}" for p in check({}, cards, FACTS, TODAY) if not p.path.startswith("flows/")]
    if words is None:
        assert found == []
    else:
        assert any(words in problem for problem in found), found


def test_an_expired_emergency_is_an_error_and_other_texts_a_warning() -> None:
    emergency = one(CALL, CALL_EN, kind="emergency", lines=["emergency_911"], expires="2026-01-01")
    for cards, severity in ((emergency, "error"), (one("Bonjour", expires="2026-01-01"), "warning")):
        problems = [p for p in check({}, cards, FACTS, TODAY) if "expired" in p.message]
        assert {p.severity for p in problems} == {severity}


GOOD = "steps:\n  - say: c\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD, None),
        ("steps:\n  - say: nowhere\n", "card 'nowhere' does not exist"),
        ("steps:\n  - call: nowhere\n", "flow 'nowhere' does not exist"),
        ("steps:\n  - end:\n  - say: c\n", "nothing leads to this step"),
        ("steps:\n  - {say: c, go: say_1}\n  - say: c\n", "nothing leads to this step"),
        ("steps:\n  - choose: {card: c, options: [{label: {fr: Oui, en: Yeah}}]}\n", "an option leads nowhere"),
        ("steps:\n  - branch: [{when: {on_call: true}, go: branch_1}]\n", "no condition holds"),
        ("steps:\n  - find_services: find_food\n", "says nothing when nothing is found"),
        ("steps:\n  - ask_place: c\n", "asks for ever"),
        (
            "steps:\n  - choose: {card: c, options: [{go: a, label: {fr: Oui, en: 'Yes'}}]}\n  - {id: a, say: c}\n",
            "invites YES",
        ),
        (
            "steps:\n  - choose: {card: c, options: [{go: a, label: {fr: Oui}}]}\n  - {id: a, say: c}\n",
            "needs 'fr' and 'en'",
        ),
        ("steps:\n  - branch: [{when: {said: [arr*t]}, go: a}, {go: a}]\n  - {id: a, say: c}\n", "finds nothing"),
        ("steps:\n  - branch: [{when: {said: ['... ans']}, go: a}, {go: a}]\n  - {id: a, say: c}\n", "finds nothing"),
        ("danger: true\ntriggers: {intents: [overdose_now]}\nsteps:\n  - say: c\n", "never hands off"),
        ("triggers: {intents: [overdose_now]}\nsteps:\n  - hand_off: emergency\n", "write 'danger: true'"),
    ],
)
def test_flow_problems(text: str, words: str | None, tmp_path: Path) -> None:
    (tmp_path / "f.yml").write_text(f"id: f\nabout: a flow\n{text}", encoding="utf-8")
    problems = check(load_flows([tmp_path]), one("Bonjour"), FACTS, TODAY)
    found = [p.message for p in problems if p.path == str(tmp_path / "f.yml") and "ask_place" not in p.message]
    if words is None:
        assert found == []
    else:
        assert any(words in message for message in found), found


def test_what_the_service_sends_and_starts_by_itself_must_exist() -> None:
    where = {problem.where for problem in check({}, {}, FACTS, TODAY)}
    assert {"safe_card", "overdose_now_first", "danger_now", "fallback_human"} <= where


def test_numbers_are_compared_by_their_digits() -> None:
    assert digits_of("1 800 265-2626") == digits_of("(800) 265-2626") == "8002652626"
    assert "8002652626" in load_facts().lines["adps"].numbers


def test_a_later_folder_replaces_a_card(tmp_path: Path) -> None:
    for folder, words in (("one", "Un"), ("two", "Deux")):
        (tmp_path / folder / "fr").mkdir(parents=True)
        (tmp_path / folder / "fr" / "a.yml").write_text(
            f"- {{id: a, kind: service, text: {words}}}\n", encoding="utf-8"
        )
    assert load_cards([tmp_path / "one", tmp_path / "two"])["a"].text("fr") == "Deux"


@pytest.mark.parametrize(
    ("text", "alone", "words"),
    [
        ("Write STOP", False, ["STOP"]),
        ("the end of the street", False, []),
        ("Info-Santé", False, []),
        ("Yes", True, ["YES"]),
        ("Yeah", True, []),
        ("texte help", False, ["HELP"]),
    ],
)
def test_words_the_carrier_owns(text: str, alone: bool, words: list[str]) -> None:
    assert list(invited(text, alone)) == words
