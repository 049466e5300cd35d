"""What partners text: exact patterns, the right phone, short answers, and nothing changed for anybody else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot import bootstrap
from bot.conversation.news import CAPACITY_LASTS
from bot.conversation.partners import PartnerText, read
from bot.messages import ChannelName
from directory import callers, freshness, store
from directory.load import read as read_directory
from directory.search import Found, Query
from tests.phone import Line, Phone

HEADER = "organisme,service,besoins,ville,telephone,horaire,confirme_le,responsable\n"
PARTNER, OWNER, STRANGER = "+15145550111", "+14185550122", "+15145550199"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("CONFIRME 1280", PartnerText(1280, None, "fr")),
        (" confirmé  #1280. ", PartnerText(1280, None, "fr")),
        ("Confirm 1280", PartnerText(1280, None, "en")),
        ("1280 3 lits", PartnerText(1280, 3, "fr")),
        ("1280: 1 lit", PartnerText(1280, 1, "fr")),
        ("1280 0 beds", PartnerText(1280, 0, "en")),
        ("1280 12 places", PartnerText(1280, 12, None)),
        ("1280 complet", PartnerText(1280, 0, "fr")),
        ("1280 FULL!", PartnerText(1280, 0, "en")),
    ],
)
def test_exact_words_are_read(text: str, meant: PartnerText) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "", "1280", "confirme", "confirme moi 1280", "CONFIRME 12", "je confirme 1280", "1280 3", "1280 lits",
        "3 lits", "1280 3 lits pis mon chum respire pu", "1280 99999 lits", "1280 -3 lits", "1280 rue Ontario",
        "confirme 1280 1281", "confirm 1280 " + "!" * 40, "0280 3 lits",
    ],
)  # fmt: skip
def test_nothing_else_is(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        ("514-555-0111", "5145550111"), ("+1 (514) 555-0111", "5145550111"), ("1 514 555-0111 poste 23", "5145550111"),
        ("5145550111x4", "5145550111"), ("211", None), ("", None), ("+33 1 42 68 53 00", None),
    ],
)  # fmt: skip
def test_numbers_are_compared_however_they_are_written(number: str, digits: str | None) -> None:
    assert callers.normal(number) == digits


async def imported(line: Line, folder: Path) -> int:
    """A directory with one shelter; its code."""
    file = folder / "services.csv"
    file.write_text(
        HEADER + "Le Gîte,Lits,find_shelter,Montréal,514 555-0111 poste 2,24/7,2024-01-01,Marie 418-555-0122\n"
        "Autre,Repas,find_food,Montréal,514 555-0133,24/7,2024-01-01,\n",
        encoding="utf-8",
    )
    async with line.service.database.begin() as conn:
        await store.replace(conn, "ours", read_directory(file), line.service.content.places, int(line.now.timestamp()))
        code = next(ref.code for ref in await freshness.services(conn) if ref.name == "Lits")
    await bootstrap.refresh_directory(line.service)
    return code


def shelter(line: Line) -> Found:
    """The shelter, as the next searcher finds it."""
    query = Query(frozenset({"find_shelter"}), 45.51, -73.57, line.now)
    return next(found for found in line.service.directory.index.search(query).found if found.service == "Lits")


async def says(line: Line, text: str, address: str = PARTNER, channel: ChannelName = ChannelName.SMS) -> Phone:
    """One text, and the minute in which the directory takes it up."""
    phone = await line.texter(address, channel).texts(text)
    await line.fast_forward(minutes=1)
    return phone


@pytest.mark.parametrize(("address", "word"), [(PARTNER, "CONFIRME"), (OWNER, "confirm")])
async def test_a_partner_confirms(line: Line, tmp_path: Path, address: str, word: str) -> None:
    code = await imported(line, tmp_path)
    assert shelter(line).to_verify
    phone = await says(line, f"{word} {code}", address)
    assert len(phone.received) == 1
    phone.expect("Lits", str(code), "merci" if word == "CONFIRME" else "thank you")
    found = shelter(line)
    assert (found.to_verify, found.confirmed_on) == (False, line.service.directory.today(line.now))


async def test_a_partner_tells_free_places_and_they_expire(line: Line, tmp_path: Path) -> None:
    code = await imported(line, tmp_path)
    (await says(line, f"{code} 3 lits")).expect("Lits", "3", "12 h")
    assert shelter(line).beds == 3
    (await line.texter("+15145550144").texts("une place pour dormir à Montréal")).expect("places libres: 3")
    (await says(line, f"{code} 1 bed")).expect("free spaces: 1")
    assert shelter(line).beds == 1
    line.now += CAPACITY_LASTS - timedelta(minutes=5)
    assert shelter(line).beds == 1
    line.now += timedelta(minutes=5)
    assert shelter(line).beds is None


@pytest.mark.parametrize(
    ("address", "channel"),
    [(STRANGER, ChannelName.SMS), ("+15145550133", ChannelName.SMS), ("5145550111", ChannelName.TELEGRAM)],
    ids=["stranger", "another service's phone", "an account number like the phone"],
)
async def test_anybody_else_is_refused_and_nothing_changes(
    line: Line, tmp_path: Path, address: str, channel: ChannelName
) -> None:
    code = await imported(line, tmp_path)
    before = shelter(line)
    for text in (f"CONFIRME {code}", f"{code} 3 lits", f"confirme {code + 500}"):
        (await says(line, text, address, channel)).expect("Rien n'a changé")
    assert shelter(line) == before


async def test_danger_goes_to_triage_first(line: Line, tmp_path: Path) -> None:
    code = await imported(line, tmp_path)
    phone = await line.texter(PARTNER).texts(f"confirme {code} mon chum est bleu y répond pu")
    assert "911" in phone.received[0][:136]
    # In a crisis under way, its next pieces are read with what came before: nothing is taken for a partner's text.
    await says(line, "y respire pu")
    assert line.worker().page_code()


async def test_the_directory_in_memory_refuses_too(line: Line) -> None:
    (await says(line, "CONFIRME 1280")).expect("Rien n'a changé")
