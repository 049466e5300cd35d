"""An on-call calendar (ICS): a file of the organisation's folder, or an address whose last copy is kept there.

Pages must not wait for somebody else's server: `text` only reads the disk, and `refresh` fetches.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from bot.settings import is_loopback

COPY = ".on-call-calendar.ics"
MAX_BYTES = 2_000_000
SECONDS = 10


class CalendarUnavailable(Exception):
    """There is no calendar to read; the text says what to do."""


@dataclass(frozen=True, slots=True)
class CalendarCopy:
    """A calendar on disk, and where it comes from when it is not a plain file."""

    path: Path
    address: str | None = field(default=None, repr=False)  # a private address is a secret

    @classmethod
    def of(cls, source: str, folder: Path) -> CalendarCopy:
        """From what `organisation.yml` says: a file's name or an https address."""
        return cls(folder / COPY, source) if "://" in source else cls(folder / source)

    def version(self) -> int:
        """Changes when the file does; 0 when there is none."""
        try:
            return self.path.stat().st_mtime_ns
        except OSError:
            return 0

    def text(self) -> str:
        """The calendar. Raises `CalendarUnavailable`."""
        try:
            return self.path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise CalendarUnavailable(f"{self.path.name}: not UTF-8; export the calendar again") from None
        except OSError as error:
            todo = "it is fetched when the service starts" if self.address else "put the ICS file in the folder"
            raise CalendarUnavailable(f"{self.path.name}: cannot be read ({error.strerror}); {todo}") from None

    async def refresh(self) -> None:
        """Fetch the calendar and replace the copy. Raises `CalendarUnavailable`; the last copy then stays."""
        if self.address is None:
            return
        import httpx  # large, and only a calendar that lives at an address needs it

        try:
            async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=True) as client:
                response = await client.get(self.address)
                response.raise_for_status()
        except httpx.HTTPError as error:
            raise CalendarUnavailable(f"the calendar's address does not answer ({type(error).__name__})") from None
        secure = response.url.scheme == "https" or is_loopback(str(response.url))
        if (
            not secure
            or len(response.content) > MAX_BYTES
            or not response.content.lstrip().startswith(b"BEGIN:VCALENDAR")
        ):
            raise CalendarUnavailable("the calendar's address gives no ICS calendar; copy its public ICS address again")
        temporary = self.path.with_suffix(".new")
        try:
            temporary.write_bytes(response.content)
            os.replace(temporary, self.path)
        except OSError as error:
            raise CalendarUnavailable(f"{self.path.name}: cannot be written ({error.strerror})") from None
