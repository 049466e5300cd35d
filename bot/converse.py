"""`passerelle converse`: plays scripts through the whole service, on a throwaway database and a virtual clock.

The same turn, outbox, handoff and worker loop as the real line; only the channels record instead of sending, and
time moves when the script says so (design section 11 is the contract of what goes in and comes out).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import func, select

from bot import bootstrap, worker
from bot.bootstrap import Content, Service
from bot.channels.simulator import RecordingChannel
from bot.messages import ChannelName, DeliveryStatus, Inbound, InboundKind
from bot.settings import Settings
from bot.store import contacts, tables
from bot.store.vault import Vault
from flows.segments import segments

ZONE = ZoneInfo("America/Toronto")
DEFAULT_START = datetime(2026, 1, 16, 14, 0, tzinfo=ZONE)
"""A Friday afternoon on which the demonstration has a worker on call."""

TEXTER = {ChannelName.SMS: "+15145550123", ChannelName.TELEGRAM: "700000123"}
MOST_MINUTES = 366 * 24 * 60
ENTRY_SECONDS = 5
"""Virtual time an entry takes: people type, and a number sends one text a second."""


class ScriptError(Exception):
    """A script cannot be played: file, line and what to mend."""


class Script(BaseModel):
    """One conversation to play."""

    model_config = ConfigDict(extra="ignore")

    id: str
    lang: Any = ""  # a label only
    channel: Literal["sms", "telegram"] = "sms"
    at: datetime | None = None
    turns: list[dict[str, Any]] = Field(default_factory=list)


@dataclass(slots=True)
class _Player:
    """One script under way."""

    service: Service
    now: datetime
    channel: ChannelName
    recorder: RecordingChannel
    count: int = 0


def read_scripts(path: Path) -> Iterator[Script]:
    """Scripts of a JSON-lines file. Raises `ScriptError` naming the line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ScriptError(f"{path}: cannot be read ({reason})") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            script = Script.model_validate_json(line)
            for position, entry in enumerate(script.turns):
                check_entry(entry, position, script.channel)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ScriptError(f"{path}, line {number}: {where + ': ' if where else ''}{first['msg']}") from None
        except ValueError as error:
            raise ScriptError(f"{path}, line {number}: {error}") from None
        yield script


def check_entry(entry: dict[str, Any], position: int, channel: str) -> None:
    """Refuse an entry that is none of the five forms. Raises `ValueError`."""
    kinds = [kind for kind in ("user", "location", "worker", "worker_closes", "wait") if kind in entry]
    if len(kinds) != 1:
        raise ValueError(f"turn {position}: write one of user, location, worker, worker_closes, wait")
    kind, value = kinds[0], entry[kinds[0]]
    if kind in ("user", "worker") and not isinstance(value, str):
        raise ValueError(f"turn {position}: '{kind}' is a text")
    if kind == "location":
        if channel == "sms":
            raise ValueError(f"turn {position}: a pin cannot come by SMS; set the channel to telegram")
        if not (isinstance(value, list) and len(value) == 2 and _within(value[0], 90) and _within(value[1], 180)):
            raise ValueError(f"turn {position}: 'location' is [latitude, longitude]")
    if kind == "worker_closes" and value is not True:
        raise ValueError(f"turn {position}: 'worker_closes' is true")
    if kind == "wait" and not (_within(value, MOST_MINUTES) and value >= 0):
        raise ValueError(f"turn {position}: 'wait' is a number of minutes, a year's at most")


