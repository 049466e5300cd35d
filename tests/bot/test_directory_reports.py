"""Closed, full: what texters found reaches the coordinator at once, and the next searcher after two different people."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from bot import bootstrap, worker
from bot.bootstrap import Service
from bot.cli import app
from bot.conversation.news import TASK, pseudonym
from bot.organisation import OrganisationError
from bot.store import alarms, contacts
from bot.store.database import Database
from bot.store.vault import Vault
from directory import demo, freshness
from directory.freshness import OpenReport
from directory.hsds import directory_report
from directory.load import read
from directory.search import Found, Query
from tests.bot.test_partners import imported, says
from tests.phone import Line

FOOD = "où je peux manger près du métro berri"
ONE, TWO, THREE = "+15145550201", "+15145550202", "+15145550203"


async def reports(line: Line) -> list[OpenReport]:
    async with line.service.database.read() as conn:
        return await freshness.open_reports(conn)


async def tasks(line: Line) -> list[str]:
    async with line.service.database.read() as conn:
        return [alarm["ref"] for alarm in await alarms.open_alarms(conn) if alarm["kind"] == TASK]


async def finds(line: Line, address: str, then: str, search: str = FOOD) -> list[str]:
    phone = line.texter(address)
    await phone.texts(search)
    first = phone.received
    await says(line, then, address)
    return first


@pytest.mark.parametrize(
    ("search", "words", "kind", "told"),
    [
        (FOOD, "c'est fermé", "closed", "signalé fermé"),
        (FOOD, "y'avait pu de place", "full", "signalé plein"),
        ("where can i eat near berri metro", "it was closed", "closed", "reported closed"),
        ("where can i eat near berri metro", "no room left", "full", "reported full"),
    ],
)
async def test_two_people_are_needed_for_the_next_searcher_to_see_it(
    line: Line, search: str, words: str, kind: str, told: str
) -> None:
    before = await finds(line, ONE, words, search)
    (report,) = await reports(line)
    assert (report.source, report.kind, report.people, report.shown) == (demo.SOURCE, kind, 1, False)
    assert len(await tasks(line)) == 1
    await finds(line, ONE, words, search)  # the same person again changes nothing
    assert await finds(line, TWO, words, search) == before, "one person's word is not shown"
    mine = next(each for each in await reports(line) if each.service_id == report.service_id)
    assert (mine.people, mine.shown) == (2, True)
    phone = await line.texter(THREE).texts(search)
    assert phone.received[0] != before[0], "the reported place ranks lower"
    seen: list[str] = []
    for _ in range(6):
        seen += phone.received
        await phone.texts("une autre" if "signalé" in told else "another one")
    assert any(told in text for text in seen), "and whoever is sent there is told"


async def test_another_one_is_given_at_once(line: Line) -> None:
    phone = line.texter(ONE)
    await phone.texts(FOOD)
    first = phone.received[0].splitlines()[0]
    await phone.texts("c'est fermé")
    assert first not in phone.received[0]
    phone.expect("km")


@pytest.mark.parametrize("text", ["c'est fermé?", "est-ce que c'est fermé", "une autre", "trop loin"])
async def test_a_question_or_another_wish_reports_nothing(line: Line, text: str) -> None:
    await finds(line, ONE, text)
    assert await reports(line) == []
    assert await tasks(line) == []


def eateries(line: Line) -> list[Found]:
    """Places in Montréal where one eats."""
    return list(
        line.service.directory.index.search(Query(frozenset({"find_food"}), 45.51, -73.57, line.now, limit=20)).found
    )


async def test_what_the_directory_says_is_closed_is_no_news(line: Line) -> None:
    view, night = line.service.directory, line.now.replace(hour=8)  # three in the morning there
    keys = [
        found.id for found in eateries(line) if found.open and (view.index.get(found.id, night) or found).open is False
    ]
    assert keys
    assert view.report("closed", keys[:1], "c'est fermé", line.now) is not None
    assert view.report("closed", keys, "c'est fermé", night) is None
    assert view.report("full", keys, "c'est plein", night) is not None


async def test_the_one_that_is_named_is_meant(line: Line) -> None:
    named = {found.name: found for found in eateries(line)}
    bonneau, doris = named["Accueil Bonneau"], named["Chez Doris"]
    for words, meant in (("c'est plein", doris), ("bonneau c'est plein", bonneau), ("Chez DORIS était plein", doris)):
        report = line.service.directory.report("full", (doris.id, bonneau.id), words, line.now)
        assert report is not None
        assert report.service_id == meant.service_id
    assert line.service.directory.report("full", ("gone",), "c'est plein", line.now) is None


async def test_an_erased_contact_leaves_nothing_that_leads_back(line: Line, vault: Vault) -> None:
    await finds(line, ONE, "c'est fermé")
    async with line.service.database.begin() as conn:
        (reporter,) = (await conn.execute(select(directory_report.c.reporter))).scalars()
        contact = await contacts.find_or_create(conn, vault, "sms", ONE, line.now)
        (report,) = await freshness.open_reports(conn)
        assert reporter == pseudonym(contact, report.source, report.service_id)
        assert reporter != pseudonym(contact, report.source, "another service"), "reports are not tied to each other"
    await line.texter(ONE).texts("EFFACE")
    await line.texter(ONE).texts("salut")
    async with line.service.database.begin() as conn:
        again = await contacts.find_or_create(conn, vault, "sms", ONE, line.now)
        assert pseudonym(again, report.source, report.service_id) != reporter, "the key that made it is gone"


async def test_a_partner_s_word_settles_reports_and_closes_the_task(line: Line, tmp_path: Path) -> None:
    code = await imported(line, tmp_path)
    for address in (ONE, TWO):
        await finds(line, address, "c'est fermé", "une place pour dormir à Montréal")
    assert [each.shown for each in await reports(line)] == [True]
    (await line.texter(THREE).texts("une place pour dormir à Montréal")).expect("signalé fermé")
    (await says(line, f"CONFIRME {code}")).expect("merci")
    assert await reports(line) == []
    assert await tasks(line) == []
    phone = await line.texter("+15145550204").texts("une place pour dormir à Montréal")
    assert not any("signalé" in text for text in phone.received)


async def test_a_process_that_only_answers_takes_up_what_changed(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "DIRECTORY_EVERY", timedelta(0))
    await imported(line, tmp_path)
    stop, before = asyncio.Event(), line.service.directory.index
    async with line.service.database.begin() as conn:
        await freshness.confirm(conn, "ours", "any", datetime(2026, 1, 1, tzinfo=UTC).date())
    refresh = bootstrap.refresh_directory

    async def once(service: Service) -> None:
        await refresh(service)
        stop.set()

    monkeypatch.setattr(bootstrap, "refresh_directory", once)
    await worker.keep_up(line.service, stop)
    assert line.service.directory.index is not before


async def test_old_reports_go(line: Line) -> None:
    await finds(line, ONE, "c'est fermé")
    async with line.service.database.begin() as conn:
        await freshness.forget_old(conn, int(line.now.timestamp()) + 31 * 86400)
    assert await reports(line) == []


def test_an_organisation_s_own_needs_are_added(tmp_path: Path) -> None:
    (tmp_path / "needs.yml").write_text("find_food:\n  words: [cabane a sucre]\n", encoding="utf-8")
    assert bootstrap.load_needs(tmp_path).of_words("Cabane à sucre") == bootstrap.load_needs(tmp_path).of_words("repas")
    for wrong in ("find_foood: {}\n", "find_food: {words: repas}\n", "find_food: [\n"):
        (tmp_path / "needs.yml").write_text(wrong, encoding="utf-8")
        with pytest.raises(OrganisationError, match=r"needs\.yml"):
            bootstrap.load_needs(tmp_path)


async def report_twice(url: str, code: int) -> None:
    """Two people found it closed."""
    database = Database(url)
    async with database.begin() as conn:
        service = await freshness.by_code(conn, code)
        assert service is not None
        for person in ("one", "two"):
            await freshness.report(conn, *service, "closed", person, 0, datetime(2030, 1, 1, tzinfo=UTC).date())
    await database.close()


def test_the_coordinator_s_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`init` lays down a spreadsheet that can be imported; its services are listed, confirmed and settled by code."""
    monkeypatch.setenv("PASSERELLE_STATE", str(tmp_path / "state"))
    runner = CliRunner()

    def passerelle(*words: str) -> tuple[int, str]:
        result = runner.invoke(app, list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    assert passerelle("init", str(tmp_path / "ours"))[0] == 0
    spreadsheet = tmp_path / "ours" / "services.csv"
    assert read(spreadsheet).problems == []
    assert passerelle("directory", "import", str(spreadsheet), "--yes")[0] == 0
    assert "Nothing" in passerelle("directory", "tasks")[1]
    monkeypatch.setattr(bootstrap, "wall_clock", lambda: datetime(2030, 1, 1, 12, tzinfo=UTC))
    code = passerelle("directory", "stale")[1].split()[0]
    assert passerelle("directory", "confirm", code) == (0, f"{code}: confirmed\n")
    assert passerelle("directory", "stale") == (0, "")
    asyncio.run(report_twice(f"sqlite:///{tmp_path / 'state' / 'passerelle.db'}", int(code)))
    shown = passerelle("directory", "tasks")[1]
    assert shown.split()[0] == code
    assert all(words in shown for words in ("closed", "2", "shown to searchers"))
    assert passerelle("directory", "settle", code) == (0, f"{code}: settled\n")
    assert "Nothing" in passerelle("directory", "tasks")[1]
    wrong, said = passerelle("directory", "settle", "999999")
    assert (wrong, "no service" in said) == (1, True)
