"""Silence after a check question: somebody may be in danger and unable to write, so a human is paged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation.memory import Memory
from bot.handoff.lifecycle import Handoffs
from bot.store import contacts, messages, tables
from bot.store.contacts import Contact
from bot.store.vault import SealBroken, Vault
from flows.cards import Card
from flows.render import render
from flows.segments import segments
from nlu.interpretation import Urgency

log = structlog.get_logger(__name__)

REASONS = {"fr": "Question de sécurité sans réponse", "en": "Safety question left unanswered"}


async def page_for_silence(
    conn: AsyncConnection, vault: Vault, handoffs: Handoffs, cards: Mapping[str, Card], now: datetime
) -> int:
    """Page for every check question whose time is up; returns how many."""
    due = select(tables.contact.c.id).where(tables.contact.c.check_due_at <= now)
    paged = 0
    for contact_id in list((await conn.execute(due)).scalars()):
        try:
            async with conn.begin_nested():  # one person's broken seal must not keep the others from being paged
                paged += await _page(conn, vault, handoffs, cards, contact_id, now)
        except SealBroken:
            log.error("silence_unreadable")
    return paged


async def _page(
    conn: AsyncConnection, vault: Vault, handoffs: Handoffs, cards: Mapping[str, Card], contact_id: str, now: datetime
) -> bool:
    contact = await contacts.get(conn, vault, contact_id)
    if contact is None or contact.check_due_at is None or contact.check_due_at > now:
        return False  # another process was faster, or the person wrote meanwhile
    memory = Memory.from_json(contact.state)
    language = contact.language or "fr"
    await handoffs.open(
        conn,
        contact,
        urgency=Urgency.URGENT.value,
        danger=memory.check_danger,
        reasons=(REASONS[language],),
        language=language,
        inbound_id=None,
        now=now,
    )
    await _tell(conn, vault, contact, cards["check_silence"], memory, now)
    memory = replace(memory, check_pending=False, check_danger=None)
    await contacts.save(conn, replace(contact, check_due_at=None, state=memory.to_json()))
    return True


async def _tell(
    conn: AsyncConnection, vault: Vault, contact: Contact, card: Card, memory: Memory, now: datetime
) -> None:
    """One caring line; not in violence, where a phone may be watched."""
    if memory.check_danger == "violence_danger":
        return
    texts = render(card, {}, language=contact.language or "fr", channel=contact.channel)
    for position, text in enumerate(texts):
        draft = messages.Draft(
            key=f"silence:{contact.id}:{contact.check_due_at}:{position}",
            kind="notice",
            channel=contact.channel,
            text=text,
            contact_id=contact.id,
            position=position,
            priority=messages.PRIORITY_EMERGENCY,
            parts=segments(text).parts,
        )
        await messages.queue(conn, vault, contact.key, draft, now)
