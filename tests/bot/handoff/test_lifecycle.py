"""The life of a handoff, on both databases: paged, taken, told the truth, lost, closed, erased."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot import organisation
from bot.handoff import codes, rows
from bot.organisation import Organisation
from bot.store import contacts, tables
from bot.store.alarms import open_alarms
from tests.bot.handoff.conftest import FILE, NOON, Desk, Sent

Make = Callable[..., Desk]
Write = Callable[[str], Path]


def to(sent: list[Sent], who: str, kind: str | None = None) -> list[Sent]:
    return [each for each in sent if each.to == who and (kind is None or each.kind == kind)]


async def test_opening_pages_the_first_step_and_says_nothing_of_the_person(desk: Desk) -> None:
    opened = await desk.ask()
    assert (opened.state, opened.paged, opened.new) == ("paged", True, True)
    sent = await desk.take_out()
    assert [(each.to, each.kind, each.channel) for each in sent] == [("ana", "page", "telegram")]
    assert opened.code in sent[0].text
    assert sent[0].choices == (opened.code,)
    assert "bleu" not in sent[0].text
    assert "respire" not in sent[0].text


async def test_sms_workers_are_paged_without_buttons(make_desk: Make, place: Organisation) -> None:
    desk = make_desk(place, frozenset({"sms"}))
    await desk.ask()
    (page,) = await desk.take_out()
    assert (page.channel, page.choices) == ("sms", ())


async def test_an_empty_step_is_skipped_at_once(desk: Desk) -> None:
    desk.now = NOON + timedelta(hours=12)  # midnight in Montréal: nobody is on call
    opened = await desk.ask()
    assert opened.paged
    sent = await desk.take_out()
    assert {each.to for each in to_pages(sent)} == {"ana", "bob", "cleo"}
    assert len(to(sent, "texter")) == 1, "no flow can say that somebody was paged when nobody is on call"


async def test_the_same_danger_again_pages_nobody_twice(desk: Desk) -> None:
    first = await desk.ask()
    await desk.take_out()
    again = await desk.ask()
    assert (again.handoff_id, again.paged, again.new) == (first.handoff_id, False, False)
    assert await desk.take_out() == []


async def test_what_gets_worse_pages_anew(desk: Desk) -> None:
    await desk.ask("urgent", None)
    await desk.take_out()
    worse = await desk.ask("emergency", "overdose_now")
    assert worse.paged
    assert to(await desk.take_out(), "ana", "page")
    assert (await desk.ask("emergency", "violence_danger")).paged
    assert to(await desk.take_out(), "ana", "page")
    lighter = await desk.ask("urgent", "find_shelter")
    assert not lighter.paged
    handoff = await desk.handoff()
    assert handoff is not None
    assert (handoff.urgency, handoff.danger) == ("emergency", "violence_danger"), "urgency never goes down"


async def test_nobody_answers_and_the_person_is_told_within_ten_minutes(desk: Desk) -> None:
    opened = await desk.ask()
    assert len(await desk.take_out()) == 1
    await desk.run_until(NOON + timedelta(minutes=4))
    assert {each.to for each in to_pages(await desk.take_out())} == {"ana", "bob", "cleo"}
    await desk.run_until(NOON + timedelta(minutes=10))
    assert await desk.state() == "unanswered"
    sent = await desk.take_out()
    (told,) = to(sent, "texter")
    assert "911" in told.text
    assert len(to_pages(sent)) == 3, "the last step repeats"
    async with desk.database.read() as conn:
        alarms = await open_alarms(conn)
    assert [(alarm["kind"], alarm["ref"]) for alarm in alarms] == [("handoff_unanswered", opened.handoff_id)]
    await desk.run_until(NOON + timedelta(minutes=60))
    (final,) = await desk.take_out()
    assert final.to == "texter"
    assert final.text != told.text, "it changed: nobody is being called any more"
    assert await desk.state() == "unanswered"
    await desk.run_until(NOON + timedelta(hours=30))
    assert await desk.state() == "closed", "so that what is kept of it can be forgotten"
    assert await desk.take_out() == []


def to_pages(sent: list[Sent]) -> list[Sent]:
    return [each for each in sent if each.kind == "page"]


async def test_writing_again_after_no_answer_pages_anew_and_the_truth_comes_again(desk: Desk) -> None:
    first = await desk.ask("urgent", "suicide_risk")
    await desk.run_until(NOON + timedelta(minutes=20))
    await desk.take_out()
    again = await desk.ask("urgent", "suicide_risk")
    assert (again.handoff_id, again.paged, again.state) == (first.handoff_id, True, "paged")
    await desk.take_out()
    await desk.run_until(desk.now + timedelta(minutes=10))
    assert len(to(await desk.take_out(), "texter")) == 1


async def test_the_truth_stays_discreet_when_the_phone_may_be_watched(desk: Desk) -> None:
    await desk.ask("emergency", "violence_danger")
    await desk.run_until(NOON + timedelta(minutes=60))
    for each in to(await desk.take_out(), "texter"):
        for word in ("911", "988", "danger", "équipe", "violence"):
            assert word not in each.text


async def test_someone_who_cannot_be_reached_was_not_told_and_the_workers_are(desk: Desk) -> None:
    await desk.ask()
    await desk.block()
    await desk.run_until(NOON + timedelta(minutes=10))
    handoff = await desk.handoff()
    assert handoff is not None
    assert handoff.told_at is None
    sent = await desk.take_out()
    assert to(sent, "texter") == []
    assert {each.to for each in sent if each.kind == "notice"} == {"ana", "bob", "cleo"}
    await desk.block(unreachable=False)
    await desk.run_until(NOON + timedelta(minutes=30))
    assert len(to(await desk.take_out(), "texter")) >= 1, "they can be reached again: they are told"


async def test_when_no_step_reaches_anybody_the_person_knows_at_once(make_desk: Make, place: Organisation) -> None:
    desk = make_desk(place, frozenset({"simulator"}))
    opened = await desk.ask()
    assert (opened.paged, opened.state) == (False, "unanswered")
    (told,) = await desk.take_out()
    assert told.to == "texter"
    await desk.run_until(NOON + timedelta(hours=48))
    assert await desk.state() == "closed"


async def test_taking_gives_the_words_and_stops_the_others(desk: Desk) -> None:
    opened = await desk.ask(text="mon chum est bleu")
    await desk.run_until(NOON + timedelta(minutes=4))
    await desk.take_out()
    await desk.worker("bob", opened.code)
    handoff = await desk.handoff()
    assert handoff is not None
    assert (handoff.state, handoff.owner, handoff.held) == ("acknowledged", "bob", True)
    sent = await desk.take_out()
    (mine,) = to(sent, "bob")
    assert "mon chum est bleu" in mine.text
    assert "overdose" in mine.text, "Bob reads English"
    assert "ne respire pas" in mine.text
    assert {each.to for each in sent if "Bob" in each.text} == {"ana", "cleo"}
    assert len(to(sent, "texter")) == 1
    assert len(sent) == 4
    await desk.run_until(NOON + timedelta(minutes=13))
    assert await desk.take_out() == [], "nobody is paged while the lease lives"


async def test_pages_that_were_not_sent_yet_are_cancelled_by_a_taking(desk: Desk) -> None:
    opened = await desk.ask()
    await desk.worker("cleo", opened.code)
    assert to(await desk.take_out(), "ana") == [], "the page never left, so there is nothing to tell either"


async def test_words_go_both_ways_and_the_first_ones_make_it_active(desk: Desk) -> None:
    opened = await desk.ask()
    await desk.worker("ana", opened.code)
    await desk.take_out()
    await desk.worker("ana", f"{opened.code} je suis là, tu es où?")
    assert await desk.state() == "active"
    (words,) = await desk.take_out()
    assert (words.to, words.kind, words.text) == ("texter", "relay", "je suis là, tu es où?")
    await desk.texter_writes("métro Papineau")
    (back,) = await desk.take_out()
    assert (back.to, back.kind, back.text) == ("ana", "relay", f"{opened.code}: métro Papineau")


async def test_closing_tells_both_and_a_new_need_is_a_new_handoff(desk: Desk) -> None:
    opened = await desk.ask()
    await desk.worker("ana", opened.code)
    await desk.take_out()
    await desk.worker("ana", f"{opened.code} fin")
    assert await desk.state() == "closed"
    assert {each.to for each in await desk.take_out()} == {"ana", "texter"}
    desk.later(minutes=5)
    again = await desk.ask("urgent", None)
    assert again.new
    assert again.code != opened.code
    assert again.paged
    assert await desk.state() == "paged"


async def test_a_silent_owner_loses_it_and_everybody_knows(desk: Desk) -> None:
    opened = await desk.ask()
    await desk.worker("ana", opened.code)
    await desk.take_out()
    await desk.run_until(NOON + timedelta(minutes=10))
    assert await desk.state() == "paged"
    sent = await desk.take_out()
    assert {each.to for each in to_pages(sent)} == {"bob", "cleo"}
    assert len(to(sent, "ana", "notice")) == 1
    assert len(to(sent, "texter")) == 1
    await desk.run_until(NOON + timedelta(minutes=20))
    assert await desk.state() == "unanswered"
    assert len(to(await desk.take_out(), "texter")) == 1
    await desk.worker("ana", opened.code)
    assert await desk.state() == "acknowledged", "she may take it back"


async def test_words_renew_the_lease_and_the_texters_do_not(desk: Desk) -> None:
    opened = await desk.ask()
    await desk.worker("ana", opened.code)
    await desk.worker("ana", f"{opened.code} allo")
    await desk.run_until(NOON + timedelta(minutes=25))
    await desk.worker("ana", f"{opened.code} encore là")
    await desk.run_until(NOON + timedelta(minutes=50))
    await desk.texter_writes("merci")
    assert await desk.state() == "active"
    await desk.run_until(NOON + timedelta(minutes=55))
    assert await desk.state() == "paged"


async def test_a_new_danger_while_held_warns_the_owner_once(desk: Desk) -> None:
    opened = await desk.ask("urgent", "suicide_risk")
    await desk.worker("ana", opened.code)
    await desk.take_out()
    again = await desk.ask("emergency", "overdose_now")
    assert not again.paged
    (warning,) = await desk.take_out()
    assert warning.to == "ana"
    assert "surdose" in warning.text
    await desk.ask("emergency", "overdose_now")
    assert await desk.take_out() == []


async def test_resolved_is_told_and_changes_nothing(desk: Desk) -> None:
    await desk.ask()
    await desk.take_out()
    contact, handoff = await desk.contact(), await desk.handoff()
    assert handoff is not None
    async with desk.database.begin() as conn:
        await desk.handoffs.resolved(conn, contact, handoff, "i1", desk.now)
    (notice,) = await desk.take_out()
    assert notice.to == "ana"
    assert await desk.state() == "paged"


@pytest.mark.parametrize("taken", [False, True])
async def test_erasing_closes_it_and_tells_the_workers(desk: Desk, taken: bool) -> None:
    opened = await desk.ask()
    await desk.take_out()
    if taken:
        await desk.worker("ana", opened.code)
        await desk.take_out()
    contact = await desk.contact()
    async with desk.database.begin() as conn:
        await desk.handoffs.erased(conn, contact.id, desk.now)
        await contacts.forget(conn, contact, desk.now)
    (notice,) = await desk.take_out()
    assert notice.to == "ana"
    await desk.worker("ana", f"{opened.code} allo")
    (answer,) = await desk.take_out()
    assert answer.to == "ana", "nothing goes to somebody who erased everything"
    await desk.run_until(NOON + timedelta(hours=2))
    assert await desk.take_out() == []


async def test_a_person_forgotten_behind_our_back_ends_the_handoff(desk: Desk) -> None:
    await desk.ask()
    await desk.take_out()
    contact = await desk.contact()
    async with desk.database.begin() as conn:
        await contacts.forget_by_id(conn, contact.id)
    await desk.run_until(NOON + timedelta(minutes=30))
    (notice,) = await desk.take_out()
    assert notice.to == "ana"


async def test_reasons_are_sealed(desk: Desk) -> None:
    await desk.ask()
    async with desk.database.read() as conn:
        sealed = (await conn.execute(select(tables.handoff.c.reasons))).scalar_one()
    assert b"respire" not in sealed


async def test_a_gap_ahead_and_an_unreachable_worker_raise_alarms_once(make_desk: Make, place: Organisation) -> None:
    desk = make_desk(place, frozenset({"sms"}))
    async with desk.database.begin() as conn:
        assert await desk.handoffs.look_ahead(conn, desk.now) == 2
        assert await desk.handoffs.look_ahead(conn, desk.now + timedelta(minutes=1)) == 0
        kinds = {alarm["kind"] for alarm in await open_alarms(conn)}
    assert kinds == {"rota_gap", "worker_unreachable"}


@pytest.mark.parametrize(("days", "free"), [(29, False), (31, True)])
async def test_a_code_is_not_used_again_for_thirty_days(desk: Desk, days: int, free: bool) -> None:
    contact = await desk.contact("+15145550188")
    closed = desk.now - timedelta(days=days)
    one_digit = [f"{letter}{digit}" for letter in codes.LETTERS for digit in range(1, 10)]
    row = {"contact_id": contact.id, "state": "closed", "urgency": "urgent", "language": "fr", "policy": "default"}
    async with desk.database.begin() as conn:
        for code in one_digit:
            times = {"opened_at": closed - timedelta(days=5), "closed_at": closed}
            await rows.insert(conn, {"id": f"old-{code}", "code": code, "step": 0, "round": 0, **row, **times})
    opened = await desk.ask()
    assert (opened.code in one_digit) is free


async def test_a_policy_that_ends_before_ten_minutes_tells_at_its_end(
    make_desk: Make, write_organisation: Write
) -> None:
    text = FILE.replace("repeat_last: 1", "repeat_last: 0").replace("minutes: 5", "minutes: 1")
    desk = make_desk(organisation.load(write_organisation(text)))
    await desk.ask()
    await desk.run_until(NOON + timedelta(minutes=5))
    assert await desk.state() == "unanswered"
    assert len(to(await desk.take_out(), "texter")) == 1


async def test_a_step_longer_than_ten_minutes_does_not_delay_the_truth(
    make_desk: Make, write_organisation: Write
) -> None:
    text = FILE.replace("minutes: 4", "minutes: 60")
    desk = make_desk(organisation.load(write_organisation(text)))
    await desk.ask()
    await desk.run_until(NOON + timedelta(minutes=10))
    assert await desk.state() == "unanswered"
    assert len(to(await desk.take_out(), "texter")) == 1
    await desk.run_until(NOON + timedelta(minutes=60))
    assert {each.to for each in to_pages(await desk.take_out())} == {"ana", "bob", "cleo"}