def _within(value: object, most: float) -> bool:
    """Whether a value is a number no further from zero than `most` (no truth value, no NaN)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most


async def play(script: Script, content: Content) -> AsyncIterator[dict[str, Any]]:
    """Play one script; one object per entry, in order."""
    with tempfile.TemporaryDirectory(prefix="passerelle-converse-") as folder:
        start = script.at or DEFAULT_START
        if start.tzinfo is None:
            start = start.replace(tzinfo=ZONE)
        channel = ChannelName(script.channel)
        recorder = RecordingChannel(channel)
        workers = RecordingChannel(ChannelName.SIMULATOR)
        holder: list[_Player] = []
        settings = Settings(state=Path(folder))
        service = await bootstrap.assemble(
            settings,
            content,
            Vault.ephemeral(),
            f"sqlite:///{folder}/passerelle.db",
            {channel: recorder, ChannelName.SIMULATOR: workers},
            lambda: holder[0].now if holder else start.astimezone(UTC),
        )
        try:
            player = _Player(service, start.astimezone(UTC), channel, recorder)
            holder.append(player)
            for index, entry in enumerate(script.turns):
                yield {"id": script.id, "turn": index} | await _entry(player, entry)
        finally:
            await service.close()


async def _entry(player: _Player, entry: dict[str, Any]) -> dict[str, Any]:
    service = player.service
    pages_before = await _pages(service)
    player.recorder.clear()
    texts: list[str] = []
    urgency: str | None = None
    intent: str | None = None
    check = False
    if "user" in entry or "location" in entry:
        response = await service.intake.receive(_inbound(player, entry))
        texts.extend(text for _, text in response.texts)
        for message_id, _ in response.texts:  # as the provider's callback does: what follows leaves after it
            await service.outbox.status(message_id, "", DeliveryStatus.SENT, None, player.now)
        understood = response.result.understood if response.result else None
        if understood is not None:
            urgency, intent, check = understood.urgency.value, understood.intent, understood.check
    elif "worker" in entry:
        await _worker(player, entry["worker"])
    elif "worker_closes" in entry:
        await _worker_closes(player)
    else:
        await _wait(player, 60 * float(entry["wait"]))
    await _wait(player, ENTRY_SECONDS)
    texts.extend(player.recorder.texts_to(TEXTER[player.channel]))
    sms = player.channel is ChannelName.SMS
    return {
        "replies": texts,
        "urgency": urgency,
        "check": check,
        "intent": intent,
        "handoff": await _state(player),
        "paged": await _pages(service) > pages_before,
        "segments": sum(segments(text).parts for text in texts) if sms else 0,
    }


def _inbound(player: _Player, entry: dict[str, Any]) -> Inbound:
    player.count += 1
    location = entry.get("location")
    return Inbound(
        channel=player.channel,
        address=TEXTER[player.channel],
        provider_id=f"converse-{player.count}",
        text=entry.get("user", ""),
        received_at=player.now,
        kind=InboundKind.LOCATION if location else InboundKind.TEXT,
        location=(float(location[0]), float(location[1])) if location else None,
    )


async def _worker(player: _Player, text: str) -> None:
    """The on-call worker takes the conversation if nobody has, then says this, as they would from their own phone."""
    service, now = player.service, player.now
    async with service.database.begin() as conn:
        contact = await contacts.find_or_create(conn, service.vault, player.channel.value, TEXTER[player.channel], now)
        handoff = await service.handoffs.current(conn, contact.id, now)
        if handoff is None:  # the worker writes first: nothing was asked, nobody is in danger
            await service.handoffs.open(
                conn,
                contact,
                urgency="urgent",
                danger=None,
                reasons=(),
                language=contact.language or "fr",
                inbound_id=None,
                now=now,
            )
            handoff = await service.handoffs.current(conn, contact.id, now)
    if handoff is None:
        raise ScriptError("no handoff could be opened; check the demonstration's escalation policy")
    if not handoff.held:
        await _from_worker(player, handoff.code)
    await _from_worker(player, f"{handoff.code} {text}")


async def _worker_closes(player: _Player) -> None:
    service = player.service
    async with service.database.begin() as conn:
        contact = await contacts.find_or_create(
            conn, service.vault, player.channel.value, TEXTER[player.channel], player.now
        )
        handoff = await service.handoffs.current(conn, contact.id, player.now)
    if handoff is not None:
        if not handoff.held:
            await _from_worker(player, handoff.code)
        await _from_worker(player, f"{handoff.code} fin")


async def _from_worker(player: _Player, text: str) -> None:
    organisation = player.service.content.organisation
    on_call = organisation.on_call(player.now) or tuple(organisation.workers.values())
    player.count += 1
    inbound = Inbound(
        channel=ChannelName.SIMULATOR,
        address=on_call[0].addresses[ChannelName.SIMULATOR.value],
        provider_id=f"converse-{player.count}",
        text=text,
        received_at=player.now,
    )
    await player.service.intake.receive(inbound)
    await _wait(player, ENTRY_SECONDS)


async def _wait(player: _Player, seconds: float) -> None:
    """Let the clock go on, doing what is due on the way."""

    def tell(now: datetime) -> None:
        player.now = now

    await worker.work_until(player.service, player.now, player.now + timedelta(seconds=seconds), tell)


async def _state(player: _Player) -> str:
    service = player.service
    digest = service.vault.digest_address(player.channel.value, TEXTER[player.channel])
    async with service.database.read() as conn:
        query = select(tables.contact.c.id).where(tables.contact.c.digest == digest)
        contact_id = (await conn.execute(query)).scalar_one_or_none()
        return "none" if contact_id is None else await service.handoffs.state_for(conn, contact_id)


async def _pages(service: Service) -> int:
    async with service.database.read() as conn:
        query = select(func.count()).select_from(tables.outbox).where(tables.outbox.c.kind == "page")
        return int((await conn.execute(query)).scalar_one())


def dump(result: dict[str, Any]) -> str:
    """One result as a line of JSON."""
    return json.dumps(result)
