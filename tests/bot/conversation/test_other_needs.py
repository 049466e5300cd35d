"""Two needs in one message: the most urgent is answered, the other is offered after, once, and never beside a danger."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.conversation.memory import NEEDS_LAST, OFFER_LASTS, Memory, Need
from bot.conversation.other_needs import card_for
from bot.messages import ChannelName, InboundKind
from flows.segments import segments
from nlu.interpretation import OtherNeed
from nlu.interpreter import EmbeddedInterpreter
from nlu.other_needs import OTHER_NEEDS
from tests.phone import START, Line, Phone

NALOXONE = "what does naloxone do exactly"
OFFER = "You also asked about a shower"


@pytest.fixture(autouse=True)
def shower_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text with "and a shower" in it asks for one besides: what is found in a message is `nlu`'s to test."""

    def found(self: EmbeddedInterpreter, text: str, first: str) -> tuple[OtherNeed, ...]:
        asked, _, after = text.partition("and a shower")
        return (OtherNeed("find_hygiene", after, self.extractor.find(after)),) if asked != text else ()

    monkeypatch.setattr(EmbeddedInterpreter, "other_needs", found)


async def offered(line: Line, channel: ChannelName = ChannelName.SMS) -> Phone:
    texter = line.texter() if channel is ChannelName.SMS else line.texter("700000123", channel)
    await texter.texts(f"{NALOXONE}, and a shower")
    assert OFFER in texter.received[-1], "last, after the notice: a question is answered where it stands at the end"
    return texter


@pytest.mark.parametrize("yes", ["yeah", "oui", "1", "ok", "yes please", "ben oui", "👍", "Yeah."])
async def test_a_yes_takes_it(line: Line, yes: str) -> None:
    texter = await offered(line)
    await texter.texts(yes)
    assert "where" in texter.received[0].lower() or "area" in texter.received[0].lower()
    assert OFFER not in " ".join(texter.received)


@pytest.mark.parametrize("no", ["no", "2", "non merci", "nah", "👎"])
async def test_a_no_ends_it(line: Line, no: str) -> None:
    texter = await offered(line)
    await texter.texts(no)
    assert "no problem" in " ".join(texter.received)
    await texter.texts("yes")
    assert "area" not in " ".join(texter.received)


@pytest.mark.parametrize(
    "other",
    [
        "delete everything please",
        "stop please",
        "talk to someone please",
        "nah im ok",
        "ok no thanks",
        "not sure",
        "ok bye",
    ],
)
async def test_a_yes_word_in_another_wish_is_no_yes(line: Line, other: str) -> None:
    texter = await offered(line)
    await texter.texts(other)
    assert "area" not in " ".join(texter.received)


async def test_a_place_says_yes_and_where(line: Line) -> None:
    texter = await offered(line)
    await texter.texts("verdun")
    assert "km" in " ".join(texter.received)


async def test_the_place_already_given_is_used(line: Line) -> None:
    texter = await line.texter().texts("where can i get needles in hochelaga and a shower")
    assert OFFER in texter.received[-1]
    await texter.texts("1")
    assert "km" in " ".join(texter.received), "near Hochelaga, without asking again"


async def test_what_was_said_of_it_is_not_asked_again(line: Line) -> None:
    texter = await line.texter().texts("where can i get needles in hochelaga and a shower in verdun")
    await texter.texts("1")
    asked_at_once = await line.texter("+15145550124").texts("where can i take a shower in verdun")
    places = [text for text in asked_at_once.received if "km" in text]
    assert places
    assert [text for text in texter.received if "km" in text] == places


