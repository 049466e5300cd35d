"""The documentation is whole: every setting, command and kind of step has its heading, and no heading is of nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from bot.cli import app
from bot.settings import PREFIX, Settings
from flows.steps import KINDS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def headings(name: str, level: str, within: str | None = None) -> set[str]:
    """Headings written as code, of one level; only those under another heading when it is named."""
    text = (DOCS / name).read_text(encoding="utf-8")
    if within is not None:
        text = text.split(f"\n{within}\n", 1)[1]
        text = re.split(rf"\n{within.split()[0]} ", text)[0]
    return set(re.findall(rf"^{level} `([^`]+)`$", text, re.MULTILINE))


def commands() -> set[str]:
    """Every command, as it is typed."""
    found: set[str] = set()

    def walk(group: typer.Typer, path: str) -> None:
        for command in group.registered_commands:
            name = command.name or (command.callback.__name__ if command.callback else "")
            found.add(f"{path} {name.replace('_', '-')}")
        for each in group.registered_groups:
            assert each.typer_instance is not None
            walk(each.typer_instance, f"{path} {each.name}")

    walk(app, "passerelle")
    return found


def test_every_setting_has_its_heading() -> None:
    assert headings("settings.md", "##") == {PREFIX + name.upper() for name in Settings.model_fields}


def test_every_command_has_its_heading() -> None:
    assert len(commands()) > 15
    assert headings("commands.md", "##") == commands()


def test_every_kind_of_step_has_its_heading() -> None:
    assert headings("flows.md", "###", "## Kinds of steps") == set(KINDS)


@pytest.mark.parametrize("name", sorted(path.name for path in DOCS.glob("*.md")))
def test_every_file_named_in_a_page_is_there(name: str) -> None:
    """A path in code style that looks like one of ours, without a placeholder, exists."""
    text = (DOCS / name).read_text(encoding="utf-8")
    root = DOCS.parent
    named = re.findall(r"`((?:bot|nlu|flows|directory|tests|docs|benchmarks)/[\w/.-]+)`", text)
    assert [path for path in named if not (root / path).exists() and not _example(name, path)] == []


def _example(page: str, path: str) -> bool:
    """The pages that teach how to add something name files that do not exist yet."""
    return page.startswith("add-a-")
