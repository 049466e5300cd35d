"""The tool that chooses triage's numbers decides exactly as triage does, and keeps to its bounds."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from nlu.interpretation import RankedIntent, Urgency, UrgencyScores
from nlu.triage import assess, load_rules
from nlu.triage_evidence import as_yaml
from nlu.triage_tuning import Messages, add_up, cost, decide, fit, read
from nlu.yaml_files import read_folder

_TEXTS = [
    "y respire pu y est bleu",
    "chu mort de rire",
    "c'est quoi les signes d'une overdose",
    "jai pu envie de vivre",
    "dans le film y meurt d'une overdose",
    "hes got a knife and im hiding in the closet",
    "where is the van tonight",
    "she wont wake up",
    "is it normal to have 5 breaths a minute after a hit of fent",
    "took thirty tylenols lol",
]
_SCORES = [(0.9, 0.05, 0.05), (0.02, 0.03, 0.95), (0.2, 0.4, 0.4), (0.004, 0.006, 0.99), (0.35, 0.2, 0.45)]


def test_it_decides_as_triage_does() -> None:
    rules = load_rules()
    evidence = next(content["evidence"] for _name, content in read_folder("triage") if content.get("evidence"))
    names = [*evidence["rules"], *evidence["context"]]
    points = np.array([{**evidence["rules"], **evidence["context"]}[name] for name in names])
    ranking = (RankedIntent("suicide_risk", 0.4), RankedIntent("greet", 0.3))
    for scores in _SCORES:
        told = UrgencyScores(*scores)
        messages = read([(text, "none") for text in _TEXTS], rules, names, lambda _text, told=told: (ranking, told))
        for mode in ("alone", "with_classifier"):
            sums = [
                add_up(messages, points[:, at], evidence["balances"][question], mode)
                for at, question in enumerate(("emergency", "page"))
            ]
            limits = evidence["thresholds"][mode]
            worst, paged, asked = decide(messages, (sums[0], sums[1]), limits, mode == "alone")
            for at, text in enumerate(_TEXTS):
                got = assess(rules, text, (), None if mode == "alone" else told, ranking if mode != "alone" else ())
                expected = Urgency.EMERGENCY if worst[at] else Urgency.URGENT if paged[at] else Urgency.NONE
                assert (got.urgency, got.check) == (expected, bool(asked[at])), (text, scores, mode)


def test_weights_stay_between_their_bounds() -> None:
    inputs = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]] * 20)
    truth = inputs[:, 0] > 0
    weights, _start = fit(inputs, truth, np.array([0.0, 0.0]), np.array([2.0, 2.0]), pull=0.1)
    assert weights[0] == pytest.approx(2.0)
    assert weights[1] == pytest.approx(0.0, abs=0.2)


def test_a_missed_emergency_costs_most() -> None:
    flags = np.array([True, False, False])
    nothing = np.zeros(3, dtype=bool)
    urgent = np.array([False, True, False])
    messages = Messages(
        np.zeros((3, 1)), nothing, nothing, nothing, nothing, flags, urgent, np.zeros((3, 3)), np.zeros(3)
    )
    missed = cost(messages, (nothing, np.array([False, True, False]), nothing))[0]
    false_page = cost(messages, (flags, np.array([True, True, True]), nothing))[0]
    assert missed > 2 * false_page


def test_the_file_written_is_the_file_read() -> None:
    evidence = next(content["evidence"] for _name, content in read_folder("triage") if content.get("evidence"))
    assert yaml.safe_load(as_yaml(evidence))["evidence"] == evidence
