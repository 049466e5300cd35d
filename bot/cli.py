"""The `passerelle` command: what a coordinator or an engineer types. Every command is documented in `docs/commands.md`."""

from __future__ import annotations

import logging
import sys

import typer
from typer.exceptions import TyperException

from bot import log
from bot.commands import content, data, directory, line, model, talk
from bot.commands.shared import PROBLEMS, err
from bot.conversation.away import is_away
from bot.converse import ScriptError
from bot.organisation import OrganisationError
from bot.settings import SettingsError
from bot.store.database import DatabaseUrlError
from bot.store.migrate import MigrationError
from bot.store.vault import KeyFileError
from flows.flow import FlowError

app = typer.Typer(
    name="passerelle",
    help="An anonymous text line for outreach work, in Québec French and English.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
KNOWN_MISTAKES = (
    SettingsError,
    OrganisationError,
    FlowError,
    KeyFileError,
    DatabaseUrlError,
    MigrationError,
    ScriptError,
)
"""Mistakes in what people wrote: each carries one line that says where, and what to do."""

for family in (line, talk, content, model, data):
    family.register(app)
directory.register(app)


def main() -> None:
    """Entry point: a known mistake is one line; never a traceback at a user."""
    log.set_up(level=logging.WARNING)  # to standard error: standard output is for what was asked
    try:
        code = app(prog_name="passerelle", standalone_mode=False)
    except TyperException as error:  # a command or an option that does not exist, or is not whole
        err.print(_usage(error), markup=False)
        sys.exit(error.exit_code)
    except KNOWN_MISTAKES as error:
        err.print(str(error), markup=False)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(PROBLEMS)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except Exception as error:  # an unforeseen failure: its kind and place, never its words (they may be personal)
        err.print(_unforeseen(error), markup=False)
        sys.exit(PROBLEMS)
    sys.exit(code if isinstance(code, int) else 0)


def _usage(error: TyperException) -> str:
    """What was wrong with the command, and where its help is; the help itself when nothing was asked."""
    message, context = error.format_message().strip(), getattr(error, "ctx", None)
    if context is None or type(error).__name__ == "NoArgsIsHelpError":  # typer has no public name for it
        return message
    return f"{' '.join(message.split())} See '{context.command_path} --help'."


def _unforeseen(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if is_away(error):
        kind = type(getattr(error, "orig", None) or error).__name__
        return f"PASSERELLE_DATABASE_URL: the database does not answer ({kind}); start it, or mend the address"
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame is not None else "?"
    return f"passerelle: {type(error).__name__} at {where}; please report this line"
