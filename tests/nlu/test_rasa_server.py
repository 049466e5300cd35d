"""The interpreter over a Rasa server: it asks, it never waits long, and it never depends on the answer."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nlu.interpretation import Interpretation, Urgency
from nlu.interpreter import EmbeddedInterpreter, load_interpreter
from nlu.labels import INTENTS
from nlu.rasa_server import REST_SECONDS, RasaServerInterpreter, parse_address, read_ranking

ROOT = Path(__file__).resolve().parents[2]
RASA = ROOT / ".venv-rasa" / "bin" / "python"
GOOD = {"intent_ranking": [{"name": "find_food", "confidence": 0.2}, {"name": "complaint", "confidence": 0.7}]}


class FakeRasa:
    """A loopback server that answers `/model/parse` as the test wants."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answer: Callable[[http.server.BaseHTTPRequestHandler], None] = lambda handler: send(handler, GOOD)
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                fake.asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
                try:
                    fake.answer(self)
                except OSError:
                    self.close_connection = True  # the client has gone: what the slow tests want

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer_when_told(self) -> threading.Event:
        """Keep every request waiting until the event is set."""
        told = threading.Event()

        def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
            told.wait(30)
            send(handler, GOOD)

        self.answer = answer
        return told


def send(handler: http.server.BaseHTTPRequestHandler, body: Any, status: int = 200) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(raw)))
    handler.end_headers()
    handler.wfile.write(raw)


def understand(interpreter: RasaServerInterpreter, text: str) -> Interpretation:
    """Understand a message as the service does: asked ahead, then interpreted, in one task."""

    async def both() -> Interpretation:
        await interpreter.ask_ahead(text)
        return interpreter.interpret(text)

    return asyncio.run(both())


@pytest.fixture
def rasa() -> Iterator[FakeRasa]:
    fake = FakeRasa()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()


@pytest.fixture(scope="module")
def embedded() -> EmbeddedInterpreter:
    return load_interpreter()[0]


@pytest.fixture
def connect(embedded: EmbeddedInterpreter) -> Iterator[Callable[..., RasaServerInterpreter]]:
    opened: list[RasaServerInterpreter] = []

    def open_one(url: str, **options: Any) -> RasaServerInterpreter:
        opened.append(RasaServerInterpreter(url, embedded, **options))
        return opened[-1]

    yield open_one
    for interpreter in opened:
        interpreter.close()


def test_the_ranking_comes_from_the_server(rasa: FakeRasa, connect: Callable[..., RasaServerInterpreter]) -> None:
    got = understand(connect(rasa.url), "j'ai faim \ud800 à soir")
    assert [one.intent for one in got.ranking] == ["complaint", "find_food"]
    assert (got.intent, got.confidence) == ("complaint", 0.7)
    assert rasa.asked == [("/model/parse", {"text": "j'ai faim ? à soir"})]


def test_safety_stays_here(rasa: FakeRasa, connect: Callable[..., RasaServerInterpreter]) -> None:
    got = understand(connect(rasa.url), "mon chum a pris du fent y est bleu pis y respire pu")
    assert (got.urgency, got.danger) == (Urgency.EMERGENCY, "overdose_now")


async def test_asked_ahead_it_is_asked_once_and_nobody_else_waits(
    rasa: FakeRasa, connect: Callable[..., RasaServerInterpreter]
) -> None:
    answering = rasa.answer_when_told()
    interpreter = connect(rasa.url, limit=5.0)
    asyncio.get_running_loop().call_soon(answering.set)  # only runs if this task does not hold the loop
    await interpreter.ask_ahead("j'ai faim")
    assert interpreter.failures == 0

    assert interpreter.interpret("j'ai faim").intent == "complaint"
    assert interpreter.interpret("autre chose").intent != "complaint", "only the message that was asked about"
    assert len(rasa.asked) == 1, "interpreting asks nobody"


def test_rasas_own_commands_are_not_obeyed(rasa: FakeRasa, connect: Callable[..., RasaServerInterpreter]) -> None:
    understand(connect(rasa.url), "/resolved")
    understand(connect(rasa.url), " / ")
    assert [sent for _path, sent in rasa.asked] == [{"text": "resolved"}]


async def test_when_all_requests_are_under_way_nobody_waits_and_nothing_failed(
    rasa: FakeRasa, connect: Callable[..., RasaServerInterpreter]
) -> None:
    answering = rasa.answer_when_told()
    interpreter = connect(rasa.url, limit=5.0)
    asking = [asyncio.ensure_future(interpreter.ask_ahead(f"message {number}")) for number in range(12)]
    _done, waiting = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    answering.set()
    await asyncio.gather(*asking)
    assert len(waiting) <= 4
    assert interpreter.failures == 0


def test_once_closed_the_embedded_model_answers(rasa: FakeRasa, connect: Callable[..., RasaServerInterpreter]) -> None:
    interpreter = connect(rasa.url)
    interpreter.close()
    assert understand(interpreter, "where can i eat").intent == "find_food"


