"""Measure the learning curve: the pipeline of `config.yml` trained on a part of the messages, then on more of them.

Run it as `python -m nlu.rasa.learning_curve SET.jsonl` in the Rasa environment (`nlu/rasa/env.sh`); it takes about as
long as training. It trains scikit-learn copies of the pipeline (the same features, weights and logistic regression): Rasa
would take several times longer for the same figures. Writes `nlu/model/learning_curve.json`.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import scipy.sparse
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from nlu.concepts import with_pairs
from nlu.labels import intent_of
from nlu.normalize import NOTHING_TO_READ, counted_words
from nlu.rasa.lexicon import read_concepts
from nlu.rasa.reference import without_annotations
from nlu.rasa.train import DATA, ROOT, labelled

TARGET = ROOT / "nlu" / "model" / "learning_curve.json"
SHARES = (0.125, 0.25, 0.5, 0.75, 1.0)
MOST_ITERATIONS = 50  # as in config.yml


class Pipeline:
    """A scikit-learn copy of the pipeline of `config.yml`."""

    def __init__(self, families: Sequence[Dict[str, Any]]) -> None:
        """`families` are the featurizers' options, in order."""
        self._concepts = read_concepts()
        self._families = [(self._vectorizer(family), family) for family in families]

    @staticmethod
    def _vectorizer(family: Dict[str, Any]) -> TfidfVectorizer:
        sizes = (family["min_ngram"], family["max_ngram"])
        options = {"token_pattern": r"\w+"} if family["analyzer"] == "word" else {}
        return TfidfVectorizer(
            analyzer=family["analyzer"], ngram_range=sizes, min_df=family["min_df"], sublinear_tf=True, **options
        )

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> "Pipeline":
        """Train."""
        blocks = [v.fit_transform(self._read(texts, family)) * family["weight"] for v, family in self._families]
        self._regression = LogisticRegression(class_weight="balanced", max_iter=MOST_ITERATIONS, tol=1e-3)
        self._regression.fit(scipy.sparse.hstack(blocks).tocsr(), labels)
        return self

    def rank(self, texts: Sequence[str]) -> List[List[str]]:
        """Give each message's intents, likeliest first."""
        blocks = [v.transform(self._read(texts, family)) * family["weight"] for v, family in self._families]
        probabilities = self._regression.predict_proba(scipy.sparse.hstack(blocks).tocsr())
        intents = [intent_of(label) for label in self._regression.classes_]
        names = sorted(set(intents))
        adder = np.array([[float(intent == name) for name in names] for intent in intents])
        return [[names[at] for at in np.argsort(-row)] for row in probabilities @ adder]

    def _read(self, texts: Sequence[str], family: Dict[str, Any]) -> List[str]:
        words = [counted_words(text) or NOTHING_TO_READ for text in texts]
        if family.get("concepts"):
            return [" ".join(with_pairs(self._concepts.of(text.split()))) for text in words]
        return words


def measure(share: float, messages: Sequence[Tuple[str, str]], examples: Sequence[Dict[str, Any]]) -> Dict[str, Any]:
    """Train on a share of the messages and measure on the set."""
    part = messages[: round(len(messages) * share)]
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    families = [step for step in config["pipeline"] if "analyzer" in step]
    rankings = (
        Pipeline(families)
        .fit([text for text, _ in part], [label for _, label in part])
        .rank([example["text"] for example in examples])
    )
    pairs = [(example["intent"], ranking) for example, ranking in zip(examples, rankings, strict=True)]
    first = sum(intent == ranking[0] for intent, ranking in pairs) / len(pairs)
    three = sum(intent in ranking[:3] for intent, ranking in pairs) / len(pairs)
    return {"messages": len(part), "first": round(first, 4), "three": round(three, 4)}


def main() -> int:
    """Measure every share, and write."""
    chosen = Path(sys.argv[1])
    examples = [json.loads(line) for line in chosen.read_text(encoding="utf-8").splitlines() if line.strip()]
    messages = [(without_annotations(line[2:]), label) for label, lines in labelled(DATA).items() for line in lines]
    random.Random(7).shuffle(messages)
    points = []
    for share in SHARES:
        points.append(measure(share, messages, examples))
        print("{messages} messages: {first:.1%} right first, {three:.1%} among three".format(**points[-1]), flush=True)
    TARGET.write_text(json.dumps({"set": chosen.name, "points": points}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
