"""What every command shares: one clear line for a mistake, exit codes, and running the service's asynchronous parts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console

from bot import settings
from bot.settings import Settings

T = TypeVar("T")

PROBLEMS = 1
USAGE = 2

err = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)


def fail(message: str, code: int = USAGE) -> NoReturn:
    """One line that says what to do, and the exit code."""
    err.print(message, markup=False)
    raise typer.Exit(code)


def load_settings() -> Settings:
    """The settings, or one clear line."""
    try:
        return settings.load()
    except settings.SettingsError as error:
        fail(str(error))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run an asynchronous command to its end."""
    return asyncio.run(work)


def write(line: str) -> None:
    """One line on standard output, flushed: another program may be waiting for it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
