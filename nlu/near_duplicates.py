"""Finding messages that are nearly the same, fast: character 4-grams and their Jaccard similarity.

Prefix filtering (Bayardo, Ma and Srikant, "Scaling up all pairs similarity search", 2007): two sets that are
similar enough share several of their rarest members, so only those are looked up; what is found is verified.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil

import numpy as np
import numpy.typing as npt

from nlu.normalize import fold

DUPLICATE_SIMILARITY = 0.6
_GRAM = 4
_SHARED_RARE = 4  # how many rare grams a similar pair must share: more means longer prefixes, fewer false candidates


def character_grams(text: str) -> frozenset[str]:
    """Give the 4-grams of a folded text; a text shorter than that is its own only gram."""
    folded = fold(text)
    return frozenset(folded[at : at + _GRAM] for at in range(max(1, len(folded) - _GRAM + 1)))


def similar_pairs(texts: Sequence[str], threshold: float = DUPLICATE_SIMILARITY) -> list[tuple[int, int, float]]:
    """List the pairs (earlier position, later position, similarity) whose similarity is above `threshold`."""
    grams = [character_grams(text) for text in texts]
    prefixes = _rare_prefixes(grams, threshold)
    holders, starts = _postings(prefixes)
    pairs: list[tuple[int, int, float]] = []
    for later in range(1, len(grams)):
        found = np.concatenate([holders[starts[gram] : starts[gram + 1]] for gram in prefixes[later]])
        shared_rare = np.bincount(found[found < later])
        needed = min(_SHARED_RARE, ceil(threshold * len(grams[later])))
        for earlier in np.flatnonzero(shared_rare >= needed).tolist():
            shared = len(grams[later] & grams[earlier])
            similarity = shared / (len(grams[later]) + len(grams[earlier]) - shared)
            if similarity > threshold:
                pairs.append((earlier, later, similarity))
    return pairs


def _rare_prefixes(grams: Sequence[frozenset[str]], threshold: float) -> list[list[int]]:
    """Number the grams from rarest to commonest, and keep of each set the first ones a similar set must share."""
    count = Counter(gram for found in grams for gram in found)
    rank = {gram: number for number, gram in enumerate(sorted(count, key=lambda gram: (count[gram], gram)))}
    return [
        sorted(rank[gram] for gram in found)[: len(found) - ceil(threshold * len(found)) + _SHARED_RARE]
        for found in grams
    ]


def _postings(prefixes: Sequence[Sequence[int]]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """For each gram number, which sets have it in their prefix: `holders[starts[gram]:starts[gram + 1]]`."""
    members = np.array([gram for prefix in prefixes for gram in prefix], dtype=np.intp)
    owners = np.repeat(np.arange(len(prefixes)), [len(prefix) for prefix in prefixes])
    order = np.argsort(members, kind="stable")
    size = int(members.max()) + 2 if len(members) else 1
    return owners[order], np.searchsorted(members[order], np.arange(size))
