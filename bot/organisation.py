"""The organisation that runs the line: who works, who is on call, how a page escalates, what is kept for how long.

Read from `organisation.yml` in the organisation's folder, and checked: a mistake is one line with file, place and what to
do. Addresses of workers never show in a `repr`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from bot.calendar_copy import CalendarCopy, CalendarUnavailable
from bot.handoff.escalation import EVERYONE, ON_CALL, Policy, Step, recipients
from bot.handoff.schedule import CalendarError, Gap, Shift, TableRow, calendar_shifts, folded, gaps, on_call_at
from bot.handoff.schedule import table_shifts as shifts_of_table
from bot.organisation_file import OnCallFile, OrganisationFile
from flows.flow import FlowError
from flows.yaml_file import read_yaml

FILE = "organisation.yml"
LOOK_AHEAD = timedelta(days=14)
"""How far ahead gaps in the rota are looked for."""

GAPS_SHOWN = 5


class OrganisationError(Exception):
    """The organisation's folder cannot be used: file, place, what to do."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Someone who answers. `addresses` is by channel; `may_relay` holds the channels on which words may reach them."""

    id: str
    name: str = field(repr=False)
    language: str
    addresses: Mapping[str, str] = field(repr=False)
    may_relay: frozenset[str]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that would go wrong: how bad ("error" or "warning"), where, and what to do."""

    severity: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Rota:
    """The on-call schedule: a table, a calendar, overrides. Keeps the shifts of the day it was last asked about."""

    def __init__(
        self,
        rows: Iterable[TableRow],
        overrides: Iterable[Shift],
        zone: ZoneInfo,
        calendar: CalendarCopy | None,
        names: Mapping[str, str],
    ) -> None:
        self._rows = tuple(rows)
        self._overrides = tuple(overrides)
        self._zone = zone
        self._calendar = calendar
        self._names = names
        self._day: tuple[date, int, tuple[Shift, ...]] | None = None

    @property
    def calendar(self) -> CalendarCopy | None:
        """The calendar, when there is one."""
        return self._calendar

    def at(self, now: datetime) -> tuple[str, ...]:
        """Worker ids on call at a moment. A calendar that cannot be read leaves the table and the overrides."""
        day = now.astimezone(UTC).date()
        version = self._calendar.version() if self._calendar is not None else 0
        if self._day is None or self._day[:2] != (day, version):
            start = datetime.combine(day, time(0), UTC)
            shifts, _ = self.shifts(start, start + timedelta(days=1))
            self._day = (day, version, tuple(shifts))
        return on_call_at(self._day[2], self._overrides, now)

    def shifts(self, start: datetime, end: datetime) -> tuple[list[Shift], list[str]]:
        """Every shift of a stretch of time, and what is wrong with the calendar."""
        shifts = shifts_of_table(self._rows, self._zone, start, end)
        if self._calendar is None:
            return shifts, []
        try:
            more, unknown = calendar_shifts(self._calendar.text(), self._zone, start, end, self._names)
        except (CalendarError, CalendarUnavailable) as error:
            return shifts, [str(error)]
        return shifts + more, [
            f"'{name}' is nobody's name or id; write it as under 'workers'" for name in sorted(unknown)
        ]

    def gaps(self, start: datetime, end: datetime) -> list[Gap]:
        """When nobody is on call."""
        return gaps(self.shifts(start, end)[0], self._overrides, start, end)


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation, read and checked. Built once by `bootstrap`."""

    names: Mapping[str, str]
    zone: ZoneInfo
    languages: tuple[str, ...]
    address_form: str
    practice: str
    retention_hours: int
    workers: Mapping[str, Worker]
    policy: Policy
    rota: Rota = field(repr=False)
    path: Path = field(repr=False)
    by_address: Mapping[tuple[str, str], str] = field(repr=False)

    def name(self, language: str) -> str:
        """The organisation's name in a language (French when it has none in it)."""
        return self.names.get(language) or self.names["fr"]

    def worker_at(self, channel: str, address: str) -> Worker | None:
        """The worker who writes from this address, or None: then it is a texter."""
        worker_id = self.by_address.get((channel, address))
        return None if worker_id is None else self.workers[worker_id]

    def on_call(self, now: datetime) -> tuple[Worker, ...]:
        """Workers on call at a moment; empty in a gap of the rota."""
        return tuple(self.workers[worker_id] for worker_id in self.rota.at(now) if worker_id in self.workers)

    def reached(self, step: Step, now: datetime, usable: Iterable[str]) -> dict[str, str]:
        """Whom an escalation step reaches at a moment: worker id to the channel of the page."""
        channels = {worker.id: tuple(worker.addresses) for worker in self.workers.values()}
        return recipients(step, self.rota.at(now), channels, frozenset(usable))

    async def refresh(self) -> None:
        """Fetch a calendar that lives at an address again; the last copy stays when that fails."""
        if self.rota.calendar is not None:
            await self.rota.calendar.refresh()

    def problems(self, now: datetime, usable: Iterable[str] | None = None) -> list[Problem]:
        """What would go wrong: gaps in the rota ahead, workers and steps that no page reaches, a calendar not read.

        `usable` is the set of configured channels (default: any).
        """
        channels = frozenset(usable) if usable is not None else frozenset(c for s in self.policy.steps for c in s.by)
        return [
            *self._rota_problems(now),
            *self._worker_problems(channels),
            *self._step_problems(now, channels),
        ]

    def _rota_problems(self, now: datetime) -> list[Problem]:
        where = f"{self.path}: on_call"
        _, wrong = self.rota.shifts(now, now + LOOK_AHEAD)
        found = [Problem("error", f"{where}.calendar", message) for message in wrong]
        missing = self.rota.gaps(now, now + LOOK_AHEAD)
        for gap in missing[:GAPS_SHOWN]:
            text = (
                f"nobody is on call from {self._local(gap.start)} to {self._local(gap.end)}; add a shift or an override"
            )
            found.append(Problem("warning", where, text))
        if len(missing) > GAPS_SHOWN:
            found.append(Problem("warning", where, f"and {len(missing) - GAPS_SHOWN} more gaps in the next 14 days"))
        return found

    def _worker_problems(self, channels: frozenset[str]) -> list[Problem]:
        found = []
        for worker in self.workers.values():
            where = f"{self.path}: workers.{worker.id}.addresses"
            if not channels & set(worker.addresses):
                text = f"no page reaches this worker; add an address on one of: {', '.join(sorted(channels)) or 'none'}"
                found.append(Problem("error", where, text))
            elif not channels & set(worker.addresses) & worker.may_relay:
                text = "this worker can be paged, but words may not reach them; add an address on a channel of 'relay'"
                found.append(Problem("error", where, text))
        return found

    def _step_problems(self, now: datetime, channels: frozenset[str]) -> list[Problem]:
        found = []
        for number, step in enumerate(self.policy.steps):
            last = number == len(self.policy.steps) - 1
            if step.who == ON_CALL and not last:
                continue  # gaps of the rota are said above
            if not self.reached(step, now, channels):
                severity = "error" if last else "warning"
                text = (
                    f"this step reaches nobody{' now' if step.who == ON_CALL else ''}; name workers who have an address"
                )
                found.append(Problem(severity, f"{self.path}: escalation.steps.{number}", text))
        return found

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")


