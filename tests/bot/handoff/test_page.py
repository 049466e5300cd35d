"""What a worker reads after taking a conversation."""

from __future__ import annotations

from bot.handoff import page


def test_triage_s_reasons_are_read_in_one_language_and_once() -> None:
    reasons = (
        "peau bleue, maintenant / blue skin, now",
        "ne répond plus, maintenant / no answer, now",
        "peau bleue + ne répond plus, maintenant / blue skin + no answer, now",
        "sans traduction",
    )
    assert page.in_language(reasons, "fr") == ["peau bleue + ne répond plus, maintenant", "sans traduction"]
    assert page.in_language(reasons, "en") == ["blue skin + no answer, now", "sans traduction"]
