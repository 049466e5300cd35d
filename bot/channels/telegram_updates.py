"""What Telegram tells of a private chat, as messages of ours. Pure; names and user names are never read.

An update is judged field by field: whatever is missing, odd or new is left alone and the rest still counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.messages import ChannelName, Inbound, InboundKind

KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of update asked for."""

MAX_TEXT = 10_000
"""Characters of a message that are read; Telegram sends 4,096 at most."""

_MEDIA = (
    "animation", "audio", "document", "paid_media", "photo", "sticker", "story", "video", "video_note", "voice",
    "contact", "dice", "game", "poll", "venue", "checklist", "invoice",
)  # fmt: skip
"""Contents nobody here can read. Of these only that one came is noted, never what it holds."""

_COMMAND = re.compile(r"(/[A-Za-z][A-Za-z0-9_]{0,31})(@\w+)?(?=\s|$)")


def parse_update(update: Mapping[str, Any], now: datetime) -> Inbound | None:
    """One update as a message, or None when there is nothing for us in it (a group, a bot, an unknown kind)."""
    update_id = update.get("update_id")
    if not isinstance(update_id, int) or isinstance(update_id, bool):
        return None
    for kind in KINDS:
        content = update.get(kind)
        if isinstance(content, dict):
            return _PARSERS[kind](content, str(update_id), now)
    return None


def callback_id(update: Mapping[str, Any]) -> str | None:
    """The id of a pressed button's question, which Telegram wants answered; None for other updates."""
    query = update.get("callback_query")
    given = query.get("id") if isinstance(query, dict) else None
    return given if isinstance(given, str) and 0 < len(given) <= 64 else None


def _message(message: dict[str, Any], provider_id: str, now: datetime) -> Inbound | None:
    address = _private_chat(message)
    if address is None or _is_bot(message):
        return None
    hint = _language(message)
    location = _location(message.get("location")) or _location(_dict(message.get("venue")).get("location"))
    if location is not None:
        return _inbound(address, provider_id, "", now, InboundKind.LOCATION, hint, location)
    text = _text(message.get("text")) or _text(message.get("caption"))
    if text:
        return _inbound(address, provider_id, _without_payload(text), now, InboundKind.TEXT, hint)
    if "text" in message or any(name in message for name in _MEDIA):
        return _inbound(address, provider_id, "", now, InboundKind.MEDIA, hint)
    return None  # a pinned message, a timer set: the chat's own housekeeping


def _edited(message: dict[str, Any], provider_id: str, now: datetime) -> Inbound | None:
    """A corrected text. An edited location is a live one moving: never followed."""
    text = _text(message.get("text")) or _text(message.get("caption"))
    address = _private_chat(message)
    if address is None or not text or _is_bot(message):
        return None
    return _inbound(
        address, provider_id, _without_payload(text), now, InboundKind.TEXT, _language(message), edited=True
    )


def _button(query: dict[str, Any], provider_id: str, now: datetime) -> Inbound | None:
    """A pressed button. Its message may be too old to be told, then the sender is the chat."""
    data = _text(query.get("data"))
    message = query.get("message")
    address = _private_chat(message) if isinstance(message, dict) else _id(_dict(query.get("from")).get("id"))
    if address is None or not data or _is_bot(query):
        return None
    return _inbound(address, provider_id, data, now, InboundKind.BUTTON, _language(query))


def _membership(change: dict[str, Any], provider_id: str, now: datetime) -> Inbound | None:
    """The person blocked the bot, or took it back."""
    status = _dict(change.get("new_chat_member")).get("status")
    kind = {"kicked": InboundKind.BLOCKED, "member": InboundKind.UNBLOCKED}.get(
        status if isinstance(status, str) else ""
    )
    address = _private_chat(change)
    if kind is None or address is None:
        return None
    return _inbound(address, provider_id, "", now, kind, _language(change))


_PARSERS = {"message": _message, "edited_message": _edited, "callback_query": _button, "my_chat_member": _membership}


def _inbound(
    address: str,
    provider_id: str,
    text: str,
    now: datetime,
    kind: InboundKind,
    hint: str | None,
    location: tuple[float, float] | None = None,
    edited: bool = False,
) -> Inbound:
    return Inbound(ChannelName.TELEGRAM, address, provider_id, text, now, kind, location, hint, edited)


def _without_payload(text: str) -> str:
    """`/start@our_bot ref_A-9` is `/start`: where a person comes from is not ours to know. Other commands keep what
    follows them, without the bot's name.
    """
    command = _COMMAND.match(text)
    if command is None:
        return text
    name = command[1].lower()
    return name if name == "/start" else f"{name}{text[command.end() :]}"


def _private_chat(message: Mapping[str, Any]) -> str | None:
    chat = _dict(message.get("chat"))
    return _id(chat.get("id")) if chat.get("type") == "private" else None


def _is_bot(message: Mapping[str, Any]) -> bool:
    return _dict(message.get("from")).get("is_bot") is True


def _language(message: Mapping[str, Any]) -> str | None:
    code = _dict(message.get("from")).get("language_code")
    short = code[:2].lower() if isinstance(code, str) else ""
    return short if short in ("fr", "en") else None


def _location(value: object) -> tuple[float, float] | None:
    place = _dict(value)
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return None
    at = (float(latitude), float(longitude))
    return at if abs(at[0]) <= 90 and abs(at[1]) <= 180 else None


def _id(value: object) -> str | None:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _text(value: object) -> str:
    """A text without control characters and lone surrogates."""
    if not isinstance(value, str):
        return ""
    kept = "".join(c for c in value[:MAX_TEXT] if c in "\n\t" or not (c < " " or "\x7f" <= c <= "\x9f"))
    return "".join(c for c in kept if not "\ud800" <= c <= "\udfff")


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
