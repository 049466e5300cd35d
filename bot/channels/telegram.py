"""Telegram by python-telegram-bot: sends with buttons, answers pressed ones, and polls where no public address is set.

What Telegram posts to us is read in `telegram_updates.py`; the library is kept in `telegram_client.py`.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from bot.channels.telegram_updates import callback_id, parse_update
from bot.messages import ChannelName, DeliveryStatus, Inbound, Outbound, Receipt, SendError, SendFailure
from bot.settings import Settings

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup, ReplyKeyboardMarkup, ReplyKeyboardRemove

    Markup: TypeAlias = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove

__all__ = ["TelegramChannel", "parse_update"]

log = structlog.get_logger(__name__)

LONGEST = 4_096
"""UTF-16 units of one Telegram message."""

LONGEST_VALUE = 64
"""Bytes a button can carry."""

SHARE = "📍 Ma position / My location"
"""The button that shares a place. A keyboard outlives the language of one message, so it says both."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two tries to poll while Telegram is away."""

REMEMBERED = 1_000
"""Update ids remembered while polling, so that one that comes twice is not even looked at."""


class TelegramChannel:
    """The Telegram channel."""

    name = ChannelName.TELEGRAM

    def __init__(
        self, token: str, secret: str | None = None, api_base: str = "https://api.telegram.org", seconds: float = 10.0
    ) -> None:
        from bot.channels import telegram_client

        self._bot, self._requests = telegram_client.build(token, api_base, seconds)
        self._guarded = telegram_client.guarded
        self._secret = secret
        self._answers: set[asyncio.Task[None]] = set()

    @classmethod
    def from_settings(cls, settings: Settings) -> TelegramChannel:
        """The channel the settings describe; they have been checked to be whole."""
        token, secret = settings.telegram_token, settings.telegram_secret
        return cls(
            token.get_secret_value() if token is not None else "",
            secret.get_secret_value() if secret is not None else None,
            settings.telegram_api_base,
        )

    def secret_ok(self, header: str | None) -> bool:
        """Whether a webhook's secret is ours, compared in constant time. Without a secret nothing is ours."""
        return (
            self._secret is not None
            and header is not None
            and hmac.compare_digest(header.encode("utf-8", "replace"), self._secret.encode())
        )

    async def send(self, message: Outbound) -> Receipt:
        """Hand one message to Telegram, in several when it is too long. Raises `SendError`."""
        chat = _chat(message.address)
        parts = split(message.text)
        if not parts:
            raise SendError(SendFailure.REJECTED, "empty")
        sent: list[int] = []
        for number, part in enumerate(parts, start=1):
            markup = _markup(message) if number == len(parts) else None
            try:
                sent.append(await self._send_part(chat, part, markup))
            except SendError as error:
                if sent and error.failure in (SendFailure.RETRY, SendFailure.REJECTED):
                    # Part of it has arrived: sending it all again is for whoever reconciles to decide.
                    raise SendError(SendFailure.UNKNOWN, error.code, error.retry_after) from None
                raise
        return Receipt(f"{chat}:{','.join(map(str, sent))}", DeliveryStatus.SENT)

    async def find(self, message: Outbound, since: datetime) -> Receipt | None:
        """Never known: Telegram has no way to read a chat back."""
        return None

    async def redact(self, provider_id: str) -> bool:
        """Delete what was sent, at both ends. Telegram allows it for 48 hours; a refusal is final."""
        chat, _, numbers = provider_id.partition(":")
        ids = [int(number) for number in numbers.split(",") if number.isdigit()]
        if not chat.isdigit() or not ids:
            return True
        try:
            await self._guarded(self._bot.delete_messages(int(chat), ids))
        except SendError as error:
            return error.failure in (SendFailure.REJECTED, SendFailure.STOPPED, SendFailure.PERMANENT)
        return True

    async def acknowledge(self, update: Mapping[str, Any]) -> None:
        """Tell Telegram that a button was seen, without waiting for it: the reply comes first."""
        query = callback_id(update)
        if query is not None:
            task = asyncio.create_task(self._answer(query))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def poll(self, handle: Callable[[Inbound], Awaitable[None]], clock: Callable[[], datetime]) -> None:
        """Fetch updates for ever and hand each message over, one after the other in a chat, chats at once.

        An update is confirmed only after it was handled: what a crash interrupts comes again. A webhook left from
        before is taken away first. Another poller (409), a wrong token or a dead network is waited out.
        """
        offset: int | None = None
        seen: dict[int, None] = {}
        pause = FIRST_PAUSE
        free = False
        while True:
            try:
                if not free:
                    await self._guarded(self._bot.delete_webhook(drop_pending_updates=False))
                    free = True
                updates = await self._guarded(self._bot.raw_updates(offset))
            except SendError as error:
                free = free and error.code != "Conflict"
                log.warning("telegram_poll_failed", failure=error.failure.value, code=error.code)
                await asyncio.sleep(error.retry_after or pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            await self._take(updates, handle, clock, seen)
            offset = _next_offset(updates, offset)
            while len(seen) > REMEMBERED:
                del seen[next(iter(seen))]

    async def close(self) -> None:
        """Close connections."""
        for task in list(self._answers):
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)
        for request in self._requests:
            await request.shutdown()

    async def _send_part(self, chat: int, text: str, markup: Markup | None) -> int:
        try:
            return await self._send_text(chat, text, markup)
        except SendError as error:
            if error.failure is not SendFailure.REJECTED:
                raise
        if markup is not None:  # the words matter more than their buttons
            try:
                return await self._send_text(chat, text, None)
            except SendError as error:
                if error.failure is not SendFailure.REJECTED:
                    raise
        raise SendError(await self._why_refused(chat), "400")

    async def _send_text(self, chat: int, text: str, markup: Markup | None) -> int:
        sent = await self._guarded(self._bot.send_message(chat_id=chat, text=text, reply_markup=markup))
        return sent.message_id

    async def _why_refused(self, chat: int) -> SendFailure:
        """Telegram refuses a text and an unknown chat with the same code, and its words are not to be relied on: a
        call without a text tells which it was.
        """
        try:
            await self._guarded(self._bot.send_chat_action(chat, "typing"))
        except SendError as error:
            return SendFailure.PERMANENT if error.failure is SendFailure.REJECTED else error.failure
        return SendFailure.REJECTED

    async def _answer(self, query: str) -> None:
        try:
            await self._guarded(self._bot.answer_callback_query(query))
        except SendError as error:  # too old, or Telegram is away: a spinner stops later, nothing more
            log.info("button_not_acknowledged", code=error.code)

    async def _take(
        self,
        updates: list[Any],
        handle: Callable[[Inbound], Awaitable[None]],
        now: Callable[[], datetime],
        seen: dict[int, None],
    ) -> None:
        chats: dict[str, list[Inbound]] = {}
        for update in updates:
            if not isinstance(update, dict) or update.get("update_id") in seen:
                continue
            inbound = parse_update(update, now())
            if inbound is not None:
                await self.acknowledge(update)
                chats.setdefault(inbound.address, []).append(inbound)
        await asyncio.gather(*(_in_order(messages, handle) for messages in chats.values()))
        seen.update((update["update_id"], None) for update in updates if _has_id(update))

    def __repr__(self) -> str:
        return "TelegramChannel()"


