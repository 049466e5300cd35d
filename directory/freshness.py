"""Keeps a directory from going stale: owners, codes, confirmations, reports, capacity that expires (async).

    await ensure_codes(conn)                                # every service gets a short code
    await stale(conn, today)                                # who to call, the oldest first
    await confirm_by_code(conn, 1280, today)                # "CONFIRME 1280", once the caller is known
    await report(conn, source, service_id, "closed", reporter, now, today)
    await tell_capacity(conn, source, service_id, 3, now, until)
    await open_reports(conn)                                # what the coordinator has to look into

The caller decides who may confirm (`directory.callers`); `reporter` is an opaque digest, so that two reports by the
same person count once. The index (`store.load_index`) reads these tables: build it again when `stamp` changes.
"""

import hashlib
import secrets
import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import ColumnElement, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from directory.clock import parse_date
from directory.hsds import TABLES, directory_capacity, directory_care, directory_report
from directory.package import Package
from directory.records import INDEPENDENT_REPORTS
from directory.search import AGEING_DAYS

_FIRST_CODE = 1001
_MAX_PLACES = 10_000


@dataclass(frozen=True, slots=True)
class OpenReport:
    """What was said of one service and nobody settled. `people` counts independent persons, `shown` says whether that
    is enough for the next searcher to be told."""

    source: str
    service_id: str
    kind: str
    people: int

    @property
    def shown(self) -> bool:
        """Whether searchers are told."""
        return self.people >= INDEPENDENT_REPORTS


@dataclass(frozen=True, slots=True)
class ServiceRef:
    """One service of one source, with what a coordinator recognises it by."""

    source: str
    service_id: str
    name: str
    organization: str
    code: int
    owner: str
    confirmed_on: date | None
    phone: str | None = None


async def take_over_owners(conn: AsyncConnection, source: str, package: Package) -> None:
    """Owners named in an import ("responsable") become the owners of their services."""
    owner_terms = {row["id"] for row in package.tables.get("taxonomy_term", ()) if row.get("code") == "owner"}
    owners = {
        str(row["link_id"]): str(row.get("value", ""))
        for row in package.tables.get("attribute", ())
        if row["taxonomy_term_id"] in owner_terms and row["link_entity"] == "service"
    }
    if not owners:
        return
    await ensure_codes(conn)
    care = directory_care.c
    for service_id, owner in owners.items():
        mine = (care.source == source) & (care.service_id == service_id)
        await conn.execute(update(directory_care).where(mine).values(owner=owner))


async def ensure_codes(conn: AsyncConnection) -> int:
    """Gives a short code to every service that has none; how many were given. A code is never given twice."""
    service, care = TABLES["service"], directory_care.c
    known = select(care.service_id).where(care.source == service.c.source, care.service_id == service.c.id).exists()
    without = (
        await conn.execute(select(service.c.source, service.c.id).where(~known).order_by(*service.primary_key))
    ).all()
    highest = (await conn.execute(select(func.max(care.code)))).scalar() or _FIRST_CODE - 1
    rows = [
        {"source": source, "service_id": key, "code": highest + number, "owner": "", "confirmed_on": None}
        for number, (source, key) in enumerate(without, start=1)
    ]
    for start in range(0, len(rows), 1000):
        await conn.execute(insert(directory_care), rows[start : start + 1000])
    return len(rows)


async def code_of(conn: AsyncConnection, source: str, service_id: str) -> int:
    """The service's short code; one is given when it has none (a service of the demonstration, which has no rows)."""
    care = directory_care.c
    known = (await conn.execute(select(care.code).where(care.source == source, care.service_id == service_id))).scalar()
    if known is not None:
        return int(known)
    code = int((await conn.execute(select(func.max(care.code)))).scalar() or _FIRST_CODE - 1) + 1
    values = {"source": source, "service_id": service_id, "code": code, "owner": "", "confirmed_on": None}
    await conn.execute(insert(directory_care).values(values))
    return code


