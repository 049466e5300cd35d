"""`backup`, `restore`, `erase`, `report` and `keys`: what is kept, and what is forgotten."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from bot import bootstrap
from bot.commands.shared import PROBLEMS, fail, load_settings, out, run
from bot.store import backup as backups
from bot.store import contacts, migrate, report, vault
from bot.store.database import Database

keys_app = typer.Typer(help="The master key.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(backup)
    app.command()(restore)
    app.command()(erase)
    app.command(name="report")(monthly)
    app.add_typer(keys_app, name="keys")


def backup(path: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """A consistent copy while the service runs, without the keys that open it."""
    settings = load_settings()
    if path.exists():
        fail(f"{path}: already there; name a new file")

    async def copy() -> None:
        database = Database(settings.database)
        try:
            await backups.backup(database, path)
        finally:
            await database.close()

    try:
        run(copy())
    except backups.BackupError as error:
        fail(str(error), PROBLEMS)
    out.print(f"{path}: written", markup=False)


def restore(path: Annotated[Path, typer.Argument(help="A file made by 'passerelle backup'.")]) -> None:
    """Put a copy back. Whoever was erased since stays erased."""
    settings = load_settings()
    if not path.is_file():
        fail(f"{path}: no such file")
    settings.prepare_state()

    async def put_back() -> None:
        database = Database(settings.database)
        try:
            await migrate.upgrade(database)
            await backups.restore(database, path)
        finally:
            await database.close()

    try:
        run(put_back())
    except backups.BackupError as error:
        fail(str(error), PROBLEMS)
    out.print(f"{path}: restored", markup=False)


def erase(code: Annotated[str, typer.Option("--code", help="The code the person gave.")]) -> None:
    """Forget one contact, now."""
    settings = load_settings()
    settings.prepare_state()

    async def forget() -> bool:
        database = Database(settings.database)
        try:
            await migrate.upgrade(database)
            async with database.begin() as conn:
                return await contacts.forget_by_code(conn, code.strip().upper(), bootstrap.wall_clock())
        finally:
            await database.close()

    if not run(forget()):
        fail("no contact has this code (it may be erased already)", PROBLEMS)
    out.print("Erased.", markup=False)


def monthly(month: Annotated[str, typer.Option("--month", help="As 2026-01.")]) -> None:
    """Anonymous figures of a month; small numbers are hidden."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        fail("--month: write a month as 2026-01")
    settings = load_settings()
    settings.prepare_state()
    first = date(int(month[:4]), int(month[5:]), 1)

    async def figures() -> list[report.Figure]:
        database = Database(settings.database)
        try:
            await migrate.upgrade(database)
            async with database.read() as conn:
                return await report.month(conn, first)
        finally:
            await database.close()

    for figure in run(figures()):
        out.print(f"{figure.name}\t{figure.label}\t{figure.shown}", markup=False)


@keys_app.command()
def rotate() -> None:
    """Begin sealing under a new master key; the old one stays readable."""
    settings = load_settings()
    number = vault.rotate(settings.key_path)
    out.print(f"{settings.key_path}: key {number} is in use after the next start", markup=False)
