"""Chooses the numbers of safety triage: `python -m nlu.triage_tuning HELD_OUT.jsonl… [--write]`.

A held-out file has one message a line: `text`, `urgency`; the model must not have been trained on it. Three steps:

1. points of every rule and context: a logistic regression on the training messages (`nlu/data`), with signs that must
   make sense (a rule never calms, a context hardly ever alarms);
2. how much the points and the trained classifier count together: a second, tiny one, on the held-out messages;
3. thresholds: the cheapest on the held-out messages for the cost below, among those that keep false pages and
   needless questions under their limits.

Run it after a new classifier or new rules, then run `tests/safety`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.classifier import Classifier
from nlu.corpus import load
from nlu.evaluate import read_labelled
from nlu.interpretation import RankedIntent, UrgencyScores
from nlu.triage import classifier_odds, weigh
from nlu.triage_evidence import as_yaml
from nlu.triage_rules import Rules, build_rules
from nlu.yaml_files import read_folder

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Classify = Callable[[str], tuple[tuple[RankedIntent, ...], UrgencyScores]]

# What a mistake costs, per message. A missed emergency outweighs everything; a false page wears workers out.
COSTS = {
    "emergency missed": 60.0,
    "emergency asked about or paged as urgent": 20.0,
    "urgent missed": 14.0,
    "urgent asked about": 3.0,
    "urgent paged as emergency": 1.5,
    "calm paged": 20.0,
    "calm asked about": 2.0,
}
MOST_CALM_PAGED = 0.05
MOST_CALM_ASKED = {"alone": 0.09, "with_classifier": 0.05}
_VETO_BELOW = 0.03
MARGIN = 0.5
"""Log-odds by which the thresholds that page are lowered after the choice, with a classifier: the messages that chose them
flatter them, and an emergency missed elsewhere costs more than the few people paged for nothing."""
_GRIDS = {
    "page": np.arange(-0.6, 1.9, 0.2),
    "emergency": np.array([-2.5, -2.0, -1.5, -1.2, -0.9, -0.6, -0.3]),
    "emergency_alone": np.array([-0.6, -0.2, 0.2, 0.6, 1.0, 1.6]),
    "check": np.arange(-2.0, 0.6, 0.2),
    "check_emergency": np.array([-3.0, -2.4, -1.8, -1.4, -1.0, -0.6]),
}


@dataclass(frozen=True, slots=True)
class Messages:
    """Labelled messages as numbers: rules and contexts met, the classifier's log-odds, the truth."""

    met: Floats
    certain: Flags
    doubted: Flags
    calm: Flags
    asks: Flags
    emergency: Flags
    urgent: Flags
    odds: Floats
    page_probability: Floats

    @property
    def none(self) -> Flags:
        """Messages in which nobody needs a human today."""
        return ~self.emergency & ~self.urgent


def read(
    labelled: Sequence[tuple[str, str]], rules: Rules, names: Sequence[str], classify: Classify | None = None
) -> Messages:
    """Turn (text, urgency) pairs into numbers; without `classify`, the classifier's part is empty."""
    column = {name: at for at, name in enumerate(names)}
    met = np.zeros((len(labelled), len(names)))
    certain, doubted, calm, asks, odds, page = [], [], [], [], [], []
    for row, (text, _urgency) in enumerate(labelled):
        evidence = weigh(rules, text)
        for name in (*(rule.id for rule, _signs in evidence.fired), *(evidence.found.keys() & rules.context.keys())):
            met[row, column[name]] = 1.0
        certain.append(evidence.certain)
        doubted.append(evidence.doubted)
        calm.append(evidence.calm)
        asks.append(evidence.asks)
        if classify is not None:
            ranking, scores = classify(text)
            told = classifier_odds(scores, ranking)
            odds.append((max(told[0], 0.0), max(told[1], 0.0), told[2]) if evidence.certain else told)
            page.append(scores.emergency + scores.urgent)
    labels = np.array([urgency for _text, urgency in labelled])
    return Messages(
        met,
        np.array(certain),
        np.array(doubted),
        np.array(calm),
        np.array(asks),
        labels == "emergency",
        labels == "urgent",
        np.array(odds),
        np.array(page),
    )