async def stale(conn: AsyncConnection, today: date, days: int = AGEING_DAYS) -> list[ServiceRef]:
    """Services never confirmed, or not for `days`: who to call, those never confirmed first, then the oldest."""
    old = [ref for ref in await services(conn) if ref.confirmed_on is None or (today - ref.confirmed_on).days > days]
    return sorted(old, key=lambda ref: (ref.confirmed_on or date.min, ref.owner, ref.name))


async def services(conn: AsyncConnection) -> list[ServiceRef]:
    """Every active service with its code, owner and last confirmation (the file's or a partner's, the later one)."""
    await ensure_codes(conn)
    service, organization, care = TABLES["service"], TABLES["organization"], directory_care
    query = (
        select(
            service.c.source, service.c.id, service.c.name, organization.c.name.label("organization"),
            service.c.assured_date, care.c.code, care.c.owner, care.c.confirmed_on,
        )
        .join(care, (care.c.source == service.c.source) & (care.c.service_id == service.c.id))
        .outerjoin(
            organization,
            (organization.c.source == service.c.source) & (organization.c.id == service.c.organization_id),
        )
        .where(service.c.status.not_in(("inactive", "defunct")))
        .order_by(care.c.code)
    )  # fmt: skip
    phones = await _phones(conn)
    return [
        ServiceRef(
            row["source"], row["id"], row["name"], row["organization"] or "", row["code"], row["owner"],
            _later(parse_date(row["assured_date"] or ""), row["confirmed_on"]), phones.get((row["source"], row["id"])),
        )
        for row in (await conn.execute(query)).mappings()
    ]  # fmt: skip


async def _phones(conn: AsyncConnection) -> dict[tuple[str, str], str]:
    phone = TABLES["phone"]
    query = select(phone.c.source, phone.c.service_id, phone.c.number).where(phone.c.service_id.is_not(None))
    return {
        (source, key): number for source, key, number in (await conn.execute(query.order_by(phone.c.id.desc()))).all()
    }


def _later(one: date | None, other: date | None) -> date | None:
    return max((day for day in (one, other) if day is not None), default=None)


async def by_code(conn: AsyncConnection, code: int) -> tuple[str, str] | None:
    """(source, service id) that a short code stands for."""
    row = (await conn.execute(_care_where(directory_care.c.code == code))).first()
    return (row.source, row.service_id) if row else None


async def confirm_by_code(conn: AsyncConnection, code: int, today: date) -> bool:
    """Confirms a service by its code, and settles what was reported; False when no service has the code."""
    found = await by_code(conn, code)
    if found is None:
        return False
    await confirm(conn, *found, today)
    return True


async def confirm(conn: AsyncConnection, source: str, service_id: str, today: date) -> None:
    """A partner says that everything is right as of today: reports made before are settled."""
    await code_of(conn, source, service_id)
    care = directory_care.c
    await conn.execute(
        update(directory_care)
        .where(care.source == source, care.service_id == service_id)
        .values(confirmed_on=today)
    )  # fmt: skip
    await settle(conn, source, service_id)


async def new_link(conn: AsyncConnection, source: str, service_id: str) -> str:
    """A new private link token for a partner to confirm with; the one before stops working. Only its digest is kept."""
    await ensure_codes(conn)
    token = secrets.token_urlsafe(24)
    care = directory_care.c
    await conn.execute(
        update(directory_care)
        .where(care.source == source, care.service_id == service_id)
        .values(link_digest=_digest(token))
    )
    return token


async def by_link(conn: AsyncConnection, token: str) -> tuple[str, str] | None:
    """(source, service id) that a private link's token stands for."""
    row = (await conn.execute(_care_where(directory_care.c.link_digest == _digest(token)))).first()
    return (row.source, row.service_id) if row else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _care_where(condition: Any) -> Any:
    return select(directory_care.c.source, directory_care.c.service_id).where(condition)


