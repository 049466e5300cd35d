"""Nobody is known: a number, a name and a sentence go all the way through, and are found nowhere afterwards.

Every file of the database (write-ahead log included), the spool, a backup, the logs at their most talkative, the figures
and the text of exceptions are searched for what was planted, byte by byte.
"""

from __future__ import annotations

import io
import logging
import shutil
import sqlite3
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from bot import log
from bot.messages import ChannelName, Inbound, InboundKind, SendError, SendFailure
from bot.store import contacts, messages, retention, tables
from bot.store.backup import backup
from bot.store.database import Database
from bot.store.spool import Spool
from bot.store.vault import Vault
from tests.bot.outbox_world import START, World
from tests.phone import Line, Phone

NUMBER = "+15145557391"
CHAT = "7700012345678"
NAME = "Zéphirine Quatorze"
SENTENCE = "ma blonde est tombée dans l'escalier du kiosque mauve"
PROVIDER_ID = "SM00c0ffee00c0ffee00c0ffee00c0ffee"
PLANTED = (NUMBER, NUMBER[1:], NUMBER[2:], CHAT, NAME, SENTENCE, "kiosque mauve", "Quatorze", PROVIDER_ID)


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """Everything logged, by anybody, at every level."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    log.set_up(written, logging.DEBUG)
    root.setLevel(logging.DEBUG)
    yield written
    root.handlers, root.level = handlers, level
    for name in (*log.SILENCED, "uvicorn", log.SPEAKING):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
        library.setLevel(logging.NOTSET)
    structlog.reset_defaults()


def found_in(content: bytes, planted: tuple[str, ...] = PLANTED) -> list[str]:
    """What was planted and shows: as it is written, as JSON writes it, in UTF-16 and in Latin-1."""
    forms = {
        text: {text.encode(), text.encode("unicode_escape"), text.encode("utf-16-le"), text.encode("latin-1")}
        for text in planted
    }
    return [text for text, written in forms.items() if any(form in content for form in written)]


def found_under(folder: Path, planted: tuple[str, ...] = PLANTED) -> dict[str, list[str]]:
    """What shows in any file of a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert files
    found = {str(path.relative_to(folder)): found_in(path.read_bytes(), planted) for path in files}
    return {name: texts for name, texts in found.items() if texts}


async def write_everything_out(database: Database) -> None:
    """Have PostgreSQL write its memory to its files; SQLite's write-ahead log is a file already."""
    if not database.is_sqlite:
        async with database.engine.connect() as conn:
            await (await conn.execution_options(isolation_level="AUTOCOMMIT")).exec_driver_sql("CHECKPOINT")


def files_of(database_url: str) -> Path:
    """The folder of every file the database keeps, this one's write-ahead log among them."""
    url = make_url(database_url)
    return Path(url.database or "").parent if url.drivername == "sqlite" else Path(str(url.query["host"])) / "data"


@pytest.fixture
def world(database: Database, vault: Vault) -> World:
    return World(database, vault)


async def live(world: World, spool: Spool) -> None:
    """A person writes, is answered, relayed to a worker, not reached, and written to by both channels."""
    for channel, address in (("sms", NUMBER), ("telegram", CHAT)):
        async with world.database.begin() as conn:
            inbound = await messages.record_inbound(conn, world.vault, channel, PROVIDER_ID, "text", world.now)
            assert inbound is not None
            contact = await contacts.find_or_create(conn, world.vault, channel, address, world.now)
            body = {"text": f"{NAME}: {SENTENCE}"}
            await messages.attach_inbound(conn, inbound, contact.id, contact.key, body)
            await contacts.save(conn, replace(contact, state={"heard": [SENTENCE], "name": NAME}, language="fr"))
            await messages.count(conn, "message", f"{channel}:none", world.now)
        handoff_id = await world.handoff(contact, "marie")
        world.sms.plan = [
            SendError(SendFailure.RETRY, "20429"),
            RuntimeError(f"could not reach {NUMBER}: {SENTENCE}"),
            SendError(SendFailure.UNKNOWN),
            SendError(SendFailure.STOPPED, "21610"),
        ]
        await world.queue(f"Merci {NAME}", contact, channel=channel, inbound_id=inbound)
        await world.queue(SENTENCE, contact, kind="relay", worker="marie", handoff_id=handoff_id)
        for _ in range(8):
            await world.later(60)
    spool.keep(Inbound(ChannelName.SMS, NUMBER, PROVIDER_ID, SENTENCE, START, InboundKind.TEXT))
    await world.queue("Effacé.", kind="receipt", address=NUMBER)
    structlog.get_logger().info("inbound", text=SENTENCE, who=NAME, number=NUMBER)
    logging.getLogger("httpx").info("POST To=%s Body=%s", NUMBER, SENTENCE)