def fit(
    inputs: Floats, truth: Flags, low: Floats, high: Floats, pull: float, rounds: int = 800
) -> tuple[Floats, float]:
    """Fit a logistic regression whose weights stay between `low` and `high`; `pull` draws them to zero."""
    padded = np.hstack([inputs, np.ones((len(inputs), 1))])
    low, high = np.append(low, -9.0), np.append(high, 9.0)
    step = 1.0 / (0.25 * np.linalg.norm(padded, 2) ** 2 / len(inputs) + pull / len(inputs))
    weights = ahead = np.zeros(padded.shape[1])
    momentum = 1.0
    for _ in range(rounds):
        told = 1.0 / (1.0 + np.exp(-(padded @ ahead)))
        slope = padded.T @ (told - truth) / len(inputs) + np.append(pull * ahead[:-1] / len(inputs), 0.0)
        new = np.clip(ahead - step * slope, low, high)
        new_momentum = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        ahead = new + (momentum - 1.0) / new_momentum * (new - weights)
        weights, momentum = new, new_momentum
    return weights[:-1], float(weights[-1])


def decide(
    messages: Messages, sums: tuple[Floats, Floats], limits: Mapping[str, float], alone: bool
) -> tuple[Flags, Flags, Flags]:
    """Say for each message, as `nlu.triage` does: emergency, paged, asked about."""
    emergency, page = sums
    vetoed = np.zeros_like(messages.certain) if alone else messages.page_probability < _VETO_BELOW
    certain = messages.certain & ~vetoed
    wanted = certain | (page >= limits["page"]) | (emergency >= limits["emergency_alone"])
    paged = wanted & ~messages.asks & ~(messages.calm & alone)
    worst = paged & (certain | (emergency >= limits["emergency"]))
    unsure = wanted | messages.certain | (messages.doubted & ~vetoed)
    unsure = unsure | (page >= limits["check"]) | (emergency >= limits["check_emergency"])
    return worst, paged, unsure & ~paged


def cost(messages: Messages, decision: tuple[Flags, Flags, Flags]) -> tuple[float, float, float]:
    """Give the cost (each kind of mistake as a share of its messages), and the shares of calm ones paged and asked."""
    worst, paged, asked = decision

    def share(chosen: Flags, among: Flags) -> float:
        return float((chosen & among).sum() / max(1, among.sum()))

    calm_paged, calm_asked = share(paged, messages.none), share(asked, messages.none)
    total = (
        COSTS["emergency missed"] * share(~paged & ~asked, messages.emergency)
        + COSTS["emergency asked about or paged as urgent"] * share((paged | asked) & ~worst, messages.emergency)
        + COSTS["urgent missed"] * share(~paged & ~asked, messages.urgent)
        + COSTS["urgent asked about"] * share(asked, messages.urgent)
        + COSTS["urgent paged as emergency"] * share(worst, messages.urgent)
        + COSTS["calm paged"] * calm_paged
        + COSTS["calm asked about"] * calm_asked
    )
    return total, calm_paged, calm_asked


def choose(held_out: Messages, sums: tuple[Floats, Floats], mode: str) -> dict[str, float]:
    """Choose thresholds: the cheapest on the held-out messages, within the limits."""
    alone = mode == "alone"
    best: tuple[float, dict[str, float]] | None = None
    for values in product(*_GRIDS.values()):
        limits = dict(zip(_GRIDS, (round(float(value), 1) for value in values), strict=True))
        if limits["check"] >= limits["page"]:
            continue
        total, paged, asked = cost(held_out, decide(held_out, sums, limits, alone))
        if paged <= MOST_CALM_PAGED and asked <= MOST_CALM_ASKED[mode] and (best is None or total < best[0]):
            best = total, limits
    if best is None:
        raise ValueError("no thresholds keep false pages and needless questions under their limits")
    return best[1]


