"""The engine: interruptions and returns, the floor a danger has, and sessions that survive an edited file."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.engine import MAX_FRAMES, Engine
from flows.flow import Answer, Context, Flow, FlowError, Frame, Say, Session, Sprint
from flows.loader import load_flow, load_flows
from tests.flows.shell import NOW

CONTEXT = Context(now=NOW)
FILES = {
    "find": "triggers: {intents: [find_food]}\nsteps:\n  - ask_place: {give_up: done}\n  - {id: done, say: bye}\n",
    "info": "triggers: {intents: [info_mixing]}\nsteps:\n  - say: mixing\n",
    "risk": "danger: true\nsteps:\n  - say: call\n"
    "  - listen: {options: [{go: over, words: {fr: [ok]}}]}\n  - {id: over, say: over}\n",
    "passing": "resumes: false\nsteps:\n  - choose: {card: sure, options: [{go: done, label: {fr: Oui, en: Yeah}}]}\n"
    "  - {id: done, end: }\n",
    "round": "steps:\n  - {id: a, say: x, go: a}\n",
}


@pytest.fixture
def small(tmp_path: Path) -> Engine:
    for name, text in FILES.items():
        (tmp_path / f"{name}.yml").write_text(f"id: {name}\nabout: a flow\n{text}", encoding="utf-8")
    return Engine(load_flows([tmp_path]))


def said(sprint: Sprint | None) -> list[str]:
    assert sprint is not None
    return [event.card for event in sprint.events if isinstance(event, Say)]


def test_an_interrupted_question_is_asked_again(small: Engine) -> None:
    first = small.start(Session(), "find", {}, CONTEXT)
    assert said(first) == ["ask_place"]
    between = small.start(first.session, "info", {}, CONTEXT)
    assert said(between) == ["mixing", "ask_place"]
    assert between.session.current is not None
    assert between.session.current.flow == "find"


def test_a_question_that_does_not_resume_is_dropped(small: Engine) -> None:
    first = small.start(Session(), "passing", {}, CONTEXT)
    assert said(small.start(first.session, "info", {}, CONTEXT)) == ["mixing"]


def test_what_was_under_way_before_a_danger_is_not_taken_up(small: Engine) -> None:
    danger = small.start(small.start(Session(), "find", {}, CONTEXT).session, "risk", {}, CONTEXT)
    assert small.is_danger(danger.session)
    over = small.answer(danger.session, Answer("ok"), CONTEXT)
    assert said(over) == ["over"]
    assert over is not None
    assert over.session == Session()


def test_starting_a_flow_again_begins_it_afresh(small: Engine) -> None:
    session = small.start(Session(), "find", {"intent": "find_food"}, CONTEXT).session
    session = small.start(session, "find", {"intent": "find_shelter"}, CONTEXT).session
    assert [frame.slots["intent"] for frame in session.frames] == ["find_shelter"]


def test_only_the_last_interrupted_flows_are_kept(small: Engine) -> None:
    waiting = tuple(Frame(name, "listen_2", waiting=True) for name in ("risk",) * 9)
    assert len(small.start(Session(waiting), "find", {}, CONTEXT).session.frames) == MAX_FRAMES


def test_a_flow_that_goes_round_in_circles_says_so(small: Engine) -> None:
    with pytest.raises(FlowError, match="round in circles"):
        small.start(Session(), "round", {}, CONTEXT)


def test_a_session_survives_an_edit_of_its_file(small: Engine) -> None:
    session = Session((Frame("find", "a_step_that_is_gone", waiting=True), Frame("gone", "x", waiting=True)))
    assert small.answer(session, Answer("salut"), CONTEXT) is None
    assert small.ask_again(session, CONTEXT) == ()


@pytest.mark.parametrize(
    "data", [None, [], [{"flow": "f"}], [{"flow": 1, "step": 2, "slots": 3, "waiting": 4}], "x", 7]
)
def test_an_unreadable_session_is_an_empty_one(data: object) -> None:
    assert Session.from_json(data) == Session()


def test_nothing_a_person_wrote_shows_in_a_repr() -> None:
    assert "hochelaga" not in repr(Context(now=NOW, text="hochelaga"))
    assert "hochelaga" not in repr(Answer("hochelaga", place="hochelaga"))
    assert "hochelaga" not in repr(Frame("f", "s", {"said_place": "hochelaga"}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("steps:\n  - shout: c\n", "needs exactly one kind of"),
        ("steps:\n  - {say: c, when: x}\n", "'when' is not known here"),
        ("steps:\n  - {say: c, go: nowhere}\n", "goes to 'nowhere', which does not exist"),
        ("steps:\n  - {id: a, say: c}\n  - {id: a, say: c}\n", "is there twice"),
        ("steps: []\n", "steps:"),
        ("steps:\n  - branch: [{when: {moon: full}, go: branch_1}]\n", "unknown condition 'moon'"),
        ("steps:\n  - branch: [{when: {said: 40}, go: branch_1}]\n", "write 'said' as a list of words"),
        ("steps:\n  - hand_off: whenever\n", "hand_off"),
        ("steps:\n  - [say, c]\n", "steps"),
        ("steps: [\n", "line"),
    ],
)
def test_a_mistake_in_a_file_is_one_clear_line(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "f.yml"
    path.write_text(f"id: f\nabout: a flow\n{text}", encoding="utf-8")
    with pytest.raises(FlowError) as error:
        load_flow(path)
    message = str(error.value)
    assert message.startswith(str(path))
    assert words in message
    assert "\n" not in message


def test_two_flows_for_one_intent_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        text = f"id: {name}\nabout: a flow\ntriggers: {{intents: [greet]}}\nsteps:\n  - say: c\n"
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
    with pytest.raises(FlowError, match="already starts"):
        load_flows([tmp_path])


def test_an_organisation_replaces_a_flow_of_the_library(tmp_path: Path, library: dict[str, Flow]) -> None:
    path = tmp_path / "greet.yml"
    path.write_text("id: greet\nabout: ours\ntriggers: {intents: [greet]}\nsteps:\n  - say: ours\n", encoding="utf-8")
    flows = load_flows([Path(library["greet"].path).parent, tmp_path])
    assert flows["greet"].path == str(path)
