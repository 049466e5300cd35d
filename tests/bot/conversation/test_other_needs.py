"""Two needs in one message: the most urgent is answered, the other is offered after, once. On both databases."""

from __future__ import annotations

from datetime import timedelta

from bot.conversation.memory import NEEDS_LAST, Memory
from bot.conversation.other_needs import card_for
from nlu.other_needs import OTHER_NEEDS
from tests.phone import Line

TWO = "what does naloxone do exactly, and where can i take a shower"


async def test_the_other_need_is_offered_last_and_a_yes_takes_it(line: Line) -> None:
    texter = await line.texter().texts(TWO)
    assert "naloxone" in texter.received[0].lower()
    assert "You also asked about a shower" in texter.received[-1]
    await texter.texts("yeah")
    assert "area" in texter.received[0].lower() or "where" in texter.received[0].lower()
    assert not any("You also" in text for text in texter.received)


async def test_the_place_already_given_is_used(line: Line) -> None:
    texter = await line.texter().texts("ou j'peux manger à Hochelaga? pis avez vous des seringues")
    assert texter.received[-1].rstrip().endswith(("Non", "2 Non"))
    await texter.texts("1")
    assert "km" in " ".join(texter.received), "near Hochelaga, without asking again"


async def test_a_no_or_another_subject_ends_the_offer(line: Line) -> None:
    texter = await line.texter().texts(TWO)
    await texter.texts("no")
    await texter.texts("yes")
    assert not any("shower" in text.lower() for text in texter.received)


async def test_with_a_danger_nothing_is_offered_until_it_is_over(line: Line) -> None:
    texter = await line.texter().texts("la roulotte passe tu à soir à Verdun? pis aussi mon ami respire pu yé bleu")
    assert "911" in texter.received[0][:136]
    assert not any("Tu cherchais aussi" in text for text in texter.received)


def test_every_need_has_its_card_in_both_languages(line: Line) -> None:
    cards = line.service.content.cards
    for need in OTHER_NEEDS:
        assert set(cards[card_for(need)].texts) == {"fr", "en"}


def test_a_need_is_forgotten_after_a_while_and_when_it_comes_first() -> None:
    from tests.phone import START

    memory = Memory().asked_for("find_food", ("find_hygiene", "find_supplies"), START)
    assert memory.needs_left(START) == ("find_hygiene", "find_supplies")
    assert memory.asked_for("find_hygiene", (), START).needs_left(START) == ("find_supplies",)
    assert memory.needs_left(START + NEEDS_LAST + timedelta(seconds=1)) == ()
    assert Memory.from_json(memory.to_json()) == memory
