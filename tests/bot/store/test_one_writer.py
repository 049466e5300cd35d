"""Writers of one process on SQLite: first come first served, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.store import database
from bot.store.database import Database


async def test_writers_are_served_in_the_order_they_came(tmp_path: Path) -> None:
    opened, served = Database(f"sqlite:///{tmp_path / 'one.db'}"), []

    async def write(number: int) -> None:
        async with opened.begin():
            served.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(write(number) for number in range(12)))
    await opened.close()
    assert served == list(range(12))


async def test_a_writer_that_hangs_keeps_the_others_for_a_while_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    opened = Database(f"sqlite:///{tmp_path / 'one.db'}")
    async with opened.begin():
        with pytest.raises(TimeoutError):
            async with opened.begin():
                pytest.fail("two writers at once")
    async with opened.begin():
        pass  # the one who gave up left the line
    await opened.close()
