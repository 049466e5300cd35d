"""Contacts: found by a keyed digest, opened with their own key, forgotten by destroying it."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import tables
from bot.store.database import insert_if_new
from bot.store.vault import ContactKey, SealBroken, Vault, receipt_code


@dataclass(frozen=True, slots=True)
class Contact:
    """One person texting, under a pseudonym. `state` is the conversation as it stands (plain JSON values)."""

    id: str
    channel: str
    digest: bytes = field(repr=False)
    address: str = field(repr=False)
    key: ContactKey = field(repr=False)
    language: str | None
    state: dict[str, Any] = field(repr=False)
    unreachable: bool
    first_seen: datetime
    last_seen: datetime
    check_due_at: datetime | None
    opted_out: bool = False
    is_new: bool = False

    @property
    def code(self) -> str:
        """The code by which the organisation can speak of this contact."""
        return receipt_code(self.id)


_columns = (*tables.contact.c, tables.contact_key.c.wrapped, tables.opt_out.c.at.label("opted_out_at"))
_joined = tables.contact.join(tables.contact_key, tables.contact_key.c.contact_id == tables.contact.c.id).outerjoin(
    tables.opt_out, tables.opt_out.c.digest == tables.contact.c.digest
)


async def find_or_create(conn: AsyncConnection, vault: Vault, channel: str, address: str, now: datetime) -> Contact:
    """The contact behind an address, locked until the transaction ends, so a contact's turns are serial."""
    digest = vault.digest_address(channel, address)
    while True:
        found = await _one(conn, vault, tables.contact.c.digest == digest)
        if found is not None:
            return found
        contact_id, key = secrets.token_hex(16), vault.new_contact_key()
        row = {
            "id": contact_id,
            "channel": channel,
            "digest": digest,
            "address": key.seal("address", address),
            "unreachable": False,
            "first_seen": now,
            "last_seen": now,
        }
        created = await conn.execute(insert_if_new(tables.contact, row))
        if created.rowcount != 1:
            continue  # another process created it between our look and our insert: look again
        await conn.execute(
            tables.contact_key.insert().values(contact_id=contact_id, wrapped=vault.wrap(contact_id, key))
        )
        stopped = await is_opted_out(conn, digest)  # the list outlives an erase
        return Contact(contact_id, channel, digest, address, key, None, {}, False, now, now, None, stopped, is_new=True)


async def get(conn: AsyncConnection, vault: Vault, contact_id: str) -> Contact | None:
    """One contact by id, locked; None when it was erased or purged."""
    return await _one(conn, vault, tables.contact.c.id == contact_id)


async def _one(conn: AsyncConnection, vault: Vault, condition: Any) -> Contact | None:
    # OF contact: PostgreSQL locks the contact's row only. SQLite holds the write lock already and ignores it.
    query = select(*_columns).select_from(_joined).where(condition).with_for_update(of=tables.contact)
    row = (await conn.execute(query)).mappings().first()
    if row is None or row["address"] is None or row["digest"] is None:
        return None
    key = vault.unwrap(row["id"], row["wrapped"])
    state = json.loads(key.open("state", row["state"])) if row["state"] else {}
    return Contact(
        id=row["id"],
        channel=row["channel"],
        digest=row["digest"],
        address=key.open("address", row["address"]),
        key=key,
        language=row["language"],
        state=state,
        unreachable=row["unreachable"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        check_due_at=row["check_due_at"],
        opted_out=row["opted_out_at"] is not None,
    )


async def save(conn: AsyncConnection, contact: Contact) -> None:
    """Write back what a turn changed: language, state, reachability, last sight, check question's time."""
    await conn.execute(
        update(tables.contact)
        .where(tables.contact.c.id == contact.id)
        .values(
            language=contact.language,
            state=contact.key.seal("state", json.dumps(contact.state, separators=(",", ":"))),
            unreachable=contact.unreachable,
            last_seen=contact.last_seen,
            check_due_at=contact.check_due_at,
        )
    )


async def set_unreachable(conn: AsyncConnection, contact_id: str, unreachable: bool) -> None:
    """Remember that a carrier or the person blocks us (or no longer does)."""
    await conn.execute(update(tables.contact).where(tables.contact.c.id == contact_id).values(unreachable=unreachable))


async def key_of(conn: AsyncConnection, vault: Vault, contact_id: str) -> ContactKey | None:
    """A contact's key alone, without a lock; None when it was destroyed."""
    query = select(tables.contact_key.c.wrapped).where(tables.contact_key.c.contact_id == contact_id)
    wrapped = (await conn.execute(query)).scalar_one_or_none()
    if wrapped is None:
        return None
    try:
        return vault.unwrap(contact_id, wrapped)
    except SealBroken:
        return None


async def is_opted_out(conn: AsyncConnection, digest: bytes) -> bool:
    """Whether this address said stop to unsolicited texts."""
    query = select(tables.opt_out.c.digest).where(tables.opt_out.c.digest == digest)
    return (await conn.execute(query)).first() is not None


async def opt_out(conn: AsyncConnection, digest: bytes, now: datetime) -> None:
    """Put an address's digest on the opt-out list; it survives an erase."""
    await conn.execute(insert_if_new(tables.opt_out, {"digest": digest, "at": now}))


async def opt_in(conn: AsyncConnection, digest: bytes) -> None:
    """Take an address's digest off the opt-out list."""
    await conn.execute(delete(tables.opt_out).where(tables.opt_out.c.digest == digest))


async def forget(conn: AsyncConnection, contact: Contact, now: datetime) -> str:
    """Destroy a contact's key and everything sealed under it; returns the receipt code.

    The row that stays holds no digest and no address, so a later text from the same number is a new contact.
    """
    await forget_by_id(conn, contact.id)
    await conn.execute(insert_if_new(tables.erasure, {"code": contact.code, "at": now}))
    return contact.code


async def forget_by_id(conn: AsyncConnection, contact_id: str) -> None:
    """Destroy a contact's key, digest, address, state, and every body sealed under the key."""
    await conn.execute(delete(tables.contact_key).where(tables.contact_key.c.contact_id == contact_id))
    await conn.execute(
        update(tables.contact)
        .where(tables.contact.c.id == contact_id)
        .values(digest=None, address=None, state=None, language=None, check_due_at=None)
    )
    for table in (tables.inbound, tables.outbox):
        await conn.execute(update(table).where(table.c.contact_id == contact_id).values(body=None))
    await conn.execute(update(tables.handoff).where(tables.handoff.c.contact_id == contact_id).values(reasons=None))


async def forget_by_code(conn: AsyncConnection, code: str, now: datetime) -> bool:
    """Forget the contact whose code the organisation was given; False when there is none."""
    query = select(tables.contact.c.id).where(tables.contact.c.digest.is_not(None))
    for contact_id in (await conn.execute(query)).scalars().all():
        if receipt_code(contact_id) == code:
            await forget_by_id(conn, contact_id)
            await conn.execute(insert_if_new(tables.erasure, {"code": code, "at": now}))
            return True
    return False
