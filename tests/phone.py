"""Phones for tests: they text, they expect, and the clock goes on when told to.

    line.texter().texts("mon chum respire pu").expect("911")
    line.worker().expect_page().takes()
    await line.fast_forward(minutes=10)

Everything runs through the real intake, turn, outbox, handoff and worker loop; only the provider is a recorder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from bot import bootstrap, worker
from bot.bootstrap import Content, Service
from bot.channels.simulator import RecordingChannel
from bot.messages import ChannelName, Inbound, InboundKind
from bot.settings import Settings
from bot.store.vault import Vault

START = datetime(2026, 1, 16, 14, 0, tzinfo=ZoneInfo("America/Toronto")).astimezone(UTC)
CODE = re.compile(r"([A-Z]\d{1,3}): ")
"""A page begins with its code."""

_ids = count(1)
SECONDS_A_TEXT = 5
"""What a text takes: a number sends one message a second."""


@dataclass(slots=True)
class Line:
    """The line under test."""

    service: Service
    recorders: dict[ChannelName, RecordingChannel]
    now: datetime = START

    @classmethod
    async def open(cls, content: Content, vault: Vault, database_url: str, state: Path) -> Line:
        """Build the service on this database."""
        recorders = {name: RecordingChannel(name) for name in ChannelName}
        line: list[Line] = []
        service = await bootstrap.assemble(
            Settings(state=state), content, vault, database_url, dict(recorders), lambda: line[0].now if line else START
        )
        line.append(cls(service, recorders))
        return line[0]

    def texter(self, address: str = "+15145550123", channel: ChannelName = ChannelName.SMS) -> Phone:
        """Somebody's phone."""
        return Phone(self, channel, address)

    def worker(self) -> Phone:
        """The phone of the worker on call now, in the demonstration."""
        on_call = self.service.content.organisation.on_call(self.now)
        return Phone(self, ChannelName.SMS, on_call[0].addresses[ChannelName.SMS.value])

    async def fast_forward(self, minutes: float) -> None:
        """Let the clock go on, doing what is due at its own moment."""

        def tell(now: datetime) -> None:
            self.now = now

        await worker.work_until(self.service, self.now, self.now + timedelta(minutes=minutes), tell)


@dataclass(slots=True)
class Phone:
    """One phone: what it received since it last texted is what `expect` looks at."""

    line: Line
    channel: ChannelName
    address: str = field(repr=False)
    received: list[str] = field(default_factory=list, repr=False)

    async def texts(self, text: str, provider_id: str | None = None, **more: object) -> Phone:
        """Send a text, and collect what comes back at once."""
        recorder = self.line.recorders[self.channel]
        before = len(recorder.texts_to(self.address))
        inbound = Inbound(
            channel=self.channel,
            address=self.address,
            provider_id=provider_id or f"test-{next(_ids)}",
            text=text,
            received_at=self.line.now,
            **more,  # type: ignore[arg-type] # tests pass Inbound's own fields
        )
        response = await self.line.service.intake.receive(inbound)
        await self.line.fast_forward(minutes=SECONDS_A_TEXT / 60)
        self.received = [text for _, text in response.texts] + recorder.texts_to(self.address)[before:]
        return self

    async def sends_pin(self, latitude: float, longitude: float) -> Phone:
        """Share a position (Telegram)."""
        return await self.texts("", kind=InboundKind.LOCATION, location=(latitude, longitude))

    def inbox(self) -> list[str]:
        """Everything this phone ever received from the outbox."""
        return self.line.recorders[self.channel].texts_to(self.address)

    def expect(self, *words: str) -> Phone:
        """Every one of these words is in what just came back. The failure shows cards, never what was texted."""
        said = "\n".join(self.received).casefold()
        for word in words:
            assert word.casefold() in said, f"expected {word!r} among {len(self.received)} replies"
        return self

    def expect_nothing(self) -> Phone:
        """Nothing came back."""
        assert not self.received, f"expected silence, got {len(self.received)} replies"
        return self

    def page_code(self) -> str:
        """The code of the last page received."""
        codes = [found.group(1) for text in self.inbox() if (found := CODE.match(text))]
        assert codes, "no page arrived"
        return codes[-1]
