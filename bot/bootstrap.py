"""The only composition root: builds the service from its settings. Nothing is built at import."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bot import log, organisation
from bot.channels.simulator import Mirrored, SimulatorChannel
from bot.conversation.directory_view import DirectoryView
from bot.conversation.intake import Intake
from bot.conversation.performer import Performer
from bot.conversation.turn import Turns
from bot.handoff.lifecycle import Handoffs
from bot.messages import Channel, ChannelName
from bot.metrics import Metrics
from bot.organisation import Organisation, OrganisationError
from bot.outbox import Outbox
from bot.settings import Settings
from bot.store import migrate
from bot.store.database import Database
from bot.store.spool import Spool
from bot.store.vault import Vault
from directory import demo, freshness, store
from directory.needs import NeedMap
from directory.places import Places
from directory.search import Index
from flows.cards import Card, load_cards
from flows.engine import Engine
from flows.flow import Flow
from flows.loader import load_flows
from nlu.interpretation import Interpreter
from nlu.interpreter import EmbeddedInterpreter, load_interpreter

FLOWS = Path(__file__).parent.parent / "flows"
NEEDS_FILE = "needs.yml"
Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """The one place where the clock is read."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Content:
    """What is read from files: flows, cards, the organisation, the gazetteer. The same for every database."""

    organisation: Organisation
    flows: Mapping[str, Flow]
    cards: Mapping[str, Card]
    places: Places
    needs: NeedMap
    interpreter: Interpreter


@dataclass(slots=True)
class Service:
    """The service, built. Close it at the end."""

    settings: Settings
    clock: Clock
    content: Content
    vault: Vault
    database: Database
    channels: Mapping[ChannelName, Channel]
    directory: DirectoryView
    handoffs: Handoffs
    turns: Turns
    intake: Intake
    outbox: Outbox
    metrics: Metrics
    work: asyncio.Event = field(default_factory=asyncio.Event)
    directory_stamp: tuple[object, ...] = ()
    directory_looked: datetime | None = None

    async def close(self) -> None:
        """Release channels, the interpreter and the database."""
        for channel in self.channels.values():
            await channel.close()
        self.content.interpreter.close()
        await self.database.close()


def load_content(settings: Settings) -> Content:
    """Read every file the service needs. Raises the parts' own errors, each one clear line."""
    folder = settings.organisation
    embedded, why_no_model = load_interpreter()
    if why_no_model is not None:
        structlog.get_logger(__name__).error("model_missing", reason="rules and menu still answer")
    return Content(
        organisation=organisation.load(folder),
        flows=load_flows([FLOWS / "library", folder / "flows"]),
        cards=load_cards([FLOWS / "cards", folder / "cards"]),
        places=Places.load(),
        needs=load_needs(folder),
        interpreter=_with_server(settings.nlu_url, embedded) if settings.nlu_url else embedded,
    )


def load_needs(folder: Path) -> NeedMap:
    """Which categories answer which need, with the organisation's own `needs.yml` added. Raises `OrganisationError`."""
    path = folder / NEEDS_FILE
    try:
        return NeedMap.load(path if path.exists() else None)
    except ValueError as error:
        raise OrganisationError(f"{folder / str(error)}") from None


def _with_server(url: str, embedded: EmbeddedInterpreter) -> Interpreter:
    from nlu.rasa_server import RasaServerInterpreter

    return RasaServerInterpreter(url, embedded)


def build_channels(settings: Settings) -> dict[ChannelName, Channel]:
    """The channels whose settings are there; the simulated phones exist in the demonstration only.

    A provider's library is loaded only when it is used: each costs tens of megabytes on a small machine.
    """
    channels: dict[ChannelName, Channel] = {}
    if settings.has_twilio:
        from bot.channels.twilio_sms import TwilioSms

        channels[ChannelName.SMS] = TwilioSms.from_settings(settings)
    if settings.telegram_token is not None:
        from bot.channels.telegram import TelegramChannel

        channels[ChannelName.TELEGRAM] = TelegramChannel.from_settings(settings)
    if settings.is_demonstration:
        channels[ChannelName.SIMULATOR] = SimulatorChannel()
    return channels


