"""A directory that does not go stale: codes, confirmations, reports by two people, capacity that expires."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from directory import freshness, store
from directory.places import Places
from directory.search import Found, Query
from tests.directory.test_store import NOW, spreadsheet

TODAY = date(2026, 1, 12)
NOON = datetime(2026, 1, 12, 12, tzinfo=ZoneInfo("America/Toronto"))


@pytest.fixture
async def filled(conn: AsyncConnection, places: Places, tmp_path: Path) -> AsyncConnection:
    package = spreadsheet(
        tmp_path,
        "Un,Repas,find_food,,Montréal,24/7,2024-01-01,CLSC du coin",
        "Deux,Soupe,find_food,,Montréal,24/7,2026-01-02,",
        "Trois,Lits,find_food,,Montréal,24/7,,",
    )
    await store.replace(conn, "a", package, places, NOW)
    return conn


async def found(conn: AsyncConnection, service: str) -> Found:
    index = await store.load_index(conn)
    answer = index.search(Query(frozenset({"find_food"}), 45.51, -73.57, NOON))
    return next(item for item in answer.found if item.service == service)


async def test_who_to_call_oldest_first(filled: AsyncConnection) -> None:
    stale = await freshness.stale(filled, TODAY)
    assert [(ref.name, ref.owner, ref.confirmed_on) for ref in stale] == [
        ("Lits", "", None),
        ("Repas", "CLSC du coin", date(2024, 1, 1)),
    ]
    assert len({ref.code for ref in await freshness.services(filled)}) == 3


async def test_confirming_by_code_makes_it_fresh_and_outlives_an_import(
    filled: AsyncConnection, places: Places, tmp_path: Path
) -> None:
    code = (await freshness.stale(filled, TODAY))[0].code
    assert await freshness.confirm_by_code(filled, code, TODAY)
    assert not await freshness.confirm_by_code(filled, 999_999, TODAY)
    await filled.commit()
    await store.replace(filled, "a", spreadsheet(tmp_path, "Trois,Lits,find_food,,Montréal,24/7,,"), places, NOW)
    item = await found(filled, "Lits")
    assert (item.confirmed_on, item.to_verify) == (TODAY, False)
    assert [ref.code for ref in await freshness.services(filled)] == [code]


async def test_a_private_link_confirms_and_only_its_digest_is_kept(filled: AsyncConnection) -> None:
    ref = (await freshness.stale(filled, TODAY))[0]
    token = await freshness.new_link(filled, ref.source, ref.service_id)
    assert await freshness.by_link(filled, token) == (ref.source, ref.service_id)
    newer = await freshness.new_link(filled, ref.source, ref.service_id)
    assert await freshness.by_link(filled, token) is None
    assert await freshness.by_link(filled, newer) is not None


async def test_closed_is_shown_after_two_independent_people(filled: AsyncConnection) -> None:
    ref = next(ref for ref in await freshness.services(filled) if ref.name == "Soupe")
    key = (ref.source, ref.service_id)
    assert not await freshness.report_closed(filled, *key, "one", NOW, TODAY)
    assert not await freshness.report_closed(filled, *key, "one", NOW + 60, TODAY)
    assert not await freshness.report_closed(filled, *key, "one", NOW + 86400, date(2026, 1, 13))
    assert "reported_closed" not in (await found(filled, "Soupe")).reasons
    assert await freshness.report_closed(filled, *key, "two", NOW + 90, TODAY)
    assert "reported_closed" in (await found(filled, "Soupe")).reasons
    assert await freshness.reported(filled) == {key: frozenset({"closed"})}
    await freshness.confirm(filled, *key, TODAY)
    assert "reported_closed" not in (await found(filled, "Soupe")).reasons


async def test_the_same_person_s_word_counts_once_a_day(filled: AsyncConnection) -> None:
    ref = (await freshness.services(filled))[0]
    assert await freshness.report(filled, ref.source, ref.service_id, "full", "one", NOW, TODAY)
    assert not await freshness.report(filled, ref.source, ref.service_id, "full", "one", NOW, TODAY)


async def test_capacity_expires_by_itself(filled: AsyncConnection) -> None:
    ref = next(ref for ref in await freshness.services(filled) if ref.name == "Lits")
    noon = int(NOON.timestamp())
    await freshness.tell_capacity(filled, ref.source, ref.service_id, 5, noon - 60, noon + 60)
    await freshness.tell_capacity(filled, ref.source, ref.service_id, 3, noon - 30, noon + 60)
    item = await found(filled, "Lits")
    assert (item.beds, "beds:3" in item.reasons) == (3, True)
    await freshness.tell_capacity(filled, ref.source, ref.service_id, 0, noon - 30, noon - 1)
    assert (await found(filled, "Lits")).beds is None
    with pytest.raises(ValueError, match="number of places"):
        await freshness.tell_capacity(filled, ref.source, ref.service_id, -1, noon, noon + 1)
    await freshness.forget_old(filled, noon)


async def test_old_reports_are_forgotten(filled: AsyncConnection) -> None:
    ref = (await freshness.services(filled))[0]
    for reporter in ("one", "two"):
        await freshness.report(filled, ref.source, ref.service_id, "closed", reporter, NOW, TODAY)
    await freshness.forget_old(filled, NOW + 31 * 86400)
    assert await freshness.reported(filled) == {}
