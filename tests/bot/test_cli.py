"""The command line: exit codes 0, 1 and 2, one clear line for a mistake, no traceback, and `understand`'s contract."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
import structlog

from bot import bootstrap, cli, log
from bot.bootstrap import Content

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "nlu" / "model" / "understanding.npz"
OVERDOSE = "mon ami respire pu yé bleu"


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    def is_one_line(self, code: int, *words: str) -> None:
        """A mistake told as it should be: nothing on standard output, one line that holds these words."""
        assert (self.code, self.out) == (code, ""), self
        assert self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.err
        assert "please report" not in self.err
        for word in words:
            assert word in self.err


class Run(Protocol):
    """Runs `passerelle` in this process."""

    def __call__(self, *words: object, stdin: bytes = b"", **settings: object) -> Outcome: ...


@pytest.fixture
def passerelle(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, content: Content
) -> Iterator[Run]:
    """The command, with a state of its own; the files of the content are read once for all tests."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    real = bootstrap.load_content
    monkeypatch.setattr(
        bootstrap, "load_content", lambda settings: content if settings.is_demonstration else real(settings)
    )

    def run(*words: object, stdin: bytes = b"", **settings: object) -> Outcome:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["passerelle", *(str(word) for word in words)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            for name, value in ({"state": tmp_path / "state"} | settings).items():
                patch.setenv(f"PASSERELLE_{name.upper()}", str(value))
            with pytest.raises(SystemExit) as stopped:
                cli.main()
        printed = capsys.readouterr()
        code = stopped.value.code
        assert isinstance(code, int)
        return Outcome(code, printed.out, printed.err)

    yield run
    root.handlers, root.level = handlers, level
    for name in (*log.SILENCED, "uvicorn", log.SPEAKING):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
        library.setLevel(logging.NOTSET)
    structlog.reset_defaults()


# Wrong usage


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nope"], "nope"),
        (["chekc"], "'check'"),
        (["understand", "--jsom"], "--json"),
        (["serve", "--nope"], "--nope"),
        (["serve", "extra"], "extra"),
        (["directory", "nope"], "nope"),
        (["report"], "--month"),
        (["report", "--month"], "--month"),
        (["report", "--month", "january"], "--month: write a month as 2026-01"),
        (["report", "--month", "2026-13"], "--month: write a month as 2026-01"),
        (["erase"], "--code"),
        (["converse"], "'path'. See 'passerelle "),
        (["converse", "/nowhere.jsonl", "--json"], "/nowhere.jsonl: cannot be read"),
        (["connect"], "'provider'. See 'passerelle "),
        (["connect", "pigeon"], "passerelle connect twilio"),
        (["check", "/nowhere"], "/nowhere: no such folder"),
        (["init"], "'folder'. See 'passerelle "),
        (["backup"], "'path'. See 'passerelle "),
        (["restore", "/nowhere.db"], "/nowhere.db: no such file"),
        (["directory", "search", "--need", "find_food"], "--near"),
        (["directory", "search", "--need", "find_food", "--near", "Berri", "--at", "noon"], "--at"),
        (["directory", "search", "--need", "find_gold", "--near", "Berri"], "find_"),
        (["keys", "nope"], "nope"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line_and_2(passerelle: Run, words: list[str], says: str) -> None:
    passerelle(*words).is_one_line(2, says)


def test_nothing_at_all_shows_the_help(passerelle: Run) -> None:
    outcome = passerelle()
    assert outcome.code == 2
    assert "understand" in outcome.out + outcome.err
    asked = passerelle("--help")
    assert (asked.code, asked.err) == (0, "")
    assert "understand" in asked.out


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("port", "hunter2"),
        ("organisation", "/nowhere/hunter2"),
        ("public_url", "hunter2"),
        ("database_url", "hunter2"),
        ("twilio_number", "hunter2"),
        ("telegram_token", "hunter2"),
        ("nlu_url", "http://hunter2.example"),
    ],
)
@pytest.mark.parametrize("words", [["serve"], ["work"], ["check"]], ids="-".join)
def test_a_wrong_setting_is_one_line(passerelle: Run, words: list[str], setting: str, value: str) -> None:
    outcome = passerelle(*words, **{setting: value})
    if setting == "organisation":  # a folder is no secret, and which one it was helps
        assert outcome.code in (1, 2)
        assert "organisation.yml" in outcome.out + outcome.err
        return
    outcome.is_one_line(2, f"PASSERELLE_{setting.upper()}: ")
    assert "hunter2" not in outcome.err


