"""The tables of the service, for SQLite and PostgreSQL alike.

Nothing here is personal in clear: an address is a keyed digest and a sealed value, a body is sealed
under its contact's own key, a provider's message id is a keyed digest. Rows that wait for work carry `due_at`
and `lease_until`; they hold opaque ids only (design sections 8 and 9).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware moment, kept as whole milliseconds since 1970 UTC: the same on both engines, and it sorts."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Store milliseconds; a naive datetime is a bug in the caller and is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs a time zone")
        return int(value.timestamp() * 1000)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give back an aware UTC datetime."""
        return None if value is None else datetime.fromtimestamp(int(value) / 1000, tz=UTC)


contact = Table(
    "contact",
    metadata,
    Column("id", String(32), primary_key=True),  # random: the pseudonym
    Column("channel", String(16), nullable=False),
    Column("digest", LargeBinary, unique=True),  # keyed digest of (channel, address); gone after erase and purge
    Column("address", LargeBinary),  # sealed under the contact's key
    Column("language", String(2)),
    Column("state", LargeBinary),  # sealed JSON: the conversation as it stands
    Column("unreachable", Boolean, nullable=False, default=False),  # blocked or refused by the carrier (21610, 403)
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False, index=True),
    Column("check_due_at", Instant, index=True),  # a check question waits: silence until then is an urgent page
    Column("keep_until", Instant),  # a purpose the person agreed to keeps the key this long
)

contact_key = Table(
    "contact_key",
    metadata,
    # Apart from `contact`: `passerelle backup` leaves this table out, so destroying a key forgets in backups too.
    Column("contact_id", String(32), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),  # the contact's key, sealed under the master key
)

opt_out = Table(
    "opt_out",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("at", Instant, nullable=False),
)

erasure = Table(
    "erasure",
    metadata,
    Column("code", String(12), primary_key=True),  # the receipt given to the person: proof, and nothing about them
    Column("at", Instant, nullable=False),
)

inbound = Table(
    "inbound",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("provider_digest", LargeBinary, nullable=False, unique=True),  # outlives the body: late redeliveries
    Column("provider_copy", LargeBinary),  # the provider's id, sealed under the master key, until its copy is erased
    Column("contact_id", String(32), index=True),
    Column("body", LargeBinary),  # sealed
    Column("kind", String(16), nullable=False),
    Column("received_at", Instant, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", String(120), nullable=False, unique=True),  # why it exists: the same cause never sends twice
    Column("kind", String(16), nullable=False),  # reply | page | relay | notice | receipt | alert
    Column("channel", String(16), nullable=False),
    Column("contact_id", String(32), index=True),  # whose key seals the body; None: the master key does
    Column("worker", String(64)),  # None: it goes to the contact; else to this worker of the organisation
    Column("handoff_id", String(32), index=True),
    Column("inbound_id", String(32), index=True),
    Column("via", String(8), nullable=False, default="api"),  # twiml | api
    Column("position", Integer, nullable=False, default=0),  # order among the replies of one turn
    Column("body", LargeBinary),  # sealed JSON {"text", "choices", "ask_location"}
    Column("priority", Integer, nullable=False, default=5),  # 0 first: pages and emergencies before alerts
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", Instant),
    Column("not_after", Instant),  # of no use later than this
    Column("lease_until", Instant),
    Column("provider_digest", LargeBinary, index=True),
    Column("provider_copy", LargeBinary),  # as in `inbound`
    Column("error_code", String(40)),
    Column("parts", Integer, nullable=False, default=0),  # SMS parts
    Column("created_at", Instant, nullable=False, index=True),
    Column("updated_at", Instant, nullable=False),
    Index("ix_outbox_status_due_at", "status", "due_at"),
)

handoff = Table(
    "handoff",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("contact_id", String(32), ForeignKey("contact.id"), nullable=False, index=True),
    Column("code", String(4), nullable=False, index=True),  # "A7": what a worker types
    Column("state", String(16), nullable=False),  # requested paged acknowledged active closed unanswered
    Column("urgency", String(12), nullable=False),
    Column("language", String(2), nullable=False),
    Column("danger", String(32)),
    Column("reasons", LargeBinary),  # sealed: what triage saw is health data
    Column("policy", String(64), nullable=False),
    Column("step", Integer, nullable=False, default=0),
    Column("round", Integer, nullable=False, default=0),
    Column("due_at", Instant, index=True),  # when the next escalation step, or the end of a lease, is due
    Column("owner", String(64)),
    Column("lease_until", Instant),
    Column("owner_changed_at", Instant),
    Column("told_at", Instant),  # when the person was told that nobody had answered
    Column("opened_at", Instant, nullable=False),
    Column("acknowledged_at", Instant),
    Column("closed_at", Instant),
    Index("ix_handoff_state_due_at", "state", "due_at"),
)

tally = Table(
    "tally",
    metadata,
    Column("day", Date, primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("label", String(60), primary_key=True),
    Column("count", Integer, nullable=False),
)

alarm = Table(
    "alarm",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("ref", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("closed_at", Instant),
    UniqueConstraint("kind", "ref"),
)

sender = Table(
    "sender",
    metadata,
    Column("name", String(32), primary_key=True),  # a channel
    Column("next_at", Instant, nullable=False),  # rate limit shared by every process
)
