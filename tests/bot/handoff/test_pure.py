"""Codes, escalation, states and what workers read: the pure parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.handoff import codes, page
from bot.handoff.codes import Command, NoCodeLeft, WorkerReply
from bot.handoff.escalation import Policy, Step, first_staffed, people, recipients, route
from bot.handoff.state import NEXT, OWNED, Due, Standing, State, due, is_held, is_worse
from flows.segments import segments

NOW = datetime(2026, 1, 16, 17, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "command", "code", "words"),
    [
        ("A7", Command.TAKE, "A7", ""),
        (" a7. ", Command.TAKE, "A7", ""),
        ("/A7", Command.TAKE, "A7", ""),
        ("B12:", Command.TAKE, "B12", ""),
        ("A7 fin", Command.CLOSE, "A7", ""),
        ("a7 FIN.", Command.CLOSE, "A7", ""),
        ("A7 end", Command.CLOSE, "A7", ""),
        ("A7 terminé", Command.CLOSE, "A7", ""),
        ("A7 salut toi", Command.WORDS, "A7", "salut toi"),
        ("A7: fin de journée", Command.WORDS, "A7", "fin de journée"),
        ("A7, h3n 1x4", Command.WORDS, "A7", "h3n 1x4"),
        ("H3N 1X4", Command.WORDS, None, "H3N 1X4"),
        ("j'arrive", Command.WORDS, None, "j'arrive"),
        ("fin", Command.CLOSE, None, ""),
        ("STOP", Command.CARRIER_WORD, None, "STOP"),
        ("Arrêt", Command.CARRIER_WORD, None, "Arrêt"),
        ("END", Command.CARRIER_WORD, None, "END"),
        ("/start", Command.HELP, None, ""),
        ("  ", Command.HELP, None, ""),
    ],
)
def test_a_workers_message_is_read(text: str, command: Command, code: str | None, words: str) -> None:
    assert codes.read(text) == WorkerReply(command, code, words)


@given(st.text(max_size=60))
def test_any_message_of_a_worker_is_read(text: str) -> None:
    reply = codes.read(text)
    if reply.command is Command.WORDS:
        assert reply.words
        assert reply.words in text


def test_codes_are_short_and_never_in_use() -> None:
    used: set[str] = set()
    random = Random(1)
    for _ in range(400):
        code = codes.choose(used, random)
        assert code not in used
        assert codes.read(code) == WorkerReply(Command.TAKE, code)
        used.add(code)
    assert sum(len(code) == 2 for code in used) == len(codes.LETTERS) * 9, "short codes first"
    assert not any(letter in code for code in used for letter in "IOQ")


def test_running_out_of_codes_is_said() -> None:
    every = {f"{letter}{number}" for letter in codes.LETTERS for number in range(1, 1000)}
    with pytest.raises(NoCodeLeft):
        codes.choose(every, Random(1))
    assert codes.choose(every - {"Z999"}, Random(1)) == "Z999"


ON_CALL = Step("on_call", ("telegram", "sms"), 4 * MINUTE)
EVERYONE = Step("everyone", ("sms",), 5 * MINUTE)
WORKERS = {"ana": ("telegram", "sms"), "bob": ("sms",), "cleo": ("telegram",)}


def test_channels_are_tried_in_order_among_those_configured() -> None:
    assert route(("telegram", "sms"), ("telegram", "sms"), ("sms", "telegram")) == "telegram"
    assert route(("telegram", "sms"), ("telegram", "sms"), ("sms",)) == "sms"
    assert route(("telegram",), ("telegram", "sms"), ("sms",)) is None
    assert recipients(EVERYONE, (), WORKERS, {"sms", "telegram"}) == {"ana": "sms", "bob": "sms"}
    assert people(Step(("bob", "gone"), ("sms",), MINUTE), (), tuple(WORKERS)) == ("bob",)


def test_empty_steps_are_skipped_and_the_last_one_repeats() -> None:
    policy = Policy("p", (ON_CALL, Step(("cleo",), ("sms",), MINUTE), EVERYONE), repeat_last=1)

    def find(start: int) -> tuple[int, dict[str, str]] | None:
        return first_staffed(policy, start, lambda step: recipients(step, (), WORKERS, {"sms"}))

    everybody = {"ana": "sms", "bob": "sms"}
    assert find(0) == (2, everybody), "nobody is on call, and no SMS reaches Cléo"
    assert find(3) == (3, everybody), "the repetition"
    assert find(4) is None, "the end"


def standing(state: State, **values: object) -> Standing:
    known = {"urgency": "urgent", "danger": None, "owner": None, "lease_until": None, "due_at": None}
    return Standing(state=state, **{**known, "waiting_since": NOW, **values})  # type: ignore[arg-type] # test values


@given(
    st.sampled_from(State),
    st.none() | st.integers(-30, 30),
    st.none() | st.integers(-30, 30),
    st.integers(-30, 0),
)
def test_whatever_waits_is_told_moved_on_or_held(state: State, lease: int | None, step: int | None, since: int) -> None:
    lease_until = None if lease is None else NOW + lease * MINUTE
    due_at = None if step is None else NOW + step * MINUTE
    found = due(
        standing(state, lease_until=lease_until, due_at=due_at, waiting_since=NOW + since * MINUTE), NOW, 10 * MINUTE
    )
    held = is_held(state, lease_until, NOW)
    if state is State.CLOSED or held:
        assert found is Due.NOTHING
    elif state in OWNED:
        assert found is Due.OWNER_LOST
    elif since <= -10 and state is not State.UNANSWERED:
        assert found is Due.TELL
    else:
        assert (found is Due.NEXT_STEP) == (step is not None and step <= 0)


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (("urgent", None), ("emergency", None), True),
        (("urgent", "suicide_risk"), ("urgent", "violence_danger"), True),
        (("urgent", "suicide_risk"), ("urgent", "suicide_risk"), False),
        (("urgent", "suicide_risk"), ("urgent", "find_shelter"), False),
        (("emergency", "overdose_now"), ("emergency", "overdose_now"), False),
        (("emergency", "overdose_now"), ("emergency", "violence_danger"), True),
        (("emergency", "overdose_now"), ("urgent", "suicide_risk"), False),
        (("emergency", "overdose_now"), ("urgent", "resolved"), False),
    ],
)
def test_what_makes_it_worse(before: tuple[str, str | None], after: tuple[str, str | None], worse: bool) -> None:
    assert is_worse(standing(State.PAGED, urgency=before[0], danger=before[1]), *after) is worse


def test_every_state_has_its_followers_and_closed_has_none() -> None:
    assert set(NEXT) == set(State)
    assert NEXT[State.CLOSED] == frozenset()
    assert all(State.CLOSED in followers for state, followers in NEXT.items() if state is not State.CLOSED)


@pytest.mark.parametrize("language", ["fr", "en", "iu"])
def test_pages_fit_one_sms_and_say_how_to_take_it(language: str) -> None:
    for urgency in ("emergency", "urgent"):
        text = page.page(language, "A99", urgency, "en")
        assert text.count("A99") == 2
        assert segments(text).parts == 1
        assert segments(text).encoding == "GSM-7" or "ç" in text
    assert segments(page.direct_page(language, "fr")).parts <= 4


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_page_says_nothing_of_the_person(language: str) -> None:
    text = page.page(language, "A7", "emergency", "fr") + page.direct_page(language, "fr")
    for danger in ("overdose_now", "suicide_risk", "violence_danger", "sexual_assault", "medical_emergency"):
        name = page.danger_name(language, danger)
        assert name
        assert name not in text


@given(st.text(alphabet="ab \n", max_size=9000), st.sampled_from(["sms", "telegram", "simulator"]))
def test_long_words_are_cut_and_nothing_is_lost(text: str, channel: str) -> None:
    found = page.pieces(text, channel)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(0 < len(piece) <= 3500 for piece in found)
    if channel == "sms":
        assert all(len(piece) <= 1400 for piece in found)
