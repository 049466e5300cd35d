"""The whole application from outside: signed texts in, TwiML out, pages to workers, and everything that must be refused."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select

from bot.bootstrap import Content
from bot.messages import DeliveryStatus
from bot.store import tables
from bot.webhooks.body import MAX_BODY
from tests.bot.site import ELSEWHERE, PUBLIC, SECRET, Site, environment_for, new_sid, opened, settings_for, until
from tests.bot.test_privacy import found_in, found_under, logs
from tests.fakes.telegram_server import TelegramServer
from tests.fakes.twilio_server import TwilioServer, inbound_form, sign, signed

__all__ = ["logs"]

SMS = f"{PUBLIC}/sms/twilio"
OVERDOSE = "mon ami respire pu yé bleu"
TEXTER = "+15145550123"
WORKERS = ("+15145550171", "+15145550172", "+15145550173")
START_SECONDS = 200


@pytest.fixture(scope="module")
def twilio_server() -> Iterator[TwilioServer]:
    with TwilioServer().running() as server:
        yield server


@pytest.fixture(scope="module")
def telegram_server() -> Iterator[TelegramServer]:
    with TelegramServer().running() as server:
        yield server


@pytest.fixture
def twilio(twilio_server: TwilioServer) -> TwilioServer:
    twilio_server.reset()
    return twilio_server


@pytest.fixture
def telegram(telegram_server: TelegramServer) -> TelegramServer:
    telegram_server.reset()
    return telegram_server


@pytest.fixture
async def site(
    content: Content,
    twilio: TwilioServer,
    telegram: TelegramServer,
    tmp_path: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Site]:
    """The application with its worker loop, on each database engine."""
    settings = settings_for(tmp_path / "state", twilio, telegram, database_url=database_url)
    async with opened(settings, content, twilio, monkeypatch) as started:
        yield started


@pytest.fixture
async def quiet_site(
    content: Content,
    twilio: TwilioServer,
    telegram: TelegramServer,
    tmp_path: Path,
    sqlite_template: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Site]:
    """The application on SQLite without its worker loop: for what happens at the door."""
    (tmp_path / "state").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "state" / "passerelle.db")
    settings = settings_for(tmp_path / "state", twilio, telegram)
    async with opened(settings, content, twilio, monkeypatch, work=False) as started:
        yield started


def pages(site: Site) -> list[str]:
    return [text for number in WORKERS for text in site.sent_to(number)]


async def test_a_signed_emergency_is_answered_in_the_response_and_pages_the_worker(site: Site) -> None:
    answer, made = await site.text(TEXTER, OVERDOSE)
    assert answer.status_code == 200
    (first,) = made
    assert "911" in first["body"][:136]
    assert first["callback"].startswith(f"{PUBLIC}/sms/twilio/status?m=")
    await until(lambda: pages(site), "a page")
    (page,) = pages(site)
    assert TEXTER not in page
    assert "respire" not in page
    before = len(site.sent_to(TEXTER))
    await site.twilio.report(site.client, first, "sent")
    await until(lambda: len(site.sent_to(TEXTER)) > before or before, "the rest, by REST")
    assert len(pages(site)) == 1


@pytest.mark.parametrize(
    "header", [None, "", "bm90IGEgc2lnbmF0dXJl", "é", "wrong token", "other form", "other address", "unsigned extra"]
)
async def test_what_twilio_did_not_sign_is_refused_and_leaves_no_trace(quiet_site: Site, header: str | None) -> None:
    form = inbound_form(TEXTER, OVERDOSE, sid=new_sid())
    signatures = {
        "wrong token": sign(SMS, form, "f" * 32),
        "other form": sign(SMS, form | {"Body": "salut"}),
        "other address": sign("https://elsewhere.example/sms/twilio", form),
        "unsigned extra": sign(SMS, form),
    }
    given = signatures.get(header or "", header)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if given is not None:
        headers["X-Twilio-Signature"] = given.encode("latin-1").decode("latin-1")
    sent = form | ({"Digits": "1"} if header == "unsigned extra" else {})
    for path in ("/sms/twilio", "/sms/twilio/status"):
        answer = await quiet_site.client.post(
            path,
            content=urlencode(sent),
            headers={name: value.encode("latin-1") for name, value in headers.items()},  # type: ignore[arg-type] # httpx takes bytes
        )
        assert answer.status_code == 403
        assert answer.content == b""
    assert set((await quiet_site.stored()).values()) == {0}
    assert 'passerelle_refused_total{channel="sms",reason="signature"} 2.0' in await quiet_site.metrics()


async def test_a_redelivery_gets_the_same_answer_and_causes_nothing(site: Site) -> None:
    sid = new_sid()
    first, _ = await site.text(TEXTER, OVERDOSE, sid=sid)
    await until(lambda: pages(site), "a page")
    before = await site.stored()
    again, _ = await site.text(TEXTER, OVERDOSE, sid=sid)
    assert again.text == first.text
    assert await site.stored() == before


async def test_both_deliveries_at_once_get_the_same_answer_once(site: Site) -> None:
    sid = new_sid()
    answers = await asyncio.gather(*(site.text(TEXTER, OVERDOSE, sid=sid) for _ in range(4)))
    assert len({answer.text for answer, _ in answers}) == 1
    assert "911" in answers[0][0].text
    assert (await site.stored())["inbound"] == 1
    assert (await site.stored())["handoff"] == 1
    await until(lambda: pages(site), "a page")
    assert len(pages(site)) == 1


async def test_several_people_at_once_are_each_answered(site: Site) -> None:
    people = [f"+151455502{number:02d}" for number in range(6)]
    answers = await asyncio.gather(*(site.text(person, OVERDOSE) for person in people))
    assert all("911" in made[0]["body"][:136] for _, made in answers)
    assert (await site.stored())["contact"] == len(people)


async def test_a_delivery_status_only_moves_forward(quiet_site: Site) -> None:
    _, (message,) = await quiet_site.text(TEXTER, OVERDOSE)

    async def now() -> str:
        ours = message["callback"].partition("m=")[2]
        async with quiet_site.service.database.read() as conn:
            query = select(tables.outbox.c.status).where(tables.outbox.c.id == ours)
            return str((await conn.execute(query)).scalar_one())

    assert await now() == DeliveryStatus.HANDED_OVER.value
    for told, expected in (
        ("sent", "sent"),
        ("queued", "sent"),
        ("delivered", "delivered"),
        ("sent", "delivered"),
        ("sending", "delivered"),
        ("delivered", "delivered"),
    ):
        assert (await quiet_site.twilio.report(quiet_site.client, message, told)).status_code == 200
        assert await now() == expected
    assert 'status="delivered"} 1.0' in await quiet_site.metrics()


@pytest.mark.parametrize("query", ["", "?m=", "?m=" + "0" * 32, "?m=../../x", "?m=%00", "?x=1"])
@pytest.mark.parametrize("status", ["delivered", "nonsense", ""])
async def test_a_status_that_is_not_ours_is_nobody_s_problem(quiet_site: Site, query: str, status: str) -> None:
    url = f"{SMS}/status{query}"
    answer = await quiet_site.client.post(url, **signed(url, {"MessageSid": new_sid(), "MessageStatus": status}))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"MessageSid": ""}, 400),
        ({"MessageSid": "../etc"}, 400),
        ({"From": ""}, 400),
        ({"From": "1" * 400}, 200),
        ({"From": "12345"}, 200),
        ({"From": "whatsapp:+15145550123"}, 200),
    ],
)
async def test_a_signed_form_that_cannot_be_used_is_one_line(
    quiet_site: Site, change: dict[str, str], expected: int
) -> None:
    form = inbound_form(TEXTER, OVERDOSE, sid=new_sid()) | change
    answer = await quiet_site.client.post(SMS, **signed(SMS, form))
    assert answer.status_code == expected
    if expected == 400:
        assert answer.text.count("\n") == 1
        assert TEXTER not in answer.text
    else:
        assert quiet_site.twilio.read_twiml(answer, TEXTER) == []
    assert 'reason="form"} 1.0' in await quiet_site.metrics()
    assert (await quiet_site.stored())["inbound"] == 0


@pytest.mark.parametrize(
    "body",
    ["", " ", "\x00", "🙂", "a" * 4000, "é" * 4000, "/overdose_now", "<Response>&amp;", "{code} %s", "مرحبا"],
    ids=range(10),
)
async def test_any_text_gets_twiml_that_twilio_takes(quiet_site: Site, body: str) -> None:
    answer, made = await quiet_site.text(TEXTER, body)
    assert answer.status_code == 200
    assert len(made) == 1


async def test_a_picture_alone_and_invalid_utf8_are_answered(quiet_site: Site) -> None:
    _, made = await quiet_site.text(TEXTER, "", NumMedia="1", MediaUrl0="https://example.org/x")
    assert len(made) == 1
    form = inbound_form(TEXTER, "a\ufffdb", sid=new_sid())
    content = urlencode(form).replace("%EF%BF%BD", "%FF").encode()
    headers = {"X-Twilio-Signature": sign(SMS, form), "Content-Type": "application/x-www-form-urlencoded"}
    assert (await quiet_site.client.post(SMS, content=content, headers=headers)).status_code == 200


async def test_what_the_carrier_answered_gets_an_empty_response(quiet_site: Site) -> None:
    for body, fields in (("STOP", {}), ("STOP", {"OptOutType": "STOP"}), ("HELP", {"OptOutType": "HELP"})):
        answer, made = await quiet_site.text(TEXTER, body, **fields)
        assert answer.status_code == 200
        assert made == []


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", ["/sms/twilio", "/sms/twilio/status"])
async def test_a_body_too_long_is_not_read(quiet_site: Site, path: str, announced: bool) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 100 * MAX_BODY:
            read += 65536
            yield b"x" * 65536

    headers = {"X-Twilio-Signature": "x", "Content-Type": "application/x-www-form-urlencoded"}
    if announced:
        answer = await quiet_site.client.post(path, content=b"x" * (MAX_BODY + 1), headers=headers)
    else:
        answer = await quiet_site.client.post(path, content=endless(), headers=headers)
        assert read <= MAX_BODY + 2 * 65536
    assert answer.status_code == 413
    assert 'reason="size"} 1.0' in await quiet_site.metrics()


@pytest.mark.parametrize(
    ("posted", "kind"),
    [
        (b"--x\r\nnothing", "multipart/form-data; boundary=x"),
        (b"\xff\xfe", "multipart/form-data"),
        (b"{}", "application/json"),
        (b"", "application/x-www-form-urlencoded"),
        (b"&".join(b"a=1" for _ in range(5000)), "application/x-www-form-urlencoded"),
    ],
)
async def test_a_malformed_body_is_refused_quietly(quiet_site: Site, posted: bytes, kind: str) -> None:
    headers = {"X-Twilio-Signature": "x", "Content-Type": kind}
    answer = await quiet_site.client.post("/sms/twilio", content=posted, headers=headers)
    assert answer.status_code in (400, 403)
    assert answer.content == b""


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/sms/twilio", 405),
        ("GET", "/telegram", 405),
        ("POST", "/healthz", 405),
        ("GET", "/.env", 404),
        ("GET", "/sms/twilio/", 404),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404),
        ("POST", "/sms", 404),
    ],
)
async def test_what_is_not_there(quiet_site: Site, method: str, path: str, expected: int) -> None:
    answer = await quiet_site.client.request(method, path)
    assert answer.status_code in (expected, 307)
    assert answer.content == b""


async def test_health_tells_whether_the_database_answers(quiet_site: Site, tmp_path: Path) -> None:
    assert (await quiet_site.client.get("/healthz")).json() == {"status": "ok"}
    await quiet_site.service.database.close()
    (tmp_path / "state" / "passerelle.db").write_bytes(b"no database at all" * 500)
    answer = await quiet_site.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "database away"})


async def test_figures_are_for_this_machine_only(
    content: Content, twilio: TwilioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = settings_for(tmp_path / "a", twilio)
    async with opened(closed, content, twilio, monkeypatch, work=False, address=ELSEWHERE) as site:
        assert (await site.client.get("/metrics")).status_code == 403
        assert (await site.client.get("/metrics", headers={"Authorization": "Bearer "})).status_code == 403
    with_token = settings_for(tmp_path / "b", twilio, metrics_token="a-long-token")
    async with opened(with_token, content, twilio, monkeypatch, work=False, address=ELSEWHERE) as site:
        assert (await site.client.get("/metrics", headers={"Authorization": "Bearer nope"})).status_code == 403
        answer = await site.client.get("/metrics", headers={"Authorization": "Bearer a-long-token"})
        assert "passerelle_received_total" in answer.text
    async with opened(closed, content, twilio, monkeypatch, work=False) as site:
        assert (await site.client.get("/metrics")).status_code == 200
        forwarded = await site.client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"})
        assert forwarded.status_code == 403


def update(text: str, number: int, chat: int = 700000123) -> dict[str, object]:
    person = {"id": chat, "is_bot": False, "first_name": "Zoé", "username": "zoe_q", "language_code": "fr"}
    where = {"id": chat, "first_name": "Zoé", "username": "zoe_q", "type": "private"}
    message = {"message_id": number, "from": person, "chat": where, "date": 1764000000, "text": text}
    return {"update_id": number, "message": message}


async def test_telegram_is_answered_once_by_whoever_knows_the_secret(site: Site, telegram: TelegramServer) -> None:
    for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "wrong"}, {"X-Telegram-Bot-Api-Secret-Token": ""}):
        assert (await site.client.post("/telegram", json=update(OVERDOSE, 1), headers=headers)).status_code == 403
    assert set((await site.stored()).values()) == {0}
    assert 'passerelle_refused_total{channel="telegram",reason="secret"} 3.0' in await site.metrics()
    right = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    for _ in range(2):
        assert (await site.client.post("/telegram", json=update(OVERDOSE, 1), headers=right)).status_code == 200
    sent = await until(lambda: [each["text"] for each in telegram.sent if each["chat_id"] == 700000123], "an answer")
    assert "911" in sent[0][:136]
    assert (await site.stored())["inbound"] == 1
    await until(lambda: pages(site), "a page")


@pytest.mark.parametrize(
    "posted",
    [b"", b"{", b"[]", b"null", b"\xff", b"{}", b'{"update_id":"x"}', b"[" * 100_000, b"x" * (MAX_BODY + 1)],
    ids=range(9),
)
async def test_an_update_that_is_none_is_answered_200(quiet_site: Site, posted: bytes) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
    assert (await quiet_site.client.post("/telegram", content=posted, headers=headers)).status_code == 200
    assert (await quiet_site.stored())["inbound"] == 0
    assert 'reason="update"} 1.0' in await quiet_site.metrics()


async def test_a_deep_update_is_answered_200(quiet_site: Site) -> None:
    deep = '{"a":' * 50_000 + "1" + "}" * 50_000
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    assert (await quiet_site.client.post("/telegram", content=deep, headers=headers)).status_code in (200,)


# Privacy

NUMBER = "+15145558264"
CHAT = 7700098765432
NAME = "Théodora Vingtsept"
SENTENCE = "ma cousine est tombée derrière le lavoir turquoise a respire pu"
PLACE = "Saint-Télesphore-du-Lavoir"
SID = "SMdeadbeefdeadbeefdeadbeefdeadbeef"
PIN = ("45.512377", "-73.557719")
PLANTED = (NUMBER, NUMBER[2:], str(CHAT), NAME, "Vingtsept", SENTENCE, "lavoir turquoise", PLACE, SID, *PIN)


async def test_nothing_planted_is_found_after_a_whole_conversation(
    content: Content,
    twilio: TwilioServer,
    telegram: TelegramServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    logs: io.StringIO,
) -> None:
    """A text, a redelivery, a refusal, a pin, a relay both ways, a lost database, an erasure: all at debug level."""
    from bot import log

    monkeypatch.setattr(log, "set_up", lambda *_args, **_more: None)  # the fixture's own, at debug level, stays
    state = tmp_path / "state"
    settings = settings_for(state, twilio, telegram)
    right = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    async with opened(settings, content, twilio, monkeypatch) as site:
        _, made = await site.text(NUMBER, f"{SENTENCE} près de {PLACE}", sid=SID, FromCity=PLACE, ProfileName=NAME)
        await site.text(NUMBER, f"{SENTENCE} près de {PLACE}", sid=SID)
        page = (await until(lambda: pages(site), "a page"))[0]
        worker = next(number for number in WORKERS if site.sent_to(number))
        await site.text(worker, page.split(":")[0])
        await site.text(worker, f"{page.split(':')[0]} allo {NAME}, {SENTENCE}")
        await until(lambda: any(NAME in text for text in site.sent_to(NUMBER)), "the worker's words")
        await site.text(NUMBER, f"{NAME} ici, {PLACE}")
        await until(lambda: any(PLACE in text for text in site.sent_to(worker)), "the texter's words")
        await site.twilio.report(site.client, made[0], "undelivered", 30006)
        await site.client.post(f"/sms/twilio?who={NUMBER}", content=urlencode({"From": NUMBER, "Body": SENTENCE}))
        pin = update("", 7, CHAT)
        pin["message"] |= {"location": {"latitude": float(PIN[0]), "longitude": float(PIN[1])}}  # type: ignore[operator] # a dict
        await site.client.post("/telegram", json=update(f"manger, {NAME}", 6, CHAT), headers=right)
        await site.client.post("/telegram", json=pin, headers=right)
        await site.client.post("/telegram", content=json.dumps(update(SENTENCE, 8, CHAT))[:-3], headers=right)
        await until(lambda: [each for each in telegram.sent if each["chat_id"] == CHAT], "an answer on Telegram")
        figures = (await site.metrics()).encode()
        shown = repr(site.service).encode()
        for path in state.rglob("*"):  # with the write-ahead log as it stands
            if path.is_file():
                assert found_in(path.read_bytes(), PLANTED) == [], path.name
        await site.service.database.close()
        for path in state.glob("passerelle.db-*"):
            path.unlink()
        database = (state / "passerelle.db").read_bytes()
        (state / "passerelle.db").write_bytes(b"x" * 8192)
        answer, _ = await site.text(NUMBER, SENTENCE)
        assert "911" in answer.text
        assert found_in(database, PLANTED) == []
    assert list((state / "spool").iterdir())
    assert found_under(state, PLANTED) == {}
    assert "event=database_away" in logs.getvalue()
    for what in (logs.getvalue().encode(), figures, shown):
        assert found_in(what, PLANTED) == []


# Two processes


def test_two_processes_on_one_database(twilio: TwilioServer, tmp_path: Path) -> None:
    """`serve --no-work` answers, `work` pages and sends the rest: each message once, and both stop when told."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")}
    environment |= environment_for(tmp_path / "state", twilio, port=str(port))
    command = [sys.executable, "-c", "from bot.cli import main; main()"]
    log = (tmp_path / "log").open("w+")
    running = [
        subprocess.Popen([*command, *words], env=environment, stdout=log, stderr=subprocess.STDOUT)
        for words in (["serve", "--no-work"], ["work"])
    ]
    try:
        address = f"http://127.0.0.1:{port}"
        limit = time.monotonic() + START_SECONDS
        while not _healthy(address):
            assert all(each.poll() is None for each in running), Path(log.name).read_text()
            assert time.monotonic() < limit, "the service never answered"
            time.sleep(0.1)
        people = [f"+151455503{number:02d}" for number in range(5)]
        with httpx.Client(timeout=60) as client:
            for person in people:
                form = inbound_form(person, OVERDOSE, sid=new_sid())
                answer = client.post(f"{address}/sms/twilio", **signed(SMS, form))
                assert "911" in answer.text
        limit = time.monotonic() + START_SECONDS
        while len([each for each in twilio.messages if each["to"] in WORKERS]) < len(people):
            assert time.monotonic() < limit, Path(log.name).read_text()
            time.sleep(0.1)
    finally:
        for each in running:
            each.send_signal(signal.SIGTERM)
        codes = [each.wait(timeout=60) for each in running]
        log.close()
    sent = [(each["to"], each["body"]) for each in twilio.messages]
    assert len(sent) == len(set(sent)), "nothing is sent twice"
    assert codes == [0, 0], Path(log.name).read_text()
    written = Path(log.name).read_text()
    assert "Traceback" not in written
    assert all(person not in written for person in people)


def _healthy(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=10).status_code == 200
    except httpx.TransportError:
        return False
