"""Erases the providers' copies of messages whose contact was forgotten here (design section 8).

A message's id at its provider is kept sealed as long as the provider may have a copy. Once the contact's key is gone the copy is
erased through the channel, and then the id is gone as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Table, and_, exists, or_, select, update

from bot.messages import RANK, Channel, ChannelName, DeliveryStatus
from bot.store import messages, tables
from bot.store.database import Database
from bot.store.vault import SealBroken, Vault

log = structlog.get_logger(__name__)

BATCH = 50
AT_ONCE = 5
SECONDS = 12.0
WORKERS_WORDS_STAY = timedelta(hours=1)
"""What a worker typed belongs to no contact's key; the provider's copy of it goes this soon."""


async def run(database: Database, vault: Vault, channels: Mapping[ChannelName, Channel], now: datetime) -> int:
    """Erase a batch of copies; returns how many are gone. What fails is tried again at the next run."""
    erased = 0
    for table in (tables.inbound, tables.outbox):
        query = select(table.c.id, table.c.provider_copy).where(
            table.c.provider_copy.is_not(None), _is_over(table, now)
        )
        async with database.read() as conn:
            rows = [(row.id, row.provider_copy) for row in await conn.execute(query.limit(BATCH))]
        gate = asyncio.Semaphore(AT_ONCE)
        gone = await asyncio.gather(*(_erase(vault, channels, sealed, gate) for _, sealed in rows))
        ids = [row_id for (row_id, _), done in zip(rows, gone, strict=True) if done]
        if ids:
            async with database.begin() as conn:
                await conn.execute(update(table).where(table.c.id.in_(ids)).values(provider_copy=None))
        erased += len(ids)
    return erased


def _is_over(table: Table, now: datetime) -> ColumnElement[bool]:
    """Whether nobody here can read a row's words any more, or needs its copy."""
    key = exists().where(tables.contact_key.c.contact_id == table.c.contact_id)
    if table is tables.inbound:
        nobodys = and_(table.c.contact_id.is_(None), table.c.received_at <= now - WORKERS_WORDS_STAY)
        return or_(and_(table.c.contact_id.is_not(None), ~key), nobodys)
    final = [status.value for status in DeliveryStatus if RANK[status] == RANK[DeliveryStatus.DELIVERED]]
    receipt = and_(table.c.kind == "receipt", table.c.status.in_(final))
    return or_(and_(table.c.contact_id.is_not(None), ~key), receipt)


async def _erase(vault: Vault, channels: Mapping[ChannelName, Channel], sealed: bytes, gate: asyncio.Semaphore) -> bool:
    try:
        name, provider_id = messages.open_provider_id(vault, sealed)
    except SealBroken:
        return True  # no key opens it: nothing can be done, and nothing is known
    channel = channels.get(ChannelName(name))
    if channel is None:
        return False
    try:
        async with gate, asyncio.timeout(SECONDS):
            return await channel.redact(provider_id)
    except Exception as error:  # a provider that is away must not stop the others
        log.warning("not_redacted", channel=name, error=type(error).__name__)
        return False
