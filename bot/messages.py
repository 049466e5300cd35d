"""The contract between the parts: what comes in, what goes out, what a channel is, and how a send can fail.

Addresses, provider ids and words never show in a `repr`, so none of them can reach a log or an
exception's text by accident (design section 8).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class ChannelName(StrEnum):
    """Where a message travels."""

    SMS = "sms"
    TELEGRAM = "telegram"
    SIMULATOR = "simulator"


class InboundKind(StrEnum):
    """What arrived. Keywords a carrier already answered come as `CARRIER_STOP`, `CARRIER_START` and `CARRIER_HELP`."""

    TEXT = "text"
    LOCATION = "location"
    MEDIA = "media"
    BUTTON = "button"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    CARRIER_STOP = "carrier_stop"
    CARRIER_START = "carrier_start"
    CARRIER_HELP = "carrier_help"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as it was received, after verification and before anything is stored.

    `provider_id` is unique per channel and the same for every redelivery. `location` is (latitude, longitude).
    `language_hint` is what the provider says of the sender's language ("fr", "en") or None.
    """

    channel: ChannelName
    address: str = field(repr=False)
    provider_id: str = field(repr=False)
    text: str = field(repr=False)
    received_at: datetime
    kind: InboundKind = InboundKind.TEXT
    location: tuple[float, float] | None = field(default=None, repr=False)
    language_hint: str | None = None
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice offered with a message: a button on Telegram, a number on SMS."""

    value: str
    label: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message to hand to a provider. `id` is the outbox row's id: it travels in the status callback's address."""

    id: str
    channel: ChannelName
    address: str = field(repr=False)
    text: str = field(repr=False)
    choices: tuple[Choice, ...] = field(default=(), repr=False)
    ask_location: bool = False
    valid_for_seconds: int = 300


class DeliveryStatus(StrEnum):
    """Where an outgoing message is. It only moves forward (see `RANK`)."""

    QUEUED = "queued"
    SENDING = "sending"
    HANDED_OVER = "handed_over"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


RANK: dict[DeliveryStatus, int] = {
    DeliveryStatus.QUEUED: 0,
    DeliveryStatus.SENDING: 1,
    DeliveryStatus.HANDED_OVER: 2,
    DeliveryStatus.UNKNOWN: 2,
    DeliveryStatus.SENT: 3,
    DeliveryStatus.DELIVERED: 4,
    DeliveryStatus.UNDELIVERED: 4,
    DeliveryStatus.FAILED: 4,
    DeliveryStatus.CANCELLED: 4,
}
"""A status replaces another only when its rank is higher; the first of rank 4 is final."""


class SendFailure(StrEnum):
    """What the sender does about a failed send."""

    RETRY = "retry"  # certainly not sent: try again later
    UNKNOWN = "unknown"  # perhaps sent: reconcile before anything else
    PERMANENT = "permanent"  # this address will never work
    STOPPED = "stopped"  # the person or the carrier blocked us: an opt-out
    REJECTED = "rejected"  # this text was refused; never the same text again
    MISCONFIGURED = "misconfigured"  # our account or number is wrong: raise an alarm, keep the queue


class SendError(Exception):
    """A send that failed, as data: what kind, the provider's code, and when to try again (seconds)."""

    def __init__(self, failure: SendFailure, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(f"{failure.value} {code}".strip())
        self.failure = failure
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider gave back for an accepted message: its id, and the status it reported."""

    provider_id: str = field(repr=False)
    status: DeliveryStatus = DeliveryStatus.HANDED_OVER


class Channel(Protocol):
    """What every channel can do. A new channel is one new file in `bot/channels/`."""

    name: ChannelName

    async def send(self, message: Outbound) -> Receipt:
        """Hand one message to the provider. Raises `SendError`, and nothing else, when it fails."""
        ...

    async def find(self, message: Outbound, since: datetime) -> Receipt | None:
        """Look an interrupted send up at the provider; None when it is not there or cannot be known."""
        ...

    async def redact(self, provider_id: str) -> bool:
        """Erase the provider's copy where it can be erased. True when nothing is left to do."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
