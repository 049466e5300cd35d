"""The library and its cards, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cards import Card, load_cards
from flows.engine import Engine
from flows.flow import Flow
from flows.loader import load_flows

FLOWS = Path(__file__).resolve().parents[2] / "flows"


@pytest.fixture(scope="session")
def library() -> dict[str, Flow]:
    """Every flow of the library."""
    return load_flows([FLOWS / "library"])


@pytest.fixture(scope="session")
def cards() -> dict[str, Card]:
    """Every card of the library."""
    return load_cards([FLOWS / "cards"])


@pytest.fixture(scope="session")
def engine(library: dict[str, Flow]) -> Engine:
    """The library, ready to be walked through."""
    return Engine(library)