async def test_what_was_mixed_is_not_asked_again(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    mixing = (OtherNeed("info_mixing", "is it ok to mix ghb and alcohol"),)
    monkeypatch.setattr(EmbeddedInterpreter, "other_needs", lambda _self, text, _first: mixing * ("needles" in text))
    texter = await line.texter().texts("where can i get needles in hochelaga")
    await line.fast_forward(minutes=10)  # longer than texts are read together
    await texter.texts("yes")
    assert "GHB" in " ".join(texter.received)
    assert "Which ones" not in " ".join(texter.received)


async def test_a_late_yes_is_about_something_else(line: Line) -> None:
    texter = await offered(line)
    await line.fast_forward(OFFER_LASTS / timedelta(minutes=1) + 1)
    await texter.texts("yes")
    assert "area" not in " ".join(texter.received)


async def test_a_button_of_an_old_offer_starts_what_is_written_on_it(line: Line) -> None:
    texter = await offered(line, ChannelName.TELEGRAM)
    await texter.texts("thanks")
    await texter.texts("also:find_hygiene", kind=InboundKind.BUTTON)
    assert "area" in " ".join(texter.received).lower()
    await texter.texts("also:no", kind=InboundKind.BUTTON)
    assert "no problem" in " ".join(texter.received)


async def test_beside_a_danger_nothing_is_offered(line: Line) -> None:
    texter = await line.texter().texts("my friend is not breathing he is blue and a shower")
    assert "911" in texter.received[0][:136]
    await texter.texts("where can i get needles in hochelaga")
    assert OFFER not in " ".join(texter.inbox()), "the danger is not over because another subject interrupted it"


async def test_after_the_worker_closed_it_is_offered(line: Line) -> None:
    texter = await line.texter().texts("my friend is not breathing he is blue and a shower")
    worker = line.worker()
    code = worker.page_code()
    await worker.texts(code)
    await worker.texts(f"{code} fin")
    await texter.texts("thank you")
    assert OFFER in " ".join(texter.received)


async def test_a_phone_that_may_be_watched_gets_nothing_unasked(line: Line) -> None:
    texter = await line.texter().texts("my boyfriend hit me yesterday and he goes through my phone and a shower")
    worker = line.worker()
    code = worker.page_code()
    await worker.texts(code)
    await texter.texts("he is hitting me again and a shower")
    await texter.texts("ok thanks")
    assert OFFER not in " ".join(texter.inbox())


async def test_who_asks_to_be_left_alone_is(line: Line) -> None:
    texter = await line.texter().texts("dont ever write to me again and a shower")
    assert OFFER not in " ".join(texter.inbox())


def test_every_need_has_its_card_in_both_languages_in_one_part(line: Line) -> None:
    cards = line.service.content.cards
    for need in OTHER_NEEDS:
        assert set(cards[card_for(need)].texts) == {"fr", "en"}
        for text in cards[card_for(need)].texts.values():
            assert (segments(text.text).encoding, segments(text.text).parts) == ("GSM-7", 1)


def test_a_need_is_forgotten_after_a_while_and_when_it_comes_first() -> None:
    shower, needles = Need("find_hygiene"), Need("find_supplies", "needles in Verdun", {"said_place": "Verdun"})
    memory = Memory().asked_for("find_food", (shower, needles), START)
    assert memory.needs_left(START) == (shower, needles)
    assert Memory.from_json(memory.to_json()) == memory
    kept_before = Memory.from_json({"needs": ["find_food"], "needs_at": START.isoformat(), "offered": "find_hygiene"})
    assert (kept_before.needs, kept_before.offered) == ((Need("find_food"),), Need("find_hygiene"))
    late = memory.heard("allo", START + NEEDS_LAST + timedelta(seconds=1))
    assert "Verdun" not in str(late.to_json()), "a need too old to be offered is forgotten"
    assert memory.asked_for("find_hygiene", (), START).needs_left(START) == (needles,)
    assert memory.asked_for("find_food", (Need("find_health"),), START).needs_left(START) == (Need("find_health"),)
    assert memory.needs_left(START + NEEDS_LAST + timedelta(seconds=1)) == ()
    assert Memory.from_json(memory.to_json()) == memory
