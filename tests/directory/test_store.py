"""Stored directories: preview, replace in one transaction, twice the same, never another source's; both engines."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from directory import demo, store
from directory.export import export, write
from directory.hsds import SHAPES
from directory.load import read
from directory.package import Package
from directory.places import Places
from directory.search import Query
from tests.directory.conftest import shared

NOW = 1_768_000_000
HEADER = "organisme,service,besoins,adresse,ville,horaire,confirme_le,responsable\n"


def spreadsheet(path: Path, *lines: str) -> Package:
    file = path / "services.csv"
    file.write_text(HEADER + "".join(line + "\n" for line in lines), encoding="utf-8")
    return read(file)


async def everything(conn: AsyncConnection, source: str | None = None) -> dict[str, list[dict[str, object]]]:
    return {name: list(await store.rows_of(conn, name, source)) for name in SHAPES}


async def test_preview_says_what_replace_does(conn: AsyncConnection, places: Places, tmp_path: Path) -> None:
    first = spreadsheet(tmp_path, "Un,Repas,find_food,,Montréal,lun 9h-17h,,", "Deux,Lits,find_shelter,,Laval,24/7,,")
    preview = await store.preview(conn, "a", first)
    assert (preview.added, preview.changed, preview.gone, preview.added_names) == (2, 0, 0, ("Repas", "Lits"))
    assert await store.rows_of(conn, "service") == []
    await store.replace(conn, "a", first, places, NOW)

    second = spreadsheet(
        tmp_path, "Un,Repas,find_food,,Montréal,lun 9h-18h,2026-01-02,", "Trois,Douches,find_hygiene,,Laval,,,"
    )
    preview = await store.preview(conn, "a", second)
    assert (preview.added, preview.changed, preview.gone, preview.unchanged) == (1, 1, 1, 0)
    assert (preview.changed_names, preview.gone_names) == (("Repas",), ("Lits",))
    await store.replace(conn, "a", second, places, NOW)
    assert sorted(str(row["name"]) for row in await store.rows_of(conn, "service")) == ["Douches", "Repas"]
    assert not (await store.preview(conn, "a", second)).any


async def test_importing_twice_changes_nothing(conn: AsyncConnection, places: Places) -> None:
    package = demo.package()
    await store.replace(conn, demo.SOURCE, package, places, NOW)
    before = await everything(conn)
    again = await store.replace(conn, demo.SOURCE, demo.package(), places, NOW)
    assert not again.any
    assert await everything(conn) == before


async def test_another_source_is_never_touched(conn: AsyncConnection, places: Places, tmp_path: Path) -> None:
    same = spreadsheet(tmp_path, "Un,Repas,find_food,,Montréal,24/7,,")
    await store.replace(conn, "a", same, places, NOW)
    await store.replace(conn, "b", same, places, NOW)
    await store.replace(conn, "b", spreadsheet(tmp_path, "Deux,Lits,find_shelter,,Laval,24/7,,"), places, NOW)
    assert [row["name"] for row in await store.rows_of(conn, "service", "a")] == ["Repas"]
    await store.remove(conn, "b")
    assert [item["name"] for item in await store.sources(conn)] == ["a"]
    assert len(await store.rows_of(conn, "service")) == 1


async def test_a_failed_import_leaves_everything_as_it_was(
    conn: AsyncConnection, places: Places, tmp_path: Path
) -> None:
    await store.replace(conn, "a", spreadsheet(tmp_path, "Un,Repas,find_food,,Montréal,24/7,,"), places, NOW)
    before = await everything(conn)
    broken = spreadsheet(tmp_path, "Deux,Lits,find_shelter,,Laval,24/7,,")
    broken.tables["metadata"] = [{"id": "x", "field_name": ["not text"]}]  # type: ignore[dict-item]  # on purpose
    with pytest.raises(DBAPIError):
        await store.replace(conn, "a", broken, places, NOW)
    assert await everything(conn) == before


async def test_an_import_can_be_part_of_a_larger_transaction(
    conn: AsyncConnection, places: Places, tmp_path: Path
) -> None:
    async with conn.begin():
        await conn.execute(text("SELECT 1"))
        await store.replace(conn, "a", spreadsheet(tmp_path, "Un,Repas,find_food,,Montréal,24/7,,"), places, NOW)
    assert len(await store.rows_of(conn, "service")) == 1


async def test_what_is_stored_is_searched(conn: AsyncConnection, places: Places) -> None:
    await store.replace(conn, demo.SOURCE, demo.package(), places, NOW)
    stored, direct = await store.load_index(conn), demo.index(places)
    for town in ("Montréal", "Sherbrooke", "Sept-Îles"):
        place = places.find(town).place
        assert place is not None
        at = datetime(2026, 1, 16, 14, tzinfo=ZoneInfo("America/Toronto"))
        query = Query(frozenset({"find_food"}), place.lat, place.lon, at)
        assert stored.search(query) == direct.search(query)


@pytest.mark.parametrize("name", ["out", "out.zip", "out.json"])
async def test_import_of_an_export_is_the_same(
    conn: AsyncConnection, places: Places, tmp_path: Path, name: str
) -> None:
    await store.replace(conn, "a", demo.package(), places, NOW)
    counts = await export(conn, tmp_path / name)
    package = read(tmp_path / name)
    assert package.problems == []
    assert counts == {table: len(rows) for table, rows in package.tables.items()}
    assert not (await store.preview(conn, "a", package)).any


@pytest.mark.parametrize("name", ["out", "out.json"])
@pytest.mark.parametrize(
    "path",
    [
        "fixture-sample-hsds-1.1/all_resources",
        "hsds-spec-3.1/examples-json/service_full.json",
        "hsds-spec-3.1/examples-csv",
    ],
)
def test_export_of_published_sets_reads_back_the_same(tmp_path: Path, path: str, name: str) -> None:
    package = read(shared(path))
    write(package.tables, tmp_path / name)
    again = read(tmp_path / name)
    for table in SHAPES:
        assert _by_id(again, table) == _by_id(package, table), table


@pytest.mark.slow
@pytest.mark.parametrize("name", ["out.zip", "out.json"])
def test_export_of_the_miami_set_reads_back_the_same(tmp_path: Path, name: str) -> None:
    package = read(shared("miami-211-hsds-1.1.zip"))
    write(package.tables, tmp_path / name)
    again = read(tmp_path / name)
    for table in SHAPES:
        assert _by_id(again, table) == _by_id(package, table), table


def _by_id(package: Package, table: str) -> dict[str, dict[str, str | float]]:
    return {str(row["id"]): row for row in package.tables.get(table, [])}
