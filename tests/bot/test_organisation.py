"""The organisation's folder: what is read, and how mistakes are said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from bot import organisation
from bot.calendar_copy import CalendarCopy, CalendarUnavailable
from bot.organisation import OrganisationError
from bot.settings import DEMONSTRATION

TEMPLATE = Path(organisation.__file__).parent / "template"
ZONE = ZoneInfo("America/Toronto")
FRIDAY = datetime(2026, 1, 16, 14, 0, tzinfo=ZONE)

FILE = """
name: {fr: Organisme d'essai}
relay: {channels: [sms]}
workers:
  ana: {name: Ana, addresses: {sms: "+15145550101"}}
  bob: {name: Bob, language: en, addresses: {sms: "+15145550102"}}
on_call:
  table:
    - {days: all, from: 20:00, to: 08:00, workers: [ana]}
    - {days: lun-dim, from: "8h00", to: "20h", workers: [bob]}
escalation:
  steps:
    - {who: on_call, by: [sms], minutes: 4}
    - {who: [bob, ana], by: [sms], minutes: 5}
"""
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes an organisation's folder."""

    def write(text: str) -> Path:
        (tmp_path / "organisation.yml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_the_demonstration_is_staffed_at_every_hour() -> None:
    place = organisation.load(DEMONSTRATION)
    assert [worker.id for worker in place.on_call(FRIDAY)] == ["camille"]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert place.rota.gaps(start, start + timedelta(days=400)) == []
    assert place.problems(FRIDAY) == []
    assert place.name("fr") != place.name("en")
    assert len(place.policy.steps) == 2
    assert all(set(worker.addresses) == {"simulator", "sms", "telegram"} for worker in place.workers.values())


def test_the_template_loads_and_says_what_to_fill_in() -> None:
    problems = organisation.load(TEMPLATE).problems(FRIDAY)
    assert {problem.where.rpartition(": ")[2] for problem in problems if problem.severity == "error"} == {
        "workers.collegue-1.addresses",
        "workers.collegue-2.addresses",
        "escalation.steps.1",
    }
    assert not any(problem.where.endswith("on_call") for problem in problems), "its rota has no gap"


def test_what_people_write_is_read(write: Write) -> None:
    place = organisation.load(write(FILE))
    assert [worker.id for worker in place.on_call(FRIDAY)] == ["bob"]
    assert [worker.id for worker in place.on_call(FRIDAY.replace(hour=23))] == ["ana"]
    assert place.problems(FRIDAY) == []
    assert place.name("en") == place.name("fr"), "no English name was given"
    found = place.worker_at("sms", "+15145550102")
    assert found is not None
    assert found.id == "bob"
    assert place.worker_at("telegram", "+15145550102") is None
    assert place.worker_at("sms", "+15145550123") is None


def test_a_number_without_quotes_keeps_its_plus(write: Write) -> None:
    place = organisation.load(write(FILE.replace('"+15145550101"', "+15145550101")))
    assert place.worker_at("sms", "+15145550101") is not None


def test_nothing_shows_an_address(write: Write) -> None:
    place = organisation.load(write(FILE))
    assert "555" not in repr(place)
    assert "555" not in repr(place.workers["ana"])


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("name: {fr: Organisme d'essai}", "", "name", "required"),
        ('"+15145550101"', '"514 555-0101"', "workers.ana.addresses", "+15145550100"),
        ('"+15145550101"', '"+15145550102"', "workers.bob.addresses.sms", "same address"),
        ("workers: [ana]", "workers: [zoe]", "on_call.table.0.workers", "'zoe'"),
        ("who: [bob, ana]", "who: [zoe]", "escalation.steps.1.who", "'zoe'"),
        ("from: 20:00", "from: midi", "on_call.table.0.from", "'20:00'"),
        ("days: all", "days: hier", "on_call.table.0.days", "mon-fri"),
        ("language: en", "language: es", "workers.bob.language", "'fr' or 'en'"),
        ("by: [sms], minutes: 4", "by: [fax], minutes: 4", "escalation.steps.0.by", "sms"),
        ("minutes: 4", "minutes: -4", "escalation.steps.0.minutes", "greater than 0"),
        ("on_call:\n", "zone: Mars/Base\non_call:\n", "zone", "America/Toronto"),
        ("on_call:\n", "color: blue\non_call:\n", "color", "xtra"),
        ("on_call:\n", "on_call:\n  calendar: http://example.org/a.ics\n", "on_call.calendar", "https://"),
        ("  ana:", "  Ana B:", "workers", "small letters"),
        ("name: {fr", "name: {fr: [", "line", ""),
        (
            "escalation:\n",
            '  overrides: [{from: "2026-01-02 10:00", to: "2026-01-01", workers: []}]\nescalation:\n',
            "on_call.overrides.0",
            "not after",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_place(write: Write, old: str, new: str, where: str, what: str) -> None:
    assert old in FILE
    with pytest.raises(OrganisationError) as caught:
        organisation.load(write(FILE.replace(old, new, 1)))
    text = str(caught.value)
    assert "organisation.yml" in text
    assert where in text
    assert what in text
    assert "\n" not in text
    assert "555-0101" not in text


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "42\n"])
def test_a_file_that_is_something_else_is_refused(write: Write, text: str) -> None:
    with pytest.raises(OrganisationError, match=r"organisation\.yml"):
        organisation.load(write(text))


def test_no_folder_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(OrganisationError, match="passerelle init"):
        organisation.load(tmp_path / "nowhere")


def test_gaps_and_empty_steps_are_said_before_they_hurt(write: Write) -> None:
    text = FILE.replace("days: all", "days: mon").replace("relay: {channels: [sms]}", "relay: {channels: [telegram]}")
    problems = organisation.load(write(text)).problems(FRIDAY, {"telegram"})
    said = "\n".join(str(problem) for problem in problems)
    assert "nobody is on call from 2026-01-16 20:00 to 2026-01-17 08:00" in said
    assert "workers.ana.addresses: no page reaches this worker" in said
    assert "escalation.steps.1: this step reaches nobody" in said
    assert "555" not in said


def test_a_worker_whom_words_cannot_reach_is_said(write: Write) -> None:
    text = FILE.replace("relay: {channels: [sms]}", "relay: {channels: [telegram]}")
    said = [problem.message for problem in organisation.load(write(text)).problems(FRIDAY)]
    assert any("words may not reach them" in message for message in said)


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//fr
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
DTSTART;TZID=America/Toronto:20260116T120000
DTEND;TZID=America/Toronto:20260116T160000
SUMMARY:{title}
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_file_is_read_again_when_it_changes(write: Write, tmp_path: Path) -> None:
    text = FILE.replace("on_call:\n", "on_call:\n  calendar: garde.ics\n").replace("days: all", "days: sun")
    text = text.replace("days: lun-dim", "days: sun")
    calendar = tmp_path / "garde.ics"
    calendar.write_text(CALENDAR.replace("{title}", "Ana"), encoding="utf-8")
    place = organisation.load(write(text))
    assert [worker.id for worker in place.on_call(FRIDAY)] == ["ana"]
    calendar.write_text(CALENDAR.replace("{title}", "ANA, bob"), encoding="utf-8")
    assert [worker.id for worker in place.on_call(FRIDAY)] == ["ana", "bob"]
    calendar.write_text(CALENDAR.replace("{title}", "Zoé"), encoding="utf-8")
    assert place.on_call(FRIDAY) == ()
    assert any("'Zoé'" in problem.message for problem in place.problems(FRIDAY - timedelta(days=1)))
    calendar.write_text("pas un calendrier", encoding="utf-8")
    assert place.on_call(FRIDAY) == (), "the table and the overrides stay"
    calendar.unlink()
    assert any("garde.ics" in problem.message for problem in place.problems(FRIDAY))


async def test_a_calendar_at_an_address_keeps_its_last_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        httpx.Response(200, text=CALENDAR),
        httpx.Response(200, text="<html>login</html>"),
        httpx.Response(503),
    ]
    real = httpx.AsyncClient

    def client(**options: object) -> httpx.AsyncClient:
        return real(transport=httpx.MockTransport(lambda request: answers.pop(0)))

    monkeypatch.setattr(httpx, "AsyncClient", client)
    copy = CalendarCopy.of("https://calendar.example/secret-token.ics", tmp_path)
    with pytest.raises(CalendarUnavailable):
        copy.text()
    await copy.refresh()
    assert copy.text().splitlines() == CALENDAR.splitlines()
    for _ in range(2):
        with pytest.raises(CalendarUnavailable) as caught:
            await copy.refresh()
        assert "secret-token" not in str(caught.value)
    assert copy.text().splitlines() == CALENDAR.splitlines()
