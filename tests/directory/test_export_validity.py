"""What is exported follows HSDS 3's own schemas."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from directory import demo
from directory.export import as_json
from directory.load import read
from tests.directory.conftest import shared

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def faults(item: dict[str, Any], table: str, schemas: dict[str, Any]) -> list[tuple[str, ...]]:
    """Missing, unknown or mistyped values of an object and of all that is nested in it."""
    schema = schemas[table]
    found: list[tuple[str, ...]] = [(table, name, "missing") for name in schema["required"] if name not in item]
    for name, value in item.items():
        rules = schema["properties"].get(name, {})
        reference = rules.get("$ref") or rules.get("items", {}).get("$ref")
        if reference:
            for nested in value if isinstance(value, list) else [value]:
                found += faults(nested, Path(reference).stem, schemas)
        elif not rules:
            found.append((table, name, "unknown"))
        elif not isinstance(value, str if rules["type"] == "string" else (int, float)):
            found.append((table, name, "type"))
        elif rules.get("enum") and value not in rules["enum"]:
            found.append((table, name, "enum"))
        elif rules.get("format") == "uuid" and not UUID.fullmatch(value):
            found.append((table, name, "uuid"))
    return found


@pytest.mark.parametrize(
    "name", ["demo", "fixture-sample-hsds-1.1/all_resources", "hsds-spec-3.1/examples-json/service_full.json"]
)
def test_the_json_export_is_valid(name: str) -> None:
    schemas = {path.stem: json.loads(path.read_text("utf-8")) for path in shared("hsds-spec-3.1/schema").glob("*.json")}
    package = demo.package() if name == "demo" else read(shared(name))
    page = as_json(package.tables)
    services = [item for item in page["contents"] if "status" in item]
    assert len(services) == package.count("service")
    assert [fault for item in services for fault in faults(item, "service", schemas)] == []
