"""Messages in and out, as rows: what came in once, what goes out once, and how far it got.

Bodies are sealed: under the contact's key when the message belongs to a contact, else under the master key.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import RANK, Choice, DeliveryStatus
from bot.store import tables
from bot.store.database import insert_if_new
from bot.store.vault import ContactKey, Vault

PRIORITY_PAGE = 0
PRIORITY_EMERGENCY = 1
PRIORITY_REPLY = 3
PRIORITY_ALERT = 8

CALLBACK_WAIT = timedelta(seconds=20)
"""An urgent reply that rode on a webhook's response is looked up when nothing was heard of it for this long."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One message to put in the outbox.

    `key` says why it exists: the same key is never queued twice. Without `worker` it goes to the contact.
    `via` is "twiml" when it rides on the webhook's own response, else "api".
    """

    key: str
    kind: str  # reply | page | relay | notice | receipt | alert
    channel: str
    text: str = field(repr=False)
    contact_id: str | None = None
    worker: str | None = None
    handoff_id: str | None = None
    inbound_id: str | None = None
    choices: tuple[Choice, ...] = field(default=(), repr=False)
    ask_location: bool = False
    address: str | None = field(default=None, repr=False)  # a receipt of erasure carries its own: the contact is gone
    via: str = "api"
    position: int = 0
    priority: int = PRIORITY_REPLY
    due_at: datetime | None = None
    not_after: datetime | None = None
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Body:
    """What an outbox row carries, opened."""

    text: str = field(repr=False)
    choices: tuple[Choice, ...] = field(default=(), repr=False)
    ask_location: bool = False
    address: str | None = field(default=None, repr=False)


def new_id() -> str:
    """A fresh opaque id."""
    return secrets.token_hex(16)


async def record_inbound(
    conn: AsyncConnection, vault: Vault, channel: str, provider_id: str, kind: str, received_at: datetime
) -> str | None:
    """Claim an incoming message: its new id, or None when it was already received (redelivered, or arriving twice)."""
    inbound_id = new_id()
    row = {
        "id": inbound_id,
        "provider_digest": vault.digest_provider_id(channel, provider_id),
        "provider_copy": seal_provider_id(vault, channel, provider_id),
        "kind": kind,
        "received_at": received_at,
    }
    inserted = await conn.execute(insert_if_new(tables.inbound, row))
    return inbound_id if inserted.rowcount == 1 else None


async def inbound_id_of(conn: AsyncConnection, vault: Vault, channel: str, provider_id: str) -> str | None:
    """The id of a message received before, by its provider id."""
    digest = vault.digest_provider_id(channel, provider_id)
    query = select(tables.inbound.c.id).where(tables.inbound.c.provider_digest == digest)
    found: str | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def attach_inbound(
    conn: AsyncConnection, inbound_id: str, contact_id: str, key: ContactKey, body: dict[str, Any]
) -> None:
    """Give an incoming message its contact and its sealed body."""
    await conn.execute(
        update(tables.inbound)
        .where(tables.inbound.c.id == inbound_id)
        .values(contact_id=contact_id, body=key.seal("body", json.dumps(body)))
    )


async def queue(conn: AsyncConnection, vault: Vault, key: ContactKey | None, draft: Draft, now: datetime) -> str | None:
    """Put a message in the outbox, in the caller's transaction; its id, or None when this key was queued before.

    `key` is the contact's key when the body is about a contact; None seals it under the master key.
    """
    message_id = new_id()
    handed_over = draft.via == "twiml"
    row = {
        "id": message_id,
        "key": draft.key,
        "kind": draft.kind,
        "channel": draft.channel,
        "contact_id": draft.contact_id,
        "worker": draft.worker,
        "handoff_id": draft.handoff_id,
        "inbound_id": draft.inbound_id,
        "via": draft.via,
        "position": draft.position,
        "body": seal_body(vault, key, Body(draft.text, draft.choices, draft.ask_location, draft.address)),
        "priority": draft.priority,
        "status": (DeliveryStatus.HANDED_OVER if handed_over else DeliveryStatus.QUEUED).value,
        "attempts": 0,
        "due_at": _first_look(draft, now) if handed_over else draft.due_at or now,
        "not_after": draft.not_after,
        "parts": draft.parts,
        "created_at": now,
        "updated_at": now,
    }
    inserted = await conn.execute(insert_if_new(tables.outbox, row))
    return message_id if inserted.rowcount == 1 else None


def _first_look(draft: Draft, now: datetime) -> datetime | None:
    """When to ask what became of a message that rode on a webhook's response: only urgent ones are asked about."""
    return now + CALLBACK_WAIT if draft.priority <= PRIORITY_EMERGENCY else None


def seal_provider_id(vault: Vault, channel: str, provider_id: str) -> bytes:
    """Seal a provider's id, by which its copy of a message can be erased; `redaction` opens it."""
    return vault.seal("provider", f"{channel}\0{provider_id}")


def open_provider_id(vault: Vault, sealed: bytes) -> tuple[str, str]:
    """The channel and the provider's id that `seal_provider_id` sealed."""
    channel, _, provider_id = vault.open("provider", sealed).partition("\0")
    return channel, provider_id


def seal_body(vault: Vault, key: ContactKey | None, body: Body) -> bytes:
    """Seal what `open_body` opens."""
    data = json.dumps(
        {
            "text": body.text,
            "choices": [[choice.value, choice.label] for choice in body.choices],
            "ask_location": body.ask_location,
            "address": body.address,
        }
    )
    return vault.seal("body", data) if key is None else key.seal("body", data)


def open_body(vault: Vault, key: ContactKey | None, sealed: bytes) -> Body:
    """Open an outbox row's body. Raises `SealBroken` when its key is gone."""
    data = json.loads(vault.open("body", sealed) if key is None else key.open("body", sealed))
    choices = tuple(Choice(value, label) for value, label in data["choices"])
    return Body(data["text"], choices, data["ask_location"], data["address"])


async def replies_in_response(conn: AsyncConnection, inbound_id: str) -> Sequence[Any]:
    """Outbox rows that ride on the webhook response of one incoming message, in order."""
    query = (
        select(tables.outbox)
        .where(tables.outbox.c.inbound_id == inbound_id, tables.outbox.c.via == "twiml")
        .order_by(tables.outbox.c.position)
    )
    return (await conn.execute(query)).mappings().all()


async def move_status(
    conn: AsyncConnection, message_id: str, status: DeliveryStatus, now: datetime, **values: Any
) -> bool:
    """Move a message's delivery status forward; False when it was already as far, or further (then nothing changes)."""
    lower = [s.value for s, rank in RANK.items() if rank < RANK[status]]
    changed = await conn.execute(
        update(tables.outbox)
        .where(tables.outbox.c.id == message_id, tables.outbox.c.status.in_(lower))
        .values(status=status.value, updated_at=now, **values)
    )
    return changed.rowcount == 1


async def count(conn: AsyncConnection, name: str, label: str, now: datetime) -> None:
    """Add one to an anonymous daily count."""
    day = now.date()
    where = (tables.tally.c.day == day) & (tables.tally.c.name == name) & (tables.tally.c.label == label)
    changed = await conn.execute(update(tables.tally).where(where).values(count=tables.tally.c.count + 1))
    if changed.rowcount == 0:
        row = {"day": day, "name": name, "label": label, "count": 0}
        await conn.execute(insert_if_new(tables.tally, row))
        await conn.execute(update(tables.tally).where(where).values(count=tables.tally.c.count + 1))
