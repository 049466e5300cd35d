"""What a conversation remembers between two messages. It is sealed with the contact and forgotten with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flows.flow import Session

RECENT = timedelta(minutes=5)
"""People split one sentence over several texts: this far back they are read together."""

RECENT_MESSAGES = 6
DANGER_LASTS = timedelta(hours=1)
"""A crisis counts as under way this long after the last dangerous message."""


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
        }

    def recent_texts(self, now: datetime) -> tuple[str, ...]:
        """What the person wrote in the last minutes, oldest first."""
        return tuple(text for at, text in self.recent if now - at <= RECENT)

    def heard(self, text: str, now: datetime) -> Memory:
        """Remember this message for the next few minutes."""
        kept = tuple(item for item in self.recent if now - item[0] <= RECENT)
        return replace(self, recent=(*kept, (now, text[:600]))[-RECENT_MESSAGES:])

    def in_danger(self, danger: str | None, now: datetime) -> Memory:
        """Remember that a danger is under way."""
        return replace(self, danger=danger or self.danger, danger_at=now)

    def after_worker(self) -> Memory:
        """A worker had the conversation and closed it: what was under way before is theirs, and done with."""
        return replace(self, session=Session(), recent=(), fallbacks=0, danger=None, danger_at=None)

    def crisis_under_way(self, now: datetime) -> bool:
        """Whether a danger was written about within the last hour."""
        return self.danger_at is not None and now - self.danger_at <= DANGER_LASTS
