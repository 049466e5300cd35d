"""The door when something is broken: no database, a database that hangs, a turn that raises, a disk that is full.

The person always hears what to do, the message is kept, the on-call worker is paged, and afterwards nothing was lost or
said twice.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot import worker
from bot.bootstrap import Content
from bot.conversation import intake
from bot.conversation.away import is_away
from bot.conversation.performer import Performer
from bot.messages import ChannelName, Inbound, InboundKind, SendError, SendFailure
from bot.store import tables
from bot.store.alarms import open_alarms
from bot.store.vault import Vault
from nlu.interpretation import Interpretation, Interpreter, OtherNeed
from tests.conftest import EMPTY_EVERY_TABLE
from tests.phone import Line
from tests.postgres import CannotRun, Server

OVERDOSE = "mon ami respire pu yé bleu"
SOON = 6.0
"""Seconds: well within what a provider waits for, on a busy machine too."""

_names = count(1)


def cut_off(server: Server) -> None:
    """End every connection but this one."""
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname <> ''")


class Gone(abc.ABC):
    """A database that can be taken away and given back."""

    def __init__(self, url: str) -> None:
        self.url = url

    @abc.abstractmethod
    async def away(self, line: Line) -> None:
        """Make it unusable, for connections that are open too."""

    @abc.abstractmethod
    async def back(self, line: Line) -> None:
        """Make it usable again, as it was."""


class Garbage(Gone):
    """An SQLite file overwritten with something else."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"sqlite:///{path}")
        self.path = path
        self.content = b""

    async def away(self, line: Line) -> None:
        await line.service.database.close()
        self.content = self.path.read_bytes()
        self.path.write_bytes(b"this is no database" * 1000)

    async def back(self, line: Line) -> None:
        await line.service.database.close()
        self.path.write_bytes(self.content)


class Unmounted(Garbage):
    """An SQLite file that is not there any more, nor its folder."""

    async def away(self, line: Line) -> None:
        await line.service.database.close()
        self.path.parent.rename(self.path.parent.with_name("elsewhere"))

    async def back(self, line: Line) -> None:
        self.path.parent.with_name("elsewhere").rename(self.path.parent)


