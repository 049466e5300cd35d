"""The same interpreter over a running Rasa server, for organisations that train DIET or a pipeline of their own.

Only the intent ranking comes from the server. Safety triage, language and entities stay in this process, and so does
everything when the server is slow, gone or wrong: nobody waits for it more than 800 ms, and after a failure it
is left alone for a while. The message goes to this machine or over https, nowhere else, and is never logged.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import httpx

from nlu.classifier import RANKING_LENGTH
from nlu.interpretation import Interpretation, OtherNeed, RankedIntent
from nlu.interpreter import EmbeddedInterpreter
from nlu.labels import INTENTS, intent_of

LIMIT_SECONDS = 0.8
REST_SECONDS = 30.0  # after a failure: long enough not to slow every message, short enough to notice a restart
_AT_ONCE = 4  # requests under way; what comes while all are busy is not asked, and counts as no failure
_LARGEST_ANSWER = 262_144  # bytes; a real answer is a few kilobytes
_IGNORED_START = "/ \t\r\n\0\x0b\x0c"
_KNOWN_INTENTS = frozenset(INTENTS)

Ranking = tuple[RankedIntent, ...]

_told: ContextVar[tuple[str | None, Ranking]] = ContextVar("told", default=(None, ()))
"""What `ask_ahead` got for the message of the present task: a message's task ends with it."""

log = logging.getLogger(__name__)


class RasaServerInterpreter:
    """Asks a Rasa server for the ranking, and does the rest itself. Close it when done."""

    def __init__(
        self,
        url: str,
        embedded: EmbeddedInterpreter,
        limit: float = LIMIT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`url` is the server's base address. Raises ValueError, in plain words, for one that is not safe."""
        self._address = parse_address(url)
        self._embedded = embedded
        self._limit = limit
        self._monotonic = monotonic
        self._resting_until = -math.inf
        # trust_env off: a proxy set in the environment must not see messages.
        self._client = httpx.Client(timeout=limit, follow_redirects=False, trust_env=False)
        # httpx limits each read, not the whole call: waiting on a thread is what makes the limit total.
        self._threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="rasa-server")
        self._free = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self.failures = 0

    async def ask_ahead(self, text: str) -> None:
        """Ask for the ranking of a text that this task will interpret: other messages go on being answered meanwhile."""
        asked = self._start(text)
        if asked is None:
            _told.set((text, ()))
            return
        try:
            _told.set((text, await asyncio.wait_for(asyncio.wrap_future(asked), self._limit)))
        except Exception as error:  # whatever a server answers, the message is read here
            self._failed(error)
            _told.set((text, ()))

    def interpret(self, text: str, recent: tuple[str, ...] = ()) -> Interpretation:
        """Interpret one message, by what `ask_ahead` got for it in this task; else as the embedded interpreter does."""
        ranking, scores = self._embedded.classify(text)
        known, told = _told.get()
        return self._embedded.combine(text, recent, (told if known == text else ()) or ranking, scores)

    def other_needs(self, text: str, first: str) -> tuple[OtherNeed, ...]:
        """Say what else the message asks for: the embedded model's word, one request to the server is enough."""
        return self._embedded.other_needs(text, first)

    def close(self) -> None:
        """Let go of the connections and threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _start(self, text: str) -> Future[Ranking] | None:
        """Send the request; None when nothing is to be asked, the server rests, or all requests are under way."""
        sent = text.lstrip(_IGNORED_START)  # Rasa obeys "/resolved": a texter must not choose an intent that way
        if not sent or self._monotonic() < self._resting_until or not self._free.acquire(blocking=False):
            return None
        try:
            asked = self._threads.submit(self._fetch, sent)
        except RuntimeError:  # closed: the service is ending
            self._free.release()
            return None
        asked.add_done_callback(lambda _: self._free.release())
        return asked

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self.failures += 1
            self._resting_until = self._monotonic() + REST_SECONDS
        log.warning("Rasa server did not answer (%s): embedded model used", type(error).__name__)

    def _fetch(self, text: str) -> Ranking:
        deadline = self._monotonic() + self._limit
        # ASCII-escaped, with lone surrogates replaced: any text a phone sends is a valid body.
        body = json.dumps({"text": text.encode("utf-8", "replace").decode("utf-8")}).encode("ascii")
        headers = {"Content-Type": "application/json"}
        with self._client.stream("POST", self._address, content=body, headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                raise ValueError("not a 200 answer")
            received = bytearray()
            for piece in answer.iter_bytes():
                received += piece
                if len(received) > _LARGEST_ANSWER or self._monotonic() > deadline:
                    raise ValueError("answer too large or too slow")
        return read_ranking(json.loads(received))


def parse_address(url: str) -> str:
    """Check a base address and give the one to post to: https anywhere, http on this machine only."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.password:
        raise ValueError("PASSERELLE_NLU_URL: give an address such as https://rasa.example.org, without a password")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(parts.hostname)):
        raise ValueError("PASSERELLE_NLU_URL: use https, or http on this machine (127.0.0.1): messages are private")
    return parts._replace(path=parts.path.rstrip("/") + "/model/parse", fragment="").geturl()


def read_ranking(answer: Any) -> Ranking:
    """Read a Rasa answer; intents that are not in the label contract are dropped. Raises ValueError if none is left."""
    listed = answer.get("intent_ranking") if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no intent ranking in the answer")
    sums: dict[str, float] = {}
    for item in listed:
        if _is_ranked_intent(item):  # a model trained as ours has a label an intent and urgency: they add up
            intent = intent_of(item["name"])
            sums[intent] = sums.get(intent, 0.0) + item["confidence"]
    if not sums:
        raise ValueError("no known intent in the ranking")
    ranking = [RankedIntent(intent, min(confidence, 1.0)) for intent, confidence in sums.items()]
    ranking.sort(key=lambda ranked: -ranked.confidence)
    return tuple(ranking[:RANKING_LENGTH])


def _is_ranked_intent(item: Any) -> bool:
    if (
        not isinstance(item, dict)
        or not isinstance(item.get("name"), str)
        or intent_of(item["name"]) not in _KNOWN_INTENTS
    ):
        return False
    confidence = item.get("confidence")
    return isinstance(confidence, int | float) and not isinstance(confidence, bool) and 0.0 <= confidence <= 1.0


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
