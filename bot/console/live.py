"""Server-sent events: everything the simulated phones show, sent to a page as it happens.

One stream carries every phone, since a browser opens few connections to one address. It begins with `start` and every
thread from its beginning (a page that reconnects skips what it has), then `ready`; then each line as it comes, and the
clock at least every few seconds, which also tells a dead connection from a quiet one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, Protocol

from bot.messages import Choice

CLOCK_EVERY = 10.0
"""Seconds between two clock events."""

RETRY_MILLISECONDS = 1500
"""How long a page waits before it reconnects."""


class ThreadLine(Protocol):
    """One line of a phone's thread."""

    @property
    def number(self) -> int: ...
    @property
    def mine(self) -> bool: ...
    @property
    def text(self) -> str: ...
    @property
    def choices(self) -> tuple[Choice, ...]: ...
    @property
    def ask_location(self) -> bool: ...


class Phones(Protocol):
    """What the page needs of the simulator channel (`bot.channels.simulator`)."""

    def said(self, address: str, text: str) -> ThreadLine:
        """Put what a phone's holder typed in its own thread."""
        ...

    def history(self, address: str, after: int = 0) -> Sequence[ThreadLine]:
        """A phone's thread."""
        ...

    def watch(self, address: str, after: int = 0) -> contextlib.AbstractAsyncContextManager[asyncio.Queue[Any]]:
        """A queue with the thread in it, then each new line."""
        ...


Merged = asyncio.Queue[tuple[str, ThreadLine] | None]
"""Every phone's new lines, with the phone's address; None is the end."""


async def events(
    phones: Phones, addresses: Sequence[str], run: str, clock: Callable[[], dict[str, Any]], closing: asyncio.Event
) -> AsyncIterator[str]:
    """The stream of one page, until `closing`: a server waits for its streams before it stops.

    `run` names this start of the service: threads of another run are not continued.
    """
    merged: Merged = asyncio.Queue()
    async with contextlib.AsyncExitStack() as stack:
        group = await stack.enter_async_context(_Tasks())
        queues = {address: await stack.enter_async_context(phones.watch(address)) for address in addresses}
        yield f"retry: {RETRY_MILLISECONDS}\n" + _event("start", {"run": run, "clock": clock()})
        for address, queue in queues.items():
            while not queue.empty():
                yield _event("line", _line(address, queue.get_nowait()))
        yield _event("ready", {})
        for address, queue in queues.items():
            group.start(_pour(address, queue, merged))
        group.start(_end(closing, merged))
        while True:
            try:
                async with asyncio.timeout(CLOCK_EVERY):
                    following = await merged.get()
            except TimeoutError:
                yield _event("clock", clock())
                continue
            if following is None:
                return
            yield _event("line", _line(*following))


async def _pour(address: str, queue: asyncio.Queue[ThreadLine], merged: Merged) -> None:
    while True:
        merged.put_nowait((address, await queue.get()))


async def _end(closing: asyncio.Event, merged: Merged) -> None:
    await closing.wait()
    merged.put_nowait(None)


class _Tasks:
    """Tasks that end with their stream."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def __aenter__(self) -> _Tasks:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _line(address: str, line: ThreadLine) -> dict[str, Any]:
    return {
        "phone": address,
        "number": line.number,
        "mine": line.mine,
        "text": line.text,
        "choices": [{"value": choice.value, "label": choice.label} for choice in line.choices],
        "askLocation": line.ask_location,
    }


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
