"""The demonstration's page without a browser: what it serves, what it refuses, and the stream."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot import organisation
from bot.channels.simulator import SimulatorChannel
from bot.console import live, phones
from bot.console.words import EXAMPLES, LANGUAGES, PLACES, WORDS
from bot.conversation.intake import Response
from bot.messages import ChannelName, Choice, Inbound, InboundKind, Outbound
from bot.metrics import Metrics
from bot.settings import DEMONSTRATION

FRIDAY = datetime(2026, 1, 16, 19, 5, tzinfo=UTC)  # 14:05 in Montréal
HERE = "http://localhost"


@dataclass
class Recorder:
    """An intake that keeps what it is handed."""

    received: list[Inbound] = field(default_factory=list)

    async def receive(self, inbound: Inbound) -> Response:
        self.received.append(inbound)
        return Response()


@dataclass
class Page:
    """The page's routes over a real simulator channel."""

    client: httpx.AsyncClient
    channel: SimulatorChannel
    intake: Recorder

    async def post(self, data: Any, origin: str = HERE, language: str = "fr") -> httpx.Response:
        return await self.client.post(f"/phones/message?lang={language}", json=data, headers={"Origin": origin})


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    channel, intake = SimulatorChannel(), Recorder()
    app = Starlette(routes=phones.routes())
    app.state.service = SimpleNamespace(
        clock=lambda: FRIDAY,
        content=SimpleNamespace(organisation=organisation.load(DEMONSTRATION)),
        channels={ChannelName.SIMULATOR: channel},
        intake=intake,
        metrics=Metrics(),
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE) as client:
        yield Page(client, channel, intake)


def outbound(address: str, text: str, *choices: Choice) -> Outbound:
    return Outbound("1", ChannelName.SIMULATOR, address, text, choices)


async def test_the_page_brings_everything_from_its_own_address(page: Page) -> None:
    answer = await page.client.get("/")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for address in re.findall(r"(?:src|href)=\"([^\"]+)\"", answer.text):
        assert re.match(r"/(?!/)", address)
    assert " style=" not in answer.text
    assert not re.search(r"<script[^>]*>\s*[^<\s]", answer.text)
    assert not re.search(r"\son\w+=", answer.text)


