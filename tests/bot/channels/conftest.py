"""The played-back providers, one of each for all the channels' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.telegram_server import TelegramServer
from tests.fakes.twilio_server import TwilioServer


@pytest.fixture(scope="session")
def _twilio() -> Iterator[TwilioServer]:
    with TwilioServer().running() as server:
        yield server


@pytest.fixture
def twilio(_twilio: TwilioServer) -> TwilioServer:
    """Twilio, as it was at first."""
    _twilio.reset()
    return _twilio


@pytest.fixture(scope="session")
def _telegram() -> Iterator[TelegramServer]:
    with TelegramServer().running() as server:
        yield server


@pytest.fixture
def telegram(_telegram: TelegramServer) -> TelegramServer:
    """Telegram, as it was at first."""
    _telegram.reset()
    return _telegram
