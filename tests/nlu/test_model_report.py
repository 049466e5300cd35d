"""The report, the curve and the comparison: right counts on sets small enough to count by hand."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nlu import triage_curve
from nlu.corpus import TrainingMessage
from nlu.interpreter import EmbeddedInterpreter, load_interpreter
from nlu.measuring_set import Example, read_set
from nlu.model_compare import compare
from nlu.model_report import Cost, Report, build, length_of, registers_of
from nlu.model_report_page import page
from tests.tiny_model import write_model, write_set

WORDS = {
    "zorglub": ("overdose_now", "emergency"),
    "wazoo": ("find_food", "none"),
    "plonk": ("find_shelter", "urgent"),
}
ROWS = [
    {"text": "zorglub", "intent": "overdose_now", "urgency": "emergency"},
    {"text": "rien du tout", "intent": "overdose_now", "urgency": "emergency"},
    {"text": "plonk", "intent": "find_shelter", "urgency": "urgent"},
    {"text": "zorglub <b>lol</b>", "intent": "out_of_scope", "note": "hard negative: a word"},
    {"text": "wazoo", "intent": "find_food"},
    {"text": "wazoo au métro Berri", "intent": "find_hygiene", "entities": [{"entity": "place", "value": "Berri"}]},
    {"text": "wazoo encore", "intent": "find_hygiene", "also": ["find_food"]},
    {"text": "hello there", "lang": "en"},
]
COST = Cost(0.2, 7.0, 0.3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def interpreter(folder: Path) -> EmbeddedInterpreter:
    loaded, trouble = load_interpreter(write_model(folder / "tiny.npz", WORDS))
    assert trouble is None
    return loaded


@pytest.fixture(scope="module")
def examples(folder: Path) -> list[Example]:
    return read_set([write_set(folder / "set.jsonl", ROWS)])


def _trained(intent: str, urgency: str, language: str, count: int, situation: str = "seed") -> list[TrainingMessage]:
    return [TrainingMessage("x", language, intent, urgency, situation, (), "fr/x.yml", at) for at in range(count)]


@pytest.fixture(scope="module")
def report(interpreter: EmbeddedInterpreter, examples: list[Example]) -> Report:
    corpus = [
        *_trained("greet", "none", "fr", 20),
        *_trained("greet", "none", "en", 3, "shy"),
        *_trained("greet", "none", "en", 12, "loud"),
    ]
    return build(interpreter, examples, corpus, COST)


def test_bars_count_what_they_say(report: Report) -> None:
    rows = {row.name: row for row in report.bars}
    expected = {
        "emergency: said emergency": (0.5, 2, False),
        "urgent: paged or asked": (1.0, 1, True),
        "none: paged for nothing": (0.2, 5, False),
        "look-alikes: paged for nothing": (1.0, 1, False),
        "none: asked": (0.0, 5, True),
        "intent right": (4 / 8, 8, False),
        "place found": (1.0, 1, True),
        "milliseconds": (0.2, 8, True),
    }
    for name, (value, count, met) in expected.items():
        assert rows[name].value == pytest.approx(value), name
        assert (rows[name].count, rows[name].met) == (count, met), name


def test_intents_and_confusions(report: Report) -> None:
    rows = {row.intent: row for row in report.intents}
    assert (rows["find_food"].recall, rows["find_food"].precision) == (1.0, pytest.approx(1 / 3))
    assert (rows["find_hygiene"].recall, rows["find_hygiene"].precision) == (0.0, None)
    pairs = {(pair.labelled, pair.understood): pair for pair in report.confusions}
    assert pairs["find_hygiene", "find_food"].count == 1, "a fair alternative is no mistake"
    assert [example.line for example in pairs["find_hygiene", "find_food"].examples] == [6]
    assert ("overdose_now", "greet") in pairs


def test_thin_cells_and_situations(report: Report) -> None:
    assert [(cell.intent, cell.language, cell.count) for cell in report.thin] == [("greet", "mix", 0)]
    assert report.situations["greet"] == 2, "seed messages have no situation of their own"
    assert report.situations["find_food"] == 0


def test_slices(report: Report) -> None:
    assert report.slices["language"]["en"]["messages"] == 1
    assert sum(part["messages"] for part in report.slices["length"].values()) == len(ROWS)
    assert [length_of("a " * count) for count in (1, 4, 5, 12, 39, 40)] == ["01-04"] * 2 + ["05-12"] * 2 + [
        "13-39",
        "40+",
    ]
    assert registers_of("VENEZ VITE SVP 😭") == ["emoji", "capitals", *registers_of("VENEZ VITE SVP 😭")[2:]]
    assert "careful" in registers_of("Bonjour, où puis-je manger ce soir?")
    assert "no punctuation, long" in registers_of("mot " * 15)
    assert "texting or joual spelling" in registers_of("jveux manger")
    assert registers_of("je veux manger ce soir") == ["everyday"]


class _Outside(HTMLParser):
    """Collects what a page would fetch, and the elements left open."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.opened: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "srcset", "action"}]
        if tag in {"script", "link", "iframe", "img"}:
            self.fetched.append(tag)
        if tag not in {"meta", "input", "br"}:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


def test_the_page_needs_nothing_else_and_quotes_safely(report: Report) -> None:
    html = page(report, date(2026, 1, 15))
    parser = _Outside()
    parser.feed(html)
    assert parser.fetched == []
    assert parser.opened == []
    assert "url(" not in html
    assert "@import" not in html
    assert "zorglub &lt;b&gt;lol&lt;/b&gt;" in html
    assert "<b>lol" not in html
    assert "2026-01-15" in html
    for words in ("Les exigences", "The bars", "PAS ATTEINT", "set.jsonl:6"):
        assert words in html