class Stopped(Gone):
    """A PostgreSQL database that takes no connections and has cut those it had."""

    def __init__(self, server: Server, name: str) -> None:
        super().__init__(server.url(name))
        self.server, self.name = server, name

    async def away(self, line: Line) -> None:
        self.server.sql(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false")
        cut_off(self.server)

    async def back(self, line: Line) -> None:
        self.server.sql(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS true")


@pytest.fixture(params=["garbage", "unmounted", "postgresql"])
def gone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gone]:
    """A database of each kind, present."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        request.getfixturevalue("postgresql_url")
        server.sql(EMPTY_EVERY_TABLE, "passerelle")
        name = f"gone_{next(_names)}"
        cut_off(server)  # a template must be unused
        server.sql(f"CREATE DATABASE {name} TEMPLATE passerelle")
        yield Stopped(server, name)
        server.sql(f"DROP DATABASE {name} WITH (FORCE)")
        return
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "passerelle.db"
    shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    yield Garbage(path) if request.param == "garbage" else Unmounted(path)


@pytest.fixture
async def fragile(content: Content, vault: Vault, gone: Gone, tmp_path: Path) -> AsyncIterator[Line]:
    """A line whose database may go."""
    opened = await Line.open(content, vault, gone.url, tmp_path)
    yield opened
    await opened.service.close()


def kept(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "spool"
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def set_aside(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "spool" / "set-aside"
    return list(folder.iterdir()) if folder.is_dir() else []


async def receive(line: Line, text: str, provider_id: str, channel: ChannelName = ChannelName.SMS) -> list[str]:
    """Hand a message to the door without letting the clock go on: the loop cannot work while the database is away."""
    response = await line.service.intake.receive(message(line, text, provider_id, channel))
    return [each for _, each in response.texts]


def message(line: Line, text: str, provider_id: str, channel: ChannelName = ChannelName.SMS) -> Inbound:
    address = "+15145550123" if channel is ChannelName.SMS else "700000123"
    return Inbound(channel, address, provider_id, text, line.now)


async def rows(line: Line, kind: str | None = None) -> int:
    query = select(func.count()).select_from(tables.inbound if kind is None else tables.outbox)
    if kind is not None:
        query = query.where(tables.outbox.c.kind == kind)
    async with line.service.database.read() as conn:
        return int((await conn.execute(query)).scalar_one())


async def test_the_database_goes_and_comes_back(fragile: Line, gone: Gone, tmp_path: Path) -> None:
    line = fragile
    await line.texter().texts("salut")
    replies, messages = await rows(line, "reply"), await rows(line)
    await gone.away(line)
    began = time.monotonic()
    (first,) = await receive(line, OVERDOSE, "SM-during")
    assert time.monotonic() - began < SOON
    assert "911" in first[:136]
    assert len(kept(tmp_path)) == 1
    (page,) = line.worker().inbox()
    assert "911" in page, "paged directly"
    assert "respire" not in page, "without a word of theirs"
    assert await receive(line, OVERDOSE, "SM-during") == [first], "delivered again: the same answer"
    assert len(kept(tmp_path)) == 1
    assert len(line.worker().inbox()) == 1, "and no second page"
    with pytest.raises(Exception) as failure:  # noqa: PT011  # whatever each database raises, it is known for what it is
        await worker.tick(line.service, line.now)
    assert is_away(failure.value)
    assert set_aside(tmp_path) == [], "nothing is counted against the message meanwhile"
    await gone.back(line)
    await line.fast_forward(minutes=1)
    assert kept(tmp_path) == []
    assert await rows(line) == messages + 1
    assert first not in line.texter().inbox(), "the first lines are not said twice"
    assert await rows(line, "reply") > replies, "but what follows them is"
    assert line.worker().page_code(), "a page with a code"
    said, paged = len(line.texter().inbox()), len(line.worker().inbox())
    assert await receive(line, OVERDOSE, "SM-during") == [], "a late redelivery says nothing more"
    await line.fast_forward(minutes=1)
    assert (len(line.texter().inbox()), len(line.worker().inbox())) == (said, paged)


async def test_telegram_is_sent_its_card_at_once(fragile: Line, gone: Gone, tmp_path: Path) -> None:
    await gone.away(fragile)
    assert await receive(fragile, OVERDOSE, "u1", ChannelName.TELEGRAM) == []
    (card,) = fragile.texter("700000123", ChannelName.TELEGRAM).inbox()
    assert "911" in card[:136]
    assert len(kept(tmp_path)) == 1


async def test_a_postgresql_that_is_stopped_and_not_there_at_all(
    content: Content, vault: Vault, tmp_path: Path
) -> None:
    try:
        server = Server()
    except CannotRun as reason:
        pytest.skip(str(reason))
    try:
        line = await Line.open(content, vault, server.url("postgres"), tmp_path)
        try:
            await line.texter().texts("salut")
            server.stop()
            began = time.monotonic()
            (first,) = await receive(line, OVERDOSE, "SM-during")
            assert time.monotonic() - began < SOON
            assert "911" in first[:136]
            assert len(kept(tmp_path)) == 1
        finally:
            await line.service.close()
    finally:
        server.stop()


@pytest.fixture
async def on_file(content: Content, vault: Vault, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Line]:
    """A line on SQLite."""
    shutil.copyfile(sqlite_template, tmp_path / "passerelle.db")
    opened = await Line.open(content, vault, f"sqlite:///{tmp_path / 'passerelle.db'}", tmp_path)
    yield opened
    await opened.service.close()


async def test_a_database_that_hangs_is_not_waited_for(
    on_file: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "TURN_SECONDS", 0.5)
    with contextlib.closing(sqlite3.connect(tmp_path / "passerelle.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        (first,) = await receive(on_file, OVERDOSE, "SM-hung")
        assert "911" in first[:136]
        assert len(kept(tmp_path)) == 1
        other.execute("ROLLBACK")
    await on_file.fast_forward(minutes=1)
    assert kept(tmp_path) == []
    assert await rows(on_file) == 1


async def test_the_times_fit_in_what_a_provider_waits() -> None:
    assert intake.TURN_SECONDS + intake.ALARM_SECONDS + intake.PAGE_SECONDS < 15 - 2


async def test_the_card_does_not_wait_for_a_slow_page(
    on_file: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PAGE_SECONDS", 0.05)
    channel = on_file.service.channels[on_file.worker().channel]
    go_on, really = asyncio.Event(), channel.send

    async def slow(message: object) -> object:
        await go_on.wait()
        return await really(message)  # type: ignore[arg-type] # what the door gives it

    monkeypatch.setattr(channel, "send", slow)
    await Garbage(tmp_path / "passerelle.db").away(on_file)
    (first,) = await receive(on_file, OVERDOSE, "SM-1")
    assert "911" in first[:136]
    assert on_file.worker().inbox() == []
    go_on.set()
    await asyncio.gather(*on_file.service.intake._behind)
    assert len(on_file.worker().inbox()) == 1, "the page went on by itself"


async def test_a_page_that_nobody_takes_is_tried_again_with_the_next_text(on_file: Line, tmp_path: Path) -> None:
    for recorder in on_file.recorders.values():
        recorder.fail_next(*[SendError(SendFailure.RETRY)] * 9)
    await Garbage(tmp_path / "passerelle.db").away(on_file)
    assert "911" in (await receive(on_file, OVERDOSE, "SM-1"))[0]
    before = sum(len(recorder.sent) for recorder in on_file.recorders.values())
    for recorder in on_file.recorders.values():
        recorder._failures.clear()
    assert "911" in (await receive(on_file, OVERDOSE, "SM-2"))[0]
    assert sum(len(recorder.sent) for recorder in on_file.recorders.values()) == before + 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("STOP", InboundKind.TEXT),
        ("STOP", InboundKind.CARRIER_STOP),
        ("HELP", InboundKind.CARRIER_HELP),
        ("START", InboundKind.CARRIER_START),
    ],
)
async def test_what_the_carrier_answered_is_kept_and_not_answered_again(
    on_file: Line, tmp_path: Path, text: str, kind: InboundKind
) -> None:
    await Garbage(tmp_path / "passerelle.db").away(on_file)
    inbound = replace(message(on_file, text, "SM-stop"), kind=kind)
    assert (await on_file.service.intake.receive(inbound)).texts == ()
    assert len(kept(tmp_path)) == 1


async def test_a_full_disk_still_lets_the_card_out(
    on_file: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(on_file.service.intake._spool, "keep", full)
    await Garbage(tmp_path / "passerelle.db").away(on_file)
    assert "911" in (await receive(on_file, OVERDOSE, "SM-1"))[0][:136]
    assert len(on_file.worker().inbox()) == 1


class OnlyTogether:
    """An interpreter to which one message says nothing, and two say somebody is not breathing."""

    def __init__(self, real: Interpreter) -> None:
        self.real = real

    def interpret(self, text: str, recent: tuple[str, ...] = ()) -> Interpretation:
        return self.real.interpret(OVERDOSE if recent else "salut")

    async def ask_ahead(self, text: str) -> None:
        pass

    def other_needs(self, text: str, first: str) -> tuple[OtherNeed, ...]:
        return ()

    def close(self) -> None:
        pass


async def test_a_danger_seen_only_with_what_came_before_gets_its_first_lines_later(
    content: Content, vault: Vault, sqlite_template: Path, tmp_path: Path
) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "passerelle.db")
    database = Garbage(tmp_path / "passerelle.db")
    together = replace(content, interpreter=OnlyTogether(content.interpreter))
    line = await Line.open(together, vault, database.url, tmp_path)
    await line.texter().texts("ma blonde dans salle de bain")
    await database.away(line)
    before = len(line.texter().inbox())
    (safe,) = await receive(line, "toujours pas", "SM-alone")
    await database.back(line)
    await line.fast_forward(minutes=1)
    later = line.texter().inbox()[before:]
    await line.service.close()
    assert any("911" in text[:136] and text != safe for text in later)


# A turn that raises


class Failing:
    """An interpreter that raises on demand."""

    def __init__(self, real: Interpreter) -> None:
        self.real = real
        self.broken = True

    def interpret(self, text: str, recent: tuple[str, ...] = ()) -> Interpretation:
        if self.broken:
            raise RuntimeError(f"cannot read {text}")
        return self.real.interpret(text, recent)

    async def ask_ahead(self, text: str) -> None:
        pass

    def other_needs(self, text: str, first: str) -> tuple[OtherNeed, ...]:
        return self.real.other_needs(text, first)

    def close(self) -> None:
        pass


@pytest.fixture
async def failing(
    content: Content, vault: Vault, database_url: str, tmp_path: Path
) -> AsyncIterator[tuple[Line, Failing]]:
    """A line that understands nothing until it is told to, on each database engine."""
    interpreter = Failing(content.interpreter)
    opened = await Line.open(replace(content, interpreter=interpreter), vault, database_url, tmp_path)
    yield opened, interpreter
    await opened.service.close()


async def alarms(line: Line) -> list[str]:
    async with line.service.database.read() as conn:
        return [str(each["kind"]) for each in await open_alarms(conn)]


async def test_understanding_that_raises_gives_the_safe_card_and_is_tried_again(
    failing: tuple[Line, Failing], tmp_path: Path
) -> None:
    line, interpreter = failing
    (card,) = await receive(line, "je cherche des seringues", "SM-1")
    assert "911" in card
    assert len(kept(tmp_path)) == 1
    assert await alarms(line) == ["turn_failed"]
    assert await rows(line) == 0, "the turn was rolled back whole"
    interpreter.broken = False
    await line.fast_forward(minutes=1)
    assert kept(tmp_path) == []
    assert line.texter().inbox(), "answered at last"
    assert await rows(line) == 1


async def test_a_message_that_always_fails_is_set_aside_after_three_tries(
    failing: tuple[Line, Failing], tmp_path: Path
) -> None:
    line, interpreter = failing
    await receive(line, "je cherche des seringues", "SM-1")
    for tried in range(1, 4):
        assert len(kept(tmp_path)) == 1, f"before try {tried}"
        await worker.tick(line.service, line.now)
    assert kept(tmp_path) == []
    assert len(set_aside(tmp_path)) == 1
    assert sorted(await alarms(line)) == ["message_set_aside", "turn_failed"]
    interpreter.broken = False
    await line.texter().texts("salut")
    assert line.texter().inbox() or await rows(line) == 1, "others go on"


async def test_a_flow_that_raises_still_pages_for_an_emergency(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise KeyError(OVERDOSE)

    with monkeypatch.context() as patch:
        patch.setattr(Performer, "start", broken)
        (first,) = await receive(line, OVERDOSE, "SM-1")
        assert "911" in first[:136]
        assert len(line.worker().inbox()) == 1
        assert await alarms(line) == ["turn_failed"]
        assert len(kept(tmp_path)) == 1
    await line.fast_forward(minutes=1)
    assert kept(tmp_path) == []
    assert first not in line.texter().inbox()
    assert line.worker().page_code()


async def test_one_part_of_the_loop_that_fails_does_not_stop_the_others(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object) -> int:
        raise KeyError("silence")

    monkeypatch.setattr(worker, "page_for_silence", broken)
    await receive(line, OVERDOSE, "SM-1")
    with pytest.raises(KeyError):
        await worker.tick(line.service, line.now)
    assert line.worker().page_code(), "the page left all the same"
