"""Safety triage: decides whether a life may be at risk, whether a person needs a human today, or neither.

Pure once the rules are loaded, and it works with no classifier at all. Three things speak:

1. rules a worker can read and correct (`nlu/triage/*.yml`): what is in the message (signs), what changes its meaning
   (denied, asked, joked, told, long ago, already over), and which signs together mean which danger;
2. the urgency classifier, when there is one;
3. the last few minutes: people split a sentence over five texts.

They add up in log-odds, the ordinary way to add independent evidence (`nlu/triage/evidence.yml` holds every number:
points, weights and thresholds). Two sums are kept: "a life is at risk now" and "a human is needed today".
A *certain* rule ("she wont wake up", and nothing in the message asks, denies, jokes or tells the past) is an
emergency by itself: the classifier may only turn it into a question, and only when it is nearly sure of calm.
A certain rule in a message that only asks or jokes ("is it normal, 5 breaths a minute?") pages nobody by itself, but one
question is asked; some rules stand despite a joke ("took thirty of them lol").
In a few contexts (a drill, the news, an animal, "nobody is in danger") nothing pages: one question is asked instead.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from nlu.interpretation import Assessment, RankedIntent, Urgency, UrgencyScores
from nlu.labels import DANGERS
from nlu.normalize import fold
from nlu.triage_rules import Balance, Rule, Rules, RulesError, load_rules
from nlu.triage_words import words

__all__ = ["Evidence", "Rules", "RulesError", "assess", "load_rules", "weigh"]

IMMEDIATE_DANGERS = DANGERS - {"distress", "exposure_risk"}
_REASONS_KEPT = 3
# Confidence from which "resolved" (the danger is over) keeps a message from being an emergency.
_RESOLVED_FROM = 0.6
# Log-odds the classifier is held to, at least, when a certain rule fires and nothing softens it.
_NO_VETO = 0.0
_IDIOM = "idiom"
_MOST_IDIOMS = 3
_SAYS_SOMETHING = re.compile(r"(?:[\W_]*[^\W_]){4}")  # four letters or digits
# Up to so many words in which no rule found anything, the classifier alone must be surer: to ask, and to page.
_SCRAP_WORDS = 4
_SCRAP_ASKS, _SCRAP_PAGES = 0.3, 0.8


@dataclass(slots=True)
class Evidence:
    """What the rules found in one text: points for each question, the rules that fired, the contexts seen."""

    emergency: float = 0.0
    page: float = 0.0
    fired: list[tuple[Rule, tuple[str, ...]]] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)
    certain: bool = False
    doubted: bool = False
    calm: bool = False
    asks: bool = False
    words: int = 0


def weigh(rules: Rules, text: str) -> Evidence:
    """Add up what the rules find in one text, without the classifier."""
    found = find_signs(rules, text)
    evidence = Evidence(found=found, words=len(text.split()))
    for sign in found:
        for rule in rules.by_sign.get(sign, ()):
            met = rule.signs_met(found)
            if met is not None and met[0] == sign:
                evidence.fired.append((rule, met))
                evidence.emergency += rule.emergency_points
                evidence.page += rule.page_points
        shift = rules.context.get(sign)
        if shift is not None:
            evidence.emergency += shift[0]
            evidence.page += shift[1]
    softeners = rules.softening.intersection(found)
    certain = [rule for rule, _signs in evidence.fired if rule.certain]
    evidence.calm = not rules.calming.isdisjoint(found)
    evidence.asks = not rules.asking.isdisjoint(found)
    evidence.certain = any(softeners <= rule.despite for rule in certain)
    evidence.doubted = bool(certain) and not evidence.certain and softeners <= rules.doubting
    return evidence


def find_signs(rules: Rules, text: str) -> dict[str, str]:
    """Find the signs of a text, with the idioms taken out first: "mort de rire" holds no death."""
    cut = words(text)
    found = rules.index.find(cut)
    idiom = None
    for _ in range(_MOST_IDIOMS):
        if _IDIOM not in found:
            break
        idiom = found[_IDIOM]
        cut = f" {' '.join(cut)} ".replace(f" {idiom} ", " ~ ", 1).split()
        found = rules.index.find(cut)
    if idiom is not None:
        found[_IDIOM] = idiom
    return found


def assess(
    rules: Rules,
    text: str,
    recent: tuple[str, ...],
    scores: UrgencyScores | None,
    ranking: tuple[RankedIntent, ...],
) -> Assessment:
    """Decide how soon a human is needed.

    `recent` holds the contact's messages of the last few minutes, oldest first; `scores` and `ranking` are the
    classifier's for `text` alone (None and empty when there is no classifier).
    """
    text = fold(text)
    evidence = weigh(rules, text)
    says_little = not evidence.fired and _SAYS_SOMETHING.match(text) is None
    # "my": a scrap of a sentence gives the classifier nothing to go by, and what it says then is chance.
    alone = Assessment(Urgency.NONE) if says_little else _decide(rules, evidence, scores, ranking)
    if not recent or alone.urgency is Urgency.EMERGENCY:
        return alone
    return _most_urgent(alone, _with_recent(rules, text, recent, evidence))


def _decide(
    rules: Rules, evidence: Evidence, scores: UrgencyScores | None, ranking: tuple[RankedIntent, ...]
) -> Assessment:
    emergency, page = _sums(rules, evidence, scores, ranking)
    limits = rules.thresholds["alone" if scores is None else "with_classifier"]
    vetoed = scores is not None and scores.emergency + scores.urgent < limits["veto_below"]
    certain = evidence.certain and not vetoed
    resolved = bool(ranking) and ranking[0].intent == "resolved" and ranking[0].confidence >= _RESOLVED_FROM
    pages = certain or page >= limits["page"] or emergency >= limits["emergency_alone"]
    if scores is not None and not evidence.fired and evidence.words <= _SCRAP_WORDS:
        # "too far", "no room left": a few words of an answer, in which a classifier finds whatever began so elsewhere.
        alarmed = scores.emergency + scores.urgent
        if alarmed < _SCRAP_ASKS:
            return Assessment(Urgency.NONE)
        pages = pages and alarmed >= _SCRAP_PAGES
    if pages and not evidence.asks and not (scores is None and evidence.calm):  # a drill, an animal: asked about
        urgency = Urgency.URGENT
        if (certain or emergency >= limits["emergency"]) and not resolved:
            urgency = Urgency.EMERGENCY
        return Assessment(urgency, False, _danger(evidence, ranking, urgency), _reasons(rules, evidence, urgency))
    unsure = pages or evidence.certain or page >= limits["check"] or emergency >= limits["check_emergency"]
    unsure = unsure or (evidence.doubted and not vetoed)
    if unsure and not resolved:
        return Assessment(Urgency.NONE, True, _danger(evidence, ranking, Urgency.NONE), _reasons(rules, evidence, None))
    return Assessment(Urgency.NONE)


def _sums(
    rules: Rules, evidence: Evidence, scores: UrgencyScores | None, ranking: tuple[RankedIntent, ...]
) -> tuple[float, float]:
    """Give the log-odds of "a life is at risk now" and of "a human is needed today"."""
    emergency, page = rules.balances["emergency"], rules.balances["page"]
    if scores is None:
        return emergency.start_alone + evidence.emergency, page.start_alone + evidence.page
    odds = classifier_odds(scores, ranking)
    if evidence.certain:  # the classifier may add to a certain sign, never silence it
        odds = (max(odds[0], _NO_VETO), max(odds[1], _NO_VETO), odds[2])
    return _add(emergency, evidence.emergency, odds), _add(page, evidence.page, odds)


def _add(balance: Balance, points: float, odds: tuple[float, float, float]) -> float:
    return (
        balance.start
        + balance.rules * points
        + balance.emergency_odds * odds[0]
        + balance.page_odds * odds[1]
        + balance.danger_odds * odds[2]
    )


def classifier_odds(scores: UrgencyScores, ranking: tuple[RankedIntent, ...]) -> tuple[float, float, float]:
    """Give the classifier's log-odds of an emergency, of a page, and of an intent that names an immediate danger."""
    named = sum([sure for intent, sure in ranking if intent in IMMEDIATE_DANGERS]) if ranking else 0.5
    return log_odds(scores.emergency), log_odds(scores.emergency + scores.urgent), log_odds(named)


