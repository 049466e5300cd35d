"""The Rasa components of ours that `config.yml` names: the tokenizer and the weighted counts.

They run under Python 3.10 inside Rasa, at training and when a Rasa server parses. The service itself never
imports them: `export.py` turns the trained model into plain arrays and `nlu/classifier.py` computes the same.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Optional, Text, Tuple

import numpy as np
import scipy.sparse
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import CountVectorsFeaturizer
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.nlu.tokenizers.whitespace_tokenizer import WhitespaceTokenizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.concepts import with_pairs
from nlu.normalize import NOTHING_TO_READ, counted_words
from nlu.rasa.lexicon import TRAINED_WITH_FILE, read_concepts, trained_with

_PIECE = re.compile(r"\S+")
_EDGE_SIGNS = ".,;:!?…\"'«»()“”’-–—*"  # what clings to a word and is not part of an annotated entity

RARITY_FILE = "rarity.npy"
_CONCEPTS = read_concepts()


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class NormalisingTokenizer(WhitespaceTokenizer):
    """Cuts at blanks; a token's text is what was written, its `lemma` is the shared form that is counted."""

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The whitespace tokenizer's settings, and `trained_with`: fingerprints that make Rasa train anew."""
        return {**WhitespaceTokenizer.get_default_config(), "trained_with": trained_with()}

    def tokenize(self, message: Message, attribute: Text) -> List[Token]:
        """Cut one attribute of a message; never returns an empty list."""
        text = message.get(attribute)
        tokens = []
        for piece in _PIECE.finditer(text):
            lemma = counted_words(piece.group())
            if lemma:
                surface = piece.group().strip(_EDGE_SIGNS) or piece.group()
                tokens.append(Token(surface, piece.start() + piece.group().index(surface), lemma=lemma))
        return tokens or [Token(text, 0, lemma=NOTHING_TO_READ)]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class WeightedCountsFeaturizer(CountVectorsFeaturizer):
    """Rasa's counts, as (1 + log count) x rarity, each message's vector brought to the length `weight`.

    With plain counts, long messages shout and common letters drown rare words. Rasa's logistic regression has a
    fixed strength of regularisation (C = 1): a weight w here is the same as C = w squared there.
    Rarity is scikit-learn's smoothed inverse document frequency: ln((1 + messages) / (1 + with it)) + 1.
    """

    rarity: Optional[np.ndarray] = None

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The settings of Rasa's featurizer; `weight` (a length, 1 or more); `concepts`: count those, and pairs of them.

        `trained_with` holds fingerprints that make Rasa train anew.
        """
        ours = {"weight": 1.0, "concepts": False, "trained_with": trained_with()}
        return {**CountVectorsFeaturizer.get_default_config(), **ours}

    @classmethod
    def load(cls, config: Dict[Text, Any], model_storage: ModelStorage, resource: Resource, *rest: Any, **kwargs: Any):
        """Load what Rasa stored, then the rarities beside it."""
        featurizer = super().load(config, model_storage, resource, *rest, **kwargs)
        with model_storage.read_from(resource) as folder:
            featurizer.rarity = np.load(folder / RARITY_FILE, allow_pickle=False)
        return featurizer

    def persist(self) -> None:
        """Store what Rasa stores, then the rarities, and what the model was trained with, beside it."""
        super().persist()
        with self._model_storage.write_to(self._resource) as folder:
            (folder / TRAINED_WITH_FILE).write_text(json.dumps(trained_with()), encoding="utf-8")
            np.save(folder / RARITY_FILE, self.rarity, allow_pickle=False)

    def _train_with_independent_vocab(self, attribute_texts: Dict[Text, List[Text]]) -> None:
        super()._train_with_independent_vocab(attribute_texts)
        counts = self.vectorizers[TEXT].transform(attribute_texts[TEXT])
        holding = np.asarray((counts > 0).sum(axis=0)).ravel()
        self.rarity = np.log((1.0 + counts.shape[0]) / (1.0 + holding)) + 1.0

    def _create_features(
        self, attribute: Text, all_tokens: List[List[Text]]
    ) -> Tuple[List[Optional[scipy.sparse.spmatrix]], List[Optional[scipy.sparse.spmatrix]]]:
        # Whole messages only: the logistic regression reads no per-token features, and they take most of the time.
        vectorizer = self.vectorizers.get(attribute)
        if attribute != TEXT or not vectorizer:
            return [None] * len(all_tokens), [None] * len(all_tokens)
        counts = vectorizer.transform([" ".join(tokens) for tokens in all_tokens]).tocsr()  # all at once: far quicker
        return [None] * len(all_tokens), [self._weighted(counts[at].tocoo()) for at in range(len(all_tokens))]

    def _get_processed_message_tokens_by_attribute(self, message: Message, attribute: Text = TEXT) -> List[Text]:
        if not self._config["concepts"] or attribute != TEXT or message.get(TEXT) is None:
            return super()._get_processed_message_tokens_by_attribute(message, attribute)
        words = " ".join(self._get_message_tokens_by_attribute(message, TEXT)).split()
        return with_pairs(_CONCEPTS.of(words))

    def _weighted(self, counts: scipy.sparse.coo_matrix) -> scipy.sparse.coo_matrix:
        if not counts.nnz:  # a message without a concept: a row of zeros, so that all messages have the same columns
            return counts
        values = (1.0 + np.log(counts.data.astype(np.float64))) * self.rarity[counts.col]
        values *= self._config["weight"] / np.sqrt(np.sum(values**2))
        return scipy.sparse.coo_matrix((values, (counts.row, counts.col)), shape=counts.shape)
