"""Safety triage: how rules, classifier and the last minutes add up; what a worker reads; and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from nlu.interpretation import RankedIntent, Urgency, UrgencyScores
from nlu.triage import Rules, assess, load_rules, weigh
from nlu.triage_rules import RulesError, build_rules
from nlu.triage_signs import PhraseError, SignIndex
from nlu.triage_words import words
from nlu.yaml_files import read_folder

_CALM = UrgencyScores(emergency=0.01, urgent=0.02, none=0.97)
_SURE_CALM = UrgencyScores(emergency=0.004, urgent=0.006, none=0.99)
_ALARMED = UrgencyScores(emergency=0.95, urgent=0.03, none=0.02)
_URGENT = UrgencyScores(emergency=0.03, urgent=0.9, none=0.07)
_SHARED = Path(__file__).resolve().parents[2] / "../shared/corpus/dev.jsonl"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules()


@pytest.mark.parametrize(
    "text",
    [
        "il ne respire plus",
        "IL NE RESPIRE PLUS!!!",
        "y respire pu",
        "y respire pus",
        "ma blonde a respire pas",
        "mon frère respiiiire plus",
    ],
)
def test_one_phrase_meets_many_spellings(rules: Rules, text: str) -> None:
    assert "not_breathing" in weigh(rules, text).found


def test_words_share_spellings_and_keep_sentence_ends() -> None:
    assert words("J'peux pu. Yé bleu?") == ["j", "peux", "pu", ".", "y", "est", "bleu", "?"]


def test_a_gap_never_crosses_a_sentence() -> None:
    index = SignIndex.build({"sign": ["mal .. poitrine"]}, {})
    assert index.find(words("mal à la poitrine"))
    assert not index.find(words("j'ai mal. la poitrine de poulet est prête"))


def test_reasons_are_told_in_both_languages_and_name_the_substance(rules: Rules) -> None:
    reasons = " | ".join(assess(rules, "y respire bizarre après du ghb", (), None, ()).reasons)
    assert "respiration bizarre + ghb" in reasons
    assert "odd breathing + ghb" in reasons


def test_reasons_say_now_only_in_an_emergency(rules: Rules) -> None:
    assert all(", maintenant / " in reason for reason in assess(rules, "y respire pu", (), None, ()).reasons)
    urgent = assess(rules, "jai pu envie de vivre mais jferai rien", (), _URGENT, ())
    assert urgent.urgency is Urgency.URGENT
    assert not any("maintenant" in reason for reason in urgent.reasons)


def test_the_classifier_cannot_silence_a_certain_sign(rules: Rules) -> None:
    assert assess(rules, "she wont wake up and her lips are blue", (), _ALARMED, ()).urgency is Urgency.EMERGENCY
    doubted = UrgencyScores(emergency=0.02, urgent=0.03, none=0.95)
    assert assess(rules, "she wont wake up and her lips are blue", (), doubted, ()).urgency is Urgency.EMERGENCY


def test_when_the_classifier_is_nearly_sure_of_calm_a_certain_sign_is_asked_about(rules: Rules) -> None:
    assessment = assess(rules, "she wont wake up and her lips are blue", (), _SURE_CALM, ())
    assert assessment.check or assessment.urgency is not Urgency.NONE


@pytest.mark.parametrize("scores", [None, _CALM])
@pytest.mark.parametrize(
    "text",
    [
        "c'est tu normal 5 respirations par minute après son hit",
        "my phone is not breathing lol",
        "is it normal that she takes 6 breaths a minute after her shot",
    ],
)
def test_a_certain_sign_that_is_asked_or_joked_about_is_asked_about(
    rules: Rules, text: str, scores: UrgencyScores | None
) -> None:
    evidence = weigh(rules, text)
    assert evidence.doubted
    assert not evidence.certain
    assessment = assess(rules, text, (), scores, ())
    assert assessment.check or assessment.urgency is not Urgency.NONE


def test_who_took_thirty_pills_and_laughs_took_thirty_pills(rules: Rules) -> None:
    for text in ("chu niaiseuse j'ai pris une vingtaine de tylenols lol", "i took the whole bottle of advil haha"):
        assert assess(rules, text, (), _CALM, ()).urgency is Urgency.EMERGENCY


def test_a_certain_sign_told_of_the_past_or_of_a_film_is_not_asked_about(rules: Rules) -> None:
    for text in (
        "il y a dix ans mon frère répondait plus, y était bleu, lol",
        "in the movie she wont wake up, lips are blue",
    ):
        assert not weigh(rules, text).doubted


def test_the_classifier_speaks_where_the_rules_are_silent(rules: Rules) -> None:
    text = "plouf plouf tralala"
    assert assess(rules, text, (), None, ()).urgency is Urgency.NONE
    assert assess(rules, text, (), _ALARMED, ()).urgency is Urgency.EMERGENCY
    assert assess(rules, text, (), _URGENT, ()).urgency is Urgency.URGENT
    calm = assess(rules, text, (), _CALM, ())
    assert (calm.urgency, calm.check, calm.reasons) == (Urgency.NONE, False, ())


def test_an_idiom_is_taken_out_before_signs_are_looked_for(rules: Rules) -> None:
    assert not weigh(rules, "chu mort de rire").fired
    assert "not_breathing" in weigh(rules, "chu mort de rire mais lui y respire pu").found


def test_what_is_over_is_not_an_emergency(rules: Rules) -> None:
    over = (RankedIntent("resolved", 0.9),)
    for text in ("y est réveillé, l'ambulance est là", "false alarm he was just sleeping"):
        assert assess(rules, text, (), _CALM, over).urgency is not Urgency.EMERGENCY


def test_fragments_make_one_sentence(rules: Rules) -> None:
    sent: list[str] = []
    seen = []
    for fragment in ("my", "buddy in the", "washroom isnt", "breathin"):
        seen.append(assess(rules, fragment, tuple(sent), None, ()).urgency)
        sent.append(fragment)
    assert seen == [Urgency.NONE, Urgency.NONE, Urgency.NONE, Urgency.EMERGENCY]


def test_an_emergency_goes_on_until_somebody_is_there(rules: Rules) -> None:
    before = ("mon boy est étendu à terre y respire comme pas",)
    assert assess(rules, "y respire toujours pas", before, None, ()).urgency is Urgency.EMERGENCY
    assert assess(rules, "les ambulanciers sont là", before, None, ()).urgency is Urgency.URGENT
    assert assess(rules, "ok", before, None, ()).urgency is Urgency.NONE


def test_the_past_minutes_do_not_alarm_by_themselves(rules: Rules) -> None:
    before = ("im so dead tonight omg double shift",)
    assert assess(rules, "so is the day centre on ontario open sundays", before, None, ()).urgency is Urgency.NONE


def test_check_only_comes_with_none(rules: Rules) -> None:
    for text in ("", "🙏", "aide", "c tu normal que qqun vire gris après un hit", "y respire pu", "merci"):
        for scores in (None, _CALM, _URGENT, _ALARMED):
            assessment = assess(rules, text, (), scores, ())
            assert not assessment.check or assessment.urgency is Urgency.NONE


@pytest.mark.parametrize("text", ["", " ", "\0", "\ud800", "💀" * 500, "a" * 5000, "respire " * 800, "'''", "[](){}"])
def test_any_text_is_judged(rules: Rules, text: str) -> None:
    assess(rules, text, (text,), None, ())


def test_a_rule_that_names_an_unknown_sign_is_refused() -> None:
    with pytest.raises(RulesError, match='names the sign "ghost"'):
        build_rules([{"rules": [{"id": "r", "danger": None, "urgency": "urgent", "all": ["ghost"]}]}])


def test_a_rule_without_points_is_refused() -> None:
    signs = {"s": {"fr": "s", "en": "s", "phrases": ["bleu"]}}
    with pytest.raises(RulesError, match="points"):
        build_rules([{"signs": signs, "rules": [{"id": "r", "danger": None, "urgency": "urgent", "all": ["s"]}]}])


def test_a_rule_that_stands_despite_an_unknown_context_is_refused() -> None:
    signs = {"s": {"fr": "s", "en": "s", "phrases": ["bleu"]}}
    rule = {"id": "r", "danger": None, "urgency": "urgent", "all": ["s"], "despite": ["ghost"]}
    with pytest.raises(RulesError, match="ghost"):
        build_rules([{"signs": signs, "rules": [rule], "evidence": {"rules": {"r": [1, 1]}}}])


def _as_said(phrase: str, lists: Mapping[str, Iterable[object]]) -> list[list[str]]:
    """Write a phrase as somebody could text it: with each piece's first option, then with its last."""
    said = []
    for which in (0, -1):
        line: list[str] = []
        for piece in phrase.split():
            if piece not in ("..", "..."):
                option = piece.removesuffix("?").split("|")[which] if piece != "?" else "?"
                option = str(list(lists[option[1:-1]])[which]) if option.startswith("<") else option
                line += (option.replace("*", "x") if option.endswith("*") else option).split("_")
        said.append(line)
    return said


