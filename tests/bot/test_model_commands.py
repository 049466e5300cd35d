"""`passerelle model …` as a coordinator types it: exit codes, one clear line, and a corpus that is never half written."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from nlu import corpus
from tests.tiny_model import write_model, write_set

EMERGENCY = {"text": "zorglub", "intent": "overdose_now", "urgency": "emergency"}
KNOWN = """version: "3.1"
nlu:
- intent: find_food
  metadata: {urgency: none, situation: test}
  examples: |
    - où est-ce que je peux manger une soupe à Rosemont
"""
GOOD = (
    "texte;langue;intention;urgence;situation\n"
    "\"y'a tu d'la place, genre, au [refuge](place)?\";fr;find_shelter;none;Après la fermeture\n"
    "is the van at berri yet;EN;find_outreach;none;\n"
    "\n"
    "# jai: 'soif' \"pis\" chaud;fr;find_food;none;canicule\n"
)


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["model", *map(str, arguments)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "fr").mkdir(parents=True)
    (folder / "fr" / "known.yml").write_text(KNOWN, encoding="utf-8")
    return folder


def add(data: Path, content: str | bytes, *more: str | Path) -> Result:
    path = data.parent / "Mes messages.csv"
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return call("add", path, "--corpus", data, *more)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_spreadsheet_is_added_whatever_saved_it(data: Path, encoding: str) -> None:
    result = add(data, GOOD.encode(encoding))
    assert result.exit_code == 0, result.output
    assert "make model" in result.output
    messages, problems = corpus.load(data)
    assert problems == []
    added = {message.text: message for message in messages if "local-mes-messages" in message.file}
    assert set(added) == {
        "y'a tu d'la place, genre, au refuge?",
        "is the van at berri yet",
        "# jai: 'soif' \"pis\" chaud",
    }
    shelter = added["y'a tu d'la place, genre, au refuge?"]
    assert (shelter.intent, shelter.urgency, shelter.language) == ("find_shelter", "none", "fr")
    assert shelter.situation == "apres-la-fermeture"
    assert [entity.value for entity in shelter.entities] == ["refuge"]
    assert added["is the van at berri yet"].file == "en/local-mes-messages.yml"


def test_a_second_spreadsheet_of_the_same_name_is_appended(data: Path) -> None:
    assert add(data, GOOD).exit_code == 0
    assert add(data, "text,lang,intent,urgency\nquelqu'un a vu ma tuque orange,fr,out_of_scope,none\n").exit_code == 0
    messages, problems = corpus.load(data)
    assert problems == []
    assert len([message for message in messages if message.file == "fr/local-mes-messages.yml"]) == 3


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.yml")}


HEAD = "text,lang,intent,urgency\n"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("allo,fr,gret,none\n", ["Mes messages.csv:2", "unknown intent", "did you mean greet?"]),
        ("allo,fr,greet,high\n", ["Mes messages.csv:2", "emergency, urgent, none"]),
        ("allo,es,greet,none\n", ["Mes messages.csv:2", "unknown language"]),
        ("allo,fr\n", ["Mes messages.csv:2", "no intent"]),
        (",fr,greet,none\n", ["Mes messages.csv:2", "empty message"]),
        ("chez [Marie](persn),fr,greet,none\n", ["Mes messages.csv:2", "unknown entity"]),
        ("allo [toi,fr,greet,none\n", ["Mes messages.csv:2", "[ ]"]),
        ("\x07allo,fr,greet,none\n", ["Mes messages.csv:2", "nobody types"]),
        ("appelle au 514 555-0123,fr,greet,none\n", ["Mes messages.csv:2", "phone number"]),
        ('"deux\nlignes ok",fr,greet,none\nallo,fr,gret,none\n', ["Mes messages.csv:4", "unknown intent"]),
        ("OÙ est-ce que je peux manger une soupe a rosemont,fr,find_food,none\n", ["csv:2", "same", "fr/known.yml:6"]),
        ("où est-ce que je peux manger de la soupe à Rosemont,fr,find_food,none\n", ["csv:2", "%", "fr/known.yml:6"]),
        ("un deux trois quatre,fr,greet,none\nun deux trois quatre!,fr,greet,none\n", ["csv:3", "Mes messages.csv:2"]),
    ],
)
def test_a_bad_row_is_told_and_nothing_is_added(data: Path, rows: str, said: list[str]) -> None:
    before = _tree(data)
    result = add(data, HEAD + rows + "une bonne rangée bien différente,fr,out_of_scope,none\n")
    assert result.exit_code == 1
    for words in (*said, "nothing was added"):
        assert words in result.output
    assert _tree(data) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column text, lang, intent, urgency"),
        (b"PK\x03\x04\0\0", "save as CSV"),
        (b"text,lang\nallo,fr\n", "no column intent, urgency"),
        (b"text,lang,intent,urgency\n", "holds no message"),
        (b'text,lang,intent,urgency\n"never closed,fr,greet,none\n', "not a CSV file"),
    ],
)
def test_what_is_no_spreadsheet_of_messages_is_told(data: Path, content: bytes, said: str) -> None:
    result = add(data, content)
    assert result.exit_code == 1
    assert said in result.output


def test_a_shifted_column_does_not_repeat_the_message(data: Path) -> None:
    result = add(data, HEAD + "fr,je ne vais vraiment pas bien ce soir,distress,none\n")
    assert result.exit_code == 1
    assert "vraiment" not in result.output


def test_a_measuring_set_is_never_trained_on(data: Path, tmp_path: Path) -> None:
    kept = write_set(tmp_path / "kept.jsonl", [{"text": "bonjour bonjour la compagnie"}])
    row = HEAD + "bonjour bonjour la compagnie!,fr,greet,none\n"
    result = add(data, row, "--set", kept)
    assert result.exit_code == 1
    assert "kept.jsonl:1: never train on it" in result.output
    assert add(data, row).exit_code == 0


def test_an_unheard_pair_of_labels_is_pointed_out(data: Path) -> None:
    result = add(data, HEAD + "allo la gang,fr,greet,emergency\n")
    assert result.exit_code == 0
    assert "warning: Mes messages.csv:2: no training message of greet is labelled emergency yet" in result.output


def test_report_writes_a_page(tmp_path: Path) -> None:
    model = write_model(tmp_path / "tiny.npz", {"zorglub": ("overdose_now", "emergency")})
    measured = write_set(tmp_path / "set.jsonl", [EMERGENCY, {"text": "allo"}])
    result = call("report", "--set", measured, "--out", tmp_path / "page.html", "--model", model)
    assert result.exit_code == 0, result.output
    assert "2 messages measured" in result.output
    assert "zorglub" not in result.output
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("arguments", [("report",), ("compare", "a.npz", "b.npz")])
def test_without_a_set_one_line_says_what_to_pass(arguments: tuple[str, ...]) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert "--set FILE.jsonl" in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_compare_refuses_a_model_that_lost_an_emergency(tmp_path: Path) -> None:
    old = write_model(tmp_path / "old.npz", {"zorglub": ("overdose_now", "emergency"), "wazoo": ("find_food", "none")})
    new = write_model(tmp_path / "new.npz", {"wazoo": ("find_food", "none")})
    measured = write_set(tmp_path / "set.jsonl", [EMERGENCY, {"text": "wazoo", "intent": "find_food"}])
    refused = call("compare", old, new, "--set", measured)
    assert refused.exit_code == 1
    assert "refused: new.npz" in refused.output
    assert "set.jsonl:1: overdose_now: emergency before, nothing now" in refused.output
    assert "zorglub" not in refused.output, "a terminal may be recorded: the place is enough"
    accepted = call("compare", new, old, "--set", measured)
    assert accepted.exit_code == 0
    assert "emergencies answered better: 1" in accepted.output
    assert "accepted" in accepted.output


def test_compare_says_which_file_is_no_model(tmp_path: Path) -> None:
    measured = write_set(tmp_path / "set.jsonl", [EMERGENCY])
    (tmp_path / "bad.npz").write_bytes(b"no model")
    result = call("compare", tmp_path / "bad.npz", tmp_path / "absent.npz", "--set", measured)
    assert result.exit_code == 2
    assert "bad.npz: cannot be read as a trained model" in result.output