def split(text: str) -> list[str]:
    """A text in pieces that Telegram carries, cut at a line's end, else between words, else anywhere."""
    pieces: list[str] = []
    rest = text.strip()
    while rest:
        fits = _fits(rest)
        if fits < len(rest):
            cut = max(rest.rfind("\n", 1, fits), 0) or max(rest.rfind(" ", 1, fits), 0) or fits
            piece, rest = rest[:cut].rstrip(), rest[cut:].lstrip()
        else:
            piece, rest = rest, ""
        pieces.append(piece)
    return [piece for piece in pieces if piece]


def _fits(text: str) -> int:
    """How many characters from the beginning make one message."""
    units = 0
    for index, character in enumerate(text):
        units += 2 if ord(character) > 0xFFFF else 1
        if units > LONGEST:
            return index
    return len(text)


def _markup(message: Outbound) -> Markup:
    """Buttons under the message; or a keyboard to share a place; or none, and a keyboard left from before goes."""
    from telegram import (
        InlineKeyboardButton,
        InlineKeyboardMarkup,
        KeyboardButton,
        ReplyKeyboardMarkup,
        ReplyKeyboardRemove,
    )

    if message.ask_location:
        rows = [[KeyboardButton(SHARE, request_location=True)]]
        rows.extend([KeyboardButton(choice.label)] for choice in message.choices)
        return ReplyKeyboardMarkup(rows, resize_keyboard=True, one_time_keyboard=True)
    buttons = [
        [InlineKeyboardButton(choice.label, callback_data=choice.value)]
        for choice in message.choices
        if choice.label and 0 < len(choice.value.encode()) <= LONGEST_VALUE
    ]
    return InlineKeyboardMarkup(buttons) if buttons else ReplyKeyboardRemove()


def _chat(address: str) -> int:
    """A private chat's number. Raises `SendError` for anything else."""
    if not (address.isascii() and address.isdigit() and len(address) <= 16):
        raise SendError(SendFailure.PERMANENT, "address")
    return int(address)


async def _in_order(messages: list[Inbound], handle: Callable[[Inbound], Awaitable[None]]) -> None:
    for inbound in messages:
        try:
            await handle(inbound)
        except Exception as error:  # one message that breaks must not stop the others, nor come again for ever
            log.error("telegram_message_failed", error=type(error).__name__)


def _has_id(update: object) -> bool:
    return isinstance(update, dict) and isinstance(update.get("update_id"), int)


def _next_offset(updates: list[Any], offset: int | None) -> int | None:
    ids = [update["update_id"] for update in updates if _has_id(update)]
    return max(ids) + 1 if ids else offset
