"""The door: takes a message into a transaction, and stands when the turn or the database fails.

A message that cannot be taken is written to the sealed spool before anybody is answered. Triage still runs: the
emergency card, or the safe card, goes out; for an emergency the on-call workers are paged directly. `replay` takes
what was kept, each once: the same message delivered again meanwhile is known by its provider id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.conversation import keywords, partners
from bot.conversation.away import is_away
from bot.conversation.turn import TurnResult, Turns
from bot.handoff.page import direct_page
from bot.messages import Channel, ChannelName, Inbound, InboundKind, Outbound, SendError
from bot.organisation import Organisation, Worker
from bot.store import messages
from bot.store.alarms import raise_alarm
from bot.store.database import Database
from bot.store.spool import Spool
from bot.store.vault import Vault
from flows.cards import Card
from flows.render import render
from nlu.interpretation import Interpretation, Interpreter, Language, Urgency

log = structlog.get_logger(__name__)

TURN_SECONDS = 8.0
ALARM_SECONDS = 2.0
PAGE_SECONDS = 2.0
"""Together under the 15 s a provider waits for its answer: a turn slower than this is given up and answered with a card,
and the card waits no longer for the alarm and the pages (which go on without it)."""

PAGE_AGAIN = timedelta(minutes=10)
"""While the database is away, one person's emergency pages directly once in this time: people write several texts."""