def test_every_phrase_is_found_in_what_it_says_with_or_without_a_last_period() -> None:
    """Filing phrases under words must hide none: each is looked for in a message made of its own words."""
    contents = [content for _name, content in read_folder("triage")]
    lists = {name: words for content in contents for name, words in (content.get("lists") or {}).items()}
    signs = {name: sign for content in contents for name, sign in (content.get("signs") or {}).items()}
    missed = []
    for name, sign in signs.items():
        for phrase in map(str, sign["phrases"]):
            index = SignIndex.build({name: [phrase]}, lists)
            for line in _as_said(phrase, lists):
                ended = line[:-1] if line[-1] == "." else line
                missed += [phrase for words in (line, ended) if name not in index.find(words)]
    assert missed == []


@pytest.mark.parametrize("text", ["adieu", "adieux", "bon ben adieu", "je dis adieu"])
def test_a_farewell_needs_no_period(rules: Rules, text: str) -> None:
    assert "intent_now" in weigh(rules, text).found or "farewell" in weigh(rules, text).found
    assert assess(rules, text, (), None, ()).urgency is Urgency.EMERGENCY


@pytest.mark.parametrize(
    "text",
    [
        "breathing exercises for 5 min helped thanks",
        "y respire bien depuis 5 min",
        "shes breathing normal, ambulance is 2 min away",
        "dans une minute compte 3 personnes de plus pour le souper",
        "wait a minute im counting, i got 5 clean needles left",
        "prends ton souffle 2 min",
    ],
)
def test_minutes_and_numbers_are_no_slow_breathing(rules: Rules, text: str) -> None:
    assert "slow_breathing" not in weigh(rules, text).found


