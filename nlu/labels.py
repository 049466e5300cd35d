"""The names messages are labelled with: intents, their groups, and entities (the label contract).

The meaning of each intent, and the cases already settled, are in `docs/corpus-data-card.md`.
"""

from __future__ import annotations

INTENT_GROUPS: dict[str, tuple[str, ...]] = {
    "danger": (
        "overdose_now",
        "suicide_risk",
        "violence_danger",
        "sexual_assault",
        "medical_emergency",
        "exposure_risk",
        "distress",
    ),
    "human": ("talk_to_worker", "accompaniment", "find_outreach"),
    "places": (
        "find_supplies",
        "find_shelter",
        "find_food",
        "find_hygiene",
        "find_health",
        "find_testing",
        "find_supervised_use",
        "find_drug_checking",
        "find_treatment",
        "find_rights_help",
        "find_community",
    ),
    "knowledge": (
        "info_naloxone",
        "info_overdose",
        "info_safer_use",
        "info_mixing",
        "info_substance",
        "info_withdrawal",
        "info_wound_care",
        "info_sexual_health",
        "info_rights",
    ),
    "community": ("report_bad_drugs", "report_bad_client", "subscribe_alerts"),
    "service": (
        "privacy_question",
        "delete_my_data",
        "stop_messages",
        "ask_bot",
        "change_language",
        "complaint",
        "resolved",
        "greet",
        "thanks",
        "goodbye",
        "affirm",
        "deny",
        "insult",
        "out_of_scope",
    ),
}

INTENTS: tuple[str, ...] = tuple(intent for group in INTENT_GROUPS.values() for intent in group)
DANGERS: frozenset[str] = frozenset(INTENT_GROUPS["danger"])

TRAINED_SEPARATOR = "__"
"""What is trained is one label for both: `find_shelter__urgent` (see `docs/decisions/trained-model.md`)."""


def trained_label(intent: str, urgency: str) -> str:
    """Name the label that training uses for an intent at an urgency."""
    return f"{intent}{TRAINED_SEPARATOR}{urgency}"


def intent_of(label: str) -> str:
    """Give the intent of a trained label; a plain intent is its own."""
    return label.partition(TRAINED_SEPARATOR)[0]


def urgency_of(label: str) -> str:
    """Give the urgency of a trained label."""
    return label.partition(TRAINED_SEPARATOR)[2]


ENTITIES: frozenset[str] = frozenset({"substance", "supply", "place", "time", "person", "age_group", "language"})
