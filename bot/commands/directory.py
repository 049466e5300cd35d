"""`passerelle directory …`: services in, out, looked up, and kept fresh."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bot import bootstrap, organisation
from bot.commands.shared import PROBLEMS, err, fail, load_settings, out, run, write
from bot.conversation import news
from bot.settings import Settings
from bot.store import migrate
from bot.store.database import Database
from directory import commands as work
from directory import freshness
from directory.package import DirectoryFileError
from directory.places import Places

MOST_PROBLEMS_SHOWN = 200

directory_app = typer.Typer(help="The directory of services.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(directory_app, name="directory")


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    settings.prepare_state()
    database = Database(settings.database)
    try:
        await migrate.upgrade(database)
        yield database
    finally:
        await database.close()


def _working(text: str) -> Progress:
    """A sign of life on a terminal while something long runs; nothing elsewhere."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=err,
        disable=not sys.stderr.isatty(),
    )
    progress.add_task(text)
    return progress


@directory_app.command(name="import")
def import_directory(
    path: Annotated[Path, typer.Argument(help="HSDS (JSON, folder or zip), Ohana CSV, or a spreadsheet.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    source: Annotated[
        str | None, typer.Option("--source", help="Whose rows these are (default: the file's name).")
    ] = None,
) -> None:
    """Show what would change, ask, then replace that source's rows."""
    settings = load_settings()

    async def bring_in() -> bool:
        async with _database(settings) as database:
            with _working(f"reading {path.name}"):
                async with database.read() as conn:
                    prepared = await work.prepare_import(conn, path, source)
            _show(prepared)
            if not prepared.preview.any:
                out.print("Nothing changes.", markup=False)
                return True
            if not yes and not _agreed():
                out.print("Nothing was changed.", markup=False)
                return False
            with _working("storing"):
                places = Places.load()
                async with database.begin() as conn:
                    await work.perform_import(conn, prepared, places, int(bootstrap.wall_clock().timestamp()))
            out.print(f"{prepared.source}: imported", markup=False)
            return True

    try:
        if not run(bring_in()):
            raise typer.Exit(PROBLEMS)
    except DirectoryFileError as error:
        fail(str(error), PROBLEMS)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        fail("this would change the directory: add --yes to say so")
    return typer.confirm("Replace this source's rows?")


def _show(prepared: work.PreparedImport) -> None:
    for problem in prepared.problems[:MOST_PROBLEMS_SHOWN]:
        out.print(str(problem), markup=False)
    hidden = len(prepared.problems) - MOST_PROBLEMS_SHOWN
    if hidden > 0:
        out.print(f"... and {hidden} more problems", markup=False)
    counts = ", ".join(f"{count} {table}" for table, count in prepared.package.summary().items() if count)
    out.print(f"{prepared.source}: read {counts}; {len(prepared.problems)} problems", markup=False)
    preview = prepared.preview
    out.print(
        f"services: {preview.added} added, {preview.changed} changed, {preview.gone} gone, {preview.unchanged} as before",
        markup=False,
    )
    for sign, names in (("+", preview.added_names), ("~", preview.changed_names), ("-", preview.gone_names)):
        for name in names:
            out.print(f"  {sign} {name}", markup=False)


@directory_app.command(name="export")
def export_directory(
    path: Annotated[Path, typer.Argument(help="A folder, a .zip or a .json to write.")],
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
) -> None:
    """Write HSDS 3."""
    settings = load_settings()

    async def take_out() -> dict[str, int]:
        async with _database(settings) as database, database.read() as conn:
            return await work.export_directory(conn, path, source)

    try:
        written = run(take_out())
    except DirectoryFileError as error:
        fail(str(error), PROBLEMS)
    out.print(f"{path}: {', '.join(f'{count} {table}' for table, count in written.items() if count)}", markup=False)


@directory_app.command()
def search(
    need: Annotated[str, typer.Option("--need", help="find_food, find_shelter…")],
    near: Annotated[str, typer.Option("--near", help="A place in words, or LAT,LON.")],
    at: Annotated[datetime | None, typer.Option("--at", help="When (ISO; default: now).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list.")] = False,
) -> None:
    """Search as the flows do."""
    settings = load_settings()
    moment = at or bootstrap.wall_clock()

    async def look() -> list[dict[str, object]]:
        places = Places.load()
        needs = bootstrap.load_needs(settings.organisation)
        async with _database(settings) as database:
            index = await bootstrap.load_directory(database, settings, places, needs)
        return work.search_index(index, places, need, near, moment)

    try:
        found = run(look())
    except work.SearchError as error:
        fail(str(error))
    if as_json:
        write(json.dumps(found))
        return
    for item in found:
        distance = "" if item["km"] is None else f"{item['km']} km  "
        state = {True: "open", False: "closed", None: "hours unknown"}[item["open"]]  # type: ignore[index] # bool or None
        out.print(f"{distance}{item['name']} ({item['service']}): {state}", markup=False)


@directory_app.command()
def stale() -> None:
    """Services whose confirmation is old, and whom to call."""
    settings = load_settings()

    async def look() -> list[dict[str, object]]:
        async with _database(settings) as database, database.begin() as conn:  # who has no code yet is given one
            return await work.stale_directory(conn, bootstrap.wall_clock().date())

    for item in run(look()):
        confirmed = item["confirmed_on"] or "never"
        out.print(
            f"{item['code']}\t{item['name']}\t{item['service']}\t{confirmed}\t{item['phone'] or ''}", markup=False
        )


@directory_app.command()
def tasks() -> None:
    """What texters reported closed or full, for the coordinator to look into."""
    settings = load_settings()

    async def look() -> list[dict[str, object]]:
        async with _database(settings) as database, database.begin() as conn:
            return await work.reported_directory(conn)

    found = run(look())
    for item in found:
        shown = "shown to searchers" if item["shown"] else "not shown yet"
        out.print(f"{item['code']}\t{item['service']}\t{item['kind']}\t{item['people']}\t{shown}", markup=False)
    if not found:
        out.print("Nothing is reported.", markup=False)


@directory_app.command()
def settle(code: Annotated[int, typer.Argument(help="The service's code, as 'tasks' shows it.")]) -> None:
    """What was reported of a service was looked into: it is not shown any more."""
    _on_service(code, confirmed=False)


@directory_app.command()
def confirm(code: Annotated[int, typer.Argument(help="The service's code, as 'stale' shows it.")]) -> None:
    """A service is right as of today; what was reported of it is settled."""
    _on_service(code, confirmed=True)


@directory_app.command()
def link(code: Annotated[int, typer.Argument(help="The service's code, as 'stale' shows it.")]) -> None:
    """A private link for a partner to confirm their service with; the one before stops working."""
    settings = load_settings()

    async def make() -> str | None:
        async with _database(settings) as database, database.begin() as conn:
            service = await freshness.by_code(conn, code)
            return None if service is None else await freshness.new_link(conn, *service)

    token = run(make())
    if token is None:
        fail(f"no service has the code {code}; see 'passerelle directory stale'", PROBLEMS)
    write(f"{settings.public_url or f'http://{settings.host}:{settings.port}'}/confirm/{token}")


def _on_service(code: int, *, confirmed: bool) -> None:
    settings = load_settings()
    now = bootstrap.wall_clock()
    today = now.astimezone(organisation.load(settings.organisation).zone).date()

    async def change() -> bool:
        async with _database(settings) as database, database.begin() as conn:
            service = await freshness.by_code(conn, code)
            if service is None:
                return False
            if confirmed:
                await freshness.confirm(conn, *service, today)
            else:
                await freshness.settle(conn, *service)
            await news.close_tasks(conn, service[1], now)
            return True

    if not run(change()):
        fail(f"no service has the code {code}; see 'passerelle directory stale' and 'tasks'", PROBLEMS)
    out.print(f"{code}: {'confirmed' if confirmed else 'settled'}", markup=False)