def test_each_language_writes_numbers_its_own_way(report: Report) -> None:
    html = page(report, date(2026, 1, 15))
    french, english = (re.findall(rf'<span class="{code}" lang="{code}">(.*?)</span>', html) for code in ("fr", "en"))
    assert "7,00 Mo" in french
    assert "7.00 MB" in english
    assert any("100,0\u00a0%" in text for text in french)
    assert any("100.0%" in text for text in english)
    assert not any(re.search(r"\d\.\d+%|\d%", text) for text in french)
    drawn = re.search(r'<div class="fr" lang="fr">(<svg.*?</svg>)', html, re.DOTALL)
    assert drawn is not None
    assert "\u00a0%</text>" in drawn[1]
    assert re.search(r'points="\d+\.\d', html), "coordinates are left alone"


def test_a_page_without_emergencies_or_model_says_so(folder: Path) -> None:
    bare, _trouble = load_interpreter(folder / "absent.npz")
    html = page(
        build(bare, read_set([write_set(folder / "calm.jsonl", [{"text": "allo"}])]), [], COST), date(2026, 1, 15)
    )
    assert "the safety rules alone" in html
    assert "needed to draw it" in html
    assert "nothing to measure" in html


def test_the_curve_rises_with_the_price(interpreter: EmbeddedInterpreter, examples: list[Example]) -> None:
    points = triage_curve.measure(interpreter, [example.labelled for example in examples], (-30.0, 0.0, 30.0))
    anxious, today, deaf = points
    assert (anxious.caught, anxious.paged_or_asked) == (0.5, 0.2), "a few words that mean nothing to anybody never page"
    assert (today.caught, today.paged) == (0.5, 0.2), "nothing moved: what the service does"
    assert (deaf.caught, deaf.paged, deaf.paged_or_asked) == (0.0, 0.0, 0.0)
    for point in points:
        assert point.caught_or_asked >= point.caught
    for language in ("fr", "en"):
        drawn = ElementTree.fromstring(triage_curve.picture(points, language))  # noqa: S314 - our own drawing
        lines = [element for element in drawn.iter() if element.tag.endswith("polyline")]
        assert len(lines) == 2
        assert len([element for element in drawn.iter() if element.tag.endswith("circle")]) == 2


def test_the_curve_is_written_from_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured = str(write_set(folder / "curve.jsonl", ROWS))
    assert triage_curve.main([measured, "--out", str(folder / "curve.svg")]) == 0
    assert "today" in (folder / "curve.svg").read_text(encoding="utf-8")
    assert triage_curve.main([str(write_set(folder / "calm.jsonl", [{"text": "allo"}]))]) == 2
    assert "labelled emergency" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("[]", "JSON object"),
        ("{", "JSON object"),
        ('{"lang": "fr", "intent": "greet", "urgency": "none"}', "no text"),
        ('{"text": "a", "lang": "fr", "intent": "grete", "urgency": "none"}', "unknown intent"),
        ('{"text": "a", "lang": "es", "intent": "greet", "urgency": "none"}', "unknown lang"),
        ('{"text": "a", "lang": "fr", "intent": "greet", "urgency": ["none"]}', "unknown urgency"),
        ('{"text": "a", "lang": "fr", "intent": "greet", "urgency": "none", "entities": [{"value": 2}]}', "entities"),
    ],
)
def test_a_bad_line_of_a_set_is_told(tmp_path: Path, line: str, what: str) -> None:
    path = write_set(tmp_path / "set.jsonl", [{"text": "allo"}])
    path.write_text(path.read_text(encoding="utf-8") + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=what) as told:
        read_set([path])
    assert f"{path}:3:" in str(told.value)


def test_a_set_that_is_not_text_or_holds_nothing_is_told(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="UTF-8"):
        read_set([path])
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no message"):
        read_set([path])


def test_what_a_new_model_loses_and_gains(
    folder: Path, interpreter: EmbeddedInterpreter, examples: list[Example]
) -> None:
    deaf, _ = load_interpreter(write_model(folder / "deaf.npz", {"wazoo": ("find_hygiene", "none")}))
    compared = compare(interpreter, deaf, examples)
    assert compared.refused
    assert [(change.example.line, change.before, change.after) for change in compared.lost_emergencies] == [
        (1, "emergency", "nothing")
    ]
    assert [change.example.line for change in compared.fewer_false_pages] == [4]
    assert [change.example.line for change in compared.mended_intents] == [6]
    assert {change.example.line for change in compared.broken_intents} == {1, 3, 5}
    back = compare(deaf, interpreter, examples)
    assert not back.refused
    assert [change.example.line for change in back.found_emergencies] == [1]
    assert [change.example.line for change in back.new_false_pages] == [4]
    same = compare(interpreter, interpreter, examples)
    assert not same.refused
    assert not same.broken_intents
    assert all(before == after for before, after in same.figures.values())


def test_an_emergency_answered_as_merely_urgent_is_lost(
    folder: Path, interpreter: EmbeddedInterpreter, examples: list[Example]
) -> None:
    weaker, _ = load_interpreter(write_model(folder / "weaker.npz", {**WORDS, "zorglub": ("find_shelter", "urgent")}))
    lost = compare(interpreter, weaker, examples).lost_emergencies
    assert [(change.before, change.after) for change in lost] == [("emergency", "urgent")]