async def test_what_is_planted_is_found_nowhere(
    world: World, database_url: str, logs: io.StringIO, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool", world.vault)
    await live(world, spool)
    await backup(world.database, tmp_path / "copy.db")
    assert [kept.inbound.text for kept in spool.pending()] == [SENTENCE]
    if world.database.is_sqlite:
        assert (tmp_path / "passerelle.db-wal").stat().st_size > 0
    await write_everything_out(world.database)
    assert found_under(files_of(database_url)) == {}
    assert found_under(tmp_path) == {}
    assert "event=not_sent" in logs.getvalue()
    assert "event=send_broke" in logs.getvalue()
    assert found_in(logs.getvalue().encode()) == []
    assert found_in(world.metrics.text()) == []
    assert found_in(repr(world).encode()) == []


async def test_nothing_personal_in_the_text_of_an_exception(world: World) -> None:
    contact = await world.contact(NUMBER)
    parameter = "une valeur en clair"  # not what is planted: PostgreSQL's files keep a refused row
    row = {
        "id": "0" * 32,
        "channel": "sms",
        "digest": contact.digest,
        "address": parameter.encode(),
        "unreachable": False,
        "first_seen": START,
        "last_seen": START,
    }

    async def insert() -> None:
        async with world.database.begin() as conn:
            await conn.execute(tables.contact.insert().values(**row))

    with pytest.raises(IntegrityError) as caught:
        await insert()
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert found_in(told.encode(), (parameter, NUMBER)) == []
    shown = repr(contact) + repr(messages.Draft("k", "reply", "sms", SENTENCE, address=NUMBER))
    shown += repr(messages.Body(SENTENCE, address=NUMBER))
    shown += repr(Inbound(ChannelName.SMS, NUMBER, PROVIDER_ID, SENTENCE, START, InboundKind.TEXT))
    assert found_in(shown.encode()) == []


def paged(line: Line) -> Phone:
    """The phone on which the worker on call was paged, whichever channel the organisation prefers."""
    (worker, *_) = line.service.content.organisation.on_call(line.now)
    phones = (Phone(line, ChannelName(name), address) for name, address in worker.addresses.items())
    return next(phone for phone in phones if phone.inbox())


async def test_the_whole_line_keeps_quiet(line: Line, database_url: str, logs: io.StringIO, tmp_path: Path) -> None:
    """The same through every part: an emergency, a page, a relay both ways, a failed send, an erasure, a broken turn."""
    texter = line.texter(NUMBER)
    await texter.texts(f"{SENTENCE} pis a respire pu", PROVIDER_ID)
    worker = paged(line)
    await worker.texts(worker.page_code())
    await worker.texts(f"{worker.page_code()} allo {NAME}")
    line.recorders[ChannelName.SMS].fail_next(SendError(SendFailure.STOPPED, "21610"))
    await worker.texts(f"{worker.page_code()} {SENTENCE}")
    await line.texter(CHAT, ChannelName.TELEGRAM).texts(f"jmappelle {NAME}, {SENTENCE}")
    await line.texter(CHAT, ChannelName.TELEGRAM).texts("EFFACE")
    await line.fast_forward(minutes=30)
    assert SENTENCE in "".join(texter.inbox() + worker.inbox())  # the words did travel
    await line.service.database.close()
    line.service.intake._database = Database("sqlite:////nowhere/at/all.db")  # the database is away
    await texter.texts(SENTENCE, "SM-late")
    await write_everything_out(line.service.database)
    assert found_under(files_of(database_url)) == {}
    assert found_under(tmp_path) == {}
    assert "event=database_away" in logs.getvalue()
    assert found_in(logs.getvalue().encode()) == []
    assert found_in(line.service.metrics.text()) == []
    assert found_in(repr(line).encode()) == []


async def test_the_search_finds_what_is_there(database: Database, database_url: str) -> None:
    """The tests above can fail: what is written in clear is found, also in the write-ahead log."""
    witness = "un témoin en clair"  # never planted: the files of a server are shared by the tests of a session
    async with database.begin() as conn:
        await conn.execute(tables.tally.insert().values(day=START.date(), name="x", label=witness, count=1))
    await write_everything_out(database)
    assert found_under(files_of(database_url), (witness,)) != {}


async def test_after_forgetting_even_the_sealed_bytes_are_gone(
    vault: Vault, tmp_path: Path, sqlite_template: Path
) -> None:
    """SQLite overwrites what is deleted: a disk image taken later holds neither the key nor the words, sealed or not."""
    path = tmp_path / "passerelle.db"
    shutil.copyfile(sqlite_template, path)
    world = World(Database(f"sqlite:///{path}"), vault)
    contact = await world.contact(NUMBER)
    message_id = await world.queue(SENTENCE, contact)
    async with world.database.read() as conn:
        wrapped = (await conn.execute(tables.contact_key.select())).one().wrapped
    sealed = (await world.row(message_id))["body"]
    async with world.database.begin() as conn:
        await retention.purge(conn, vault, 1, START + timedelta(hours=2))
    await world.database.close()
    checkpointed = sqlite3.connect(path)
    checkpointed.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    checkpointed.close()
    content = path.read_bytes()
    for gone in (wrapped, sealed, contact.digest):
        assert gone not in content
