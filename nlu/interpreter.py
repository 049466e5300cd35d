"""The embedded interpreter: classifier, safety triage, language and entities, in this process.

The classifier may be absent (no model file, or a damaged one): triage then works on its rules alone, and the
intent is the danger it saw, or `out_of_scope`. Nothing here does I/O after `load_interpreter`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from nlu import language, triage
from nlu.classifier import MODEL_PATH, Classifier, ModelError
from nlu.entities import Extractor
from nlu.interpretation import Assessment, Interpretation, OtherNeed, RankedIntent, Urgency, UrgencyScores
from nlu.labels import DANGERS
from nlu.normalize import Folded, fold
from nlu.other_needs import other_needs

# With these on top, what triage saw is already what the message is about.
_AGREEING = DANGERS | {"report_bad_drugs", "report_bad_client", "talk_to_worker", "find_shelter", "accompaniment"}

# Below this confidence, the danger triage saw names the message instead.
_SURE_FROM = {Urgency.EMERGENCY: 0.6, Urgency.URGENT: 0.25}


@dataclass(frozen=True)
class EmbeddedInterpreter:
    """Interprets messages with what is in this process. Safe to share between threads."""

    rules: triage.Rules
    extractor: Extractor
    classifier: Classifier | None = None

    async def ask_ahead(self, text: str) -> None:
        """Nothing: everything is in this process."""

    def interpret(self, text: str, recent: tuple[str, ...] = ()) -> Interpretation:
        """Interpret one message; `recent` holds the contact's messages of the last few minutes, oldest first."""
        folded = fold(text)  # once, for the classifier and for triage
        ranking, scores = self.classify(folded)
        return self._combine(text, folded, recent, ranking, scores)

    def classify(self, text: str) -> tuple[tuple[RankedIntent, ...], UrgencyScores | None]:
        """Give the classifier's ranking and urgency, or nothing when there is no classifier."""
        if self.classifier is None:
            return (), None
        ranking, scores = self.classifier.classify(text)
        return tuple(ranking), scores

    def other_needs(self, text: str, first: str) -> tuple[OtherNeed, ...]:
        """Say what else the message asks for; nothing when there is no classifier."""
        return () if self.classifier is None else other_needs(self.classifier, self.extractor, text, first)

    def close(self) -> None:
        """Nothing is held."""

    def combine(
        self, text: str, recent: tuple[str, ...], ranking: tuple[RankedIntent, ...], scores: UrgencyScores | None
    ) -> Interpretation:
        """Put triage, language and entities around a ranking, whoever computed the ranking."""
        return self._combine(text, fold(text), recent, ranking, scores)

    def _combine(
        self,
        text: str,
        folded: Folded,
        recent: tuple[str, ...],
        ranking: tuple[RankedIntent, ...],
        scores: UrgencyScores | None,
    ) -> Interpretation:
        assessment = triage.assess(self.rules, folded, recent, scores, ranking)
        intent, confidence = _choose_intent(ranking, assessment)
        return Interpretation(
            language=language.detect(text, folded),
            urgency=assessment.urgency,
            check=assessment.check,
            danger=assessment.danger,
            reasons=assessment.reasons,
            intent=intent,
            confidence=confidence,
            ranking=ranking,
            entities=self.extractor.find(text),
        )


def load_interpreter(model: Path = MODEL_PATH) -> tuple[EmbeddedInterpreter, str | None]:
    """Load rules and model. The second value says, in one line, why there is no model, when there is none."""
    rules, extractor, why = triage.load_rules(), Extractor.load(), None
    classifier: Classifier | None = None
    try:
        classifier = Classifier.load(model)
    except ModelError as error:
        why = str(error)
    # Last, behind the start: nobody waits for it, and until it ends a pattern is compiled when a message needs it.
    Thread(target=rules.index.make_ready, name="safety-rules", daemon=True).start()
    return EmbeddedInterpreter(rules, extractor, classifier), why


def _choose_intent(ranking: tuple[RankedIntent, ...], assessment: Assessment) -> tuple[str, float]:
    """Take the classifier's best intent, unless triage saw a danger that an unsure best intent contradicts.

    The danger is handled whatever the intent is named; a classifier that is sure is right more often than triage
    about the name (measured on messages kept apart: always correcting costs a point of accuracy).
    """
    if not ranking:
        return assessment.danger or "out_of_scope", 0.0
    best = ranking[0]
    sure = _SURE_FROM.get(assessment.urgency, 0.0)
    if assessment.danger is None or best.intent in _AGREEING or best.confidence >= sure:
        return best.intent, best.confidence
    known = {ranked.intent: ranked.confidence for ranked in ranking}
    return assessment.danger, known.get(assessment.danger, 0.0)