FAULTS: dict[str, Callable[[http.server.BaseHTTPRequestHandler], None]] = {
    "server error": lambda handler: send(handler, {"reason": "no model"}, 409),
    "redirect": lambda handler: send(handler, b"", 302),
    "not JSON": lambda handler: send(handler, b"<html>"),
    "not UTF-8": lambda handler: send(handler, b"\xff\xfe\xfa"),
    "another shape": lambda handler: send(handler, ["find_food"]),
    "no ranking": lambda handler: send(handler, {"intent": {"name": "find_food"}}),
    "unknown intents": lambda handler: send(handler, {"intent_ranking": [{"name": "order_pizza", "confidence": 1}]}),
    "odd items": lambda handler: send(handler, {"intent_ranking": [None, {"name": []}, {"name": "greet"}]}),
    "not numbers": lambda handler: send(handler, b'{"intent_ranking": [{"name": "greet", "confidence": NaN}]}'),
    "nested too deep": lambda handler: send(handler, b"[" * 100_000),
    "endless": lambda handler: send(handler, b" " * 600_000),
    "connection cut": lambda handler: handler.connection.close(),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_server_is_replaced_by_the_embedded_model(
    rasa: FakeRasa, connect: Callable[..., RasaServerInterpreter], embedded: EmbeddedInterpreter, fault: str
) -> None:
    rasa.answer = FAULTS[fault]
    interpreter = connect(rasa.url, limit=5.0)
    assert understand(interpreter, "where can i eat") == embedded.interpret("where can i eat")
    assert interpreter.failures == 1


def _drip(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def test_a_slow_server_is_not_waited_for(rasa: FakeRasa, connect: Callable[..., RasaServerInterpreter]) -> None:
    rasa.answer = _drip
    interpreter = connect(rasa.url, limit=0.3)
    started = time.monotonic()
    assert understand(interpreter, "where can i eat").intent == "find_food"
    assert time.monotonic() - started < 2.0, "bytes that keep coming must not extend the limit"


def test_after_a_failure_the_server_rests_then_is_asked_again(
    rasa: FakeRasa, connect: Callable[..., RasaServerInterpreter]
) -> None:
    now = [0.0]
    rasa.answer = FAULTS["server error"]
    interpreter = connect(rasa.url, monotonic=lambda: now[0])
    understand(interpreter, "allo")
    understand(interpreter, "allo")
    assert len(rasa.asked) == 1
    rasa.answer = lambda handler: send(handler, GOOD)
    now[0] = REST_SECONDS + 1
    assert understand(interpreter, "allo").intent == "complaint"


def test_nobody_listening(connect: Callable[..., RasaServerInterpreter]) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        interpreter = connect(f"http://127.0.0.1:{reserved.getsockname()[1]}")
        assert understand(interpreter, "where can i eat").intent == "find_food"


def test_a_failure_is_logged_without_the_message(
    rasa: FakeRasa, connect: Callable[..., RasaServerInterpreter], caplog: pytest.LogCaptureFixture
) -> None:
    rasa.answer = FAULTS["not JSON"]
    with caplog.at_level("WARNING", logger="nlu.rasa_server"):
        understand(connect(rasa.url), "mon secret 5145550100")
    assert "embedded model used" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("url", ["http://127.0.0.1:5005", "http://[::1]:5005/", "http://localhost", "https://r.test/x"])
def test_safe_addresses(url: str) -> None:
    assert parse_address(url) == url.rstrip("/") + "/model/parse"


@pytest.mark.parametrize("url", ["http://rasa.test", "ftp://127.0.0.1", "https://u:p@r.test", "127.0.0.1:5005", ""])
def test_unsafe_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="PASSERELLE_NLU_URL"):
        parse_address(url)


def test_a_ranking_is_sorted_and_cut_to_ten() -> None:
    listed = [{"name": name, "confidence": 0.01 * at} for at, name in enumerate(INTENTS[:16])]
    ranking = read_ranking({"intent_ranking": listed})
    assert len(ranking) == 10
    assert ranking[0].confidence == pytest.approx(0.15)


def test_the_labels_of_a_model_trained_as_ours_add_up_by_intent() -> None:
    listed = [("greet__none", 0.4), ("find_shelter__urgent", 0.3), ("find_shelter__none", 0.25), ("pizza__none", 0.05)]
    ranking = read_ranking({"intent_ranking": [{"name": name, "confidence": share} for name, share in listed]})
    assert [(one.intent, pytest.approx(one.confidence)) for one in ranking] == [("find_shelter", 0.55), ("greet", 0.4)]


DIET_PIPELINE = """recipe: default.v1
language: fr
pipeline:
- name: WhitespaceTokenizer
- name: CountVectorsFeaturizer
- name: DIETClassifier
  epochs: 20
  constrain_similarities: true
  entity_recognition: false
"""
DIET_MESSAGES = """version: "3.1"
nlu:
- intent: find_food
  examples: |
    - jai faim
    - where can i eat
    - un repas gratuit
    - free meal
- intent: thanks
  examples: |
    - merci
    - thanks a lot
    - mille mercis
    - thank you
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not RASA.exists(), reason="no .venv-rasa here: make it with nlu/rasa/env.sh (needs Python 3.10)")
def test_with_a_real_diet_model_on_a_real_rasa_server(
    tmp_path: Path, connect: Callable[..., RasaServerInterpreter]
) -> None:
    (tmp_path / "config.yml").write_text(DIET_PIPELINE, encoding="utf-8")
    (tmp_path / "nlu.yml").write_text(DIET_MESSAGES, encoding="utf-8")
    command = [str(RASA), "-W", "ignore", "-m", "rasa"]
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    training = [*command, "train", "nlu", "--nlu", "nlu.yml", "--fixed-model-name", "diet"]
    subprocess.run(training, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=400)
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    serving = [*command, "run", "--enable-api", "-m", "models/diet.tar.gz", "-i", "127.0.0.1", "-p", str(port)]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(serving, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    try:
        _wait_until_ready(port, server)
        interpreter = connect(f"http://127.0.0.1:{port}", limit=5.0)
        got = understand(interpreter, "merci")
        assert interpreter.failures == 0
        assert got.intent == "thanks"
        assert {one.intent for one in got.ranking} == {"find_food", "thanks"}
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_until_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers; it loads TensorFlow first."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the Rasa server did not start")
