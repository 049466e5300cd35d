"""How texts are measured and made plain, against the standard's own figures."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.segments import BASIC, EXTENSION, Segments, first_units, plain, segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 0, 0)),
        ("a" * 160, Segments("GSM-7", 160, 1)),
        ("a" * 161, Segments("GSM-7", 161, 2)),
        ("a" * 306, Segments("GSM-7", 306, 2)),
        ("a" * 307, Segments("GSM-7", 307, 3)),
        ("€" * 80, Segments("GSM-7", 160, 1)),
        ("€" * 81, Segments("GSM-7", 162, 2)),
        ("a" * 152 + "€" + "a" * 152, Segments("GSM-7", 306, 3)),  # the euro does not fit at the end of part one
        ("à é è ù Ç É\nñ", Segments("GSM-7", 13, 1)),
        ("ê" * 70, Segments("UCS-2", 70, 1)),
        ("ê" * 71, Segments("UCS-2", 71, 2)),
        ("ê" * 134, Segments("UCS-2", 134, 2)),
        ("ê" * 135, Segments("UCS-2", 135, 3)),
        ("😀" * 35, Segments("UCS-2", 70, 1)),
        ("😀" * 36, Segments("UCS-2", 72, 2)),
        ("a" * 66 + "😀" + "a" * 66, Segments("UCS-2", 134, 3)),  # an emoji is not cut in half
        ("[]", Segments("GSM-7", 4, 1)),
        ("['’", Segments("UCS-2", 3, 1)),
    ],
)
def test_a_text_is_measured_as_it_is_sent(text: str, expected: Segments) -> None:
    assert segments(text) == expected


def test_the_table_is_the_standard_s() -> None:
    assert len(BASIC) == 127, "128 codes less the escape"
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION
    assert not set("âçêëîïôûÿœÀÂÈÊËÎÏÔÙÛŸŒ«»’‘“”…–—•·°\u00a0\u202f") & (BASIC | EXTENSION)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("« L’amour… » – oui — non", '" L\'amour... " - oui - non'),
        ("tué, mangé, ÇA, arrête, cœur", "tué, mangé, ÇA, arrête, coeur"),
        ("10\u00a0h\u202f30\tlà\u2003ici", "10 h 30 là ici"),
        ("a\x00b\x1b\x7fc\u200b\ud83dd", "abcd"),
        ("un\r\ndeux\ntrois", "un\ndeux\ntrois"),
        ("e\u0301te\u0301", "été"),
        ("😀 ❤\ufe0f", "😀 ❤\ufe0f"),
    ],
)
def test_signs_become_plain_and_letters_stay(text: str, expected: str) -> None:
    assert plain(text) == expected


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_plain_never_costs_more_and_never_loses_an_accent(text: str) -> None:
    made = plain(text)
    assert plain(made) == made
    if segments(unicodedata.normalize("NFC", text)).encoding == "GSM-7":
        assert segments(made).encoding == "GSM-7"
    for letter in "éèàùêâîôûëïüçÉÀÇ":
        assert made.count(letter) == unicodedata.normalize("NFC", text).count(letter)


def test_the_beginning_of_a_text_counts_units() -> None:
    assert first_units("a" * 200) == "a" * 136
    assert first_units("€" * 200) == "€" * 68
    assert first_units("court") == "court"
    assert first_units("ab", limit=0) == ""
