"""Updates of the contract, and broken ones: what is taken from each, and that no name is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram import parse_update
from bot.channels.telegram_updates import callback_id
from bot.messages import ChannelName, Inbound, InboundKind

NOW = datetime(2026, 1, 16, 19, 0, tzinfo=UTC)
ZOE = {
    "id": 777001,
    "is_bot": False,
    "first_name": "Zoé",
    "last_name": "Nom",
    "username": "zoe_x",
    "language_code": "fr",
}
CHAT = {"id": 777001, "first_name": "Zoé", "username": "zoe_x", "type": "private"}
GROUP = {"id": -1001234567890, "title": "Desk", "is_forum": True, "type": "supergroup"}
BOT = {"id": 123456, "is_bot": True, "first_name": "B", "username": "b_bot"}
POINT = {"latitude": 45.5019, "longitude": -73.5674}


def message(**content: Any) -> dict[str, Any]:
    return {
        "update_id": 100001,
        "message": {"message_id": 11, "from": ZOE, "chat": CHAT, "date": 1764000000, **content},
    }


def edited(**content: Any) -> dict[str, Any]:
    update = message(edit_date=1764000060, **content)
    return {"update_id": 100008, "edited_message": update["message"]}


def button(**more: Any) -> dict[str, Any]:
    asked = {"message_id": 15, "from": BOT, "chat": CHAT, "date": 1764000050, "text": "Oui?"}
    query = {"id": "3338224155461234567", "from": ZOE, "message": asked, "chat_instance": "-7", "data": "a:1", **more}
    return {"update_id": 100007, "callback_query": query}


def membership(status: str, chat: dict[str, Any] = CHAT) -> dict[str, Any]:
    new = {"user": BOT, "status": status, "until_date": 0}
    return {"update_id": 100009, "my_chat_member": {"chat": chat, "from": ZOE, "date": 1, "new_chat_member": new}}


def parsed(update: dict[str, Any]) -> Inbound:
    inbound = parse_update(update, NOW)
    assert inbound is not None
    shown = repr(inbound) + json.dumps([inbound.address, inbound.provider_id, inbound.text, inbound.language_hint])
    assert "Zoé" not in shown
    assert "zoe_x" not in shown
    return inbound


def test_a_text() -> None:
    inbound = parsed(message(text="Où manger ce soir? 😀"))
    expected = Inbound(
        ChannelName.TELEGRAM, "777001", "100001", "Où manger ce soir? 😀", NOW, InboundKind.TEXT, None, "fr", False
    )
    assert inbound == expected


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("/start", "/start"),
        ("/start ref_A-9", "/start"),
        ("/START", "/start"),
        ("/start@b_bot ref", "/start"),
        ("/stop", "/stop"),
        ("/fr@b_bot", "/fr"),
        ("/en please", "/en please"),
        ("/startle", "/startle"),
        ("/ start", "/ start"),
        ("c'est 1/2 heure", "c'est 1/2 heure"),
    ],
)
def test_commands_stay_texts_without_where_the_person_comes_from(said: str, kept: str) -> None:
    inbound = parsed(message(text=said))
    assert (inbound.kind, inbound.text) == (InboundKind.TEXT, kept)


def test_a_pin_and_the_first_point_of_a_live_location() -> None:
    for point in (POINT, POINT | {"live_period": 900, "heading": 90}):
        inbound = parsed(message(location=point))
        assert (inbound.kind, inbound.location, inbound.text) == (InboundKind.LOCATION, (45.5019, -73.5674), "")
        assert "45.5" not in repr(inbound)


def test_a_named_place_is_its_point() -> None:
    inbound = parsed(message(venue={"location": POINT, "title": "Chez moi", "address": "1 rue X"}, location=POINT))
    assert inbound.location == (45.5019, -73.5674)
    assert inbound.text == ""


def test_a_moving_or_ending_live_location_is_not_followed() -> None:
    for point in (POINT | {"live_period": 900}, POINT):
        assert parse_update(edited(location=point), NOW) is None


def test_a_corrected_text_says_so() -> None:
    inbound = parsed(edited(text="corrigé"))
    assert (inbound.text, inbound.edited, inbound.provider_id) == ("corrigé", True, "100008")


def test_a_button_old_or_new() -> None:
    inbound = parsed(button())
    assert (inbound.kind, inbound.text, inbound.address) == (InboundKind.BUTTON, "a:1", "777001")
    old = button(message={"chat": CHAT, "message_id": 15, "date": 0})
    assert parsed(old).address == "777001"
    gone = button()
    del gone["callback_query"]["message"]
    assert parsed(gone).address == "777001"
    assert callback_id(button()) == "3338224155461234567"
    assert callback_id(message(text="allo")) is None


@pytest.mark.parametrize(
    ("status", "kind"), [("kicked", InboundKind.BLOCKED), ("member", InboundKind.UNBLOCKED), ("left", None)]
)
def test_blocked_and_back(status: str, kind: InboundKind | None) -> None:
    inbound = parse_update(membership(status), NOW)
    assert (inbound.kind if inbound else None) is kind


@pytest.mark.parametrize("name", ["photo", "voice", "sticker", "contact", "document", "video_note"])
def test_what_nobody_can_read_is_noted_and_never_opened(name: str) -> None:
    content = {name: {"phone_number": "+15145550101", "first_name": "Zoé", "file_id": "x"}}
    inbound = parsed(message(**content))
    assert (inbound.kind, inbound.text) == (InboundKind.MEDIA, "")


def test_a_picture_with_words_is_its_words() -> None:
    inbound = parsed(message(photo=[{}], caption="y est bleu"))
    assert (inbound.kind, inbound.text) == (InboundKind.TEXT, "y est bleu")


@pytest.mark.parametrize(
    "update",
    [
        {**message(text="ok"), "message": {**message(text="ok")["message"], "chat": GROUP}},
        {**message(text="ok"), "message": {**message(text="ok")["message"], "from": BOT}},
        membership("kicked", GROUP),
        button(message={"message_id": 1, "chat": GROUP, "date": 1}),
        message(pinned_message={"message_id": 3}),
        message(),
        {"update_id": 5, "channel_post": {"chat": {"id": -1, "type": "channel"}, "text": "x"}},
        {"update_id": 5, "brand_new_kind": {"text": "x"}},
        {"update_id": 5},
        {"message": message(text="x")["message"]},
        {"update_id": "5", "message": message(text="x")["message"]},
        {"update_id": True, "message": message(text="x")["message"]},
        {"update_id": 5, "message": None},
        {"update_id": 5, "message": []},
        {"update_id": 5, "message": {"text": "x"}},
        {"update_id": 5, "message": {"text": "x", "chat": {"type": "private", "id": "777001"}}},
        {"update_id": 5, "message": {"text": "x", "chat": {"type": "private", "id": -4}}},
        {"update_id": 5, "callback_query": {"data": 3, "from": ZOE}},
        {"update_id": 5, "my_chat_member": {"chat": CHAT, "new_chat_member": {"status": []}}},
        {},
    ],
)
def test_nothing_for_us(update: dict[str, Any]) -> None:
    assert parse_update(update, NOW) is None


@pytest.mark.parametrize(
    "point", [{}, [], {"latitude": "45", "longitude": 1}, {"latitude": 91, "longitude": 0}, {"latitude": float("nan")}]
)
def test_a_point_that_is_none_is_no_place(point: object) -> None:
    inbound = parse_update(message(location=point, text="ici"), NOW)
    assert inbound is not None
    assert (inbound.kind, inbound.location) == (InboundKind.TEXT, None)


def test_odd_words_are_cleaned_and_endless_ones_cut() -> None:
    assert parsed(message(text="a\x00b\ud83dc\n")).text == "abc\n"
    assert len(parsed(message(text="x" * 100_000)).text) == 10_000
    assert parsed(message(text="")).kind is InboundKind.MEDIA


@pytest.mark.parametrize(("code", "hint"), [("fr-CA", "fr"), ("EN", "en"), ("es", None), (7, None), ("", None)])
def test_only_our_two_languages_are_hinted(code: object, hint: str | None) -> None:
    update = message(text="allo")
    update["message"]["from"] = ZOE | {"language_code": code}
    assert parsed(update).language_hint == hint


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["chat", "from", "id", "type", "text", "location", "latitude", "data", "message", "status", "new_chat_member"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(["message", "edited_message", "callback_query", "my_chat_member"]), content=json_values)
def test_no_update_whatever_its_shape_raises(kind: str, content: Any) -> None:
    inbound = parse_update({"update_id": 1, kind: content}, NOW)
    assert inbound is None or inbound.address.isdigit()
    callback_id({"callback_query": content})
