"""The classifier: what it computes on a model small enough to check by hand, and how the real one behaves."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.classifier import MODEL_PATH, Classifier, ModelError
from nlu.features import MODEL_FORMAT, Family, made_ready, ready_arrays
from nlu.labels import INTENTS

SMALL = {
    "format": MODEL_FORMAT,
    "labels": ["find_food__emergency", "find_food__none", "greet__none", "thanks__urgent"],
    "unit": 0.5,
    "concepts": {"expressions": {"faim faim": ["hunger"]}, "stems": {"affam": ["hunger"]}},
    "families": [
        {"counts": "words", "smallest": 1, "largest": 2, "length": 2.0, "columns": 3},
        {"counts": "pieces", "smallest": 3, "largest": 4, "length": 1.0, "columns": 2},
        {"counts": "concepts", "smallest": 1, "largest": 1, "length": 3.0, "columns": 1},
    ],
}


def _bytes(text: str) -> Any:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _small_model(path: Path, **changes: Any) -> Path:
    arrays: dict[str, Any] = {
        "metadata": _bytes(json.dumps({**SMALL, **changes.pop("metadata", {})})),
        "grams_0": _bytes("faim\nfaim faim\n__number__"),
        "grams_1": _bytes(" fa\naim"),
        "grams_2": _bytes("hunger"),
        "rarity": np.array([2.0, 1.0, 1.0, 1.0, 1.0, 1.5]),
        "weights": np.array(
            [[6, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 2], [0, 4, 0, 0], [0, 0, 0, 0], [0, 0, 0, 2]],  # in half units
            np.int16,
        ),
        "intercepts": np.array([0.0, 0.25, 1.5, 0.0]),
        **ready_arrays(
            made_ready(
                [
                    Family("words", 1, 2, {"faim": 0, "faim faim": 1, "__number__": 2}),
                    Family("pieces", 3, 4, {" fa": 3, "aim": 4}),
                ]
            )
        ),
    }
    arrays.update(changes)
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


def test_one_message_computed_by_hand(tmp_path: Path) -> None:
    ranking, urgency = Classifier.load(_small_model(tmp_path / "m.npz")).classify("FAIM, faim!")
    # Words: "faim" twice, "faim faim" once, weighted and brought to length 2; characters: " fa" and "aim" twice each;
    # "faim faim" is the concept of hunger: alone in its family, its length is 3 whatever its rarity.
    faim, pair = (1 + math.log(2)) * 2.0, 1.0
    scale = 2.0 / math.hypot(faim, pair)
    characters = 1.0 / math.sqrt(2)
    logits = {
        "find_food__emergency": 3 * faim * scale,
        "find_food__none": 0.25 + faim * scale + 2 * characters,
        "greet__none": 1.5 + pair * scale,
        "thanks__urgent": 3.0,
    }
    total = sum(map(math.exp, logits.values()))
    share = {label: math.exp(logit) / total for label, logit in logits.items()}
    assert [one.intent for one in ranking] == ["find_food", "thanks", "greet"]
    assert ranking[0].confidence == pytest.approx(share["find_food__emergency"] + share["find_food__none"], abs=1e-6)
    assert ranking[1].confidence == pytest.approx(share["thanks__urgent"], abs=1e-6)
    assert urgency.emergency == pytest.approx(share["find_food__emergency"], abs=1e-6)
    assert urgency.urgent == pytest.approx(share["thanks__urgent"], abs=1e-6)
    assert urgency.none == pytest.approx(share["find_food__none"] + share["greet__none"], abs=1e-6)


def test_numbers_are_one_word_and_nothing_to_read_is_answered(tmp_path: Path) -> None:
    classifier = Classifier.load(_small_model(tmp_path / "m.npz"))
    assert classifier.classify("12 ans")[0][0].intent == "thanks"
    for text in ("", " ", "\0", "\ud800", "🦀"):
        assert classifier.classify(text)[0][0].intent == "greet", "only the intercepts are left"


@pytest.mark.parametrize(
    "changes",
    [{"metadata": {"format": 99}}, {"weights": None}, {"grams_1": None}, {"metadata": None}, {"metadata": b""}],
)
def test_a_damaged_model_is_refused_in_plain_words(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "m.npz"
    if changes in ({"metadata": None}, {"metadata": b""}):
        path.write_bytes(b"not a model" if changes["metadata"] is None else b"")
    else:
        _small_model(path, **changes)
    with pytest.raises(ModelError, match="make model"):
        Classifier.load(path)
    with pytest.raises(ModelError, match="make model"):
        Classifier.load(tmp_path / "absent.npz")


@pytest.fixture(scope="module")
def real() -> Classifier:
    return Classifier.load()


def test_the_real_model_knows_every_intent(real: Classifier) -> None:
    assert sorted(real.intents) == sorted(INTENTS)
    assert MODEL_PATH.stat().st_size < 16_000_000


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("mon chum est bleu y respire pu", "overdose_now"),
        ("my friend wont wake up he took too much", "overdose_now"),
        ("jveux mourir", "suicide_risk"),
        ("ou jpeux avoir des seringues neuves à soir", "find_supplies"),
        ("where can i eat for free tonight", "find_food"),
        ("merci ben gros", "thanks"),
        ("c'est tu anonyme votre affaire", "privacy_question"),
    ],
)
def test_plain_messages_are_understood(real: Classifier, text: str, intent: str) -> None:
    assert real.classify(text)[0][0].intent == intent


def test_any_text_gives_probabilities(real: Classifier) -> None:
    @given(st.text(alphabet=st.characters(codec=None), max_size=300))
    def any_text(text: str) -> None:
        ranking, urgency = real.classify(text)
        assert len(ranking) == 10
        assert [one.confidence for one in ranking] == sorted((one.confidence for one in ranking), reverse=True)
        assert urgency.emergency + urgency.urgent + urgency.none == pytest.approx(1.0)

    any_text()
