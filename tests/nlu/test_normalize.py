"""The matching form of messages: what must become one word, what must stay apart, and any input at all."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu import normalize
from nlu.corpus import load
from nlu.normalize import counted_words, fold, fold_with_offsets, lemma, normalise, normalise_tokens, tokens
from nlu.shared_forms import EMOJI_WORDS, SHARED_FORMS

ANY_TEXT = st.text(alphabet=st.characters(codec=None)) | st.text(alphabet="aàé'’jlmct 😂!?ö\ud800\0\u200dJ1\u0301\n")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("ÇA VA PAS, chû À BOUTTE", "ca va pas, chu a boutte"),
        ("j’veux l‘hôpital", "j'veux l'hopital"),
        ("heeeelp", "help"),
        ("aiiiide!!!! 😭😭😭😭", "aide! 😭"),
        ("911 pis 1000", "911 pis 1000"),
        ("ＨＥＬＰ 𝐦𝐞", "help me"),
        ("cœur", "coeur"),
        ("a\0b\ud800c", "a b c"),
        ("in\u200bvi\u200dsi\ufeffble", "invisible"),
        ("z̸̢̛a̵l̶g̷o̴", "zalgo"),
        ("👍🏽 ❤️", "👍 ❤"),
        ("", ""),
    ],
)
def test_fold(written: str, expected: str) -> None:
    assert fold(written) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("j'veux pu", "jveux pu"),
        ("j’veux pus", "jvx pu"),
        ("chu", "je suis"),
        ("jsp", "je sais pas"),
        ("l'hôpital", "l hopital"),
        ("can't wake him", "cant wake him"),
        ("he's", "hes"),
        ("narcan", "naloxone"),
        ("seringues", "needles"),
        ("OD", "surdose"),
        ("kk1", "quelqu'un"),
        ("2nite", "tonight"),
        ("parske", "parce que"),
    ],
)
def test_spellings_that_share_a_form(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("one", "other"), [("pas", "plus"), ("je", "il"), ("911", "9"), ("oui", "non"), ("😂", "😭")])
def test_words_that_stay_apart(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


def test_joual_je_is_cut_from_its_verb() -> None:
    assert normalise("jcherche") == "je cherche"
    assert lemma("j") == "j"


def test_emoji_are_words_and_never_stick_to_one() -> None:
    assert normalise("mort😂?") == "mort emojilaugh ?"
    assert counted_words("ok?!") == "ok questionmark exclamationmark"


def test_tables_are_in_their_own_form() -> None:
    for spelling, shared in {**SHARED_FORMS, **EMOJI_WORDS}.items():
        assert fold(spelling) == spelling, "a key that folds to something else is never found"
        assert normalise_tokens(shared.split()) == shared.split(), f"{spelling}: its shared form is not stable"


@given(ANY_TEXT)
def test_any_text_is_accepted_and_twice_is_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert normalise_tokens(normalise_tokens(tokens(text))) == normalise_tokens(tokens(text))
    assert normalise(normalise(text)) == normalise(text)


@given(ANY_TEXT)
def test_every_folded_character_has_its_origin(text: str) -> None:
    folded, origins = fold_with_offsets(text)
    assert len(folded) == len(origins)
    assert origins == sorted(origins)
    assert all(0 <= origin < len(text) for origin in origins)


@given(st.text())
def test_counting_pieces_is_counting_the_whole(text: str) -> None:
    pieces = [counted_words(piece) for piece in re.findall(r"\S+", text)]
    assert " ".join(piece for piece in pieces if piece) == counted_words(text)


def test_long_and_hostile_texts_are_quick_enough() -> None:
    for text in ("a" * 4000, "é'" * 2000, "j" * 4000, "😂a" * 2000, "j'" * 2000):
        normalise(text)


def test_the_quick_way_gives_what_the_thorough_one_gives() -> None:
    signs = normalize._IS_PLAIN.pattern
    written = [message.text for message in load()[0][::7]] + [chr(code) * 2 + "a" for code in range(0x20, 0x2100)]
    quick = [text for text in written if normalize._IS_PLAIN.fullmatch(text)]
    assert len(quick) > 5000, signs
    for text in quick:
        folded = normalize._fold_once(text)
        while folded != (again := normalize._fold_once(folded)):
            folded = again
        assert normalize.fold(text) == folded, ascii(text)
