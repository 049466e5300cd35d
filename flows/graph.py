"""A picture of flows, as Graphviz text (`dot -Tsvg`): what is said, asked, and where each answer leads. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flows.check_flows import leads_to
from flows.flow import Flow, Step

_SHAPES = {
    "SayStep": "note",
    "ChooseStep": "invhouse",
    "ListenStep": "invhouse",
    "AskPlaceStep": "invhouse",
    "BranchStep": "diamond",
    "HandOffStep": "octagon",
    "CallStep": "cds",
    "EndStep": "point",
}
"""Shape of a step by its class: questions point down, a human is an octagon. Any other kind is a box."""


def graph(flows: Mapping[str, Flow]) -> str:
    """One drawing with a frame per flow; a call is a dotted arrow to the flow it runs."""
    lines = ["digraph flows {", '  rankdir=LR; node [fontname="sans-serif", fontsize=10]; compound=true;']
    for flow in flows.values():
        lines.extend(_frame(flow))
    for flow in flows.values():
        for step in flow.steps.values():
            for called in step.calls():
                if called in flows:
                    lines.append(
                        f"  {_node(flow, step.id)} -> {_node(flows[called], flows[called].first)} [style=dotted];"
                    )
    return "\n".join([*lines, "}"]) + "\n"


def _frame(flow: Flow) -> Iterator[str]:
    color = "#b00020" if flow.danger else "#555555"
    yield f"  subgraph {_quoted(f'cluster_{flow.id}')} {{"
    yield f"    label={_quoted(_title(flow))}; color={_quoted(color)};"
    for step in flow.steps.values():
        shape = _SHAPES.get(type(step).__name__, "box")
        yield f"    {_node(flow, step.id)} [shape={shape}, label={_quoted(_words(step))}];"
    for step in flow.steps.values():
        for target in leads_to(flow, step.id):
            yield f"    {_node(flow, step.id)} -> {_node(flow, target)};"
    yield "  }"


def _title(flow: Flow) -> str:
    return f"{flow.id}\n{', '.join(sorted(flow.intents))}" if flow.intents - {flow.id} else flow.id


def _words(step: Step) -> str:
    shown = [*dict.fromkeys(step.cards()), *step.calls()]
    return "\n".join([step.id, *shown[:2]]) if shown else step.id


def _node(flow: Flow, step_id: str) -> str:
    return _quoted(f"{flow.id}.{step_id}")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
