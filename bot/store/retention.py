"""Forgetting on time: after enough silence a contact's key, address and words go; only counts stay (design section 8)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import DeliveryStatus
from bot.store import contacts, tables
from bot.store.vault import Vault

RECEIPT_STAYS = timedelta(minutes=15)
"""A receipt of erasure on a webhook's response keeps its address this long, for a redelivery of the same webhook."""

ROWS_STAY = timedelta(days=35)
"""Emptied rows stay this long, to recognise what providers deliver late and what was said already."""

_BATCH = 500


async def purge(conn: AsyncConnection, vault: Vault, retention_hours: int, now: datetime) -> int:
    """Forget whoever was silent for `retention_hours`; returns how many contacts were forgotten.

    A contact with an open handoff or a check question that waits stays whole. One who agreed to a purpose that still
    lives (`keep_until`) keeps key and address; the words go.
    """
    before = now - timedelta(hours=retention_hours)
    contact = tables.contact.c
    silent = (
        select(contact.id, contact.keep_until)
        .where(
            contact.last_seen <= before,
            contact.digest.is_not(None),
            contact.check_due_at.is_(None),
            or_(contact.keep_until.is_(None), contact.keep_until <= now, contact.state.is_not(None)),
            ~exists().where(tables.handoff.c.contact_id == contact.id, tables.handoff.c.state != "closed"),
            ~_relayed_since(before),
        )
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    forgotten = 0
    for contact_id, keep_until in (await conn.execute(silent)).all():
        if keep_until is not None and keep_until > now:
            await _forget_words(conn, contact_id)
        else:
            await contacts.forget_by_id(conn, contact_id)
            forgotten += 1
    await _empty_bodies_of_nobody(conn, before, now)
    await _delete_old_rows(conn, now)
    await _rewrap(conn, vault)
    return forgotten


def _relayed_since(before: datetime) -> ColumnElement[bool]:
    """Whether a worker and the contact exchanged words lately: that is no silence."""
    outbox = tables.outbox.c
    return exists().where(outbox.contact_id == tables.contact.c.id, outbox.kind == "relay", outbox.created_at > before)


async def _forget_words(conn: AsyncConnection, contact_id: str) -> None:
    """Everything said goes; the way to reach the contact stays."""
    await conn.execute(update(tables.contact).where(tables.contact.c.id == contact_id).values(state=None))
    await conn.execute(update(tables.inbound).where(tables.inbound.c.contact_id == contact_id).values(body=None))
    sent = (tables.outbox.c.contact_id == contact_id) & (tables.outbox.c.status != DeliveryStatus.QUEUED.value)
    await conn.execute(update(tables.outbox).where(sent).values(body=None))
    await conn.execute(update(tables.handoff).where(tables.handoff.c.contact_id == contact_id).values(reasons=None))


async def _empty_bodies_of_nobody(conn: AsyncConnection, before: datetime, now: datetime) -> None:
    """Bodies that no contact's key seals: pages and notices after the same time, receipts of erasure sooner."""
    outbox = tables.outbox.c
    final = [status.value for status in DeliveryStatus if status not in (DeliveryStatus.QUEUED, DeliveryStatus.SENDING)]
    old = or_(
        outbox.created_at <= before,
        and_(outbox.kind == "receipt", outbox.created_at <= now - RECEIPT_STAYS, outbox.status.in_(final)),
    )
    await conn.execute(
        update(tables.outbox).where(outbox.contact_id.is_(None), outbox.body.is_not(None), old).values(body=None)
    )


async def _delete_old_rows(conn: AsyncConnection, now: datetime) -> None:
    """Rows whose contact was forgotten long ago."""
    before = now - ROWS_STAY
    keyless = ~exists().where(tables.contact_key.c.contact_id == tables.outbox.c.contact_id)
    await conn.execute(delete(tables.outbox).where(tables.outbox.c.created_at <= before, keyless))
    keyless = ~exists().where(tables.contact_key.c.contact_id == tables.inbound.c.contact_id)
    await conn.execute(delete(tables.inbound).where(tables.inbound.c.received_at <= before, keyless))
    without_handoff = ~exists().where(tables.handoff.c.contact_id == tables.contact.c.id)
    await conn.execute(
        delete(tables.contact).where(
            tables.contact.c.digest.is_(None), tables.contact.c.last_seen <= before, without_handoff
        )
    )


async def _rewrap(conn: AsyncConnection, vault: Vault) -> None:
    """After a rotation, wrap contact keys again under the current master key, a few at a time."""
    rows = (await conn.execute(select(tables.contact_key))).all()
    for row in [row for row in rows if vault.needs_rewrap(row.wrapped)][:_BATCH]:
        wrapped = vault.wrap(row.contact_id, vault.unwrap(row.contact_id, row.wrapped))
        where = (tables.contact_key.c.contact_id == row.contact_id) & (tables.contact_key.c.wrapped == row.wrapped)
        await conn.execute(update(tables.contact_key).where(where).values(wrapped=wrapped))
