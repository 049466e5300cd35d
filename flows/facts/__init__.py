"""The facts and help lines that cards rest on, each with its source and whether it was confirmed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.flow import FlowError
from flows.yaml_file import read_yaml

HERE = Path(__file__).parent
_DIGITS = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Fact:
    """One sourced statement. `send` is false for what only workers read."""

    id: str
    text: str
    confirmed: bool
    send: bool = True


@dataclass(frozen=True, slots=True)
class HelpLine:
    """One help line with every number it may be printed with, digits only."""

    id: str
    confirmed: bool
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """All of them, by id."""

    facts: Mapping[str, Fact]
    lines: Mapping[str, HelpLine]


def load_facts(folder: Path = HERE) -> Facts:
    """Read `harm-reduction.yml` and `lines.yml`. Raises `FlowError` naming the file and what to mend."""
    facts = {fact.id: fact for fact in _facts(read_yaml(folder / "harm-reduction.yml"))}
    path = folder / "lines.yml"
    data = read_yaml(path)
    if not isinstance(data, dict) or not isinstance(data.get("lines"), list):
        raise FlowError(f"{path}: write a list under 'lines'")
    lines = {str(item["id"]): _line(item) for item in data["lines"]}
    return Facts(facts, lines)


def digits_of(number: str) -> str:
    """A number as it is compared: its digits, without the country's 1."""
    digits = "".join(_DIGITS.findall(number))
    return digits[1:] if len(digits) == 11 and digits.startswith("1") else digits


def _facts(node: Any) -> Iterator[Fact]:
    """Facts are at different depths (topics, pairs, substances): whatever has an id and is confirmed or not."""
    if isinstance(node, dict):
        if "id" in node and "confirmed" in node:
            text = str(node.get("fact") or node.get("effect") or "")
            yield Fact(str(node["id"]), text, node["confirmed"] is True, node.get("send", True) is True)
        for value in node.values():
            yield from _facts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _facts(item)


def _line(item: Mapping[str, Any]) -> HelpLine:
    # "option 2" and "(Montréal)" are no part of the number
    written = (str(item[key]).split(" option")[0] for key in ("call", "call_alt", "text") if item.get(key))
    return HelpLine(str(item["id"]), item.get("confirmed") is True, frozenset(digits_of(number) for number in written))
