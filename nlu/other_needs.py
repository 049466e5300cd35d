"""What else a message asks for: "la roulotte passe tu à soir? pis je pourrais-tu voir une infirmière" is two needs.

The message is cut where people go on to something else, and each piece that asks for something is classified by itself.
Only calm needs are looked for here: a danger, wherever it stands in a message, is triage's business and comes first.
"""

from __future__ import annotations

import re

from nlu.classifier import Classifier
from nlu.entities import Extractor
from nlu.interpretation import OtherNeed
from nlu.normalize import fold

OTHER_NEEDS = frozenset(
    {
        "accompaniment",
        "find_community",
        "find_drug_checking",
        "find_food",
        "find_health",
        "find_hygiene",
        "find_outreach",
        "find_rights_help",
        "find_shelter",
        "find_supervised_use",
        "find_supplies",
        "find_testing",
        "find_treatment",
        "info_mixing",
        "info_naloxone",
        "info_overdose",
        "info_rights",
        "info_safer_use",
        "info_sexual_health",
        "info_substance",
        "info_withdrawal",
        "info_wound_care",
        "subscribe_alerts",
        "talk_to_worker",
    }
)
"""Intents that can be offered after another one."""

LIMIT = 2
"""Needs remembered beside the first. A longer list would be a questionnaire."""

SURE_FROM = 0.6
"""Confidence a piece needs: chosen on the measuring sets, where a wrong offer costs a text and a right one a trip."""

MIN_WORDS, MAX_PIECES = 3, 12

_CUT = re.compile(r"[.?!;\n,]+|\s(?:pis|pi|puis|et|and|also|aussi|plus|btw|mais|but|\+|&)\s", re.IGNORECASE)
_ASKS = re.compile(
    r"\b(?:ou|comment|quand|quelle?|combien|qui|est.ce|cest|c'est|ya|yat|y a|as|avez|tu|besoin|j?cherche|j?veux|j?voudrais|"
    r"j?aimerais|faut|faudrait|peux|peut|peuvent|pouvez|pourrais|pourriez|possible|savoir|donnez|"
    r"wheres?|how|when|whats?|which|who|can|could|do|does|is|are|any|need|want|looking|know|get|give)\b"
)
"""A piece that tells ("jai mon kit dans mon sac") asks for nothing. Folded words of questions and requests."""


def other_needs(classifier: Classifier, extractor: Extractor, text: str, first: str) -> tuple[OtherNeed, ...]:
    """Give the other needs of a message whose `first` need is known, as they come; most messages have none."""
    pieces = [piece for piece in _CUT.split(text) if len(piece.split()) >= MIN_WORDS]
    if len(pieces) < 2:
        return ()
    found: dict[str, OtherNeed] = {}
    for piece in pieces[:MAX_PIECES]:
        if _ASKS.search(fold(piece)):
            best = classifier.classify(piece)[0][0]
            if best.intent in OTHER_NEEDS - {first, *found} and best.confidence >= SURE_FROM:
                found[best.intent] = OtherNeed(best.intent, piece.strip(), extractor.find(piece))
    return tuple(found.values())[:LIMIT]
