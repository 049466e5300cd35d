"""The person behind a handoff: how to write to them, and what of theirs a worker may read, opened with their key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import desc, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.handoff.rows import HandoffRow
from bot.store import contacts, tables
from bot.store.contacts import Contact
from bot.store.vault import ContactKey, SealBroken, Vault


@dataclass(frozen=True, slots=True)
class Person:
    """The person of a handoff, as far as writing to them goes. `reachable` is false when a block stands between."""

    contact_id: str
    channel: str
    reachable: bool
    key: ContactKey = field(repr=False)

    @classmethod
    def of(cls, contact: Contact) -> Person:
        """The person behind a contact that is already open."""
        return cls(contact.id, contact.channel, not contact.unreachable, contact.key)


async def find(conn: AsyncConnection, vault: Vault, contact_id: str) -> Person | None:
    """The person behind a handoff, without a lock; None when they were forgotten."""
    columns = (tables.contact.c.channel, tables.contact.c.unreachable, tables.contact.c.address)
    row = (await conn.execute(select(*columns).where(tables.contact.c.id == contact_id))).mappings().first()
    key = await contacts.key_of(conn, vault, contact_id)
    if row is None or row["address"] is None or key is None:
        return None
    return Person(contact_id, row["channel"], not row["unreachable"], key)


def reasons_of(who: Person, row: HandoffRow) -> list[str]:
    """What triage saw, opened with the person's key; empty when there is nothing, or the key is another."""
    if row.reasons is None:
        return []
    try:
        return [str(reason) for reason in json.loads(who.key.open("reasons", row.reasons))]
    except (SealBroken, ValueError):
        return []


async def recent_words(conn: AsyncConnection, who: Person, since: datetime, limit: int = 6) -> Sequence[str]:
    """What the person wrote since a moment, oldest first: what a worker needs to read on taking the conversation."""
    query = (
        select(tables.inbound.c.body)
        .where(
            tables.inbound.c.contact_id == who.contact_id,
            tables.inbound.c.received_at >= since,
            tables.inbound.c.body.is_not(None),
        )
        .order_by(desc(tables.inbound.c.received_at))
        .limit(limit)
    )
    words = []
    for sealed in (await conn.execute(query)).scalars():
        try:
            words.append(str(json.loads(who.key.open("body", sealed)).get("text", "")).strip())
        except (SealBroken, ValueError):
            continue
    return [text for text in reversed(words) if text]