async def report(
    conn: AsyncConnection, source: str, service_id: str, kind: Literal["closed", "full"], reporter: str, now: int,
    today: date,
) -> bool:  # fmt: skip
    """A texter found it closed, or full. True when it is new (the coordinator gets a task); the same person's
    second word of the day is not."""
    reports = directory_report.c
    same = (
        (reports.source == source) & (reports.service_id == service_id) & (reports.kind == kind)
        & (reports.reporter == reporter) & (reports.day == today)
    )  # fmt: skip
    if (await conn.execute(select(reports.id).where(same))).first() is not None:
        return False
    values = {
        "id": str(uuid.uuid4()), "source": source, "service_id": service_id, "kind": kind, "reporter": reporter,
        "day": today, "reported_at": now, "settled": 0,
    }  # fmt: skip
    await conn.execute(insert(directory_report).values(values))
    return True


async def report_closed(
    conn: AsyncConnection, source: str, service_id: str, reporter: str, now: int, today: date
) -> bool:
    """`report` of a closed door; True once enough independent people said so for the next searcher to be told."""
    await report(conn, source, service_id, "closed", reporter, now, today)
    return "closed" in (await reported(conn)).get((source, service_id), frozenset())


async def reported(conn: AsyncConnection) -> dict[tuple[str, str], frozenset[str]]:
    """What enough different people said and nobody settled, by (source, service id): closed, full."""
    found: dict[tuple[str, str], frozenset[str]] = defaultdict(frozenset)
    for each in await open_reports(conn):
        if each.shown:
            found[each.source, each.service_id] |= {each.kind}
    return dict(found)


async def open_reports(conn: AsyncConnection) -> list[OpenReport]:
    """Every report that nobody settled, by service and kind, in a lasting order."""
    reports = directory_report.c
    people = func.count(func.distinct(reports.reporter))
    groups = (reports.source, reports.service_id, reports.kind)
    query = select(*groups, people).where(reports.settled == 0).group_by(*groups).order_by(*groups)
    return [OpenReport(*row) for row in (await conn.execute(query)).all()]


async def stamp(conn: AsyncConnection) -> tuple[object, ...]:
    """Changes when what a search shows changes: a report that counts, a confirmation, a capacity."""
    care, capacity = directory_care.c, directory_capacity.c
    confirmed = select(care.confirmed_on, func.count()).where(care.confirmed_on.is_not(None))
    days = (await conn.execute(confirmed.group_by(care.confirmed_on).order_by(care.confirmed_on))).all()
    told = select(func.count(), func.sum(capacity.told_at), func.sum(capacity.available))
    shown = [(each.source, each.service_id, each.kind) for each in await open_reports(conn) if each.shown]
    return (tuple(shown), tuple(map(tuple, days)), tuple((await conn.execute(told)).one()))


async def settle(conn: AsyncConnection, source: str, service_id: str) -> None:
    """The coordinator checked: what was reported so far is not shown any more."""
    await conn.execute(update(directory_report).where(_said_of(source, service_id)).values(settled=1))


def _said_of(source: str, service_id: str) -> ColumnElement[bool]:
    return (directory_report.c.source == source) & (directory_report.c.service_id == service_id)


async def tell_capacity(
    conn: AsyncConnection, source: str, service_id: str, available: int, now: int, until: int
) -> None:
    """ "3 lits": places free until a moment (seconds since 1970), after which nothing is known again.

    "Full" said before is settled: the partner knows better.
    """
    if not 0 <= available <= _MAX_PLACES or until <= now:
        raise ValueError("a number of places from 0 up, and a moment to come, are needed")
    await _forget(conn, directory_capacity, source, service_id)
    values = {"source": source, "service_id": service_id, "available": available, "until": until, "told_at": now}
    await conn.execute(insert(directory_capacity).values(values))
    full = _said_of(source, service_id) & (directory_report.c.kind == "full")
    await conn.execute(update(directory_report).where(full).values(settled=1))


async def forget_old(conn: AsyncConnection, now: int, keep_days: int = 30) -> None:
    """Deletes capacity that has expired, and reports (with their reporters' digests) older than `keep_days`."""
    await conn.execute(delete(directory_capacity).where(directory_capacity.c.until <= now))
    await conn.execute(delete(directory_report).where(directory_report.c.reported_at < now - keep_days * 86400))


async def _forget(conn: AsyncConnection, table: Table, source: str, service_id: str) -> None:
    await conn.execute(delete(table).where(table.c.source == source, table.c.service_id == service_id))
