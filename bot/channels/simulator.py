"""Channels that never leave this process: the demonstration's phones, and a recorder for `chat`, `converse`, tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.messages import Channel, ChannelName, Choice, DeliveryStatus, Outbound, Receipt, SendError

HISTORY = 200
"""Messages a simulated phone remembers, so that a reloaded page shows its thread again."""

PHONES = 200
"""Simulated phones remembered; the one written to longest ago is dropped first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a simulated phone's thread. `mine`: its holder typed it; else the service sent it.

    `number` counts from 1 on each phone and only grows: a page that reconnects asks for what follows the last it has.
    """

    number: int
    mine: bool
    text: str = field(repr=False)
    choices: tuple[Choice, ...] = field(default=(), repr=False)
    ask_location: bool = False
    id: str = ""


class _Phone:
    """One address: its thread, and whoever is looking at it."""

    def __init__(self) -> None:
        self.lines: deque[Line] = deque(maxlen=HISTORY)
        self.watchers: set[asyncio.Queue[Line]] = set()
        self.count = 0

    def add(self, mine: bool, text: str, message: Outbound | None = None) -> Line:
        self.count += 1
        line = Line(self.count, mine, text)
        if message is not None:
            line = Line(self.count, mine, text, message.choices, message.ask_location, message.id)
        self.lines.append(line)
        for watcher in self.watchers:
            watcher.put_nowait(line)
        return line


class SimulatorChannel:
    """The demonstration's channel: what is sent appears at once on a simulated phone. In memory only."""

    name = ChannelName.SIMULATOR

    def __init__(self) -> None:
        self._phones: dict[str, _Phone] = {}

    async def send(self, message: Outbound) -> Receipt:
        """Show a message on the phone it is for."""
        self._phone(message.address).add(False, message.text, message)
        return Receipt(f"simulated-{message.id}", DeliveryStatus.DELIVERED)

    async def find(self, message: Outbound, since: datetime) -> Receipt | None:
        """The receipt of a message that is on its phone."""
        phone = self._phones.get(message.address)
        if phone is None or all(line.id != message.id for line in phone.lines):
            return None
        return Receipt(f"simulated-{message.id}", DeliveryStatus.DELIVERED)

    async def redact(self, provider_id: str) -> bool:
        """Nothing to do: nobody else holds a copy."""
        return True

    async def close(self) -> None:
        """Forget every phone."""
        self._phones.clear()

    def said(self, address: str, text: str) -> Line:
        """Put what a phone's holder typed in its own thread. It is not handed to the service: the page does that."""
        return self._phone(address).add(True, text)

    def history(self, address: str, after: int = 0) -> list[Line]:
        """A phone's thread, oldest first, from the line that follows number `after`."""
        phone = self._phones.get(address)
        return [line for line in phone.lines if line.number > after] if phone else []

    def forget(self, address: str) -> None:
        """Empty a phone's thread; whoever looks at it keeps receiving what comes next."""
        phone = self._phones.get(address)
        if phone is not None:
            phone.lines.clear()

    @contextlib.asynccontextmanager
    async def watch(self, address: str, after: int = 0) -> AsyncIterator[asyncio.Queue[Line]]:
        """A queue that holds the thread after `after`, then receives every new line, none missed and none twice."""
        phone = self._phone(address)
        queue: asyncio.Queue[Line] = asyncio.Queue()
        for line in self.history(address, after):
            queue.put_nowait(line)
        phone.watchers.add(queue)
        try:
            yield queue
        finally:
            phone.watchers.discard(queue)

    def _phone(self, address: str) -> _Phone:
        phone = self._phones.pop(address, None) or _Phone()
        self._phones[address] = phone  # the last written to comes last
        if len(self._phones) > PHONES:
            oldest = next(
                (name for name, each in self._phones.items() if not each.watchers and each is not phone), None
            )
            if oldest is not None:
                del self._phones[oldest]
        return phone


class Mirrored:
    """A provider's channel in the demonstration: what it sends to a worker also shows on their simulated phone.

    `phones` maps a provider's address to the simulated phone of the same worker; other addresses are not mirrored.
    """

    def __init__(self, channel: Channel, simulator: SimulatorChannel, phones: Mapping[str, str]) -> None:
        self.name = channel.name
        self.channel = channel
        self._simulator = simulator
        self._phones = phones

    async def send(self, message: Outbound) -> Receipt:
        """Send, then show."""
        receipt = await self.channel.send(message)
        phone = self._phones.get(message.address)
        if phone is not None:
            await self._simulator.send(replace(message, channel=ChannelName.SIMULATOR, address=phone))
        return receipt

    async def find(self, message: Outbound, since: datetime) -> Receipt | None:
        """As the provider's channel says."""
        return await self.channel.find(message, since)

    async def redact(self, provider_id: str) -> bool:
        """As the provider's channel says."""
        return await self.channel.redact(provider_id)

    async def close(self) -> None:
        """Close the provider's channel."""
        await self.channel.close()


class RecordingChannel:
    """Keeps what it is given instead of sending it, and fails when told to. For `chat`, `converse` and tests."""

    def __init__(self, name: ChannelName = ChannelName.SMS) -> None:
        self.name = name
        self.sent: list[Outbound] = []
        self.redacted: list[str] = []
        self.arrives = True
        """Whether `find` says that an interrupted send arrived; here nothing is lost unless a test says so."""
        self._failures: deque[SendError] = deque()

    async def send(self, message: Outbound) -> Receipt:
        """Keep a message, or raise the next failure asked for."""
        if self._failures:
            raise self._failures.popleft()
        self.sent.append(message)
        return Receipt(f"recorded-{message.id}", DeliveryStatus.DELIVERED)

    async def find(self, message: Outbound, since: datetime) -> Receipt | None:
        """A receipt, when messages arrive: what rode on a webhook's response was read by whoever plays the phone."""
        return Receipt(f"recorded-{message.id}", DeliveryStatus.DELIVERED) if self.arrives else None

    async def redact(self, provider_id: str) -> bool:
        """Keep the id that was to be erased."""
        self.redacted.append(provider_id)
        return True

    async def close(self) -> None:
        """Nothing to release."""

    def fail_next(self, *failures: SendError) -> None:
        """Make the next sends fail, one failure each, in this order."""
        self._failures.extend(failures)

    def messages_to(self, address: str) -> list[Outbound]:
        """Messages sent to one address since the last `clear`, oldest first."""
        return [message for message in self.sent if message.address == address]

    def texts_to(self, address: str) -> list[str]:
        """Their texts."""
        return [message.text for message in self.messages_to(address)]

    def clear(self) -> None:
        """Forget what was sent."""
        self.sent.clear()

    def __iter__(self) -> Iterator[Outbound]:
        return iter(self.sent)