async def build(settings: Settings, clock: Clock = wall_clock) -> Service:
    """The service as the settings say, on its real database and channels."""
    log.set_up()
    settings.prepare_state()
    vault = Vault.open_file(settings.key_path)
    return await assemble(settings, load_content(settings), vault, settings.database, build_channels(settings), clock)


async def assemble(
    settings: Settings,
    content: Content,
    vault: Vault,
    database_url: str,
    channels: Mapping[ChannelName, Channel],
    clock: Clock,
) -> Service:
    """Put the parts together over a given database and channels (throwaway ones in `converse` and tests)."""
    database = Database(database_url)
    try:
        await migrate.upgrade(database)
        stamp = await _directory_stamp(database)
        index = await load_directory(database, settings, content.places, content.needs)
    except BaseException:
        await database.close()
        raise
    place = content.organisation
    view = DirectoryView(content.places, index, place.zone, settings.is_demonstration)
    handoffs = Handoffs(place, vault, content.cards, channels=frozenset(name.value for name in channels))
    performer = Performer(Engine(content.flows), content.cards, view)
    turns = Turns(vault, content.interpreter, performer, handoffs, place)
    work = asyncio.Event()
    outgoing = _mirrored(channels, place)
    spool = Spool(settings.state_folder / "spool", vault)
    intake = Intake(database, vault, turns, content.interpreter, content.cards, spool, place, outgoing, clock, work.set)
    metrics = Metrics()
    return Service(
        settings=settings,
        clock=clock,
        content=content,
        vault=vault,
        database=database,
        channels=channels,
        directory=view,
        handoffs=handoffs,
        turns=turns,
        intake=intake,
        outbox=Outbox(database, vault, outgoing, place, metrics),
        metrics=metrics,
        work=work,
        directory_stamp=stamp,
    )


def _mirrored(channels: Mapping[ChannelName, Channel], place: Organisation) -> dict[ChannelName, Channel]:
    """In the demonstration, what a provider sends to a worker also shows on that worker's simulated phone."""
    simulator = channels.get(ChannelName.SIMULATOR)
    if not isinstance(simulator, SimulatorChannel):
        return dict(channels)
    outgoing: dict[ChannelName, Channel] = {}
    for name, channel in channels.items():
        phones = {
            worker.addresses[name.value]: worker.addresses["simulator"]
            for worker in place.workers.values()
            if name.value in worker.addresses and "simulator" in worker.addresses
        }
        outgoing[name] = channel if channel is simulator else Mirrored(channel, simulator, phones)
    return outgoing


async def refresh_directory(service: Service) -> None:
    """Load the directory again when an import, a report that counts, a confirmation or a capacity changed it since."""
    stamp = await _directory_stamp(service.database)
    if stamp != service.directory_stamp:
        content = service.content
        service.directory.index = await load_directory(
            service.database, service.settings, content.places, content.needs
        )
        service.directory_stamp = stamp


async def _directory_stamp(database: Database) -> tuple[object, ...]:
    """Changes whenever the directory must be loaded again."""
    async with database.read() as conn:
        imports = tuple((each["name"], each["imported_at"]) for each in await store.sources(conn))
        return (imports, await freshness.stamp(conn))


async def load_directory(database: Database, settings: Settings, places: Places, needs: NeedMap) -> Index:
    """The organisation's imported directory; the demonstration has one of its own until something is imported."""
    async with database.read() as conn:
        index = await store.load_index(conn, needs)
        if len(index) == 0 and settings.is_demonstration:
            return demo.index(places, await store.said(conn, demo.SOURCE), needs)
    return index
