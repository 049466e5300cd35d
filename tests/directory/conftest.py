"""What the directory's tests share: the gazetteer, a database of each kind, the shared material beside the project."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from directory.places import Places

SHARED = Path(__file__).resolve().parents[2] / "../shared/directory-data"


def shared(name: str) -> Path:
    """A file or folder of the shared material; the test is skipped where it is not there."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the project")
    return path


@pytest.fixture(scope="session")
def places() -> Places:
    """The gazetteer, read once."""
    return Places.load()


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[AsyncConnection]:
    """A connection to an empty directory, once on SQLite and once on PostgreSQL."""
    url = make_url(database_url)
    driver = "sqlite+aiosqlite" if url.drivername == "sqlite" else "postgresql+asyncpg"
    engine = create_async_engine(url.set(drivername=driver))
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()
