"""Writes down what people say of a service: a texter found it closed or full, a partner confirms it or tells its places.

A report carries a pseudonym made with the contact's own key and good for one service only. Erasing the contact destroys
that key: nobody, not even whoever holds the key file, can then tell who reported.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation.directory_view import ServiceReport
from bot.conversation.partners import PartnerText
from bot.messages import ChannelName
from bot.store import alarms
from bot.store.contacts import Contact
from directory import callers, freshness

TASK = "service_reported"
"""The kind of alarm that is a task for the coordinator: call the service, then settle or mend it."""

CAPACITY_LASTS = timedelta(hours=12)
"""What a partner says of free places is forgotten after this long."""

PHONE_CHANNELS = frozenset({ChannelName.SMS, ChannelName.SIMULATOR})
"""Where the sender's address is a phone number; an account number elsewhere may look like one."""

_REF_LENGTH = 64
_NAME_LENGTH = 60
_PSEUDONYM_LENGTH = 16


async def take_report(conn: AsyncConnection, contact: Contact, said: ServiceReport, now: datetime) -> None:
    """One person's word; the coordinator gets a task, once a day for each service."""
    who = pseudonym(contact, said.source, said.service_id)
    seconds = int(now.timestamp())
    if await freshness.report(conn, said.source, said.service_id, said.kind, who, seconds, said.day):
        await alarms.raise_alarm(conn, TASK, _task(said.service_id, said.day), now)


def pseudonym(contact: Contact, source: str, service_id: str) -> str:
    """Tells two people who report the same service apart, and nothing else."""
    words = b"\0".join((b"report", contact.digest, source.encode(), service_id.encode()))
    return hmac.new(contact.key.raw, words, hashlib.sha256).hexdigest()[:_PSEUDONYM_LENGTH]


async def take_partner_text(
    conn: AsyncConnection, channel: ChannelName, address: str, said: PartnerText, now: datetime, today: date
) -> str | None:
    """The service's name once done; None when this phone may not speak for that code: nothing changed then."""
    service = await freshness.by_code(conn, said.code)
    if service is None or channel not in PHONE_CHANNELS or not await callers.may_speak_for(conn, *service, address):
        return None
    if said.available is None:
        await freshness.confirm(conn, *service, today)
        await close_tasks(conn, service[1], now)
    else:
        until = int((now + CAPACITY_LASTS).timestamp())
        await freshness.tell_capacity(conn, *service, said.available, int(now.timestamp()), until)
    return (await callers.name_of(conn, *service))[:_NAME_LENGTH]


async def close_tasks(conn: AsyncConnection, service_id: str, now: datetime) -> None:
    """Everything reported of this service was dealt with."""
    for alarm in await alarms.open_alarms(conn):
        if alarm["kind"] == TASK and alarm["ref"] == _ref(alarm["ref"].partition(":")[0], service_id):
            await alarms.close_alarm(conn, TASK, alarm["ref"], now)


def _task(service_id: str, day: date) -> str:
    return _ref(day.isoformat(), service_id)


def _ref(day: str, service_id: str) -> str:
    return f"{day}:{service_id}"[:_REF_LENGTH]