def test_a_state_folder_that_cannot_be_is_one_line(passerelle: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for words in (["serve"], ["work"], ["report", "--month", "2026-01"], ["erase", "--code", "X"]):
        passerelle(*words, state=tmp_path / "file").is_one_line(2, "PASSERELLE_STATE: ")


def test_a_key_file_that_is_none_is_one_line(passerelle: Run, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hunter2\n")
    (tmp_path / "key").chmod(0o600)
    for words in (["work"], ["keys", "rotate"]):
        outcome = passerelle(*words, key_file=tmp_path / "key")
        assert outcome.code == 2
        assert outcome.err.count("\n") == 1
        assert "hunter2" not in outcome.err


@pytest.mark.parametrize(
    "words",
    [["work"], ["report", "--month", "2026-01"], ["erase", "--code", "X"], ["directory", "stale"]],
    ids="-".join,
)
def test_a_database_that_does_not_answer_is_one_line_and_1(passerelle: Run, words: list[str], tmp_path: Path) -> None:
    outcome = passerelle(*words, database_url=f"postgresql://someone:hunter2@/x?host={tmp_path}")
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("PASSERELLE_DATABASE_URL: the database does not answer")
    assert "hunter2" not in outcome.err


def test_serve_says_that_its_port_is_taken_or_its_database_away(passerelle: Run, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = passerelle("serve", port=taken.getsockname()[1])
    outcome.is_one_line(2, "cannot listen", "PASSERELLE_PORT")
    passerelle("serve", host="no.such.host.invalid").is_one_line(2, "cannot listen", "PASSERELLE_HOST")
    outcome = passerelle("serve", port=0, database_url=f"postgresql://someone:hunter2@/x?host={tmp_path}")
    assert outcome.code == 1
    assert outcome.err.startswith("PASSERELLE_DATABASE_URL: the database does not answer")
    assert outcome.err.count("\n") == 1


# What goes well


def test_an_organisation_s_folder_is_laid_down_once_and_looked_at(passerelle: Run, tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    made = passerelle("init", folder)
    assert made.code == 0
    assert (folder / "organisation.yml").is_file()
    passerelle("init", folder).is_one_line(2, "not empty")
    looked = passerelle("check", folder)
    assert looked.code in (0, 1)
    assert re.search(r": \d+ errors, \d+ warnings\n$", looked.out)
    (folder / "organisation.yml").write_text("name: [")
    broken = passerelle("check", folder)
    assert broken.code == 1
    assert "organisation.yml" in broken.out
    (folder / "flows").mkdir(exist_ok=True)
    (folder / "flows" / "mine.yml").write_text("id: [")
    broken = passerelle("check", folder)
    assert broken.code == 1
    assert "mine.yml" in broken.out
    assert "Traceback" not in broken.err


def test_the_demonstration_checks_without_an_error_and_tells_a_misspelt_setting(passerelle: Run) -> None:
    outcome = passerelle("check", twilio_token="hunter2")
    assert outcome.code == 0, outcome.out[-2000:]
    assert "PASSERELLE_TWILIO_TOKEN: no such setting; did you mean PASSERELLE_TWILIO_AUTH_TOKEN?" in outcome.out
    assert "hunter2" not in outcome.out


def test_flows_are_checked_and_drawn(passerelle: Run) -> None:
    assert passerelle("flows", "check").code == 0
    drawn = passerelle("flows", "graph", "talk_to_worker")
    assert drawn.code == 0
    assert drawn.out.startswith("digraph")
    nothing = passerelle("flows", "graph", "nope")
    nothing.is_one_line(2, "nope: no such flow")


def test_copies_figures_and_keys(passerelle: Run, tmp_path: Path, sqlite_template: Path) -> None:
    (tmp_path / "state").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "state" / "passerelle.db")
    copy = tmp_path / "copy.db"
    assert passerelle("backup", copy).code == 0
    passerelle("backup", copy).is_one_line(2, "already there")
    assert passerelle("restore", copy).code == 0
    (tmp_path / "other.db").write_text("no copy")
    passerelle("restore", tmp_path / "other.db").is_one_line(1, "other.db")
    passerelle("backup", tmp_path / "no" / "such" / "copy.db").is_one_line(1, "cannot be written")
    assert passerelle("report", "--month", "2026-01").code == 0
    passerelle("erase", "--code", "NOTACODE").is_one_line(1, "no contact has this code")
    passerelle("keys", "rotate").is_one_line(2, "passerelle.key")


def test_the_directory_is_searched_brought_in_and_taken_out(passerelle: Run, tmp_path: Path) -> None:
    found = passerelle("directory", "search", "--need", "find_food", "--near", "métro Berri", "--json")
    assert (found.code, found.err) == (0, "")
    rows = json.loads(found.out)
    assert rows
    assert {"name", "service", "km", "open", "confirmed_on"} <= set(rows[0])
    assert passerelle("directory", "search", "--need", "find_food", "--near", "45.5,-73.56").code == 0
    nowhere = passerelle("directory", "search", "--need", "find_food", "--near", "qqq zzz www", "--json")
    assert nowhere.code == 0 or nowhere.err.count("\n") == 1
    passerelle("directory", "import", tmp_path / "nothing.csv", "--yes").is_one_line(1, "nothing.csv")
    (tmp_path / "odd.csv").write_bytes(b"\xff\xfe\x00")
    odd = passerelle("directory", "import", tmp_path / "odd.csv", "--yes")
    assert odd.code == 1
    assert "Traceback" not in odd.err
    assert passerelle("directory", "stale").code == 0


def test_chat_answers_each_text_before_the_next(passerelle: Run) -> None:
    outcome = passerelle("chat", stdin="salut\nje cherche des seringues à hochelaga\n".encode())
    assert outcome.code == 0
    assert "Dopamine" in outcome.out, "the last text is answered too"


def test_a_conversation_in_the_terminal(passerelle: Run) -> None:
    outcome = passerelle("chat", stdin=f"{OVERDOSE}\n\nmerci \xff\n".encode("latin-1"))
    assert outcome.code == 0
    assert "911" in outcome.out


def test_converse_prints_results_and_nothing_else(passerelle: Run, tmp_path: Path) -> None:
    script = tmp_path / "one.jsonl"
    script.write_text(json.dumps({"id": "a", "turns": [{"user": OVERDOSE}, {"wait": 1}]}) + "\n")
    outcome = passerelle("converse", script, "--json")
    assert outcome.code == 0
    assert [json.loads(line)["turn"] for line in outcome.out.splitlines()] == [0, 1]
    assert "911" in passerelle("converse", script).out
    script.write_text('{"id": "a", "turns": [{"location": [45.5, -73.5]}]}\n')
    passerelle("converse", script, "--json").is_one_line(2, f"{script}, line 1: turn 0: a pin cannot come by SMS")


# understand

KEYS = ["language", "urgency", "reasons", "intent", "confidence", "ranking", "entities"]
LINES = [
    OVERDOSE,
    "",
    "where can i get needles near berri",
    "nul\x00dedans",
    "a\rb\u2028c\u0085d\x0be",
    "é" * 4000,
    "🙂👍",
    " ",
    "/overdose_now{}",
    "jsais pas trop",
]


def understood(passerelle: Run, stdin: bytes) -> list[dict[str, object]]:
    outcome = passerelle("understand", "--json", stdin=stdin)
    assert outcome.code == 0
    assert outcome.out.isascii()
    return [json.loads(line) for line in outcome.out.split("\n")[:-1]]


def test_understand_gives_one_object_a_line(passerelle: Run) -> None:
    found = understood(passerelle, "\n".join(LINES).encode() + b"\n")
    assert len(found) == len(LINES)
    for line, each in zip(LINES, found, strict=True):
        assert [key for key in each if key != "check"] == KEYS
        assert each["language"] in ("fr", "en", "mix", "other")
        assert each["urgency"] in ("emergency", "urgent", "none")
        assert ("check" in each) is (each["urgency"] == "none")
        assert isinstance(each["intent"], str)
        ranking = each["ranking"]
        assert isinstance(ranking, list)
        confidences = [ranked["confidence"] for ranked in ranking]
        assert confidences == sorted(confidences, reverse=True)
        assert all(set(ranked) == {"intent", "confidence"} for ranked in ranking)
        entities = each["entities"]
        assert isinstance(entities, list)
        for entity in entities:
            assert set(entity) == {"entity", "value", "start", "end"}
            assert 0 <= entity["start"] < entity["end"] <= len(line)
            if entity["entity"] in ("place", "time", "substance", "supply"):
                assert entity["value"] == line[entity["start"] : entity["end"]]
    assert found[0]["urgency"] == "emergency"
    assert found[0]["reasons"]


@pytest.mark.skipif(not MODEL.is_file(), reason="the model was not trained yet (make model)")
def test_understand_ranks_ten(passerelle: Run) -> None:
    for each in understood(passerelle, "\n".join(LINES).encode() + b"\n"):
        ranking = each["ranking"]
        assert isinstance(ranking, list)
        assert len(ranking) == 10
        assert len({ranked["intent"] for ranked in ranking}) == 10
        assert (ranking[0]["intent"], ranking[0]["confidence"]) == (each["intent"], each["confidence"])


@pytest.mark.parametrize(
    ("stdin", "count"),
    [
        (b"", 0),
        (b"\n", 1),
        (b"\n\n", 2),
        (b"salut", 1),
        (b"salut\n", 1),
        (b"salut\n\nallo", 3),
        (b"a\r\nb\r\n", 2),
        (b"\xff\xfe\x80\n\xc3", 2),
        (b"\x00\n", 1),
        (b"a\x0bb\x0cc\x1cd\xe2\x80\xa8e\xc2\x85f\n", 1),
    ],
    ids=range(10),
)
def test_understand_splits_on_line_feeds_only(passerelle: Run, stdin: bytes, count: int) -> None:
    assert len(understood(passerelle, stdin)) == count


def test_understand_in_words(passerelle: Run) -> None:
    outcome = passerelle("understand", stdin=f"{OVERDOSE}\n".encode())
    assert outcome.code == 0
    assert "emergency" in outcome.out


def test_a_reader_that_goes_away_and_a_terminal_that_knows_no_accents() -> None:
    """As a real process: answers come line by line, while more is still to be typed, whatever the locale."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")}
    environment |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", "from bot.cli import main; main()"]
    process = subprocess.Popen(
        [*command, "understand", "--json"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{OVERDOSE}\n".encode())
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["urgency"] == "emergency"
    process.stdout.close()
    _, told = process.communicate(b"encore\n" * 3)
    assert b"Traceback" not in told
    assert process.returncode == 1
