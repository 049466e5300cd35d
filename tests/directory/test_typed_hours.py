"""Hours as people type them: read right, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.hours import Hours
from directory.schedules import hours_of, rows_of
from directory.typed_hours import parse_hours

DAYS = "lmwtfsu"


def shown(text: str) -> str | None:
    """`01234 09:00-16:30; 5 12:00-16:00` of a typed text (days 0 to 6 from Monday), with PH+ or PH-."""
    typed = parse_hours(text)
    if typed is None:
        return None
    parts = []
    for rule in typed.rules:
        days = "".join(map(str, sorted(rule.weekdays))) or ",".join(f"{n}x{day}" for n, day in rule.nth_weekdays)
        opens, closes = divmod(rule.opens, 60), divmod(rule.closes, 60)
        parts.append(f"{days} {opens[0]:02d}:{opens[1]:02d}-{closes[0]:02d}:{closes[1]:02d}")
    if typed.holidays is not None:
        parts.append("PH+" if typed.holidays else "PH-")
    return "; ".join(parts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lun-ven 9h-16h30, sam midi à 4", "01234 09:00-16:30; 5 12:00-16:00"),
        ("Mo-Fr 16:00-18:00,18:30-21:00", "01234 16:00-18:00; 01234 18:30-21:00"),
        ("Mo,Tu,Th,Fr 08:00-15:00; We 08:00-14:00; PH open", "0134 08:00-15:00; 2 08:00-14:00; PH+"),
        ("24/7", "0123456 00:00-24:00"),
        ("24h/24, 7j/7", "0123456 00:00-24:00"),
        ("24 heures sur 24", "0123456 00:00-24:00"),
        ("24 Hours", "0123456 00:00-24:00"),
        ("tous les jours 8h à 20h", "0123456 08:00-20:00"),
        ("du lundi au vendredi de 9h à 17h", "01234 09:00-17:00"),
        ("9h à 17h du lundi au vendredi", "01234 09:00-17:00"),
        ("lundi, mardi et jeudi de 13h à 16h", "013 13:00-16:00"),
        ("Monday to Friday 9am-5pm", "01234 09:00-17:00"),
        ("mon thru fri 9 to 5, sat 10am - 2", "01234 09:00-17:00; 5 10:00-14:00"),
        ("9:00am-5:00pm, Mon-Fri", "01234 09:00-17:00"),
        ("Mon.-Fri. 8:30 a.m. - 4:30 p.m.", "01234 08:30-16:30"),
        ("M-F 9-5", "01234 09:00-17:00"),
        ("lun au ven 8 h 30 à 16 h 30", "01234 08:30-16:30"),
        ("lun-ven 9-17", "01234 09:00-17:00"),
        ("sam-dim 10h-15h", "56 10:00-15:00"),
        ("fds 10h-15h", "56 10:00-15:00"),
        ("every night 8pm to 8am", "0123456 20:00-32:00"),
        ("20:30-08:15", "0123456 20:30-32:15"),
        ("vendredi 18h à minuit", "4 18:00-24:00"),
        ("dernier jeudi du mois 13h-16h", "-1x3 13:00-16:00"),
        ("2e et 4e mardi du mois: 9h à midi", "2x1,4x1 09:00-12:00"),
        ("lun-ven 9h-12h et 13h-17h, fermé les jours fériés", "01234 09:00-12:00; 01234 13:00-17:00; PH-"),
        ("fermé dim, lun-sam 9h-17h", "012345 09:00-17:00"),
        ("tous les jours sauf dimanche 9h à 17h", "012345 09:00-17:00"),
        ("weekdays 9:00-17:00; weekend closed", "01234 09:00-17:00"),
        ("Lun.: 9h-12h | Mar.: 13h-16h", "0 09:00-12:00; 1 13:00-16:00"),
        ("lundi 9h-16h\nmardi 9h-12h", "0 09:00-16:00; 1 09:00-12:00"),
        ("Ouvert 7 jours sur 7, de 9h à 21h", "0123456 09:00-21:00"),
        ("14:00-24:00 daily (2022)", "0123456 14:00-24:00"),
        ("Mar. 1-4pm", "1 13:00-16:00"),
    ],
)
def test_read(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "sur rendez-vous", "appelez avant", "9h-17h", "lun 9h", "mar 1 à 4", "nights; reported 23:00-05:00",
        "lun-ven 9h-16h30 (fermé le midi)", "lundi au vendredi", "9h-17h été seulement", "25h-26h lundi", "lun-ven 9h-99h",
        "ouvert", "fermé", "jusqu'à épuisement des stocks", "mercredi 10h", "by appointment Mon-Fri 9-5",
    ],
)  # fmt: skip
def test_not_guessed(text: str) -> None:
    assert parse_hours(text) is None


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    typed = parse_hours(text)
    assert typed is None or typed.rules


@pytest.mark.parametrize(
    "text", ["lun-ven 9h-16h30, sam midi à 4; fermé jours fériés", "24/7", "dernier jeudi du mois 13h-16h"]
)
def test_typed_hours_survive_as_hsds_rows(text: str) -> None:
    typed = parse_hours(text)
    assert typed is not None
    assert hours_of(rows_of(typed)) == Hours(typed.rules, typed.holidays)
