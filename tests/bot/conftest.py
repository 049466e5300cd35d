"""The line under test: real parts, recorded providers, a clock that is told what time it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import bootstrap
from bot.bootstrap import Content
from bot.settings import Settings
from bot.store.vault import Vault
from tests.phone import Line


@pytest.fixture(scope="session")
def content(tmp_path_factory: pytest.TempPathFactory) -> Content:
    """Everything read from files, once: the demonstration's."""
    return bootstrap.load_content(Settings(state=tmp_path_factory.mktemp("content")))


@pytest.fixture
async def line(content: Content, vault: Vault, database_url: str, tmp_path: Path) -> AsyncIterator[Line]:
    """The demonstration's line, on each database engine."""
    opened = await Line.open(content, vault, database_url, tmp_path)
    yield opened
    await opened.service.close()
