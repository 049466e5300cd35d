"""What each answerer of `who_answers` does. They add replies and ask for humans; they never send anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.conversation import news
from bot.conversation.keywords import Keyword
from bot.conversation.other_needs import OfferAnswer
from bot.conversation.partners import PartnerText
from bot.conversation.performer import Performer, Spoken
from bot.conversation.replies import Reply
from bot.conversation.turn_state import CLEAR, SURE, Turn
from bot.handoff.lifecycle import Handoffs
from bot.messages import ChannelName, InboundKind
from bot.store import contacts
from flows.flow import Sprint
from nlu.interpretation import Urgency
from nlu.labels import DANGERS
from nlu.triage import IMMEDIATE_DANGERS

CHECK_SILENCE = timedelta(minutes=10)
"""A check question left unanswered this long is an urgent page."""

FRAGMENT_WORDS = 3
FRAGMENT_WITHIN = timedelta(minutes=2)
"""A text of up to three words, shortly after another, is taken for a piece of a sentence."""

FALLBACKS = ("fallback_question", "menu", "fallback_human")
"""What answers a message nobody understands: a question first, then the menu, then a human."""


class Answers:
    """One method per answerer. Built once by `bootstrap`."""

    def __init__(self, performer: Performer, handoffs: Handoffs) -> None:
        self._performer = performer
        self._handoffs = handoffs

    def waiting_answer(self, turn: Turn) -> Sprint | None:
        """What the waiting step makes of this message, or None."""
        return self._performer.try_answer(turn.memory.session, turn.answer(), turn.scene)

    def is_about_waiting_step(self, turn: Turn) -> bool:
        """Whether this urgent matter is the one the waiting flow already deals with."""
        flow = self._performer.waiting_flow(turn.memory.session)
        return (
            flow is not None
            and flow.danger
            and {turn.understood.danger, turn.understood.intent} & flow.intents != set()
        )

    def intent_is_clear(self, turn: Turn) -> bool:
        """Whether the intent is worth acting upon when nothing waits."""
        if turn.inbound.kind is InboundKind.LOCATION:
            return False
        understood = turn.understood
        return understood.confidence >= CLEAR and self._performer.flow_for(understood.intent) is not None

    async def keyword(self, turn: Turn, keyword: Keyword) -> None:
        """Leave, come back, erase, hear more."""
        if keyword is Keyword.ERASE:
            await self.erase(turn)
        elif keyword is Keyword.START:
            await contacts.opt_in(turn.conn, turn.contact.digest)
            self.say(turn, "opted_in")
        elif keyword is Keyword.MORE:
            text = self._performer.more_of(turn.memory.more_card, turn.scene.language)
            if text is None:
                await self.start_flow(turn, "menu")
            else:
                turn.replies.append(Reply(text))
        elif keyword is Keyword.CARRIER_STOP and turn.inbound.channel is ChannelName.SMS:
            await self.stopped_by_carrier(turn)  # the carrier answers its own words itself, and blocks ours
        else:
            await contacts.opt_out(turn.conn, turn.contact.digest, turn.now)
            await self.page_when_in_crisis(turn)
            self.say(turn, "opted_out")

    async def stopped_by_carrier(self, turn: Turn) -> None:
        """The carrier took the stop word and blocks us now."""
        turn.contact = replace(turn.contact, unreachable=True)
        await contacts.opt_out(turn.conn, turn.contact.digest, turn.now)
        await self.page_when_in_crisis(turn)

    async def page_when_in_crisis(self, turn: Turn) -> None:
        """A lone stop word may be the last thing someone in danger can write: a human looks."""
        if turn.handoff is not None and turn.handoff.held:
            word = turn.inbound.text or "STOP"
            await self._handoffs.from_texter(turn.conn, turn.contact, turn.handoff, word, turn.inbound_id, turn.now)
        elif turn.memory.crisis_under_way(turn.now):
            await self.hand_off(turn, Urgency.URGENT, turn.memory.danger)

    async def erase(self, turn: Turn) -> None:
        """Forget everything, now; one receipt goes out in the same response."""
        await self._handoffs.erased(turn.conn, turn.contact.id, turn.now)
        code = await contacts.forget(turn.conn, turn.contact, turn.now)
        turn.forgotten = True
        turn.replies.clear()
        self.say(turn, "erased", code=code)

    async def check_answered(self, turn: Turn, in_danger: bool, danger: str | None) -> None:
        """The check question was answered."""
        if not in_danger:
            self.say(turn, "check_no")
            return
        danger = danger if danger in IMMEDIATE_DANGERS else None
        turn.understood = replace(turn.understood, urgency=Urgency.EMERGENCY, danger=danger, check=False)
        turn.memory = turn.memory.in_danger(danger, turn.now)
        await self.start_flow(turn, self._performer.flow_for(danger) or "danger_now")
        await self.hand_off(turn, Urgency.EMERGENCY, danger)

    async def danger(self, turn: Turn, held: bool) -> None:
        """A life may be at risk: its flow starts, or goes on; a human is paged."""
        danger = _immediate_danger(turn)
        waiting = self._performer.waiting_flow(turn.memory.session)
        known = danger is not None and turn.memory.danger == danger and turn.memory.crisis_under_way(turn.now)
        turn.memory = turn.memory.in_danger(danger, turn.now)
        if held and known:
            return  # a human reads it already, and the card for this danger went out before
        sprint = self.waiting_answer(turn) if waiting is not None and waiting.danger and not held else None
        if sprint is not None and (known or danger is None or (waiting is not None and danger in waiting.intents)):
            await self.speak(turn, self._performer.perform(sprint, turn.scene))
        else:
            await self.start_flow(turn, self._performer.flow_for(danger) or "danger_now")
        if held:
            turn.replies = turn.replies[:1]
            self.say(turn, "emergency_while_held")
        await self.hand_off(turn, Urgency.EMERGENCY, danger)

    async def urgent(self, turn: Turn) -> None:
        """A human is needed today."""
        understood = turn.understood
        danger = understood.danger or understood.intent
        turn.memory = turn.memory.in_danger(danger, turn.now)
        # A clear need is answered as such: who has nowhere to sleep tonight gets a bed's address, and a human as well.
        needs = understood.intent not in DANGERS and understood.confidence >= SURE
        names = (understood.intent, understood.danger) if needs else (understood.danger, understood.intent)
        flows = (self._performer.flow_for(name) for name in names)
        await self.start_flow(turn, next((flow for flow in flows if flow is not None), "talk_to_worker"))
        await self.hand_off(turn, Urgency.URGENT, danger)

    async def waiting(self, turn: Turn, sprint: Sprint) -> None:
        """The waiting step got its answer."""
        turn.remember(fallbacks=0)
        await self.speak(turn, self._performer.perform(sprint, turn.scene))

    async def intent(self, turn: Turn) -> None:
        """What the person wants now."""
        await self.start_flow(turn, self._performer.flow_for(turn.understood.intent) or "menu")

    async def to_offer(self, turn: Turn, answer: OfferAnswer) -> None:
        """Take up the need told beside the first one, with what was said of it, or leave it and offer nothing more."""
        if answer.need is None:
            turn.remember(needs=())
            self.say(turn, "deny")
            return
        need, slots = answer.need, dict(answer.need.named)
        if answer.with_place:
            slots.pop("said_place", None)
        elif "said_place" not in slots:
            slots["place"] = self._performer.place_known(turn.memory.session)
        # For the flow, the need's own words were just said, with the answer that took it.
        scene = turn.scene
        turn.scene = replace(scene, text=f"{need.words}\n{scene.text}", said=f"{need.words}\n{scene.said}")
        await self.start_flow(turn, self._performer.flow_for(need.intent) or "menu", intent=need.intent, **slots)

    async def fall_back(self, turn: Turn) -> None:
        """Nothing was understood: a piece of a sentence, a pin nobody asked for, or another way to help."""
        if turn.inbound.kind is InboundKind.LOCATION:
            self.say(turn, "pin_received")
        elif self._is_fragment(turn):
            self.say(turn, "fragment_wait")
        else:
            count = turn.memory.fallbacks % len(FALLBACKS)
            await self.start_flow(turn, FALLBACKS[count])
            turn.remember(fallbacks=count + 1)

    def maybe_check(self, turn: Turn) -> None:
        """Triage cannot tell: one short question after the answer; silence will page."""
        if not turn.understood.check or turn.forgotten:
            return
        self.say(turn, "check_question")
        turn.remember(check_pending=True, check_danger=turn.understood.danger)
        turn.contact = replace(turn.contact, check_due_at=turn.now + CHECK_SILENCE)

    async def start_flow(self, turn: Turn, flow_id: str, **known: object) -> None:
        """Begin a flow, with what the message tells and what is `known` besides, and say what it says."""
        turn.remember(fallbacks=0)
        slots = {**turn.slots(), **known}
        await self.speak(turn, self._performer.start(turn.memory.session, flow_id, slots, turn.scene))

    async def speak(self, turn: Turn, spoken: Spoken) -> None:
        """Take over what a flow said, and do what it asked for."""
        turn.replies.extend(spoken.replies)
        turn.remember(session=spoken.session, more_card=spoken.more_card or turn.memory.more_card)
        if spoken.language is not None:
            turn.contact = replace(turn.contact, language=spoken.language)
        if spoken.opted_out is True:
            await contacts.opt_out(turn.conn, turn.contact.digest, turn.now)
        elif spoken.opted_out is False:
            await contacts.opt_in(turn.conn, turn.contact.digest)
        for request in spoken.handoffs:
            emergency = Urgency.EMERGENCY in (turn.understood.urgency, Urgency(request.urgency))
            await self.hand_off(turn, Urgency.EMERGENCY if emergency else Urgency.URGENT, request.danger)
        for report in spoken.reports:
            await news.take_report(turn.conn, turn.contact, report, turn.now)
        if spoken.forget:
            await self.erase(turn)

    async def partner(self, turn: Turn, said: PartnerText) -> None:
        """A partner confirms a service or tells its free places; anybody else is refused, whether the code exists or not."""
        turn.unasked = False
        turn.scene = replace(turn.scene, language=said.language or turn.scene.language)
        inbound, today = turn.inbound, self._performer.today(turn.now)
        name = await news.take_partner_text(turn.conn, inbound.channel, inbound.address, said, turn.now, today)
        if name is None:
            self.say(turn, "partner_refused")
            self.maybe_check(turn)
        elif said.available is None:
            self.say(turn, "partner_confirmed", name=name, code=str(said.code))
        else:
            hours, count = news.CAPACITY_LASTS // timedelta(hours=1), str(said.available)
            self.say(turn, "partner_capacity", name=name, code=str(said.code), count=count, hours=str(hours))

    async def hand_off(self, turn: Turn, urgency: Urgency, danger: str | None) -> None:
        """Open a handoff, or strengthen the one that is open."""
        opened = await self._handoffs.open(
            turn.conn,
            turn.contact,
            urgency=urgency.value,
            danger=danger,
            reasons=turn.understood.reasons,
            language=turn.scene.language,
            inbound_id=turn.inbound_id,
            now=turn.now,
        )
        turn.paged = turn.paged or opened.paged

    def say(self, turn: Turn, card: str, **params: str) -> None:
        """Add one card."""
        turn.replies.extend(self._performer.card(card, params, turn.scene))

    def _is_fragment(self, turn: Turn) -> bool:
        short = 0 < len(turn.inbound.text.split()) <= FRAGMENT_WORDS
        return short and any(turn.now - at <= FRAGMENT_WITHIN for at, _ in turn.memory.recent)


def _immediate_danger(turn: Turn) -> str | None:
    """Which danger to life an emergency is about: the one seen now, else the one under way, else none that is known.

    Distress and exposure have answers of their own, but none of them begins with 911: they never answer an emergency.
    """
    seen = (turn.understood.danger, turn.understood.intent)
    under_way = turn.memory.danger if turn.memory.crisis_under_way(turn.now) else None
    return next((name for name in (*seen, under_way) if name in IMMEDIATE_DANGERS), None)
