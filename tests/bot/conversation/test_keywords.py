"""Lone words that are commands, and the words that must never be one."""

from __future__ import annotations

import pytest

from bot.conversation.keywords import Keyword, find


@pytest.mark.parametrize(
    "word", ["STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL", "Stop"]
)
def test_what_the_carrier_answers_itself(word: str) -> None:
    assert find(word, stopped=False) is Keyword.CARRIER_STOP


@pytest.mark.parametrize(
    "word",
    ["ARRET", "Arrêt", "arrêt!", "ARRETE", "arrêter", "désabonner", "DESABONNE", " arret\n", "A\u0302RRET", "/stop"],
)
def test_french_stop_words_are_ours(word: str) -> None:
    assert find(word, stopped=False) is Keyword.STOP


@pytest.mark.parametrize("word", ["stop.", "STOP!!", "¡stop!", "énd"])
def test_what_the_carrier_would_not_recognise_is_ours_to_answer(word: str) -> None:
    assert find(word, stopped=False) is Keyword.STOP


@pytest.mark.parametrize("word", ["START", "unstop", "DÉBUT", "reprendre"])
def test_coming_back(word: str) -> None:
    assert find(word, stopped=False) is Keyword.START
    assert find(word, stopped=True) is Keyword.START


@pytest.mark.parametrize("word", ["yes", "YES!", "/start"])
def test_yes_takes_back_a_stop_and_is_an_answer_otherwise(word: str) -> None:
    assert find(word, stopped=True) is Keyword.START
    assert find(word, stopped=False) is None


@pytest.mark.parametrize("word", ["EFFACE", "efface.", "Delete", "/efface", "/delete"])
def test_erasing(word: str) -> None:
    assert find(word, stopped=False) is Keyword.ERASE


@pytest.mark.parametrize("word", ["PLUS", "more", "Plus!"])
def test_more(word: str) -> None:
    assert find(word, stopped=False) is Keyword.MORE


@pytest.mark.parametrize(
    "text",
    [
        "fin",
        "FINI",
        "oui",
        "non",
        "1",
        "help",
        "AIDE",
        "info",
        "stop please",
        "arrête de me parler",
        "y arrête pas de trembler",
        "j'efface tout",
        "plus de seringues",
        "end it",
        "",
        "   ",
        "👍",
        "?!",
        "stop" * 20,
        "/stopper",
        "stóp it",
    ],
)
def test_anything_else_is_a_message(text: str) -> None:
    assert find(text, stopped=False) is None
    assert find(text, stopped=True) is None
