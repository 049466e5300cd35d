"""Processes killed with -9 at random moments lose nothing and double nothing, on both databases.

A child takes messages and sends replies, to a provider that is a file; it is killed again and again, each time at
another moment; what it had not acknowledged is delivered again, as providers do. Children are forked, so each starts at once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import ChannelName, InboundKind, Outbound, Receipt
from bot.messages import Inbound as InboundMessage
from bot.metrics import Metrics
from bot.outbox import Outbox
from bot.store import contacts, messages, tables
from bot.store.database import Database
from bot.store.spool import Spool
from bot.store.vault import Vault
from tests.bot.outbox_world import START, Workers

LIVES = 6
MESSAGES = 16
PARTS = 2
LONGEST_LIFE = 10.0
"""Seconds; a child is killed as soon as it has done a few things more, and a random moment later."""

_fork = multiprocessing.get_context("fork")


@dataclass
class FileProvider:
    """A provider whose memory is a file: a line is a message it took. `lists`: whether it can be asked what it took."""

    path: Path
    lists: bool
    name: ChannelName = ChannelName.TELEGRAM

    async def send(self, message: Outbound) -> Receipt:
        await asyncio.sleep(0.001)  # somewhere on the network
        with self.path.open("a") as file:
            file.write(f"{message.id} {message.address} {message.text}\n")
        await asyncio.sleep(0.001)  # the answer travels back
        return Receipt(message.id)

    async def find(self, message: Outbound, since: datetime) -> Receipt | None:
        return Receipt(message.id) if self.lists and message.id in self.taken() else None

    async def redact(self, provider_id: str) -> bool:
        return True

    async def close(self) -> None:
        pass

    def taken(self) -> list[str]:
        return [line.split()[0] for line in self.lines()]

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []


async def work(url: str, vault: Vault, provider: FileProvider, acknowledged: Path, now: datetime) -> None:
    """Take every message that nobody acknowledged, answer each in parts, send what is due."""
    database = Database(url)
    outbox = Outbox(database, vault, {ChannelName.TELEGRAM: provider}, Workers({}), Metrics())
    done = _words(acknowledged)
    for number in range(MESSAGES):
        if str(number) in done:
            continue
        async with database.begin() as conn:
            await take(conn, vault, number, now)
        with acknowledged.open("a") as file:
            file.write(f"{number}\n")
        await outbox.run_due(now)
    await outbox.run_due(now)
    await database.close()


def _words(path: Path) -> set[str]:
    return set(path.read_text().split()) if path.exists() else set()


async def take(conn: AsyncConnection, vault: Vault, number: int, now: datetime) -> None:
    """A turn, small: the message once, its contact, a reply in parts, an alert."""
    inbound_id = await messages.record_inbound(conn, vault, "telegram", f"update-{number}", "text", now)
    if inbound_id is None:
        return
    contact = await contacts.find_or_create(conn, vault, "telegram", f"chat-{number % 5}", now)
    for position in range(PARTS):
        kind = "alert" if number % 6 == 5 else "reply"
        draft = messages.Draft(
            key=f"{inbound_id}:{position}",
            kind=kind,
            channel="telegram",
            text=f"{number}.{position}",
            contact_id=contact.id,
            position=position,
        )
        await messages.queue(conn, vault, contact.key, draft, now)


@pytest.mark.parametrize("lists", [True, False], ids=["provider lists", "provider cannot tell"])
def test_killed_again_and_again(database_url: str, vault: Vault, tmp_path: Path, lists: bool) -> None:
    provider = FileProvider(tmp_path / "provider.txt", lists)
    acknowledged = tmp_path / "acknowledged.txt"
    moments = random.Random(os.getpid())
    killed = 0
    for life in range(LIVES):
        now = START + timedelta(minutes=life)
        working = work(database_url, vault, provider, acknowledged, now)
        child = _fork.Process(target=_live, args=(working,))
        child.start()
        working.close()  # the child has its own copy
        _wait_for_progress(child, (provider.path, acknowledged), moments)
        killed += child.is_alive()
        _kill(child)
    for life in range(LIVES, LIVES + 3):
        asyncio.run(work(database_url, vault, provider, acknowledged, START + timedelta(minutes=life)))
    rows = asyncio.run(_outbox(database_url))
    assert killed > 0
    assert len(rows) == MESSAGES * PARTS
    sent = provider.taken()
    if lists:
        assert sorted(sent) == sorted(rows)
        assert {kind_status[1] for kind_status in rows.values()} == {"handed_over"}
    else:
        assert {each for each, (kind, _) in rows.items() if kind == "reply"} <= set(sent)
        alerts = [each for each in sent if rows[each][0] == "alert"]
        assert len(alerts) == len(set(alerts))
    assert _in_order(provider.lines())


def test_a_kept_message_survives_from_the_moment_it_was_kept(vault: Vault, tmp_path: Path) -> None:
    moments = random.Random(os.getpid())
    for life in range(6):
        child = _fork.Process(target=_keep, args=(vault, tmp_path, life))
        child.start()
        _wait_for_progress(child, (tmp_path / "promised.txt",), moments)
        _kill(child)
    promised = _words(tmp_path / "promised.txt")
    found = [kept.inbound.text for kept in Spool(tmp_path / "spool", vault).pending()]
    assert promised <= set(found)
    assert len(found) == len(set(found))
    assert promised


def _keep(vault: Vault, folder: Path, life: int) -> None:
    spool = Spool(folder / "spool", vault)
    for number in range(1000):
        text = f"{life}-{number}"
        spool.keep(InboundMessage(ChannelName.SMS, "+15145550123", text, text, START, InboundKind.TEXT))
        with (folder / "promised.txt").open("a") as file:
            file.write(f"{text}\n")


def _live(working: Coroutine[Any, Any, None]) -> None:
    asyncio.run(working)
    os._exit(0)


def _wait_for_progress(
    child: multiprocessing.process.BaseProcess, files: tuple[Path, ...], moments: random.Random
) -> None:
    """Let a child do between one and ten things, and up to a few milliseconds more."""

    def done() -> int:
        return sum(path.read_bytes().count(b"\n") for path in files if path.exists())

    enough, limit = done() + moments.randint(1, 10), time.monotonic() + LONGEST_LIFE
    while done() < enough and child.is_alive() and time.monotonic() < limit:
        time.sleep(0.0005)
    time.sleep(moments.uniform(0, 0.01))


def _kill(child: multiprocessing.process.BaseProcess) -> None:
    if child.pid is not None and child.is_alive():
        os.kill(child.pid, signal.SIGKILL)
    child.join()


def _in_order(lines: list[str]) -> bool:
    """Each person's texts in the order they were written; a text sent again counts where it came first."""
    for address in {line.split()[1] for line in lines}:
        firsts = list(dict.fromkeys(line.split()[2] for line in lines if line.split()[1] == address))
        if firsts != sorted(firsts, key=lambda text: [int(part) for part in text.split(".")]):
            return False
    return True


async def _outbox(url: str) -> dict[str, tuple[str, str]]:
    database = Database(url)
    async with database.read() as conn:
        query = select(tables.outbox.c.id, tables.outbox.c.kind, tables.outbox.c.status)
        rows = {row.id: (row.kind, row.status) for row in await conn.execute(query)}
    await database.close()
    return rows
