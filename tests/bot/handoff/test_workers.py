"""What a worker's message does, and what it must never do: reach the wrong person, or have two owners."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot import organisation
from bot.organisation import Organisation
from bot.store.alarms import open_alarms
from tests.bot.handoff.conftest import FILE, NOON, TEXTER, Desk, Sent

OTHER = "+15145550199"
Make = Callable[..., Desk]


async def only(desk: Desk) -> Sent:
    (sent,) = await desk.take_out()
    return sent


async def held_by_ana(desk: Desk, address: str = TEXTER) -> str:
    opened = await desk.ask(address=address)
    await desk.worker("ana", opened.code)
    await desk.take_out()
    return opened.code


async def test_taking_what_somebody_else_has_says_who(desk: Desk) -> None:
    code = await held_by_ana(desk)
    for text in (code, f"{code} allo", f"{code} fin"):
        await desk.worker("bob", text)
        answer = await only(desk)
        assert answer.to == "bob"
        assert "Ana" in answer.text
    handoff = await desk.handoff()
    assert handoff is not None
    assert handoff.owner == "ana"


async def test_words_for_a_conversation_nobody_has_are_not_sent(desk: Desk) -> None:
    opened = await desk.ask()
    await desk.take_out()
    await desk.worker("ana", f"{opened.code} je peux pas ce soir")
    answer = await only(desk)
    assert answer.to == "ana"
    assert opened.code in answer.choices
    assert await desk.state() == "paged"


async def test_an_unknown_code_sends_nothing(desk: Desk) -> None:
    code = await held_by_ana(desk)
    unknown = "Z9" if code != "Z9" else "Y9"
    await desk.worker("ana", f"{unknown} allo")
    answer = await only(desk)
    assert answer.to == "ana"
    assert unknown in answer.text
    assert code in answer.text, "the codes that are theirs are listed"


async def test_uncoded_words_go_to_the_only_conversation_on_telegram(desk: Desk) -> None:
    await held_by_ana(desk)
    await desk.worker("ana", "je suis là")
    assert (await only(desk)).text == "je suis là"


async def test_uncoded_sms_soon_after_a_change_of_owner_is_asked_for_its_code(
    make_desk: Make, place: Organisation
) -> None:
    desk = make_desk(place, frozenset({"sms"}))
    opened = await desk.ask()
    await desk.worker("bob", opened.code)
    await desk.take_out()
    await desk.worker("bob", "on my way")
    answer = await only(desk)
    assert answer.to == "bob"
    assert opened.code in answer.text
    await desk.worker("bob", f"{opened.code} on my way")
    assert (await only(desk)).to == "texter"
    desk.later(minutes=11)
    await desk.worker("bob", "still there?")
    assert (await only(desk)).to == "texter"


async def test_uncoded_words_with_two_conversations_are_asked_for_a_code(desk: Desk) -> None:
    first = await held_by_ana(desk)
    second = await held_by_ana(desk, OTHER)
    await desk.worker("ana", "j'arrive")
    answer = await only(desk)
    assert answer.to == "ana"
    assert first in answer.text
    assert second in answer.text
    await desk.worker("ana", f"{second} j'arrive")
    assert (await only(desk)).to == "texter"


async def test_uncoded_words_are_asked_for_a_code_when_another_person_wrote_lately(desk: Desk) -> None:
    first = await held_by_ana(desk)
    second = await held_by_ana(desk, OTHER)
    await desk.texter_writes("es-tu là", OTHER)
    await desk.worker("ana", f"{second} fin")
    await desk.take_out()
    await desk.worker("ana", "oui je suis là")
    assert (await only(desk)).to == "ana", "this may have been meant for the one who just left"
    desk.later(minutes=9, seconds=59)
    await desk.worker("ana", f"{first} là")
    await desk.take_out()
    desk.later(minutes=2)
    await desk.worker("ana", "toujours là")
    assert (await only(desk)).to == "texter"


async def test_words_of_a_worker_who_has_nothing_go_nowhere(desk: Desk) -> None:
    opened = await desk.ask()
    await desk.take_out()
    await desk.worker("bob", "hello?")
    answer = await only(desk)
    assert answer.to == "bob"
    assert opened.code in answer.text


@pytest.mark.parametrize("text", ["", "/start", "fin"])
async def test_what_is_no_word_is_never_relayed(desk: Desk, text: str) -> None:
    await held_by_ana(desk)
    await desk.worker("ana", text)
    assert (await only(desk)).to == "ana"


async def test_a_workers_stop_word_is_not_relayed_and_raises_an_alarm(desk: Desk) -> None:
    await held_by_ana(desk)
    await desk.worker("ana", "STOP")
    assert await desk.take_out() == []
    async with desk.database.read() as conn:
        assert [(alarm["kind"], alarm["ref"]) for alarm in await open_alarms(conn)] == [("worker_stopped", "ana")]


async def test_words_for_somebody_who_cannot_be_reached_come_back(desk: Desk) -> None:
    code = await held_by_ana(desk)
    await desk.block()
    await desk.worker("ana", f"{code} allo")
    answer = await only(desk)
    assert answer.to == "ana"
    assert code in answer.text


async def test_the_persons_words_only_travel_where_the_organisation_allows(
    make_desk: Make, write_organisation: Callable[[str], Path]
) -> None:
    text = FILE.replace("channels: [sms, telegram]", "channels: [telegram]")
    desk = make_desk(organisation.load(write_organisation(text)))
    opened = await desk.ask(text="mon chum est bleu")
    await desk.take_out()
    await desk.worker("bob", opened.code, "sms")
    refused = await only(desk)
    assert refused.to == "bob"
    assert await desk.state() == "paged", "Bob has SMS only: he cannot take it"
    await desk.worker("ana", opened.code, "sms")
    sent = await desk.take_out()
    assert [each.channel for each in sent if "bleu" in each.text] == ["telegram"]
    assert any(each.to == "ana" and each.channel == "sms" for each in sent), "she is told where to look"
    await desk.texter_writes("y respire pu")
    assert (await only(desk)).channel == "telegram"


async def test_replies_follow_the_channel_the_worker_writes_from(desk: Desk) -> None:
    opened = await desk.ask()
    await desk.take_out()
    await desk.worker("ana", opened.code, "sms")
    await desk.take_out()
    await desk.texter_writes("allo")
    assert (await only(desk)).channel == "sms"


async def test_long_words_arrive_whole(desk: Desk) -> None:
    code = await held_by_ana(desk)
    words = " ".join(f"mot{number}" for number in range(600))
    await desk.worker("ana", f"{code} {words}")
    sent = await desk.take_out()
    assert len(sent) > 1
    assert " ".join(each.text for each in sent) == words


async def test_two_workers_at_once_and_one_owner(desk: Desk) -> None:
    opened = await desk.ask()
    await desk.run_until(NOON + timedelta(minutes=4))
    await desk.take_out()
    await asyncio.gather(*(desk.worker(worker, opened.code) for worker in ("ana", "bob", "cleo")))
    handoff = await desk.handoff()
    assert handoff is not None
    assert handoff.held
    sent = await desk.take_out()
    winners = {each.to for each in sent if "mon chum est bleu" in each.text}
    assert winners == {handoff.owner}
    name = desk.organisation.workers[handoff.owner or ""].name
    assert {each.to for each in sent if name in each.text} == {"ana", "bob", "cleo"} - winners
    assert len([each for each in sent if each.to == "texter"]) == 1


async def test_two_handoffs_opened_at_once_have_two_codes(desk: Desk) -> None:
    addresses = [f"+1514555{number:04d}" for number in range(8)]
    opened = await asyncio.gather(*(desk.ask(address=address) for address in addresses))
    assert len({each.code for each in opened}) == len(addresses)
    assert len({each.handoff_id for each in opened}) == len(addresses)


async def test_two_loops_at_once_page_once(desk: Desk) -> None:
    for number in range(6):
        await desk.ask(address=f"+1514555{number:04d}")
    await desk.take_out()
    desk.later(minutes=4)
    await asyncio.gather(*(desk.advance() for _ in range(3)))
    pages = [each for each in await desk.take_out() if each.kind == "page"]
    assert len(pages) == 6 * 3
