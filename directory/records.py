"""What the builder keeps of services and locations while it reads rows, and how it reads their texts (pure)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape

from directory.query import Precision
from directory.traits import Trait

Row = Mapping[str, object]
Key = tuple[str, str]  # (source, id)

INDEPENDENT_REPORTS = 2  # so many different people must say that a service is closed before it is shown
_NOTE_LENGTH = 240


@dataclass(slots=True)
class ServiceRecord:
    """What the builder keeps of a service until everything is read. `needs`: guessed from its name."""

    name: str
    organization: Key
    needs: int
    traits: Trait
    ages: tuple[int, int]
    confirmed: int
    url: str
    notes: str
    located: bool = False


@dataclass(slots=True)
class LocationRecord:
    """The same of a location."""

    name: str
    kind: str
    lat: float | None
    lon: float | None
    address: str = ""
    precision: Precision = "exact"
    precision_km: float = 0.1
    secret: bool = False


@dataclass(slots=True)
class CareRecord:
    """What partners and texters said of a service."""

    confirmed: int = 0
    closed_by: set[str] = field(default_factory=set)
    full_by: set[str] = field(default_factory=set)
    beds: int = -1
    beds_until: int = 0

    @property
    def reports(self) -> int:
        """Bit 1: enough people said it is closed; bit 2: full."""
        return (len(self.closed_by) >= INDEPENDENT_REPORTS) | (len(self.full_by) >= INDEPENDENT_REPORTS) << 1


def notes_of(row: Row) -> str:
    """What a person should know before going: alert, who may come, how to apply, cost; in plain text, not too long."""
    parts = (
        text_of(row, "alert"), text_of(row, "eligibility_description"), text_of(row, "application_process"),
        text_of(row, "fees_description") or text_of(row, "fees"),
    )  # fmt: skip
    text = ". ".join(plaintext_of(part).rstrip(".") for part in parts if part)
    return text if len(text) <= _NOTE_LENGTH else text[: _NOTE_LENGTH - 1].rsplit(" ", 1)[0] + "…"


def plaintext_of(text: str) -> str:
    """Text without HTML tags, Markdown marks or line breaks, fit for a text message."""
    text = re.sub(r"<[^>]{0,200}>", " ", text.replace("\\n", " "))
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", unescape(text))
    return " ".join(re.sub(r"[*_#`]{1,3}", "", text).split())


def text_of(row: Row, name: str) -> str:
    """A column as text, "" when it is empty or missing."""
    value = row.get(name)
    return "" if value is None else str(value).strip()
