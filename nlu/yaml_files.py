"""Reads the word lists and rules that ship beside this package (`nlu/lexicon/`, `nlu/triage/`)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import yaml

# The C loader reads the same safe subset ten times faster; where it was not built, the Python one does.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_folder(folder: str) -> Iterator[tuple[str, Any]]:
    """Give the name and content of each `.yml` file of a folder of `nlu`, in order of name."""
    entries = resources.files("nlu").joinpath(folder).iterdir()
    for entry in sorted(entries, key=lambda entry: entry.name):
        if entry.name.endswith(".yml"):
            text = entry.read_text(encoding="utf-8")
            yield entry.name, yaml.load(text, Loader=_LOADER)  # noqa: S506 - both are PyYAML's safe loaders


@cache
def read_lexicon() -> dict[str, Any]:
    """Read `nlu/lexicon/` once: the content of each file by its name without `.yml`."""
    return {name.removesuffix(".yml"): content for name, content in read_folder("lexicon")}


def words_of(list_name: str) -> frozenset[str]:
    """Give one list of `nlu/lexicon/around.yml` (words separated by spaces)."""
    return frozenset(str(read_lexicon()["around"][list_name]).split())
