"""One incoming message, one turn, one transaction: from what arrived to what is sent and what it causes.

The turn decides nothing by itself: triage and interpretation come from `nlu`, who answers from `who_answers`,
what is said from `flows`, who is paged from `handoff`. It ties them together, in the order of design section 2.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import check_question, keywords, other_needs, partners
from bot.conversation.answers import Answers
from bot.conversation.keywords import Keyword
from bot.conversation.memory import Memory
from bot.conversation.performer import Performer, Scene
from bot.conversation.replies import Reply, pack
from bot.conversation.turn_state import NOTHING_UNASKED, Turn, settled_language
from bot.conversation.who_answers import Answerer, Situation, who_answers
from bot.handoff.lifecycle import Handoffs
from bot.messages import ChannelName, Inbound, InboundKind
from bot.organisation import Organisation
from bot.store import contacts, messages
from bot.store.contacts import Contact
from bot.store.vault import Vault
from flows.segments import segments
from nlu.interpretation import Interpretation, Interpreter, Urgency

INTENT_OF = {
    Keyword.STOP: "stop_messages",
    Keyword.CARRIER_STOP: "stop_messages",
    Keyword.ERASE: "delete_my_data",
}
"""What a lone word means, whatever it resembles ("arrêt" alone is no heart attack)."""

NEW_SUBJECT = frozenset({Answerer.DANGER, Answerer.URGENT, Answerer.INTENT})
"""Answers that begin something: what the message asks for besides is remembered."""


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What a turn gave. `in_response` is what rides on the webhook's own response: (outbox id, text)."""

    in_response: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    understood: Interpretation | None = field(default=None, repr=False)
    contact_id: str | None = None
    paged: bool = False
    duplicate: bool = False


