"""Logs say what happened, never who or what was said; figures neither."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot import log
from bot.metrics import Metrics


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Logging as the service sets it up, at its most talkative; put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    log.set_up(written, logging.DEBUG)
    root.setLevel(logging.DEBUG)
    yield written
    root.handlers, root.level = handlers, level
    for name in (*log.SILENCED, "uvicorn", log.SPEAKING):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
        library.setLevel(logging.NOTSET)
    structlog.reset_defaults()


def test_events_have_a_time_a_level_and_their_fields(stream: io.StringIO) -> None:
    structlog.get_logger("bot").info("handed_over", message_id="0f3a" * 8, channel="sms", attempts=2)
    line = stream.getvalue()
    assert "level=info event=handed_over" in line
    assert f"message_id={'0f3a' * 8}" in line
    assert "attempts=2" in line
    assert line.startswith("timestamp=20")


@pytest.mark.parametrize(
    "secret",
    [
        "+15145550123",
        "514 555-0123",
        "(514) 555-0123",
        15145550123,
        "chu tanné de vivre",
        "123456789:AAE-abcdefghijklmnopqrstuvwxyz012",
        "marie@exemple.org",
        "@marie_la_fee",
        "AC" + "0" * 32,
        "https://exemple.org/?q=marie tremblay",
        {"text": "allo"},
        b"allo",
    ],
)
def test_a_field_that_could_be_personal_is_hidden(stream: io.StringIO, secret: object) -> None:
    structlog.get_logger().warning("something", detail=secret, text="allo", address=secret)
    line = stream.getvalue()
    assert "detail=[hidden]" in line
    assert "text=[hidden]" in line
    assert str(secret) not in line
    assert "allo" not in line


def test_an_exception_shows_its_type_only(stream: io.StringIO) -> None:
    try:
        raise ValueError("+15145550123 said allo")
    except ValueError as error:
        structlog.get_logger().exception("turn_failed", reason=error)
        logging.getLogger("asyncio").exception("Task exception was never retrieved: %s", error)
    assert stream.getvalue().count("ValueError") == 3
    assert "5550123" not in stream.getvalue()
    assert "Traceback" not in stream.getvalue()


TALKATIVE = """
httpx httpcore.http11 telegram.ext.Updater twilio.http_client twilio.async_http_client uvicorn.access
sqlalchemy.engine.Engine sqlalchemy.pool aiosqlite python_multipart.multipart
"""


@pytest.mark.parametrize("name", TALKATIVE.split())
def test_libraries_that_print_secrets_are_silent_at_every_level(stream: io.StringIO, name: str) -> None:
    logging.getLogger(name).setLevel(logging.DEBUG)  # somebody wanted to see more
    log.silence()
    for level in (logging.DEBUG, logging.INFO, logging.ERROR, logging.CRITICAL):
        logging.getLogger(name).log(level, "POST /2010 To=+15145550123 Body=allo")
    assert stream.getvalue() == ""


def test_other_libraries_show_that_they_spoke_not_what_they_said(stream: io.StringIO) -> None:
    logging.getLogger("some.library").error("could not write to %s", "+15145550123")
    assert "event=library logger=some.library" in stream.getvalue()
    assert "5550123" not in stream.getvalue()


def test_the_server_says_where_it_listens(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Uvicorn running on %s://%s:%d", "http", "127.0.0.1", 8000)
    logging.getLogger("uvicorn.error").error("Exception for +15145550123")
    assert "Uvicorn running on http://127.0.0.1:8000" in stream.getvalue()
    assert "5550123" not in stream.getvalue()


def test_figures_have_labels_for_kinds_never_for_anybody() -> None:
    metrics = Metrics()
    metrics.received("sms")
    metrics.received("+15145550123")
    metrics.refused("telegram", "secret for marie")
    metrics.sent("sms", "reply", "handed_over")
    metrics.delivery("sms", "delivered")
    metrics.outbox(3, 12.5)
    text = metrics.text().decode()
    assert 'passerelle_received_total{channel="sms"} 1.0' in text
    assert 'passerelle_received_total{channel="other"} 1.0' in text
    assert 'passerelle_refused_total{channel="telegram",reason="other"} 1.0' in text
    assert "passerelle_outbox_waiting 3.0" in text
    assert "passerelle_outbox_late_seconds 12.5" in text
    assert "5550123" not in text
    assert "marie" not in text
