"""Figures for Prometheus: how much came in, how much went out, how late. Labels name kinds of things, never anybody."""

from __future__ import annotations

import re

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

_kind = re.compile(r"[a-z_]{1,24}")


class Metrics:
    """The service's figures, in a registry of their own. Built once, by `bootstrap`."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._received = self._counter("received", "Messages received.", "channel")
        self._refused = self._counter("refused", "Requests refused at the door.", "channel", "reason")
        self._sent = self._counter("sends", "Tries to hand a message to a provider.", "channel", "kind", "outcome")
        self._delivery = self._counter("delivery", "What providers said of messages later.", "channel", "status")
        self._waiting = Gauge("passerelle_outbox_waiting", "Messages waiting to be sent.", registry=self._registry)
        self._late = Gauge(
            "passerelle_outbox_late_seconds", "How late the most overdue message is.", registry=self._registry
        )

    def received(self, channel: str) -> None:
        """A message came in."""
        self._received.labels(_label(channel)).inc()

    def refused(self, channel: str, reason: str) -> None:
        """A request was refused: signature, secret, form, update."""
        self._refused.labels(_label(channel), _label(reason)).inc()

    def sent(self, channel: str, kind: str, outcome: str) -> None:
        """A send was tried; `outcome` is the delivery status or the kind of failure."""
        self._sent.labels(_label(channel), _label(kind), _label(outcome)).inc()

    def delivery(self, channel: str, status: str) -> None:
        """A provider told how far a message got."""
        self._delivery.labels(_label(channel), _label(status)).inc()

    def outbox(self, waiting: int, late_seconds: float) -> None:
        """How full the outbox is."""
        self._waiting.set(waiting)
        self._late.set(late_seconds)

    def text(self) -> bytes:
        """Every figure, in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, description: str, *labels: str) -> Counter:
        return Counter(f"passerelle_{name}", description, labels, registry=self._registry)


def _label(value: str) -> str:
    """A label is a kind of thing; anything else is counted as `other`, so nothing personal becomes one."""
    return value if _kind.fullmatch(value) else "other"