def tune(held_out: Sequence[tuple[str, str]], classify: Classify) -> dict[str, Any]:
    """Do the three steps and give the content of `evidence.yml`."""
    documents = [content for _name, content in read_folder("triage")]
    evidence = next(document["evidence"] for document in documents if document.get("evidence"))
    written = [rule for document in documents for rule in document.get("rules") or ()]
    evidence = {**evidence, "rules": {rule["id"]: [0.0, 0.0] for rule in written}}
    others = [document for document in documents if not document.get("evidence")]
    rules = build_rules([*others, {"evidence": evidence}])
    context = list(evidence["context"])
    names = [rule.id for rule in rules.rules] + context
    training = read([(message.text, message.urgency) for message in load()[0]], rules, names)
    measured = read(held_out, rules, names, classify)

    count = len(rules.rules)
    low = np.array([0.0] * count + [-4.0] * len(context))
    raises = np.array([rule["urgency"] == "emergency" for rule in written])
    high = {
        "emergency": np.concatenate([np.where(raises, 4.0, 1.5), np.zeros(len(context))]),
        "page": np.array([4.0] * count + [1.0] * len(context)),
    }
    points, balances = {}, {}
    for question in ("emergency", "page"):
        truth = training.emergency if question == "emergency" else ~training.none
        weights, start_alone = fit(training.met, truth, low, high[question], pull=2.0)
        points[question] = np.round(weights, 1)
        truth = measured.emergency if question == "emergency" else ~measured.none
        inputs = np.column_stack([measured.met @ points[question], measured.odds])
        shares, start = fit(inputs, truth, np.zeros(4), np.full(4, 1.5), pull=1.0)
        keys = ("start_alone", "start", "rules", "emergency_odds", "page_odds", "danger_odds")
        values = (start_alone, start, *shares)
        balances[question] = {key: round(float(value), 2) for key, value in zip(keys, values, strict=True)}
    thresholds = {}
    for mode in ("alone", "with_classifier"):
        sums = [add_up(measured, points[question], balances[question], mode) for question in ("emergency", "page")]
        chosen = choose(measured, (sums[0], sums[1]), mode)
        lowered = {"page", "emergency", "emergency_alone"} if mode == "with_classifier" else set()
        thresholds[mode] = {name: round(value - MARGIN * (name in lowered), 2) for name, value in chosen.items()}
    thresholds["with_classifier"]["veto_below"] = _VETO_BELOW
    pairs = {name: [float(points["emergency"][at]), float(points["page"][at])] for at, name in enumerate(names)}
    return {
        "rules": {name: pairs[name] for name in names[:count]},
        "context": {name: pairs[name] for name in context},
        "softening": list(evidence["softening"]),
        "doubting": list(evidence["doubting"]),
        "calming": list(evidence["calming"]),
        "asking": list(evidence["asking"]),
        "balances": balances,
        "thresholds": thresholds,
    }


def add_up(messages: Messages, points: Floats, balance: Mapping[str, float], mode: str) -> Floats:
    """Give the log-odds of one question for each message, as `nlu.triage` adds them up."""
    told: Floats = messages.met @ points
    if mode == "alone":
        return balance["start_alone"] + told
    shares = np.array([balance["emergency_odds"], balance["page_odds"], balance["danger_odds"]])
    combined: Floats = balance["start"] + balance["rules"] * told + messages.odds @ shares
    return combined


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="nlu.triage_tuning", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("held_out", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true", help="replace nlu/triage/evidence.yml")
    chosen = parser.parse_args(arguments)
    classifier = Classifier.load()

    def classify(text: str) -> tuple[tuple[RankedIntent, ...], UrgencyScores]:
        ranking, scores = classifier.classify(text)
        return tuple(ranking), scores

    held_out = [(message.text, message.urgency) for path in chosen.held_out for message in read_labelled(path)]
    text = as_yaml(tune(held_out, classify))
    if chosen.write:
        (Path(__file__).parent / "triage" / "evidence.yml").write_text(text, encoding="utf-8")
    else:
        print(text, end="")  # noqa: T201 - the result of the command
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