class Turns:
    """Takes messages. Built once by `bootstrap`."""

    def __init__(
        self,
        vault: Vault,
        interpreter: Interpreter,
        performer: Performer,
        handoffs: Handoffs,
        organisation: Organisation,
    ) -> None:
        self._vault = vault
        self._interpreter = interpreter
        self._handoffs = handoffs
        self._organisation = organisation
        self._performer = performer
        self._answers = Answers(performer, handoffs)

    async def take(
        self, conn: AsyncConnection, inbound: Inbound, now: datetime, *, already_answered: bool = False
    ) -> TurnResult:
        """Take one message inside the caller's transaction.

        A message received before changes nothing and gives the same response again. `already_answered` is true for
        a message kept while the database was away: its sender got the first lines then, and nobody waits for a response.
        """
        channel = inbound.channel.value
        inbound_id = await messages.record_inbound(
            conn, self._vault, channel, inbound.provider_id, inbound.kind.value, inbound.received_at
        )
        if inbound_id is None:
            return await self._again(conn, inbound)
        worker = self._organisation.worker_at(channel, inbound.address)
        if worker is not None:
            button = inbound.text if inbound.kind is InboundKind.BUTTON else None
            await self._handoffs.from_worker(
                conn, worker, channel=channel, text=inbound.text, button=button, inbound_id=inbound_id, now=now
            )
            return TurnResult()
        contact = await contacts.find_or_create(conn, self._vault, channel, inbound.address, now)
        turn = await self._open(conn, inbound, inbound_id, contact, now)
        await self._answer(turn)
        return await self._finish(turn, already_answered)

    async def _open(
        self, conn: AsyncConnection, inbound: Inbound, inbound_id: str, contact: Contact, now: datetime
    ) -> Turn:
        memory = Memory.from_json(contact.state)
        handoff, closed_at = await self._handoffs.latest(conn, contact.id, now)
        if closed_at is not None and closed_at > contact.last_seen:
            memory = memory.after_worker()
        body = {"text": inbound.text, "kind": inbound.kind.value}
        await messages.attach_inbound(conn, inbound_id, contact.id, contact.key, body)
        opted_out = contact.opted_out
        keyword = None
        if inbound.kind is InboundKind.TEXT:  # a "yes" to the check question is no opt-in
            keyword = keywords.find(inbound.text, stopped=opted_out and not memory.check_pending)
        understood = self._interpreter.interpret(inbound.text, memory.recent_texts(now))
        if keyword in INTENT_OF:
            understood = replace(
                understood, urgency=Urgency.NONE, check=False, danger=None, reasons=(), intent=INTENT_OF[keyword]
            )
        await messages.count(conn, "message", f"{inbound.channel.value}:{understood.urgency.value}", now)
        language = settled_language(contact, understood, inbound)
        scene = Scene(
            language=language or "fr",
            channel=inbound.channel,
            now=now,
            on_call=bool(self._organisation.on_call(now)),
            practice=self._organisation.practice,
            opted_out=opted_out,
            text=inbound.text,
            said="\n".join((*memory.recent_texts(now), inbound.text)),
        )
        contact = replace(contact, last_seen=now, language=language)
        return Turn(conn, inbound, inbound_id, contact, memory, understood, scene, handoff, keyword)

    async def _answer(self, turn: Turn) -> None:
        """Messages without words are dealt with at once; all others are answered by whoever comes first."""
        kind = turn.inbound.kind
        if kind is InboundKind.BLOCKED:
            turn.contact = replace(turn.contact, unreachable=True)
        elif kind is InboundKind.UNBLOCKED:
            turn.contact = replace(turn.contact, unreachable=False)
        elif kind is InboundKind.CARRIER_STOP:
            await self._answers.stopped_by_carrier(turn)
        elif kind is InboundKind.CARRIER_START:
            turn.contact = replace(turn.contact, unreachable=False)
            await contacts.opt_in(turn.conn, turn.contact.digest)
        elif kind is not InboundKind.CARRIER_HELP:  # the carrier's own help text went out already
            turn.contact = replace(turn.contact, unreachable=False)  # whoever writes again can be reached again
            await self._answer_words(turn)

    async def _answer_words(self, turn: Turn) -> None:
        memory, text, answers, handoff = turn.memory, turn.inbound.text, self._answers, turn.handoff
        held = handoff is not None and handoff.held
        check = check_question.read(text, turn.understood) if memory.check_pending else None
        to_offer = other_needs.answered(turn)
        sprint = answers.waiting_answer(turn)
        answerer = who_answers(
            Situation(
                urgency=turn.understood.urgency,
                keyword=turn.keyword,
                check_answered=check is not None and turn.understood.urgency is Urgency.NONE,
                held=held,
                about_waiting_step=answers.is_about_waiting_step(turn),
                answers_offer=to_offer is not None,
                answers_waiting_step=sprint is not None,
                intent_is_clear=answers.intent_is_clear(turn),
            )
        )
        if memory.check_pending:  # any word at all ends the silence
            turn.remember(check_pending=False, check_danger=None)
            turn.contact = replace(turn.contact, check_due_at=None)
        turn.remember(offered=None, offered_at=None)
        calm = turn.understood.urgency is Urgency.NONE and not held
        partner = partners.read(text) if calm and turn.inbound.kind is InboundKind.TEXT else None
        if partner is not None:
            await answers.partner(turn, partner)
            turn.memory = turn.memory.heard(text, turn.now)
            return
        if answerer is Answerer.KEYWORD and turn.keyword is not None:
            turn.unasked = False
            await answers.keyword(turn, turn.keyword)
        elif answerer is Answerer.CHECK:
            await answers.check_answered(turn, bool(check), memory.check_danger)
        elif answerer is Answerer.DANGER:
            await answers.danger(turn, held)
        elif answerer is Answerer.URGENT:
            await answers.urgent(turn)
        elif answerer is Answerer.OFFER and to_offer is not None:
            await answers.to_offer(turn, to_offer)
        elif answerer is Answerer.WAITING and sprint is not None:
            await answers.waiting(turn, sprint)
        elif answerer is Answerer.FALLBACK and turn.inbound.kind is InboundKind.MEDIA:
            answers.say(turn, "media_unreadable")
        elif answerer is Answerer.INTENT:
            await answers.intent(turn)
        elif answerer is Answerer.FALLBACK:
            await answers.fall_back(turn)
        if held and handoff is not None and answerer is not Answerer.KEYWORD:
            words = text if text.strip() else "(photo)"
            await self._handoffs.from_texter(turn.conn, turn.contact, handoff, words, turn.inbound_id, turn.now)
        elif handoff is not None and turn.understood.intent == "resolved":
            await self._handoffs.resolved(turn.conn, turn.contact, handoff, turn.inbound_id, turn.now)
        if answerer in NEW_SUBJECT and not held:  # a worker who has the conversation reads all of it
            other_needs.remember(turn, self._interpreter)
        if answerer in (Answerer.OFFER, Answerer.WAITING, Answerer.INTENT, Answerer.FALLBACK):
            answers.maybe_check(turn)
        turn.may_offer = not held and answerer not in (Answerer.KEYWORD, Answerer.CHECK, Answerer.OFFER)
        turn.memory = turn.memory.heard(text, turn.now)

    async def _finish(self, turn: Turn, already_answered: bool) -> TurnResult:
        """Queue what is said, keep what is remembered."""
        self._notice(turn)
        if turn.may_offer:  # last: a question is answered where it stands at the end
            other_needs.offer(turn, self._performer)
        emergency = turn.understood.urgency is Urgency.EMERGENCY
        packed = pack(turn.replies, turn.inbound.channel)
        if already_answered and emergency and self._first_lines_went_out(turn):
            packed = packed[1:]
        in_response: list[tuple[str, str]] = []
        for position, reply in enumerate(packed):
            rides = turn.inbound.channel is ChannelName.SMS and position == 0 and not already_answered
            draft = self._draft(turn, reply, position, rides, emergency)
            key = None if turn.forgotten else turn.contact.key
            message_id = await messages.queue(turn.conn, self._vault, key, draft, turn.now)
            if rides and message_id is not None:
                in_response.append((message_id, reply.text))
        if turn.forgotten:
            return TurnResult(tuple(in_response), turn.understood, None, turn.paged)
        await contacts.save(turn.conn, replace(turn.contact, state=turn.memory.to_json()))
        return TurnResult(tuple(in_response), turn.understood, turn.contact.id, turn.paged)

    def _first_lines_went_out(self, turn: Turn) -> bool:
        """Whether a kept message was answered with this danger's first lines when it came: read alone it said so too.

        A message that is dangerous only after what came before ("toujours pas") was answered with the safe card.
        """
        alone = self._interpreter.interpret(turn.inbound.text)
        return alone.urgency is Urgency.EMERGENCY and alone.danger == turn.understood.danger

    def _draft(self, turn: Turn, reply: Reply, position: int, rides: bool, emergency: bool) -> messages.Draft:
        sms = turn.inbound.channel is ChannelName.SMS
        return messages.Draft(
            key=f"reply:{turn.inbound_id}:{position}",
            kind="receipt" if turn.forgotten else "reply",
            channel=turn.inbound.channel.value,
            text=reply.text,
            contact_id=None if turn.forgotten else turn.contact.id,
            inbound_id=turn.inbound_id,
            choices=reply.choices,
            ask_location=reply.ask_location,
            address=turn.inbound.address if turn.forgotten else None,
            via="twiml" if rides else "api",
            position=position,
            priority=messages.PRIORITY_EMERGENCY if emergency else messages.PRIORITY_REPLY,
            parts=segments(reply.text).parts if sms else 0,
        )

    def _notice(self, turn: Turn) -> None:
        """Once, after the first help: a robot and people, what is kept."""
        if (
            turn.memory.noticed
            or not turn.unasked
            or not turn.replies
            or {turn.understood.danger, turn.memory.danger} & NOTHING_UNASKED
        ):
            return
        self._answers.say(turn, "first_notice")
        turn.remember(noticed=True)

    async def _again(self, conn: AsyncConnection, inbound: Inbound) -> TurnResult:
        """The same message once more: the same response, and nothing else."""
        inbound_id = await messages.inbound_id_of(conn, self._vault, inbound.channel.value, inbound.provider_id)
        texts: list[tuple[str, str]] = []
        rows = await messages.replies_in_response(conn, inbound_id) if inbound_id is not None else ()
        for row in rows:
            key = await contacts.key_of(conn, self._vault, row["contact_id"]) if row["contact_id"] else None
            if row["body"] is not None and (key is not None or row["contact_id"] is None):
                texts.append((row["id"], messages.open_body(self._vault, key, row["body"]).text))
        return TurnResult(tuple(texts), duplicate=True)
