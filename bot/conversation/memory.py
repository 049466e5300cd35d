"""What a conversation remembers between two messages. It is sealed with the contact and forgotten with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flows.flow import Session

RECENT = timedelta(minutes=5)
"""People split one sentence over several texts: this far back they are read together."""

RECENT_MESSAGES = 6
KEPT_CHARACTERS = 600
"""Of one message's own words, for these few minutes."""

DANGER_LASTS = timedelta(hours=1)
"""A crisis counts as under way this long after the last dangerous message."""

NEEDS_LAST = timedelta(hours=2)
"""A need told beside another one is offered within this time; later it would come out of nowhere."""

OFFER_LASTS = timedelta(minutes=30)
"""A yes this long after an offer is taken for an answer to it."""


@dataclass(frozen=True, slots=True)
class Need:
    """A need told beside another one: its intent, the words that asked for it, and what they name, as a flow's slots."""

    intent: str
    words: str = field(default="", repr=False)
    named: Mapping[str, object] = field(default_factory=dict, repr=False)

    @classmethod
    def from_json(cls, data: dict[str, Any] | str) -> Need:
        """Read what `to_json` wrote; a bare intent is what was kept before 25 November 2026."""
        return cls(data) if isinstance(data, str) else cls(data["intent"], data["words"], data["named"])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for sealing."""
        return {"intent": self.intent, "words": self.words, "named": dict(self.named)}


@dataclass(frozen=True, slots=True)
class Memory:
    """The conversation as it stands. Times are aware; texts are the person's own words."""

    session: Session = field(default_factory=Session)
    recent: tuple[tuple[datetime, str], ...] = field(default=(), repr=False)
    check_danger: str | None = None
    check_pending: bool = False
    fallbacks: int = 0
    noticed: bool = False
    more_card: str | None = None
    danger: str | None = None
    danger_at: datetime | None = None
    needs: tuple[Need, ...] = field(default=(), repr=False)  # asked for beside the first need, to be offered after it
    needs_at: datetime | None = None
    offered: Need | None = field(default=None, repr=False)  # the need just offered: a yes takes it
    offered_at: datetime | None = None

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Memory:
        """Read what `to_json` wrote; anything missing takes its default."""
        return cls(
            session=Session.from_json(data.get("session")),
            recent=tuple((datetime.fromisoformat(at), text) for at, text in data.get("recent", ())),
            check_danger=data.get("check_danger"),
            check_pending=bool(data.get("check_pending")),
            fallbacks=int(data.get("fallbacks", 0)),
            noticed=bool(data.get("noticed")),
            more_card=data.get("more_card"),
            danger=data.get("danger"),
            danger_at=datetime.fromisoformat(data["danger_at"]) if data.get("danger_at") else None,
            needs=tuple(map(Need.from_json, data.get("needs", ()))),
            needs_at=datetime.fromisoformat(data["needs_at"]) if data.get("needs_at") else None,
            offered=Need.from_json(data["offered"]) if data.get("offered") else None,
            offered_at=datetime.fromisoformat(data["offered_at"]) if data.get("offered_at") else None,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for sealing."""
        return {
            "session": self.session.to_json(),
            "recent": [[at.isoformat(), text] for at, text in self.recent],
            "check_danger": self.check_danger,
            "check_pending": self.check_pending,
            "fallbacks": self.fallbacks,
            "noticed": self.noticed,
            "more_card": self.more_card,
            "danger": self.danger,
            "danger_at": self.danger_at.isoformat() if self.danger_at else None,
            "needs": [need.to_json() for need in self.needs],
            "needs_at": self.needs_at.isoformat() if self.needs_at else None,
            "offered": self.offered.to_json() if self.offered else None,
            "offered_at": self.offered_at.isoformat() if self.offered_at else None,
        }

    def recent_texts(self, now: datetime) -> tuple[str, ...]:
        """What the person wrote in the last minutes, oldest first."""
        return tuple(text for at, text in self.recent if now - at <= RECENT)

    def heard(self, text: str, now: datetime) -> Memory:
        """Remember this message for the next few minutes."""
        kept = tuple(item for item in self.recent if now - item[0] <= RECENT)
        return replace(
            self,
            recent=(*kept, (now, text[:KEPT_CHARACTERS]))[-RECENT_MESSAGES:],
            needs=self.needs_left(now),  # a need too old to be offered is not kept, nor are its words
            offered=self.offer_open(now),
        )

    def in_danger(self, danger: str | None, now: datetime) -> Memory:
        """Remember that a danger is under way."""
        return replace(self, danger=danger or self.danger, danger_at=now)

    def asked_for(self, first: str, others: tuple[Need, ...], now: datetime) -> Memory:
        """Remember what a message asks for beside its first need; a need that comes first now is no longer left over."""
        if others:
            return replace(self, needs=others, needs_at=now)
        return replace(self, needs=tuple(need for need in self.needs_left(now) if need.intent != first))

    def needs_left(self, now: datetime) -> tuple[Need, ...]:
        """Needs told beside another one and not yet offered."""
        fresh = self.needs_at is not None and now - self.needs_at <= NEEDS_LAST
        return self.needs if fresh else ()

    def offer_open(self, now: datetime) -> Need | None:
        """The need offered last, while a yes can still be about it."""
        fresh = self.offered_at is not None and now - self.offered_at <= OFFER_LASTS
        return self.offered if fresh else None

    def after_worker(self) -> Memory:
        """A worker had the conversation and closed it: what was under way before is theirs, and done with."""
        return replace(
            self, session=Session(), recent=(), fallbacks=0, danger=None, danger_at=None, offered=None, offered_at=None
        )

    def crisis_under_way(self, now: datetime) -> bool:
        """Whether a danger was written about within the last hour."""
        return self.danger_at is not None and now - self.danger_at <= DANGER_LASTS
