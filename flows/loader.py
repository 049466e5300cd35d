"""Reads flows from YAML into steps. A mistake is one clear line: file, flow, step, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows.flow import Flow, FlowError, Step
from flows.steps import KINDS
from flows.steps.base import StepModel
from flows.yaml_file import read_yaml


class _Triggers(BaseModel):
    model_config = ConfigDict(extra="forbid")
    intents: list[str] = Field(default_factory=list)
    keywords: dict[str, list[str]] = Field(default_factory=dict)


class _FlowFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    about: str
    danger: bool = False
    resumes: bool = True
    triggers: _Triggers = Field(default_factory=_Triggers)
    steps: list[dict[str, Any]] = Field(min_length=1)


def load_flows(folders: Iterable[Path]) -> dict[str, Flow]:
    """Every flow of these folders; a later folder's flow replaces an earlier one of the same id.

    Raises `FlowError` for the first mistake found.
    """
    flows: dict[str, Flow] = {}
    for folder in folders:
        own: dict[str, Flow] = {}
        for path in sorted(folder.glob("*.yml")):
            flow = load_flow(path)
            if flow.id in own:
                raise FlowError(f"{path}: flow '{flow.id}' is also in {own[flow.id].path}; rename one")
            own[flow.id] = flow
        flows |= own
    _check_intents(flows)
    return flows


def load_flow(path: Path) -> Flow:
    """One flow file."""
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise FlowError(f"{path}: write a flow with 'id', 'about' and 'steps'")
    try:
        file = _FlowFile.model_validate(data)
    except ValidationError as error:
        raise FlowError(f"{path}: {_first(error)}") from None
    steps: dict[str, Step] = {}
    for number, item in enumerate(file.steps, start=1):
        step = _step(path, number, item)
        if step.id in steps:
            raise FlowError(f"{path}: step '{step.id}' is there twice; give each its own id")
        steps[step.id] = cast(Step, step)
    for step_id, each in steps.items():
        for target in each.targets():
            if target not in steps:
                raise FlowError(f"{path}: step '{step_id}' goes to '{target}', which does not exist")
    return Flow(
        id=file.id,
        about=file.about,
        intents=frozenset(file.triggers.intents),
        keywords=file.triggers.keywords,
        danger=file.danger,
        resumes=file.resumes,
        steps=steps,
        path=str(path),
    )


def _step(path: Path, number: int, item: dict[str, Any]) -> StepModel:
    kinds = [key for key in item if key in KINDS]
    if len(kinds) != 1:
        raise FlowError(f"{path}: step {number} needs exactly one kind of: {', '.join(KINDS)}")
    kind = kinds[0]
    unknown = set(item) - {kind, "id", "go"}
    if unknown:
        raise FlowError(f"{path}: step {number} ({kind}): '{sorted(unknown)[0]}' is not known here")
    module, _, name = KINDS[kind].partition(":")
    step_class: type[StepModel] = getattr(import_module(module), name)
    value = item[kind]
    if step_class.shorthand is not None and (not isinstance(value, dict) or step_class.shorthand == "values"):
        value = {step_class.shorthand: value}
    common = {"id": item.get("id", f"{kind}_{number}")} | ({"go": item["go"]} if "go" in item else {})
    try:
        return step_class.model_validate((value or {}) | common)
    except ValidationError as error:
        raise FlowError(f"{path}: step {number} ({kind}): {_first(error)}") from None
    except TypeError:
        raise FlowError(f"{path}: step {number} ({kind}): write its settings as 'name: value'") from None


def _check_intents(flows: dict[str, Flow]) -> None:
    owner: dict[str, Flow] = {}
    for flow in flows.values():
        for intent in flow.intents:
            if intent in owner:
                raise FlowError(f"{flow.path}: intent '{intent}' already starts {owner[intent].path}; keep one")
            owner[intent] = flow


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg'].lower()}" if where else first["msg"].lower()
