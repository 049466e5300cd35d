"""`converse` keeps its contract (design section 11): every field and kind of entry, its clock, its errors, its samples."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot import converse
from bot.bootstrap import Content
from bot.converse import Script, ScriptError, read_scripts

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT.parent / "shared" / "samples" / "conversations.jsonl"
MODEL = ROOT / "nlu" / "model" / "understanding.npz"
FIELDS = {
    "id": str,
    "turn": int,
    "replies": list,
    "urgency": (str, type(None)),
    "check": bool,
    "intent": (str, type(None)),
    "handoff": str,
    "paged": bool,
    "segments": int,
}
STATES = {"none", "requested", "paged", "acknowledged", "active", "closed", "unanswered"}
OVERDOSE = "mon ami respire pu yé bleu"


async def play(content: Content, *turns: dict[str, Any], **script: Any) -> list[dict[str, Any]]:
    """Play one script; every result is looked at for its fields and their types."""
    read = Script.model_validate({"id": "one", "turns": list(turns)} | script)
    results = [result async for result in converse.play(read, content)]
    assert [result["turn"] for result in results] == list(range(len(turns)))
    for result, entry in zip(results, turns, strict=True):
        assert list(result) == list(FIELDS)
        for name, kind in FIELDS.items():
            assert isinstance(result[name], kind), name
        assert result["handoff"] in STATES
        assert all(isinstance(reply, str) and reply.strip() for reply in result["replies"])
        from_texter = "user" in entry or "location" in entry
        assert (result["urgency"] in ("emergency", "urgent", "none")) is from_texter
        assert from_texter or result["intent"] is None
        assert not (result["check"] and result["urgency"] != "none")
        assert json.loads(converse.dump(result)) == result
        assert converse.dump(result).isascii()
    return results


async def test_every_kind_of_entry_on_sms(content: Content) -> None:
    results = await play(
        content,
        {"user": OVERDOSE, "expect": {"anything": 1}, "topic": "ignored"},
        {"worker": "chu là, reste avec lui"},
        {"user": "ok y respire un peu"},
        {"worker_closes": True},
        {"wait": 5},
        {"user": "salut"},
        lang="fr",
        topic="ignored",
    )
    first, taken, relayed, closed, waited, after = results
    assert first["urgency"] == "emergency"
    assert first["paged"] is True
    assert first["handoff"] == "paged"
    assert "911" in first["replies"][0][:136]
    assert first["segments"] >= len(first["replies"])
    assert taken["handoff"] == "active"
    assert any("chu là, reste avec lui" in reply for reply in taken["replies"])
    assert taken["paged"] is False
    assert relayed["handoff"] == "active"
    assert closed["handoff"] == "closed"
    assert (waited["urgency"], waited["paged"]) == (None, False)
    assert after["replies"]


async def test_a_worker_may_write_first_and_close_what_nobody_took(content: Content) -> None:
    results = await play(content, {"user": "salut"}, {"worker": "allo, ça va mieux?"})
    assert results[0]["handoff"] == "none"
    assert results[1]["handoff"] == "active"
    assert any("ça va mieux" in reply for reply in results[1]["replies"])
    results = await play(content, {"user": OVERDOSE}, {"worker_closes": True})
    assert results[1]["handoff"] == "closed"
    (nothing,) = await play(content, {"worker_closes": True})
    assert (nothing["handoff"], nothing["replies"]) == ("none", [])


async def test_a_wait_pages_the_next_and_tells_the_truth(content: Content) -> None:
    first, waited, much_later, again = await play(
        content, {"user": OVERDOSE}, {"wait": 11}, {"wait": 60}, {"user": "y respire pu pentoute, yé mauve"}
    )
    assert first["paged"] is True
    assert waited["paged"] is True
    assert waited["replies"], "the truth: nobody has answered yet"
    assert much_later["handoff"] == "unanswered"
    assert again["paged"] is True, "a danger after 'unanswered' pages anew"


async def test_a_new_danger_after_closed_pages_anew(content: Content) -> None:
    *_, closed, again = await play(
        content, {"user": OVERDOSE}, {"worker": "ok"}, {"worker_closes": True}, {"user": OVERDOSE}
    )
    assert closed["handoff"] == "closed"
    assert again["paged"] is True


async def test_a_pin_on_telegram_has_no_sms_parts(content: Content) -> None:
    asked, found = await play(
        content, {"user": "jai faim, où manger"}, {"location": [45.5088, -73.554]}, channel="telegram"
    )
    assert asked["replies"]
    assert found["replies"]
    assert found["urgency"] == "none"
    assert asked["segments"] == found["segments"] == 0


async def test_each_script_begins_anew(content: Content) -> None:
    once = await play(content, {"user": OVERDOSE})
    assert once[0]["handoff"] == "paged"
    twice = await play(content, {"user": "salut"})
    assert twice[0]["handoff"] == "none"
    thrice = await play(content, {"user": "salut"})
    assert thrice == twice


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        (None, "2026-01-16T14:00:00-05:00"),
        ("2026-01-17T03:30:00", "2026-01-17T03:30:00-05:00"),
        ("2026-07-17T03:30:00", "2026-07-17T03:30:00-04:00"),
        ("2026-01-17T03:30:00Z", "2026-01-17T03:30:00+00:00"),
        ("2026-01-17T03:30:00+02:00", "2026-01-17T03:30:00+02:00"),
    ],
)
async def test_the_clock_starts_where_the_script_says(
    content: Content, monkeypatch: pytest.MonkeyPatch, at: str | None, moment: str
) -> None:
    seen: list[datetime] = []
    real = converse._inbound

    def watched(player: converse._Player, entry: dict[str, Any]) -> Any:
        seen.append(player.now)
        return real(player, entry)

    monkeypatch.setattr(converse, "_inbound", watched)
    await play(content, {"user": "salut"}, at=at)
    assert seen == [datetime.fromisoformat(moment)]


async def test_no_setting_is_read(content: Content, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PASSERELLE_DATABASE_URL", "postgresql://nowhere/at-all")
    monkeypatch.setenv("PASSERELLE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PASSERELLE_ORGANISATION", "/nowhere")
    assert (await play(content, {"user": "salut"}))[0]["replies"]
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "🙂" * 50, "é" * 4000, "/overdose_now", "{name} %s", "STOP", "ARRET", "EFFACE", "1"],
    ids=range(11),
)
async def test_any_text_is_played(content: Content, text: str) -> None:
    (result,) = await play(content, {"user": text})
    assert result["replies"] or text == "STOP"


def write(path: Path, *lines: str) -> Path:
    file = path / "scripts.jsonl"
    file.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    return file


GOOD = '{"id": "good", "turns": [{"user": "salut"}]}'


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("not json", "JSON"),
        ("[]", ""),
        ("{}", "id"),
        ('{"id": 4, "turns": []}', "id"),
        ('{"id": "x", "channel": "fax", "turns": []}', "channel"),
        ('{"id": "x", "at": "tomorrow", "turns": []}', "at"),
        ('{"id": "x", "turns": {}}', "turns"),
        ('{"id": "x", "turns": ["salut"]}', "turns.0"),
        ('{"id": "x", "turns": [{"user": "a"}, {}]}', "turn 1: write one of user, location"),
        ('{"id": "x", "turns": [{"user": "a", "wait": 1}]}', "turn 0: write one of"),
        ('{"id": "x", "turns": [{"user": 4}]}', "turn 0: 'user' is a text"),
        ('{"id": "x", "turns": [{"worker": null}]}', "turn 0: 'worker' is a text"),
        ('{"id": "x", "turns": [{"worker_closes": false}]}', "turn 0: 'worker_closes' is true"),
        ('{"id": "x", "turns": [{"wait": -1}]}', "turn 0: 'wait' is a number of minutes"),
        ('{"id": "x", "turns": [{"wait": true}]}', "turn 0: 'wait' is a number of minutes"),
        ('{"id": "x", "turns": [{"wait": "5"}]}', "turn 0: 'wait' is a number of minutes"),
        ('{"id": "x", "turns": [{"wait": 1e300}]}', "turn 0: 'wait' is a number of minutes"),
        ('{"id": "x", "turns": [{"location": [45.5, -73.6]}]}', "turn 0: a pin cannot come by SMS"),
        ('{"id": "x", "channel": "telegram", "turns": [{"location": [95, 0]}]}', "turn 0: 'location' is [latitude"),
        ('{"id": "x", "channel": "telegram", "turns": [{"location": [true, 0]}]}', "turn 0: 'location' is [latitude"),
        ('{"id": "x", "channel": "telegram", "turns": [{"location": "Mtl"}]}', "turn 0: 'location' is [latitude"),
        ('{"id": "x", "turns": [{"user": "\ud800"}]}', ""),
    ],
)
def test_a_wrong_script_names_its_file_and_line(tmp_path: Path, line: str, says: str) -> None:
    path = write(tmp_path, GOOD, "", line)
    with pytest.raises(ScriptError) as caught:
        list(read_scripts(path))
    told = str(caught.value)
    assert told.startswith(f"{path}, line 3: ") or "not UTF-8" in told
    assert says in told
    assert "\n" not in told


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot be read"):
        list(read_scripts(tmp_path / "nothing.jsonl"))
    with pytest.raises(ScriptError, match="cannot be read"):
        list(read_scripts(tmp_path))


def test_lines_that_separate_in_unicode_only_do_not_split(tmp_path: Path) -> None:
    path = write(tmp_path, '{"id": "a\u2028b", "lang": null, "turns": []}\r', GOOD, "")
    assert [script.id for script in read_scripts(path)] == ["a\u2028b", "good"]


def _samples() -> list[Script]:
    return list(read_scripts(SAMPLES)) if SAMPLES.is_file() else []


@pytest.mark.skipif(not SAMPLES.is_file(), reason="the shared samples are not beside this project")
@pytest.mark.skipif(not MODEL.is_file(), reason="the model was not trained yet (make model)")
@pytest.mark.parametrize("script", _samples(), ids=lambda script: script.id)
async def test_the_shared_samples_are_answered_as_they_expect(content: Content, script: Script) -> None:
    results = await play(content, *script.turns, id=script.id, channel=script.channel, at=script.at)
    missed = []
    for result, entry in zip(results, script.turns, strict=True):
        expected = entry.get("expect", {})
        said = "\n".join(result["replies"]).casefold()
        if result["urgency"] != expected.get("urgency", result["urgency"]):
            missed.append(f"turn {result['turn']}: urgency {result['urgency']}, not {expected['urgency']}")
        words = expected.get("must_contain_any", [])
        if words and not any(word.casefold() in said for word in words):
            missed.append(f"turn {result['turn']}: none of {words}")
        unwanted = [word for word in expected.get("must_not_contain", []) if word.casefold() in said]
        if unwanted:
            missed.append(f"turn {result['turn']}: {unwanted}")
        if expected.get("must_escalate") and result["handoff"] == "none":
            missed.append(f"turn {result['turn']}: nobody was asked for")
    assert missed == []