def load(folder: Path) -> Organisation:
    """Read an organisation's folder. Raises `OrganisationError` with one clear line."""
    path = folder / FILE
    if not path.is_file():
        raise OrganisationError(
            f"{path}: not there; make a folder with 'passerelle init DIR' and set PASSERELLE_ORGANISATION"
        )
    try:
        data = read_yaml(path)
    except FlowError as error:
        raise OrganisationError(str(error)) from None
    if not isinstance(data, dict):
        raise OrganisationError(
            f"{path}: write 'name:', 'workers:', 'on_call:' and 'escalation:' (see passerelle init)"
        )
    try:
        read = OrganisationFile.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise OrganisationError(f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}") from None
    return _build(read, path)


def _build(read: OrganisationFile, path: Path) -> Organisation:
    zone = ZoneInfo(read.zone)
    relay = frozenset(read.relay.channels)
    workers = {
        worker_id: Worker(worker_id, each.name, each.language, each.by_channel(), relay & set(each.addresses))
        for worker_id, each in read.workers.items()
    }
    by_address: dict[tuple[str, str], str] = {}
    for worker in workers.values():
        for pair in worker.addresses.items():
            if pair in by_address:
                raise OrganisationError(
                    f"{path}: workers.{worker.id}.addresses.{pair[0]}: the same address as {by_address[pair]}'s; each "
                    "worker needs their own"
                )
            by_address[pair] = worker.id
    return Organisation(
        names=read.name.given(),
        zone=zone,
        languages=tuple(read.languages),
        address_form=read.address_form,
        practice=read.practice,
        retention_hours=read.retention_hours,
        workers=workers,
        policy=_policy(read, path),
        rota=_rota(read.on_call, workers, zone, path),
        path=path,
        by_address=by_address,
    )


def _policy(read: OrganisationFile, path: Path) -> Policy:
    for number, step in enumerate(read.escalation.steps):
        _known(step.workers(), read.workers, path, f"escalation.steps.{number}.who")
    return Policy(
        id="default",
        steps=tuple(
            Step(step.who if step.who in (ON_CALL, EVERYONE) else step.workers(), tuple(step.by), step.wait)
            for step in read.escalation.steps
        ),
        repeat_last=read.escalation.repeat_last,
        tell_after=timedelta(minutes=read.escalation.tell_after_minutes),
        first_words=timedelta(minutes=read.escalation.first_words_minutes),
        silence=timedelta(minutes=read.escalation.silence_minutes),
    )


def _rota(read: OnCallFile, workers: Mapping[str, Worker], zone: ZoneInfo, path: Path) -> Rota:
    rows, overrides = [], []
    for number, row in enumerate(read.table):
        _known(row.workers, workers, path, f"on_call.table.{number}.workers")
        rows.append(TableRow(row.weekdays(), row.start, row.end, tuple(row.workers)))
    for number, override in enumerate(read.overrides):
        where = f"on_call.overrides.{number}"
        _known(override.workers, workers, path, f"{where}.workers")
        start, end = (_local_moment(moment, zone) for moment in (override.start, override.end))
        if start >= end:
            raise OrganisationError(f"{path}: {where}: 'to' is not after 'from'")
        overrides.append(Shift(start, end, tuple(override.workers)))
    calendar = CalendarCopy.of(read.calendar, path.parent) if read.calendar else None
    names = {folded(worker.name): worker.id for worker in workers.values()} | {folded(each): each for each in workers}
    return Rota(rows, overrides, zone, calendar, names)


def _known(ids: Iterable[str], workers: Mapping[str, object], path: Path, where: str) -> None:
    for worker_id in ids:
        if worker_id not in workers:
            raise OrganisationError(f"{path}: {where}: nobody under 'workers' is called '{worker_id}'")


def _local_moment(moment: datetime, zone: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