def log_odds(probability: float) -> float:
    """Give the log-odds of a probability, kept within what a classifier can honestly claim (0.3 % to 99.7 %)."""
    kept = min(max(round(probability, 4), 0.003), 0.997)
    return math.log(kept / (1.0 - kept))


def _with_recent(rules: Rules, text: str, recent: tuple[str, ...], evidence: Evidence) -> Assessment:
    """Judge the last minutes as one text, by the rules alone (the classifier only saw the last message)."""
    before = _decide(rules, weigh(rules, " ".join(recent)), None, ())
    calmer = any(sign in evidence.found for sign in ("over", "denied"))
    if before.urgency is Urgency.EMERGENCY:
        if calmer:  # "les ambulanciers sont là": the worker must know, nobody is dying any more
            return Assessment(Urgency.URGENT, False, before.danger, before.reasons)
        if evidence.emergency > 0:
            return before
        return Assessment(Urgency.NONE)
    together = _decide(rules, weigh(rules, " ".join((*recent, text))), None, ())
    if calmer or _rank(together) <= _rank(before):  # the last message added nothing
        return Assessment(Urgency.NONE)
    return together


def _most_urgent(alone: Assessment, together: Assessment) -> Assessment:
    return together if _rank(together) > _rank(alone) else alone


def _rank(assessment: Assessment) -> int:
    if assessment.urgency is Urgency.EMERGENCY:
        return 3
    if assessment.urgency is Urgency.URGENT:
        return 2
    return 1 if assessment.check else 0


