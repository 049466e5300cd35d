"""The safety rules as data: read from `nlu/triage/*.yml`, checked, and made ready to run.

Pure once loaded. What each file holds: `lists.yml` named lists of words; `body.yml`, `mind.yml`, `violence.yml`,
`sexual.yml`, `needs.yml`, `plain.yml` the signs; `context.yml` what changes their meaning; `rules.yml` which signs
together mean which danger; `evidence.yml` every number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nlu.interpretation import Urgency
from nlu.labels import DANGERS
from nlu.triage_signs import SignIndex
from nlu.yaml_files import read_folder


class RulesError(ValueError):
    """A safety rule that cannot be used; the text names the file or rule and says what to correct."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One safety rule: when every part of `all_of` is met (one sign of each part), it adds its points."""

    id: str
    danger: str | None
    urgency: Urgency
    all_of: tuple[tuple[str, ...], ...]
    emergency_points: float
    page_points: float
    certain: bool = False
    despite: frozenset[str] = frozenset()
    """Contexts that do not make it less certain: who took thirty pills and writes "lol" took thirty pills."""

    def signs_met(self, found: Mapping[str, str]) -> tuple[str, ...] | None:
        """Give the signs that make this rule true, or None."""
        met: list[str] = []
        for part in self.all_of:
            for sign in part:
                if sign in found:
                    met.append(sign)
                    break
            else:
                return None
        return tuple(met)


@dataclass(frozen=True, slots=True)
class Balance:
    """How the evidence adds up to one question: start, points of the rules, log-odds of the classifier; then thresholds."""

    start_alone: float
    start: float
    rules: float
    emergency_odds: float
    page_odds: float
    danger_odds: float = 0.0


@dataclass(frozen=True, slots=True)
class Rules:
    """The loaded safety rules. Build with `load_rules()` once, and share: it is never changed."""

    index: SignIndex
    rules: tuple[Rule, ...]
    by_sign: Mapping[str, tuple[Rule, ...]]
    labels: Mapping[str, tuple[str, str]]
    context: Mapping[str, tuple[float, float]]
    softening: frozenset[str]
    doubting: frozenset[str]
    calming: frozenset[str]
    asking: frozenset[str]
    balances: Mapping[str, Balance]
    thresholds: Mapping[str, Mapping[str, float]]


def load_rules() -> Rules:
    """Read the rules in `nlu/triage/`. Raises `RulesError` or `PhraseError` with one line that says what is wrong."""
    return build_rules(content or {} for _name, content in read_folder("triage"))


def build_rules(documents: Iterable[Mapping[str, Any]]) -> Rules:
    """Put the rule files together. Raises `RulesError` when a rule names a sign, a danger or points that do not exist."""
    signs: dict[str, Any] = {}
    lists: dict[str, list[str]] = {}
    written: list[Mapping[str, Any]] = []
    evidence: Mapping[str, Any] = {}
    for document in documents:
        signs.update(document.get("signs") or {})
        lists.update(document.get("lists") or {})
        written.extend(document.get("rules") or ())
        evidence = document.get("evidence") or evidence
    points: Mapping[str, list[float]] = evidence.get("rules") or {}
    rules = tuple(_read_rule(rule, signs, points) for rule in written)
    by_sign: dict[str, list[Rule]] = {}
    for rule in rules:
        for sign in rule.all_of[0]:
            by_sign.setdefault(sign, []).append(rule)
    context = {name: (float(pair[0]), float(pair[1])) for name, pair in (evidence.get("context") or {}).items()}
    unknown = sorted(set(context) - set(signs))
    if unknown:
        raise RulesError(f"evidence.yml: the context {unknown[0]} is not a sign of context.yml")
    return Rules(
        index=SignIndex.build({name: sign["phrases"] for name, sign in signs.items()}, lists),
        rules=rules,
        by_sign={sign: tuple(members) for sign, members in by_sign.items()},
        labels={name: (str(sign["fr"]), str(sign["en"])) for name, sign in signs.items()},
        context=context,
        softening=frozenset(evidence.get("softening") or ()),
        doubting=frozenset(evidence.get("doubting") or ()),
        calming=frozenset(evidence.get("calming") or ()),
        asking=frozenset(evidence.get("asking") or ()),
        balances={name: Balance(**values) for name, values in (evidence.get("balances") or {}).items()},
        thresholds=evidence.get("thresholds") or {},
    )


def _read_rule(rule: Mapping[str, Any], signs: Mapping[str, Any], points: Mapping[str, list[float]]) -> Rule:
    name = str(rule.get("id"))
    parts = tuple(tuple(str(part).split("|")) for part in rule.get("all") or ())
    for sign in (sign for part in parts for sign in part):
        if sign not in signs:
            raise RulesError(f'rules.yml: rule {name} names the sign "{sign}", which no file defines')
    danger = rule.get("danger")
    if not parts or (danger is not None and danger not in DANGERS) or name not in points:
        raise RulesError(f"rules.yml: rule {name} needs signs, a known danger (or null) and points in evidence.yml")
    despite = frozenset(rule.get("despite") or ())
    if not despite <= signs.keys():
        raise RulesError(f"rules.yml: rule {name} stands despite {sorted(despite)}, which must be signs of context.yml")
    emergency, page = points[name]
    return Rule(
        name, danger, Urgency(rule["urgency"]), parts, float(emergency), float(page), bool(rule.get("certain")), despite
    )