@pytest.mark.parametrize("name", sorted(phones.STATIC))
async def test_its_files_name_no_other_address(page: Page, name: str) -> None:
    answer = await page.client.get(f"/phones/static/{name}")
    assert answer.status_code == 200
    named = re.findall(r"https?://[^\s\"')]+", answer.text)
    assert set(named) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\(", answer.text)


@pytest.mark.parametrize("name", ["words.py", "..%2Fphones.py", "%2e%2e%2fwords.py", "nothing.js"])
async def test_nothing_but_its_files_is_served(page: Page, name: str) -> None:
    assert (await page.client.get(f"/phones/static/{name}")).status_code == 404


async def test_french_first_and_english(page: Page) -> None:
    french, english = await page.client.get("/"), await page.client.get("/?lang=en")
    assert '<html lang="fr">' in french.text
    assert "Partager ma position" in french.text
    assert "Friday" not in french.text
    assert '<html lang="en">' in english.text
    assert "Share my position" in english.text
    assert (await page.client.get("/?lang=xx")).text == french.text


def test_both_languages_say_the_same_things() -> None:
    french, english = (WORDS[language] for language in LANGUAGES)
    assert french.keys() == english.keys()
    for key in french:
        assert re.findall(r"\{\w+\}", french[key]) == re.findall(r"\{\w+\}", english[key]), key
        assert french[key].strip()
    assert len(EXAMPLES["fr"]) == len(EXAMPLES["en"])


async def test_the_page_shows_the_service_s_time_and_who_is_on_call(page: Page) -> None:
    text = (await page.client.get("/")).text
    assert "14:05" in text
    assert "Camille" in text
    assert 'data-address="worker-camille"' in text


async def test_a_text_is_shown_and_handed_to_the_service(page: Page) -> None:
    answer = await page.post({"phone": "texter-1", "text": "yo mon chum est bleu"})
    assert answer.status_code == 204
    (inbound,) = page.intake.received
    assert (inbound.channel, inbound.address, inbound.kind) == (ChannelName.SIMULATOR, "texter-1", InboundKind.TEXT)
    assert inbound.text == "yo mon chum est bleu"
    assert inbound.received_at == FRIDAY
    (line,) = page.channel.history("texter-1")
    assert (line.mine, line.text) == (True, "yo mon chum est bleu")


async def test_every_post_has_an_id_of_its_own(page: Page) -> None:
    for _ in range(2):
        await page.post({"phone": "texter-2", "text": "ok"})
    first, second = page.intake.received
    assert first.provider_id != second.provider_id


async def test_a_choice_is_sent_by_its_value_and_shown_by_its_label(page: Page) -> None:
    await page.channel.send(outbound("worker-camille", "une conversation attend", Choice("A7", "Prendre A7")))
    assert (await page.post({"phone": "worker-camille", "choice": "A7"})).status_code == 204
    assert (page.intake.received[0].kind, page.intake.received[0].text) == (InboundKind.BUTTON, "A7")
    assert page.channel.history("worker-camille")[-1].text == "Prendre A7"


async def test_a_choice_of_another_phone_is_refused(page: Page) -> None:
    await page.channel.send(outbound("worker-camille", "une conversation attend", Choice("A7", "Prendre A7")))
    assert (await page.post({"phone": "worker-sam", "choice": "A7"})).status_code == 409
    assert page.intake.received == []


async def test_a_known_pin_is_shown_by_name_and_others_by_numbers(page: Page) -> None:
    await page.post({"phone": "texter-1", "position": list(PLACES[0].position)})
    await page.post({"phone": "texter-1", "position": [46.5, -72]})
    assert [inbound.location for inbound in page.intake.received] == [PLACES[0].position, (46.5, -72.0)]
    assert [line.text for line in page.channel.history("texter-1")] == [f"📍 {PLACES[0].name}", "📍 46.5000, -72.0000"]


@pytest.mark.parametrize(
    ("data", "status", "word"),
    [
        ({"phone": "texter-1", "text": ""}, 400, "error_empty"),
        ({"phone": "texter-1", "text": " \n\t"}, 400, "error_empty"),
        ({"phone": "texter-1", "text": "a" * (phones.MAX_CHARACTERS + 1)}, 413, "error_long"),
        ({"phone": "texter-1", "text": "a" * phones.MAX_BODY}, 413, "error_long"),
        ({"phone": "texter-1", "text": 7}, 400, "error_request"),
        ({"phone": "texter-1"}, 400, "error_request"),
        ({"phone": "texter-99", "text": "allo"}, 404, "error_phone"),
        ({"phone": "+15145550171", "text": "allo"}, 404, "error_phone"),
        ({"phone": ["texter-1"], "text": "allo"}, 404, "error_phone"),
        ({"text": "allo"}, 404, "error_phone"),
        ({"phone": "texter-1", "position": [91, 0]}, 400, "error_position"),
        ({"phone": "texter-1", "position": [45, 181]}, 400, "error_position"),
        ({"phone": "texter-1", "position": [10**400, 0]}, 400, "error_position"),
        ({"phone": "texter-1", "position": [True, False]}, 400, "error_position"),
        ({"phone": "texter-1", "position": ["45", "-73"]}, 400, "error_position"),
        ({"phone": "texter-1", "position": "45,-73"}, 400, "error_position"),
        ([], 400, "error_request"),
        (None, 400, "error_request"),
    ],
)
async def test_a_bad_post_gets_one_line_and_reaches_nobody(page: Page, data: Any, status: int, word: str) -> None:
    for language in LANGUAGES:
        answer = await page.post(data, language=language)
        assert answer.status_code == status
        assert answer.json() == {"error": WORDS[language][word].format(limit=phones.MAX_CHARACTERS)}
        assert "\n" not in answer.json()["error"]
    assert page.intake.received == []
    assert page.channel.history("texter-1") == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"phone": NaN', b"[" * 20_000])
async def test_a_body_that_is_not_json_is_refused(page: Page, body: bytes) -> None:
    answer = await page.client.post("/phones/message", content=body, headers={"Origin": HERE})
    assert answer.status_code == 400
    assert answer.json() == {"error": WORDS["fr"]["error_request"]}


async def test_not_a_number_is_no_position(page: Page) -> None:
    body = b'{"phone": "texter-1", "position": [NaN, Infinity]}'
    answer = await page.client.post("/phones/message", content=body, headers={"Origin": HERE})
    assert answer.json() == {"error": WORDS["fr"]["error_position"]}


@pytest.mark.parametrize(
    "origin", ["", "null", "http://elsewhere.example", "http://localhost:9", "https://localhost.evil"]
)
async def test_another_page_cannot_text(page: Page, origin: str) -> None:
    answer = await page.post({"phone": "texter-1", "text": "allo"}, origin=origin)
    assert answer.status_code == 403
    assert page.intake.received == []


async def test_half_a_character_is_replaced_rather_than_stored(page: Page) -> None:
    body = json.dumps({"phone": "texter-1", "text": "allo \ud83d"})
    answer = await page.client.post("/phones/message", content=body.encode(), headers={"Origin": HERE})
    assert answer.status_code == 204
    assert page.intake.received[0].text == "allo ?"


async def test_a_post_shows_nothing_personal_in_a_repr() -> None:
    posted = phones.read({"position": [45.5152, -73.5612]}, SimulatorChannel(), "texter-1")
    assert "45.5" not in repr(posted)
    assert "allo" not in repr(phones.read({"text": "allo"}, SimulatorChannel(), "texter-1"))


def parse(event: str) -> tuple[str, dict[str, Any]]:
    name = re.search(r"^event: (\w+)$", event, re.MULTILINE)
    data = re.search(r"^data: (.*)$", event, re.MULTILINE)
    assert name is not None
    assert data is not None
    return name[1], json.loads(data[1])


async def test_the_stream_tells_the_past_then_the_present_then_ends() -> None:
    channel, closing = SimulatorChannel(), asyncio.Event()
    channel.said("texter-1", "allo")
    await channel.send(outbound("texter-1", "Salut\nde quoi tu as besoin?", Choice("1", "Manger")))
    stream = live.events(channel, ["texter-1", "worker-sam"], "run-1", lambda: {"time": "14:05"}, closing)
    heard = [parse(await anext(stream)) for _ in range(4)]
    assert [name for name, _ in heard] == ["start", "line", "line", "ready"]
    assert heard[0][1] == {"run": "run-1", "clock": {"time": "14:05"}}
    assert heard[1][1]["mine"] is True
    assert heard[2][1] == {
        "phone": "texter-1",
        "number": 2,
        "mine": False,
        "text": "Salut\nde quoi tu as besoin?",
        "choices": [{"value": "1", "label": "Manger"}],
        "askLocation": False,
    }
    await channel.send(outbound("worker-sam", "A7: une conversation attend"))
    name, line = parse(await anext(stream))
    assert (name, line["phone"], line["number"]) == ("line", "worker-sam", 1)
    closing.set()
    assert [event async for event in stream] == []


async def test_a_quiet_stream_still_tells_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CLOCK_EVERY", 0.01)
    stream = live.events(SimulatorChannel(), ["texter-1"], "run-1", lambda: {"time": "14:05"}, asyncio.Event())
    heard = [parse(await anext(stream))[0] for _ in range(3)]
    assert heard == ["start", "ready", "clock"]
    await stream.aclose()


async def test_a_closed_page_is_no_longer_written_to() -> None:
    channel = SimulatorChannel()
    tasks = asyncio.all_tasks()
    stream = live.events(channel, ["texter-1"], "run-1", dict, asyncio.Event())
    for _ in range(2):
        await anext(stream)
    channel.said("texter-1", "allo")
    await anext(stream)
    assert asyncio.all_tasks() > tasks
    await stream.aclose()
    assert asyncio.all_tasks() == tasks