def _danger(evidence: Evidence, ranking: tuple[RankedIntent, ...], urgency: Urgency) -> str | None:
    """Name the danger: the classifier's first choice when it is one, else the danger with most points."""
    if ranking and ranking[0].intent in DANGERS:
        return ranking[0].intent
    totals: dict[str, float] = {}
    for rule, _signs in evidence.fired:
        if rule.danger is not None:
            gained = rule.emergency_points if urgency is Urgency.EMERGENCY else rule.page_points
            totals[rule.danger] = totals.get(rule.danger, 0.0) + gained
    if totals:
        return max(totals, key=lambda danger: totals[danger])
    return next((ranked.intent for ranked in ranking[:3] if ranked.intent in DANGERS), None)


def _reasons(rules: Rules, evidence: Evidence, urgency: Urgency | None) -> tuple[str, ...]:
    """Say in both languages what weighed most, strongest first: "respire mal + fent, maintenant / ..."."""
    emergency = urgency is Urgency.EMERGENCY
    weighed = sorted(
        evidence.fired,
        key=lambda fired: (fired[0].emergency_points if emergency else fired[0].page_points) + len(fired[1]) / 100,
        reverse=True,
    )
    told: list[str] = []
    for _rule, signs in weighed[:_REASONS_KEPT]:
        french = " + ".join(_label(rules, evidence, sign, 0) for sign in signs)
        english = " + ".join(_label(rules, evidence, sign, 1) for sign in signs)
        when = (", maintenant", ", now") if emergency else ("", "")
        told.append(f"{french}{when[0]} / {english}{when[1]}")
    if told:
        return tuple(dict.fromkeys(told))
    return ("ressemble à un appel à l'aide / looks like a call for help",)


def _label(rules: Rules, evidence: Evidence, sign: str, language: int) -> str:
    if sign == "substance":  # a word of the list of substances, or one letter: safe to show, and what a worker needs
        return evidence.found[sign].split()[-1]
    return rules.labels[sign][language]
