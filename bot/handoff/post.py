"""Puts what a handoff says in the outbox: to workers, and cards or words to the person. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.handoff import page
from bot.handoff.person import Person
from bot.handoff.rows import HandoffRow
from bot.handoff.state import WATCHED
from bot.messages import Choice
from bot.store import messages
from bot.store.messages import PRIORITY_EMERGENCY, PRIORITY_PAGE, PRIORITY_REPLY, Draft
from bot.store.vault import Vault
from flows.cards import Card
from flows.render import render
from flows.segments import plain, segments

log = structlog.get_logger(__name__)

AFTER_THE_ANSWER = 50
"""Position of what a handoff says to the person in a turn: after everything the turn itself says."""

DISCREET = "discreet"
"""The variant of a card for a phone that may be watched."""


class Post:
    """Queues messages in the caller's transaction. Every key is unique, so a cause is never said twice."""

    def __init__(self, vault: Vault, cards: Mapping[str, Card]) -> None:
        self._vault = vault
        self._cards = cards

    async def page(
        self,
        conn: AsyncConnection,
        handoff: HandoffRow,
        worker: str,
        channel: str,
        language: str,
        key: str,
        now: datetime,
    ) -> bool:
        """Page one worker. False when this very page was queued before."""
        text = page.page(language, handoff.code, handoff.urgency, handoff.language)
        choices = (page.take_choice(language, handoff.code),)
        return await self._to_worker(
            conn, "page", worker, channel, text, key, now, handoff.id, choices=choices, priority=PRIORITY_PAGE
        )

    async def notice(
        self,
        conn: AsyncConnection,
        worker: str,
        channel: str,
        text: str,
        key: str,
        now: datetime,
        *,
        handoff: HandoffRow | None = None,
        about: Person | None = None,
        choices: tuple[Choice, ...] = (),
    ) -> None:
        """Tell a worker something. `about`: the text holds words of this person, and is forgotten with them."""
        handoff_id = handoff.id if handoff is not None else None
        await self._to_worker(conn, "notice", worker, channel, text, key, now, handoff_id, about=about, choices=choices)

    async def words_to_worker(
        self,
        conn: AsyncConnection,
        handoff: HandoffRow,
        about: Person,
        worker: str,
        channel: str,
        words: str,
        key: str,
        now: datetime,
    ) -> None:
        """Carry the person's words to the owner, in as many messages as the channel needs."""
        for number, piece in enumerate(page.pieces(_clean(words, channel), channel)):
            text = page.say("relay", "fr", code=handoff.code, words=piece)
            await self._to_worker(
                conn, "relay", worker, channel, text, f"{key}:{number}", now, handoff.id, about=about, position=number
            )

    async def words_to_person(
        self, conn: AsyncConnection, handoff: HandoffRow, who: Person, words: str, key: str, now: datetime
    ) -> None:
        """Carry a worker's words to the person, as they are."""
        for number, piece in enumerate(page.pieces(_clean(words, who.channel), who.channel)):
            await self._to_person(conn, handoff, who, "relay", piece, f"{key}:{number}", now, number)

    async def card(
        self, conn: AsyncConnection, handoff: HandoffRow, who: Person | None, card_id: str, key: str, now: datetime
    ) -> bool:
        """Say a card to the person. False when they cannot be reached: then they were not told."""
        card = self._cards.get(card_id)
        if card is None:  # the content check finds this before a line goes live
            log.error("card_missing", card=card_id)
            return False
        if who is None or not who.reachable:
            return False
        audience = DISCREET if handoff.danger in WATCHED else None
        texts = render(card, {}, language=handoff.language, audience=audience, channel=who.channel)
        for number, text in enumerate(texts):
            position = AFTER_THE_ANSWER + number
            await self._to_person(conn, handoff, who, "notice", text, f"{key}:{number}", now, position)
        return True

    async def _to_person(
        self,
        conn: AsyncConnection,
        handoff: HandoffRow,
        who: Person,
        kind: str,
        text: str,
        key: str,
        now: datetime,
        position: int,
    ) -> None:
        draft = Draft(
            key=key,
            kind=kind,
            channel=who.channel,
            text=text,
            contact_id=who.contact_id,
            handoff_id=handoff.id,
            position=position,
            priority=PRIORITY_EMERGENCY if handoff.urgency == "emergency" else PRIORITY_REPLY,
            parts=segments(text).parts if who.channel == "sms" else 0,
        )
        await messages.queue(conn, self._vault, who.key, draft, now)

    async def _to_worker(
        self,
        conn: AsyncConnection,
        kind: str,
        worker: str,
        channel: str,
        text: str,
        key: str,
        now: datetime,
        handoff_id: str | None,
        *,
        about: Person | None = None,
        choices: tuple[Choice, ...] = (),
        priority: int = PRIORITY_EMERGENCY,
        position: int = 0,
    ) -> bool:
        text = _clean(text, channel)
        draft = Draft(
            key=key,
            kind=kind,
            channel=channel,
            text=text,
            contact_id=about.contact_id if about is not None else None,
            worker=worker,
            handoff_id=handoff_id,
            choices=() if channel == "sms" else choices,  # an SMS has no buttons, and the text says what to type
            position=position,
            priority=priority,
            parts=segments(text).parts if channel == "sms" else 0,
        )
        queued = await messages.queue(conn, self._vault, about.key if about is not None else None, draft, now)
        return queued is not None


def _clean(text: str, channel: str) -> str:
    return plain(text) if channel == "sms" else text
