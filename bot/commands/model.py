"""`model report`, `model add` and `model compare`: keeping what the line understands good, without an engineer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot import bootstrap
from bot.commands.shared import PROBLEMS, err, fail, out
from nlu import corpus, corpus_add, model_compare, model_report
from nlu.classifier import MODEL_PATH
from nlu.interpreter import EmbeddedInterpreter, load_interpreter
from nlu.measuring_set import Example, read_set
from nlu.model_report_page import page

model_app = typer.Typer(help="What is understood: measure it, add messages, compare two models.", no_args_is_help=True)

_NO_SET = (
    "pass a measuring set: --set FILE.jsonl, one JSON object a line with text, lang, intent, urgency "
    "(none is shipped: a set must never have been trained on)"
)
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(model_app, name="model")


@model_app.command(name="report")
def report(
    sets: Annotated[
        list[Path] | None, typer.Option("--set", help="Labelled messages (JSON lines); repeatable.")
    ] = None,
    target: Annotated[Path, typer.Option("--out", help="The page to write.")] = Path("model-report.html"),
    model: Annotated[Path, typer.Option("--model", help="The model to measure.")] = MODEL_PATH,
) -> None:
    """A page with figures, confusions, slices, thin situations and the triage curve."""
    examples = _examples(sets)

    def load() -> EmbeddedInterpreter:
        interpreter, why_no_model = load_interpreter(model)
        if why_no_model is not None:
            err.print(f"no model: {why_no_model}", markup=False)
        return interpreter

    interpreter, cost = model_report.measure_cost(load, [example.labelled.text for example in examples], model)
    messages, _problems = corpus.load()
    built = model_report.build(interpreter, examples, messages, cost)
    target.write_text(page(built, bootstrap.wall_clock().date()), encoding="utf-8")
    missed = [row.name for row in built.bars if row.met is False]
    out.print(f"{target}: {built.messages} messages measured", markup=False)
    out.print(f"bars not met: {', '.join(missed)}" if missed else "every bar is met", markup=False)


@model_app.command(name="add")
def add(
    spreadsheet: Annotated[Path, typer.Argument(help="CSV: text, lang, intent, urgency, situation.")],
    sets: Annotated[list[Path] | None, typer.Option("--set", help="Measuring sets these must not repeat.")] = None,
    folder: Annotated[Path, typer.Option("--corpus", help="The training messages.")] = corpus.DATA,
) -> None:
    """Check a spreadsheet of invented messages and add it to the training messages."""
    measuring = [(example.place, example.labelled.text) for example in _examples(sets)] if sets else []
    new, problems = corpus_add.read_rows(spreadsheet)
    known, _corpus_problems = corpus.load(folder)
    problems += corpus_add.check_new(new, known, measuring)
    for problem in sorted(problems, key=lambda problem: problem.line):
        out.print(str(problem), markup=False)
    if problems:
        fail(f"{spreadsheet.name}: {len(problems)} to correct; nothing was added", PROBLEMS)
    for doubt in corpus_add.unheard(new, known):
        err.print(f"warning: {doubt}", markup=False)
    try:
        written = corpus_add.write(new, spreadsheet.stem, folder)
    except ValueError as error:
        fail(f"{spreadsheet.name}: {error}", PROBLEMS)
    for path in written:
        out.print(f"{path}: added", markup=False)
    out.print(f"messages added: {len(new)}; run `make model` to train on them", markup=False)


@model_app.command(name="compare")
def compare(
    old: Annotated[Path, typer.Argument(help="The model in use (.npz).")],
    new: Annotated[Path, typer.Argument(help="The model that would replace it (.npz).")],
    sets: Annotated[
        list[Path] | None, typer.Option("--set", help="Labelled messages (JSON lines); repeatable.")
    ] = None,
) -> None:
    """What a new model improves or breaks; refuses (exit 1) one that answers an emergency less than the old one did."""
    examples = _examples(sets)
    compared = model_compare.compare(_model(old), _model(new), examples)
    out.print(f"{'':32}{'before':>8}{'now':>8}", markup=False)
    for name, (before, now) in compared.figures.items():
        out.print(f"{name:32}{_share(before):>8}{_share(now):>8}{_mark(before, now)}", markup=False)
    _list("emergencies answered better", compared.found_emergencies)
    _list("calm messages no longer paged", compared.fewer_false_pages)
    _list("intents mended", compared.mended_intents)
    _list("calm messages now paged", compared.new_false_pages)
    _list("intents broken", compared.broken_intents)
    if compared.refused:
        _list("EMERGENCIES LOST", compared.lost_emergencies, every=True)
        count = len(compared.lost_emergencies)
        fail(
            f"refused: {new.name} answers {count} of the emergencies less than {old.name} did; keep the old model, "
            "add messages like those (passerelle model add), train again",
            PROBLEMS,
        )
    out.print(f"accepted: no emergency is answered less than {old.name} did", markup=False)


def _examples(sets: list[Path] | None) -> list[Example]:
    if not sets:
        fail(_NO_SET)
    try:
        return read_set(sets)
    except ValueError as error:
        fail(str(error))


def _model(path: Path) -> EmbeddedInterpreter:
    interpreter, why_no_model = load_interpreter(path)
    if why_no_model is not None:
        fail(why_no_model)
    return interpreter


def _list(title: str, changes: tuple[model_compare.Change, ...], every: bool = False) -> None:
    if not changes:
        return
    out.print(f"\n{title}: {len(changes)}", markup=False)
    shown = changes if every else changes[:_SHOWN]
    for line in model_compare.places(shown):
        out.print(f"  {line}", markup=False)
    if len(shown) < len(changes):
        out.print(f"  and {len(changes) - len(shown)} more", markup=False)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _mark(before: float | None, now: float | None) -> str:
    if before is None or now is None or before == now:
        return ""
    return f"  {now - before:+.1%}"
