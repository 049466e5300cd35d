"""What the command line calls: import, export, search, stale, the spreadsheet and its template."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy.ext.asyncio import AsyncConnection

from directory import commands, demo
from directory.commands import SearchError
from directory.load import read
from directory.package import DirectoryFileError
from directory.places import Places
from directory.search import Index
from directory.spreadsheet import TEMPLATE, template_csv

FRIDAY = datetime.fromisoformat("2026-01-16T14:00")


@pytest.fixture(scope="module")
def index(places: Places) -> Index:
    return demo.index(places)


def test_the_template_is_a_directory(tmp_path: Path) -> None:
    path = tmp_path / "services.csv"
    path.write_text(template_csv(), encoding="utf-8")
    package = read(path)
    assert package.problems == []
    assert package.tables["service"][0]["name"] == "Halte de jour"


def test_a_workbook_and_a_windows_csv_give_the_same(tmp_path: Path) -> None:
    rows = list(csv.reader(template_csv().splitlines()))
    book = Workbook()
    for row in rows:
        book.active.append([datetime.fromisoformat(cell) if cell == "2026-11-01" else cell for cell in row])  # type: ignore[union-attr]  # a new workbook has a sheet
    book.save(tmp_path / "a.xlsx")
    windows = "\r\n".join(";".join(f'"{cell}"' for cell in row) for row in rows)
    (tmp_path / "a.csv").write_bytes(windows.encode("cp1252"))
    assert read(tmp_path / "a.xlsx").tables == read(tmp_path / "a.csv").tables


def test_english_column_names_and_every_fault_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "name,needs,address,city,hours,holidays,pets,confirmed_on\n"
        "Kitchen,find_food|gold,1 Main,Montréal,when open,maybe,perhaps,soon\n"
        ",find_food,2 Main,Montréal,,,,\n"
        "Kitchen,find_food,1 Main,Montréal,,,,\n",
        encoding="utf-8",
    )
    package = read(path)
    assert [(problem.row, problem.column, problem.kept) for problem in package.problems] == [
        (2, "confirme_le", True), (2, "besoins", True), (2, "animaux", True), (2, "horaire", True),
        (2, "feries", True), (3, "organisme", False), (4, "organisme", False),
    ]  # fmt: skip
    assert package.count("service") == 1


def test_the_template_has_french_names() -> None:
    assert {"organisme", "besoins", "horaire", "feries", "confirme_le", "responsable"} <= set(TEMPLATE)


def test_search_gives_plain_values(index: Index, places: Places) -> None:
    items = commands.search_index(index, places, "find_supplies", "métro Berri", FRIDAY)
    assert json.loads(json.dumps(items)) == items
    assert {"name", "service", "km", "open", "confirmed_on"} <= items[0].keys()
    assert items[0]["km"] < 2
    assert items[-1]["kind"] == "line"
    by_point = commands.search_index(index, places, "find_supplies", "45.5152,-73.5610", FRIDAY)
    assert [item["name"] for item in by_point] == [item["name"] for item in items]


@pytest.mark.parametrize(
    ("need", "near", "says"),
    [
        ("find_gold", "Montréal", "unknown need"), ("find_food", "Saint-Lambert", "could be"),
        ("find_food", "rue Ontario", "cross street"), ("find_food", "xyzzy", "not found"), ("find_food", "95,-73", "±90"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_asked(index: Index, places: Places, need: str, near: str, says: str) -> None:
    with pytest.raises(SearchError, match=says):
        commands.search_index(index, places, need, near, FRIDAY)


async def test_import_export_stale(conn: AsyncConnection, places: Places, tmp_path: Path) -> None:
    path = tmp_path / "partenaires.csv"
    path.write_text(template_csv(), encoding="utf-8")
    prepared = await commands.prepare_import(conn, path)
    assert (prepared.source, prepared.preview.added, prepared.problems) == ("partenaires", 1, [])
    await commands.perform_import(conn, prepared, places, 1_768_000_000)
    items = await commands.search_directory(
        conn, places, "find_food", "H2X", datetime.fromisoformat("2026-11-02T10:00")
    )
    assert [(item["name"], item["open"], item["confirmed_on"]) for item in items] == [
        ("Maison Exemple", True, "2026-11-01")
    ]
    assert await commands.export_directory(conn, tmp_path / "out.json", "partenaires")
    with pytest.raises(DirectoryFileError, match="no source is named"):
        await commands.export_directory(conn, tmp_path / "x.json", "other")
    assert [item["owner"] for item in await commands.stale_directory(conn, date(2027, 11, 1))] == ["Maison Exemple"]
    empty = tmp_path / "empty.csv"
    empty.write_text("organisme,besoins,ville\n", encoding="utf-8")
    with pytest.raises(DirectoryFileError):
        await commands.prepare_import(conn, empty, "partenaires")
