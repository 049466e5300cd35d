"""What may be written in `organisation.yml`, field by field, with messages for people."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

DAYS = {
    name: number
    for number, names in enumerate(
        (
            ("mon", "lun"),
            ("tue", "mar"),
            ("wed", "mer"),
            ("thu", "jeu"),
            ("fri", "ven"),
            ("sat", "sam"),
            ("sun", "dim"),
        )
    )
    for name in names
}
CHANNELS = ("sms", "telegram", "simulator")
WORKER_ID = re.compile(r"^[a-z][a-z0-9-]{0,23}$")


def _clock(value: Any) -> Any:
    """Read "20:00", and 20:00 without quotes, which YAML takes for the number 1200; "24:00" is midnight at the end."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value // 60:02d}:{value % 60:02d}"
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d{1,2})\s*[:hH]\s*(\d{2})?\s*", value)
        if match is not None:
            hour, minute = int(match.group(1)) % 24 if match.group(1) == "24" else int(match.group(1)), match.group(2)
            if hour < 24 and int(minute or 0) < 60:
                return time(hour, int(minute or 0))
    raise ValueError("write a time as '20:00'")


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("write a moment as '2026-12-24 16:00'") from None
    if isinstance(value, datetime):
        return value
    raise ValueError("write a moment as '2026-12-24 16:00', with the hour")


Clock = Annotated[time, BeforeValidator(_clock)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Channel = Literal["sms", "telegram", "simulator"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True)


class NameFile(_Model):
    """The organisation's name, in French and, if it has one, in English."""

    fr: str = Field(min_length=1)
    en: str | None = None

    def given(self) -> dict[str, str]:
        """The names that were written."""
        return {language: name for language, name in (("fr", self.fr), ("en", self.en)) if name}


class RelayFile(_Model):
    """On which channels a person's words and what triage saw may reach a worker."""

    channels: list[Channel] = Field(min_length=1)


class WorkerFile(_Model):
    """One worker."""

    name: str = Field(min_length=1)
    language: Literal["fr", "en"] = "fr"
    addresses: dict[Channel, str] = Field(default_factory=dict, repr=False)

    def by_channel(self) -> dict[str, str]:
        """The addresses, by channel, in the order written."""
        return {str(channel): address for channel, address in self.addresses.items()}

    @field_validator("addresses", mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:
        """A number without quotes loses its plus sign in YAML: put it back. An empty address is none."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise ValueError("write a list of channels, as 'sms: \"+15145550100\"'")
        read = {}
        for channel, address in value.items():
            if address is None or address == "":
                continue
            plus = "+" if channel == "sms" and isinstance(address, int) else ""
            read[channel] = plus + str(address).strip()
        return read

    @field_validator("addresses")
    @classmethod
    def _usable(cls, value: dict[str, str]) -> dict[str, str]:
        for channel, address in value.items():
            if channel == "sms" and not re.fullmatch(r"\+[1-9]\d{7,14}", address):
                raise ValueError('write the SMS number as "+15145550100", without spaces')
            if channel == "telegram" and not re.fullmatch(r"[1-9]\d{0,18}", address):
                raise ValueError(
                    "write the Telegram number (digits), not the name: the worker finds it with @userinfobot"
                )
        return value


class TableRowFile(_Model):
    """One line of the weekly table."""

    days: str | list[str] = "all"
    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    workers: list[str] = Field(min_length=1)

    @field_validator("days")
    @classmethod
    def _days(cls, value: str | list[str]) -> str | list[str]:
        read_days(value)
        return value

    def weekdays(self) -> frozenset[int]:
        """The days, Monday being 0."""
        return read_days(self.days)


class OverrideFile(_Model):
    """An exception to the rota: these workers, and nobody else, for this stretch of time."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    workers: list[str]
    why: str | None = None


class OnCallFile(_Model):
    """The on-call schedule."""

    calendar: str | None = None
    table: list[TableRowFile] = Field(default_factory=list)
    overrides: list[OverrideFile] = Field(default_factory=list)

    @field_validator("calendar")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and "://" in value and not value.startswith("https://"):
            raise ValueError("write a file's name, or an address beginning with https://")
        return value


class StepFile(_Model):
    """One escalation step."""

    who: str | list[str]
    by: list[Channel] = Field(min_length=1)
    minutes: float = Field(gt=0, le=120)

    def workers(self) -> tuple[str, ...]:
        """Worker ids named by the step itself."""
        if isinstance(self.who, str):
            return () if self.who in ("on_call", "everyone") else (self.who,)
        return tuple(self.who)

    @property
    def wait(self) -> timedelta:
        """How long this step waits for somebody to take the conversation."""
        return timedelta(minutes=self.minutes)


class EscalationFile(_Model):
    """The escalation policy."""

    steps: list[StepFile] = Field(min_length=1)
    repeat_last: int = Field(default=2, ge=0, le=20)
    tell_after_minutes: float = Field(default=10, gt=0, le=60)
    first_words_minutes: float = Field(default=10, gt=0, le=240)
    silence_minutes: float = Field(default=30, gt=0, le=1440)


class OrganisationFile(_Model):
    """The whole file."""

    name: NameFile
    zone: str = "America/Toronto"
    languages: list[Literal["fr", "en"]] = Field(default=["fr", "en"], min_length=1)
    address_form: Literal["tu", "vous"] = "tu"
    practice: Literal["rue", "milieu"] = "rue"
    retention_hours: int = Field(default=72, ge=1, le=8760)
    relay: RelayFile
    workers: dict[str, WorkerFile] = Field(min_length=1)
    on_call: OnCallFile
    escalation: EscalationFile

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("not a time zone; write one as America/Toronto") from None
        return value

    @field_validator("workers")
    @classmethod
    def _ids(cls, value: dict[str, WorkerFile]) -> dict[str, WorkerFile]:
        for worker_id in value:
            if not WORKER_ID.fullmatch(worker_id):
                raise ValueError("a worker's id is up to 24 small letters, digits and '-', beginning with a letter")
            if worker_id in ("everyone",):
                raise ValueError("'everyone' means all workers; choose another id")
        return value


def read_days(value: str | list[str]) -> frozenset[int]:
    """Days as people write them: "all", "mon-fri", "lun, mer", ["sat", "sun"]. Raises `ValueError`."""
    parts = value if isinstance(value, list) else re.split(r"[\s,]+", value.strip())
    days: set[int] = set()
    for part in parts:
        word = part.strip().casefold()
        if word in ("all", "tous", "every", "chaque"):
            days.update(range(7))
            continue
        first, _, last = word.partition("-")
        begins, ends = _day(first), _day(last or first)
        days.update((begins + offset) % 7 for offset in range((ends - begins) % 7 + 1))
    if not days:
        raise ValueError("write days as 'all', 'mon-fri' or 'sat, sun'")
    return frozenset(days)


def _day(word: str) -> int:
    number = DAYS.get(word.strip()[:3])
    if number is None:
        raise ValueError("write days as 'all', 'mon-fri' or 'sat, sun' (French works too: 'lun-ven')")
    return number