@pytest.mark.parametrize(
    "text",
    ["2-3 respirations par minute", "hes taking like 3-4 breaths a minute", "elle respire quatre fois par minute"],
)
def test_few_breaths_a_minute_are_an_emergency(rules: Rules, text: str) -> None:
    assert assess(rules, text, (), None, ()).urgency is Urgency.EMERGENCY


def test_what_somebody_was_doing_before_takes_nothing_away(rules: Rules) -> None:
    assert assess(rules, "ma coloc faisait son yoga pis là a respire pu", (), None, ()).urgency is Urgency.EMERGENCY


@pytest.mark.parametrize("phrase", ["bl*", "a?", "<ghost>", "bleu|", "bleu?|gris"])
def test_a_phrase_that_cannot_be_read_is_refused(phrase: str) -> None:
    with pytest.raises(PhraseError):
        SignIndex.build({"sign": [phrase]}, {})


def _measured(rules: Rules, messages: Iterable[dict[str, Any]]) -> tuple[float, float, float]:
    emergencies, calm = [], []
    for message in messages:
        assessment = assess(rules, message["text"], (), None, ())
        if message["urgency"] == "emergency":
            emergencies.append(assessment)
        elif message["urgency"] == "none":
            calm.append(assessment)
    answered = sum(a.urgency is Urgency.EMERGENCY for a in emergencies) / len(emergencies)
    seen = sum(a.check or a.urgency is not Urgency.NONE for a in emergencies) / len(emergencies)
    false_pages = sum(a.urgency is not Urgency.NONE for a in calm) / len(calm)
    return answered, seen, false_pages


def test_the_rules_alone_hold_on_messages_written_by_somebody_else(rules: Rules) -> None:
    if not _SHARED.exists():
        pytest.skip("the shared development messages are not beside this project")
    messages = [json.loads(line) for line in _SHARED.read_text(encoding="utf-8").splitlines()]
    answered, seen, false_pages = _measured(rules, messages)
    assert answered >= 0.80
    assert seen >= 0.90
    assert false_pages <= 0.06
