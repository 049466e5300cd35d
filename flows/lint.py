"""Everything that would go wrong with flows and cards before a texter sees it. Pure.

Each kind of problem is one small function in `flows.check_flows` or `flows.check_cards`; a new kind is a new function
and a line in its table.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flows.cards import Card
from flows.check_cards import ALL_CARDS, ONE_CARD
from flows.check_flows import ALL_FLOWS, ONE_FLOW
from flows.facts import Facts
from flows.flow import Flow
from flows.problem import Problem, Severity

__all__ = ["Problem", "Severity", "check"]


def check(flows: Mapping[str, Flow], cards: Mapping[str, Card], facts: Facts, today: date) -> list[Problem]:
    """Every problem, errors first, in the order of the files."""
    problems: list[Problem] = []
    for of_flow in ONE_FLOW:
        for flow in flows.values():
            problems.extend(of_flow(flow, flows, cards))
    for of_flows in ALL_FLOWS:
        problems.extend(of_flows(flows, cards))
    for of_card in ONE_CARD:
        for card in cards.values():
            problems.extend(of_card(card, facts, today))
    for of_cards in ALL_CARDS:
        problems.extend(of_cards(cards))
    return sorted(problems, key=lambda problem: (problem.severity != "error", problem.path, problem.where))
