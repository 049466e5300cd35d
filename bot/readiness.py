"""Everything that would go wrong before it does: `passerelle check`. Settings, rota, flows, cards, directory, providers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot import bootstrap, organisation
from bot.settings import Settings
from bot.store import migrate
from bot.store.database import Database
from directory import store
from flows import lint
from flows.cards import load_cards
from flows.facts import load_facts
from flows.flow import FlowError
from flows.loader import load_flows

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: how bad, where, and what to do."""

    severity: Severity
    where: str
    message: str


async def look(settings: Settings, now: datetime | None = None) -> list[Finding]:
    """Every finding, worst first."""
    moment = now or bootstrap.wall_clock()
    findings = [*_organisation(settings, moment), *_content(settings, moment), *_providers(settings)]
    findings.extend(await _directory(settings))
    order = {"error": 0, "warning": 1, "note": 2}
    return sorted(findings, key=lambda finding: order[finding.severity])


def _organisation(settings: Settings, now: datetime) -> list[Finding]:
    try:
        place = organisation.load(settings.organisation)
    except organisation.OrganisationError as error:
        return [Finding("error", str(settings.organisation), str(error))]
    try:
        bootstrap.load_needs(settings.organisation)
    except organisation.OrganisationError as error:
        return [Finding("error", str(settings.organisation), str(error))]
    return [_finding(problem) for problem in place.problems(now, _usable(settings))]


def _usable(settings: Settings) -> frozenset[str]:
    """The channels this installation can send on."""
    sms, telegram = settings.has_twilio, settings.telegram_token is not None
    names = {"sms": sms, "telegram": telegram, "simulator": settings.is_demonstration}
    return frozenset(name for name, usable in names.items() if usable)


def _finding(problem: organisation.Problem) -> Finding:
    return Finding("error" if problem.severity == "error" else "warning", problem.where, problem.message)


def _content(settings: Settings, now: datetime) -> list[Finding]:
    """What the lint says; drafts and unconfirmed facts are notes in the demonstration and warnings for a line that goes live."""
    try:
        flows = load_flows([bootstrap.FLOWS / "library", settings.organisation / "flows"])
        cards = load_cards([bootstrap.FLOWS / "cards", settings.organisation / "cards"])
    except FlowError as error:
        return [Finding("error", "flows and cards", str(error))]
    return [
        Finding(problem.severity, f"{problem.path}: {problem.where}", problem.message)
        for problem in lint.check(flows, cards, load_facts(), now.date())
    ]


def _providers(settings: Settings) -> list[Finding]:
    if settings.is_demonstration:
        return [Finding("note", "providers", "the demonstration answers simulated phones only")]
    findings = []
    if not settings.has_twilio and settings.telegram_token is None:
        findings.append(
            Finding("warning", "providers", "no SMS number and no Telegram bot is set: nobody can write to this line")
        )
    if settings.public_url is not None and settings.public_url.startswith("http://"):
        findings.append(Finding("warning", "PASSERELLE_PUBLIC_URL", "not https: providers refuse it"))
    return findings


async def _directory(settings: Settings) -> list[Finding]:
    """An organisation without a directory can only give the province-wide lines."""
    if settings.is_demonstration:
        return []
    settings.prepare_state()
    database = Database(settings.database)
    try:
        async with asyncio.timeout(15):
            await migrate.upgrade(database)
            async with database.read() as conn:
                size = len(await store.load_index(conn))
    except Exception as error:  # any reason makes the line unusable: say which kind
        return [Finding("error", "PASSERELLE_DATABASE_URL", f"the database does not answer ({type(error).__name__})")]
    finally:
        await database.close()
    if size == 0:
        return [Finding("warning", "directory", "empty: import your services with 'passerelle directory import PATH'")]
    return []
