"""The line as people live it: texts, pages, replies, silence. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest

from bot.messages import ChannelName, InboundKind
from tests.phone import Line

OVERDOSE = "yo mon chum est bleu y répond pu"


async def test_danger_comes_first_and_a_human_is_paged(line: Line) -> None:
    texter = await line.texter().texts(OVERDOSE)
    assert "911" in texter.received[0][:136]
    code = line.worker().page_code()
    assert code
    assert not any("bleu" in text for text in line.worker().inbox()), "a page says nothing of the person's words"


async def test_an_emergency_without_a_named_danger_still_opens_with_911(line: Line) -> None:
    texter = await line.texter().texts("he's got a knife and hes outside my door pls")
    assert "911" in texter.received[0][:136]
    await texter.texts("cant talk")
    assert texter.received
    assert "hardest part" not in texter.received[0], "the danger under way goes on; nobody is asked how they feel"


async def test_taken_relayed_both_ways_and_closed(line: Line) -> None:
    texter = await line.texter().texts(OVERDOSE)
    worker = line.worker()
    code = worker.page_code()
    await worker.texts(code)
    await worker.texts(f"{code} Je suis là. Respire-t-il?")
    assert texter.inbox()[-1].endswith("Je suis là. Respire-t-il?")
    await texter.texts("oui un peu")
    texter.expect_nothing()
    assert worker.inbox()[-1].endswith("oui un peu")
    await worker.texts(f"{code} fin")
    closed = len(texter.inbox())
    await texter.texts("salut")
    assert len(texter.inbox()) >= closed
    assert texter.received, "after closing, the line answers again"


async def test_two_workers_at_once_one_owner(line: Line) -> None:
    await line.texter().texts(OVERDOSE)
    organisation = line.service.content.organisation
    code = line.worker().page_code()
    addresses = [worker.addresses["sms"] for worker in organisation.workers.values()][:2]
    assert len(addresses) == 2
    phones = [line.texter(address) for address in addresses]
    await asyncio.gather(*(phone.texts(code) for phone in phones))
    await phones[0].texts(f"{code} un")
    await phones[1].texts(f"{code} deux")
    words = [text for text in line.texter().inbox() if text.endswith(("un", "deux"))]
    assert len(words) == 1, "one owner, and the other one is told who has it"


async def test_a_redelivered_text_gets_the_same_answer_and_no_second_effect(line: Line) -> None:
    texter = line.texter()
    await texter.texts(OVERDOSE, provider_id="SM1")
    first, pages = texter.received[0], len(line.worker().inbox())
    again = await line.texter().texts(OVERDOSE, provider_id="SM1")
    assert again.received == [first]
    assert len(line.worker().inbox()) == pages


async def test_the_same_text_twice_at_once_is_one_turn(line: Line) -> None:
    one, two = line.texter(), line.texter()
    await asyncio.gather(one.texts(OVERDOSE, provider_id="SM2"), two.texts(OVERDOSE, provider_id="SM2"))
    assert one.received[0] == two.received[0]
    assert len([text for text in line.worker().inbox() if line.worker().page_code() in text]) == 1


async def test_nobody_answers_and_the_truth_is_told(line: Line) -> None:
    texter = await line.texter().texts(OVERDOSE)
    told = len(texter.inbox())
    await line.fast_forward(minutes=11)
    assert len(texter.inbox()) > told, "within ten minutes the person is told that nobody has answered"


async def test_arret_then_danger_is_still_answered(line: Line) -> None:
    texter = await line.texter().texts("ARRET")
    assert texter.received
    assert "911" not in texter.received[0]
    await texter.texts("mon boy est étendu à terre y respire comme pas")
    assert "911" in texter.received[0][:136]


async def test_stop_is_left_to_the_carrier(line: Line) -> None:
    (await line.texter().texts("STOP")).expect_nothing()


async def test_a_lone_stop_reaches_the_worker_who_has_the_conversation(line: Line) -> None:
    texter = await line.texter().texts("jveux mourir à soir")
    worker = line.worker()
    await worker.texts(worker.page_code())
    await texter.texts("stop")
    assert worker.inbox()[-1].casefold().endswith("stop")


async def test_a_lone_stop_in_a_crisis_nobody_answered_pages_again(line: Line) -> None:
    texter = await line.texter().texts("jveux mourir à soir")
    await line.fast_forward(minutes=40)
    pages = len(line.worker().inbox())
    await texter.texts("stop")
    assert len(line.worker().inbox()) > pages


async def test_erase_gives_one_receipt_and_forgets(line: Line) -> None:
    texter = await line.texter().texts("je cherche des seringues à Hochelaga")
    await texter.texts("EFFACE")
    assert len(texter.received) == 1
    assert any(word.isupper() or word.isdigit() for word in texter.received[0].split())
    await texter.texts("salut")
    assert texter.received, "who writes again is a new contact"


async def test_silence_after_the_check_question_pages(line: Line) -> None:
    service = line.service
    texter = line.texter()
    await texter.texts("je sais pas quoi dire")
    async with service.database.begin() as conn:
        await conn.exec_driver_sql("UPDATE contact SET check_due_at = last_seen + 600000")
    pages = len(line.worker().inbox())
    await line.fast_forward(minutes=11)
    assert len(line.worker().inbox()) > pages


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00",
        "🙂",
        "a" * 4000,
        "é" * 4000,
        "/overdose_now",
        "?" * 300,
        "\ud83d",
        "مرحبا",
        "<xml>&amp;",
        "{code}",
        "%s %d",
    ],
)
async def test_anything_at_all_gets_a_sensible_answer(line: Line, text: str) -> None:
    texter = await line.texter().texts(text)
    assert texter.received
    assert all(reply.strip() for reply in texter.received)


async def test_a_pin_answers_the_place_question(line: Line) -> None:
    texter = line.texter("700000123", ChannelName.TELEGRAM)
    await texter.texts("jcherche une place pour consommer sans être tuseul")
    await texter.sends_pin(45.51, -73.56)
    texter.expect("km")


async def test_a_picture_without_words_is_said_to_be_unreadable(line: Line) -> None:
    texter = await line.texter().texts("", kind=InboundKind.MEDIA)
    assert texter.received
