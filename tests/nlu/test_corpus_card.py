"""The page of what the corpus covers says what the messages are."""

from __future__ import annotations

from nlu.corpus import load
from nlu.corpus_card import PAGE, written


def test_the_page_is_today_s() -> None:
    assert PAGE.read_text(encoding="utf-8") == written(load()[0]), "run `python -m nlu.corpus_card` and commit the page"
