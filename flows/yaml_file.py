"""Reads one YAML file written by a person; what is wrong is said in one line with file and line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from flows.flow import FlowError


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the C loader is optional
    """A safe loader that keeps `yes`, `no`, `on` and `off` as words: people write them as answers."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises `FlowError` with file, line and what to do."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader, see above
    except UnicodeDecodeError:
        raise FlowError(f"{path}: not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise FlowError(f"{path}: cannot be read ({error.strerror})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise FlowError(f"{path}{line}: {getattr(error, 'problem', None) or 'not valid YAML'}") from None
