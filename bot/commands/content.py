"""`flows check` and `flows graph`: what is said, looked at from outside."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import bootstrap
from bot.commands.shared import PROBLEMS, fail, load_settings, out
from flows import graph, lint
from flows.cards import load_cards
from flows.facts import load_facts
from flows.loader import load_flows

flows_app = typer.Typer(help="Flows and cards.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(flows_app, name="flows")


@flows_app.command(name="check")
def check_flows() -> None:
    """Dead ends, missing translations, SMS parts, reading level, sources, expired texts."""
    settings = load_settings()
    flows = load_flows([bootstrap.FLOWS / "library", settings.organisation / "flows"])
    cards = load_cards([bootstrap.FLOWS / "cards", settings.organisation / "cards"])
    problems = lint.check(flows, cards, load_facts(), bootstrap.wall_clock().date())
    for problem in problems:
        out.print(f"{problem.severity}: {problem.path}: {problem.where}: {problem.message}", markup=False)
    errors = sum(problem.severity == "error" for problem in problems)
    out.print(
        f"{len(flows)} flows, {len(cards)} cards: {errors} errors, {len(problems) - errors} warnings", markup=False
    )
    if errors:
        raise typer.Exit(PROBLEMS)


@flows_app.command(name="graph")
def graph_flows(
    flow: Annotated[str | None, typer.Argument(help="One flow (default: all).")] = None,
) -> None:
    """A picture of the flows, as Graphviz text on standard output."""
    settings = load_settings()
    flows = load_flows([bootstrap.FLOWS / "library", settings.organisation / "flows"])
    chosen = flows if flow is None else {name: each for name, each in flows.items() if name == flow}
    if not chosen:
        fail(f"{flow}: no such flow; there are: {', '.join(sorted(flows))}")
    out.print(graph.graph(chosen), markup=False)