NOT_OURS_TO_ANSWER = frozenset(
    {
        InboundKind.CARRIER_STOP,
        InboundKind.CARRIER_START,
        InboundKind.CARRIER_HELP,
        InboundKind.BLOCKED,
        InboundKind.UNBLOCKED,
    }
)
"""Told by the carrier or the provider, not by a person who waits for words."""


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back on the same response, and whether it was understood to be an emergency."""

    texts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    result: TurnResult | None = field(default=None, repr=False)


class Intake:
    """Receives messages for every channel. Built once by `bootstrap`."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        turns: Turns,
        interpreter: Interpreter,
        cards: Mapping[str, Card],
        spool: Spool,
        organisation: Organisation,
        channels: Mapping[ChannelName, Channel],
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._vault = vault
        self._turns = turns
        self._interpreter = interpreter
        self._cards = cards
        self._spool = spool
        self._organisation = organisation
        self._channels = channels
        self._clock = clock
        self._wake = wake
        self._paged: dict[bytes, datetime] = {}
        self._behind: set[asyncio.Task[Any]] = set()  # what goes on after its message was answered

    async def receive(self, inbound: Inbound) -> Response:
        """Take one message. Always gives a response; never raises for what a message or the database does."""
        try:
            await self._ask_ahead(inbound)
            result = await self._turn_in_time(inbound)
        except Exception as error:  # whatever goes wrong, the person is answered and the message is kept
            if is_away(error):
                log.error("database_away", error=type(error).__name__)
            else:
                log.error("turn_failed", error=type(error).__name__)
                await self._alarm("turn_failed", type(error).__name__)
            return await self._cannot_take(inbound)
        self._wake()
        return Response(result.in_response, result)

    async def replay(self) -> int:
        """Take what was kept, each once. Returns how many went through; a message that keeps failing is set aside."""
        taken = 0
        for kept in self._spool.pending():
            try:
                await asyncio.create_task(self._take_again(kept.inbound))  # a task: what is known of it ends with it
            except Exception as error:  # the turn fails again: count it, and tell the coordinator at the last attempt
                if is_away(error):
                    break  # not the message's fault: nothing is counted against it
                log.error("replay_failed", error=type(error).__name__)
                if self._spool.failed(kept):
                    await self._alarm("message_set_aside", kept.id)
                continue
            self._spool.done(kept.id)
            taken += 1
        if taken:
            self._paged.clear()
            self._wake()
        return taken

    async def _take_again(self, inbound: Inbound) -> None:
        await self._ask_ahead(inbound)
        async with asyncio.timeout(TURN_SECONDS), self._database.begin() as conn:
            await self._turns.take(conn, inbound, self._clock(), already_answered=True)

    async def _ask_ahead(self, inbound: Inbound) -> None:
        """What a server of the organisation's says of the message, before the turn's transaction.

        Only of a texter's own words: never a worker's, a partner's, a keyword or a button.
        """
        text = inbound.text
        if inbound.kind is not InboundKind.TEXT or self._worker_of(inbound) is not None:
            return
        if keywords.find(text, stopped=False) is None and partners.read(text) is None:
            await self._interpreter.ask_ahead(text)

    def _worker_of(self, inbound: Inbound) -> Worker | None:
        return self._organisation.worker_at(inbound.channel.value, inbound.address)

    async def _turn_in_time(self, inbound: Inbound) -> TurnResult:
        """The turn's result. Raises `TimeoutError` when it is late.

        A cancelled turn gives its connection back first, which can take as long as the database hangs: it is not waited
        for. Should it have committed after all, the replay finds the message known, and says nothing again.
        """
        turn = asyncio.create_task(self._turn(inbound))
        try:
            await asyncio.wait({turn}, timeout=TURN_SECONDS)
            if turn.done():
                return turn.result()
            raise TimeoutError
        finally:
            if not turn.done():
                turn.cancel()
                self._behind.add(turn)
                turn.add_done_callback(self._behind.discard)

    async def _turn(self, inbound: Inbound) -> TurnResult:
        async with self._database.begin() as conn:
            return await self._turns.take(conn, inbound, self._clock())

    async def _cannot_take(self, inbound: Inbound) -> Response:
        """Keep it, page for an emergency, answer."""
        try:
            self._spool.keep(inbound)
        except OSError as error:  # a full disk: the words are lost, the person still hears what to do
            log.critical("message_not_kept", error=type(error).__name__)
        if self._worker_of(inbound) is not None:
            return Response()  # a worker's word is taken at the replay; a card would only confuse
        understood = self._understood(inbound)
        if understood is not None and understood.urgency is Urgency.EMERGENCY:
            await self._page_directly(inbound, understood)
        elif inbound.kind in NOT_OURS_TO_ANSWER or _is_for_the_carrier(inbound):
            return Response()
        return await self._card_now(inbound, understood)

    def _understood(self, inbound: Inbound) -> Interpretation | None:
        try:
            return self._interpreter.interpret(inbound.text)
        except Exception as error:  # understanding may be what failed
            log.error("understanding_failed", error=type(error).__name__)
            return None

    async def _page_directly(self, inbound: Inbound, understood: Interpretation) -> None:
        """Start paging everybody on call, and wait for it a moment only: the card must not be late."""
        now = self._clock()
        person = self._vault.digest_address(inbound.channel.value, inbound.address)
        if person in self._paged and now - self._paged[person] < PAGE_AGAIN:
            return
        self._paged[person] = now
        language = "en" if understood.language is Language.EN else "fr"
        paging = asyncio.create_task(self._page_everybody(person, language))
        self._behind.add(paging)
        paging.add_done_callback(self._behind.discard)
        await asyncio.wait({paging}, timeout=PAGE_SECONDS)

    async def _page_everybody(self, person: bytes, language: str) -> None:
        """Page whom the first escalation step reaches, else the next one's: no row can be written."""
        place, usable = self._organisation, frozenset(name.value for name in self._channels)
        for step in place.policy.steps:
            people = place.reached(step, self._clock(), usable)
            pages = (self._page_one(place.workers[worker], channel, language) for worker, channel in people.items())
            if any(await asyncio.gather(*pages)):
                return
        log.error("nobody_paged")
        self._paged.pop(person, None)  # the next text tries again

    async def _page_one(self, worker: Worker, first: str, language: str) -> bool:
        """Page one worker on the first channel that takes it: the policy's, else any other they have."""
        text = direct_page(worker.language, language)
        for name in dict.fromkeys((first, *worker.addresses)):
            channel = self._channels.get(ChannelName(name))
            if channel is None:
                continue
            if await _sent(channel, Outbound(messages.new_id(), channel.name, worker.addresses[name], text)):
                return True
        return False

    async def _alarm(self, kind: str, ref: str) -> None:
        try:
            async with asyncio.timeout(ALARM_SECONDS), self._database.begin() as conn:
                await raise_alarm(conn, kind, ref, self._clock())
        except Exception as error:  # the person must be answered all the same
            log.error("alarm_not_raised", kind=kind, error=type(error).__name__)

    async def _card_now(self, inbound: Inbound, understood: Interpretation | None) -> Response:
        """The emergency card of the danger seen, or the safe card: on the response, or sent at once."""
        language = "en" if understood is not None and understood.language is Language.EN else "fr"
        emergency = understood is not None and understood.urgency is Urgency.EMERGENCY
        card = (
            self._cards.get(f"{understood.danger}_first" if emergency and understood else "")
            or self._cards["safe_card"]
        )
        texts = render(card, {}, language=language, channel=inbound.channel.value)
        if inbound.channel is ChannelName.SMS:
            return Response((("", texts[0]),))
        channel = self._channels.get(inbound.channel)
        if channel is not None:
            await _sent(channel, Outbound(messages.new_id(), inbound.channel, inbound.address, texts[0]))
        return Response()


def _is_for_the_carrier(inbound: Inbound) -> bool:
    """A lone stop word on SMS: the carrier answers it itself, and blocks what we would say."""
    found = keywords.find(inbound.text, stopped=False) if inbound.channel is ChannelName.SMS else None
    return found is keywords.Keyword.CARRIER_STOP


async def _sent(channel: Channel, message: Outbound) -> bool:
    """Try once, without a row. Whatever goes wrong is logged: something else must still be done for this person."""
    try:
        await channel.send(message)
    except Exception as error:  # a refusal, or a bug in a channel
        failure = error.failure.value if isinstance(error, SendError) else type(error).__name__
        log.error("direct_send_failed", channel=channel.name.value, failure=failure)
        return False
    return True
