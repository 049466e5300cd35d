"""Whose phone may speak for a service: the numbers that the directory lists for it (async).

    await may_speak_for(conn, source, service_id, "+15145550101")

Listed are the numbers of the service, of its places, and of its organization, and a number written with its owner
("Marie, 514 555-0101"). Whoever else texts a code changes nothing.
"""

import re

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from directory.hsds import TABLES, directory_care

_EXTENSION = re.compile(r"(?:x|ext|poste|p\.|#).*", re.IGNORECASE | re.DOTALL)
_IN_WORDS = re.compile(r"\+?1?[ .-]?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}(?!\d)")


def normal(number: str) -> str | None:
    """The ten digits of a North American number, however it is written; None for anything else."""
    digits = re.sub(r"\D", "", _EXTENSION.sub("", number))
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    return digits if len(digits) == 10 else None


async def may_speak_for(conn: AsyncConnection, source: str, service_id: str, number: str) -> bool:
    """Whether this number is listed for the service."""
    wanted = normal(number)
    return wanted is not None and wanted in await _listed(conn, source, service_id)


async def name_of(conn: AsyncConnection, source: str, service_id: str) -> str:
    """The service's name, "" when it is not stored."""
    service = TABLES["service"].c
    query = select(service.name).where(service.source == source, service.id == service_id)
    return str((await conn.execute(query)).scalar() or "")


async def _listed(conn: AsyncConnection, source: str, service_id: str) -> set[str]:
    phone, service, link = TABLES["phone"].c, TABLES["service"].c, TABLES["service_at_location"].c
    links = select(link.id).where(link.source == source, link.service_id == service_id)
    places = select(link.location_id).where(link.source == source, link.service_id == service_id)
    organizations = select(service.organization_id).where(service.source == source, service.id == service_id)
    query = select(phone.number).where(
        phone.source == source,
        or_(
            phone.service_id == service_id,
            phone.service_at_location_id.in_(links),
            phone.location_id.in_(places),
            phone.organization_id.in_(organizations),
        ),
    )
    numbers = [str(number or "") for number in (await conn.execute(query)).scalars()]
    care = directory_care.c
    owner = select(care.owner).where(care.source == source, care.service_id == service_id)
    numbers += _IN_WORDS.findall((await conn.execute(owner)).scalar() or "")
    return {known for number in numbers if (known := normal(number)) is not None}
