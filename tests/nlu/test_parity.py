"""Parity: the NumPy classifier gives what real Rasa gave, message by message (replayed, without Rasa)."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlu.classifier import Classifier
from nlu.normalize import fingerprint
from nlu.parity import TOLERANCE, Difference, differences, read_reference

REFERENCE = Path(__file__).parent / "reference.jsonl.gz"


@pytest.fixture(scope="module")
def compared() -> list[Difference]:
    return list(differences(Classifier.load(), read_reference(REFERENCE)))


def test_the_reference_is_large_and_nasty(compared: list[Difference]) -> None:
    assert len(compared) > 400
    assert max(len(one.text) for one in compared) >= 3_000
    assert any("\u200d" in one.text for one in compared)


def test_probabilities_are_those_of_rasa(compared: list[Difference]) -> None:
    assert [one for one in compared if one.confidence > TOLERANCE] == []


def test_the_order_is_that_of_rasa(compared: list[Difference]) -> None:
    assert [one.text for one in compared if one.ranked_otherwise] == []


def test_the_model_was_trained_with_this_normaliser() -> None:
    assert Classifier.load().metadata["normaliser"] == fingerprint(), (
        "nlu/normalize.py or nlu/shared_forms.py has changed since training: run `make model`"
    )
