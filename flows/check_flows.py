"""Checks of flows: what leads nowhere, what is never reached, what does not exist. One kind of problem a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from flows.cards import Card
from flows.carrier_words import invited
from flows.flow import Flow, Step
from flows.problem import Problem
from flows.steps.ask_place import AskPlaceStep
from flows.steps.base import OptionModel
from flows.steps.branch import WORD_CONDITIONS, BranchStep
from flows.steps.choose import ChooseStep
from flows.steps.find_services import FindServicesStep
from flows.steps.hand_off import HandOffStep
from flows.steps.listen import ListenStep

Flows = Mapping[str, Flow]
Cards = Mapping[str, Card]

DANGERS = ("overdose_now", "suicide_risk", "violence_danger", "sexual_assault", "medical_emergency")
"""Intents whose flow must hand off, and whose card `<intent>_first` goes out even when nothing else works."""

SENT_BY_THE_SERVICE = (
    "check_question", "check_no", "emergency_while_held", "erased", "first_notice", "fragment_wait", "lines_everywhere",
    "media_unreadable", "nothing_near", "opted_in", "opted_out", "partner_capacity", "partner_confirmed", "partner_refused",
    "pin_received", "safe_card", "services", "danger_now_first",
    *(f"{danger}_first" for danger in DANGERS),
)  # fmt: skip
"""Cards sent outside any flow."""

STARTED_BY_THE_SERVICE = ("danger_now", "fallback_question", "menu", "fallback_human", "talk_to_worker", *DANGERS)
"""Flows that are started by their name."""


def unknown_cards(flow: Flow, flows: Flows, cards: Cards) -> Iterator[Problem]:
    """A step says a card that is not there."""
    for step in flow.steps.values():
        for card in step.cards():
            if card not in cards:
                yield _at(flow, step, f"card '{card}' does not exist; write it in flows/cards, or mend the name")


def unknown_flows(flow: Flow, flows: Flows, cards: Cards) -> Iterator[Problem]:
    """A step calls a flow that is not there."""
    for step in flow.steps.values():
        for called in step.calls():
            if called not in flows:
                yield _at(flow, step, f"flow '{called}' does not exist; write it in flows/library, or mend the name")


def unreachable_steps(flow: Flow, flows: Flows, cards: Cards) -> Iterator[Problem]:
    """A step that nothing leads to."""
    reached = {flow.first}
    waiting = [flow.first]
    while waiting:
        for target in leads_to(flow, waiting.pop()):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    for step in flow.steps.values():
        if step.id not in reached:
            yield _at(flow, step, "nothing leads to this step; send a 'go' to it, or take it out")


def dead_ends(flow: Flow, flows: Flows, cards: Cards) -> Iterator[Problem]:
    """The person would be left without an answer."""
    for step in flow.steps.values():
        last = flow.after(step.id) is None and getattr(step, "go", None) is None
        if isinstance(step, ChooseStep | ListenStep) and last and any(option.go is None for option in step.options):
            yield _at(flow, step, "an option leads nowhere; give it a 'go', or write a step after this one")
        elif isinstance(step, BranchStep) and last and not step.ends():
            yield _at(flow, step, "when no condition holds this leads nowhere; add an arm without 'when'")
        elif isinstance(step, FindServicesStep) and step.nothing is None and not step.hours:
            yield _at(flow, step, "says nothing when nothing is found; add 'nothing: <step>'")
        elif isinstance(step, AskPlaceStep) and step.give_up is None:
            yield _at(flow, step, "asks for ever when the place stays unknown; add 'give_up: <step>'")


def labels_invite_carrier_words(flow: Flow, flows: Flows, cards: Cards) -> Iterator[Problem]:
    """A choice whose label is a word the carrier takes for itself: the person who types it would be cut off."""
    for step in flow.steps.values():
        for option in _options(step):
            for label in option.label.values():
                for word in invited(label, alone=True):
                    yield _at(
                        flow, step, f"the label '{label}' invites {word}, which the carrier owns; say it otherwise"
                    )


def labels_in_both_languages(flow: Flow, flows: Flows, cards: Cards) -> Iterator[Problem]:
    """A choice that is shown in one language only."""
    for step in flow.steps.values():
        for option in _options(step):
            if option.label and set(option.label) != {"fr", "en"}:
                yield _at(flow, step, f"the label '{next(iter(option.label.values()))}' needs 'fr' and 'en'")


def phrases_that_never_match(flow: Flow, flows: Flows, cards: Cards) -> Iterator[Problem]:
    """A listed phrase with a star inside a word, or dots at its beginning or end."""
    for step in flow.steps.values():
        for phrase in _phrases(step):
            inside = any("*" in word[:-1] for word in phrase.split())
            if inside or not all(part.strip() for part in phrase.split("...")):
                yield _at(flow, step, f"'{phrase}' finds nothing; put '*' at the end of a word and '...' between two")


def dangers_hand_off(flows: Flows, cards: Cards) -> Iterator[Problem]:
    """A danger without a human is no answer."""
    for flow in flows.values():
        for danger in sorted(flow.intents & set(DANGERS)):
            if not flow.danger:
                yield Problem(flow.path, flow.id, f"deals with {danger}: write 'danger: true'")
            if not any(isinstance(step, HandOffStep) and step.urgency == "emergency" for step in flow.steps.values()):
                yield Problem(
                    flow.path, flow.id, f"deals with {danger} and never hands off as an emergency; add 'hand_off'"
                )


def what_the_service_needs(flows: Flows, cards: Cards) -> Iterator[Problem]:
    """Cards and flows that the service uses by name."""
    for card in SENT_BY_THE_SERVICE:
        if card not in cards:
            yield Problem("flows/cards", card, "the service sends this card by itself; write it")
    for flow in STARTED_BY_THE_SERVICE:
        if flow not in flows:
            yield Problem("flows/library", flow, "the service starts this flow by itself; write it")


def leads_to(flow: Flow, step_id: str) -> tuple[str, ...]:
    """Steps that may come right after this one, in the order they are written."""
    step = flow.steps[step_id]
    following = None if step.ends() else flow.after(step_id)
    return tuple(dict.fromkeys((*step.targets(), *((following,) if following else ()))))


ONE_FLOW: tuple[Callable[[Flow, Flows, Cards], Iterable[Problem]], ...] = (
    unknown_cards,
    unknown_flows,
    unreachable_steps,
    dead_ends,
    labels_invite_carrier_words,
    labels_in_both_languages,
    phrases_that_never_match,
)
ALL_FLOWS: tuple[Callable[[Flows, Cards], Iterable[Problem]], ...] = (dangers_hand_off, what_the_service_needs)


def _options(step: Step) -> list[OptionModel]:
    return step.options if isinstance(step, ChooseStep | ListenStep) else []


def _phrases(step: Step) -> Iterator[str]:
    for option in _options(step):
        for words in option.words.values():
            yield from words
    if isinstance(step, BranchStep):
        for arm in step.arms:
            for condition in WORD_CONDITIONS & set(arm.when):
                yield from arm.when[condition]


def _at(flow: Flow, step: Step, message: str) -> Problem:
    return Problem(flow.path, f"flow '{flow.id}', step '{step.id}'", message)
