"""Golden files of the kinds of steps: `tests/flows/steps/<kind>.yml` walks through a small flow with that kind in it.

Each move starts the flow, answers it, or brings a result; `gives` is what comes out, in one line per event, and
where the flow stands then (`waits at`, `suspends at`, `over`). A kind without a golden file fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.engine import Engine
from flows.flow import (
    Answer,
    Context,
    Effect,
    Event,
    FindServices,
    HandOff,
    LookUpPlace,
    PlaceFound,
    PlaceUnclear,
    PlaceUnknown,
    Result,
    Say,
    ServicesFound,
    Session,
    Sprint,
)
from flows.loader import load_flows
from flows.steps import KINDS
from flows.yaml_file import read_yaml
from tests.flows.shell import NOW, place

FOLDER = Path(__file__).parent / "steps"


def test_every_kind_has_a_golden_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.yml")} == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_kind(kind: str, tmp_path: Path) -> None:
    golden = read_yaml(FOLDER / f"{kind}.yml")
    for name, text in golden["flows"].items():
        (tmp_path / f"{name}.yml").write_text(f"id: {name}\nabout: a golden flow\n{text}", encoding="utf-8")
    engine = Engine(load_flows([tmp_path]))
    used = {type(step).__module__ for flow in engine.flows.values() for step in flow.steps.values()}
    assert KINDS[kind].partition(":")[0] in used, "the golden file must use the kind it is named after"
    session = Session()
    for number, move in enumerate(golden["moves"], start=1):
        sprint = _move(engine, session, move)
        session = Session.from_json(sprint.session.to_json()) if sprint is not None else session
        assert _told(sprint) == move["gives"], f"move {number}"


def _move(engine: Engine, session: Session, move: dict[str, Any]) -> Sprint | None:
    context = Context(now=NOW, **{"text": str(move.get("answer", move.get("text", ""))), **move.get("context", {})})
    if "start" in move:
        return engine.start(session, move["start"], move.get("slots", {}), context)
    if "result" in move:
        return engine.resume(session, _result(move["result"]), context)
    options = {name: move[name] for name in ("intent", "place", "button", "sure") if name in move}
    location = tuple(move["location"]) if "location" in move else None
    return engine.answer(session, Answer(text=str(move.get("answer", "")), location=location, **options), context)


def _result(written: Any) -> Result:
    if written == "unknown place":
        return PlaceUnknown()
    if "place" in written:
        return PlaceFound(place(written["place"]))
    if "places" in written:
        return PlaceUnclear(tuple(place(label) for label in written["places"]))
    return ServicesFound(written["services"], tuple(written.get("ids", ())), written.get("nothing", False))


def _told(sprint: Sprint | None) -> list[str]:
    if sprint is None:
        return ["no answer"]
    frame = sprint.session.current
    if frame is None:
        where = "over"
    elif sprint.pending is not None:
        where = f"suspends at {frame.step}"
    else:
        where = f"waits at {frame.step}"
    return [*(_event(event) for event in sprint.events), where]


def _event(event: Event) -> str:
    if isinstance(event, Say):
        params = "".join(f" {name}={value}" for name, value in event.params.items())
        choices = "".join(f" [{option.value}]" for option in event.choices)
        return f"say {event.card}{params}{choices}{' +pin' if event.ask_location else ''}"
    if isinstance(event, LookUpPlace):
        return f"look up {event.text or event.location}"
    if isinstance(event, FindServices):
        near = (event.place or {}).get("label_fr")
        return f"find {event.need} near {near} without {list(event.exclude)} about {list(event.about)}"
    if isinstance(event, HandOff):
        return f"hand off {event.urgency} {event.danger}"
    assert isinstance(event, Effect)
    return f"effect {event.name} {event.value}"


def test_every_kind_has_its_heading_in_the_docs() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "flows.md").read_text(encoding="utf-8")
    assert {kind for kind in KINDS if f"### `{kind}`" not in text} == set()
