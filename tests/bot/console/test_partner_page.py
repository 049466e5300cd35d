"""A partner's private link: it confirms one service, shows nothing else, and stops working when replaced."""

from __future__ import annotations

from pathlib import Path

import httpx
from starlette.applications import Starlette

from bot.console import partner_page
from directory import freshness
from tests.bot.test_partners import imported
from tests.phone import Line


def browser(line: Line) -> httpx.AsyncClient:
    app = Starlette(routes=partner_page.routes())
    app.state.service = line.service
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://line.test")


async def new_link(line: Line, code: int) -> str:
    async with line.service.database.begin() as conn:
        service = await freshness.by_code(conn, code)
        assert service is not None
        return await freshness.new_link(conn, *service)


async def confirmed_on(line: Line, code: int) -> str:
    async with line.service.database.read() as conn:
        return next(str(ref.confirmed_on) for ref in await freshness.services(conn) if ref.code == code)


async def test_the_button_confirms_today_and_only_the_button(line: Line, tmp_path: Path) -> None:
    code = await imported(line, tmp_path)
    token = await new_link(line, code)
    async with browser(line) as client:
        page = await client.get(f"/confirm/{token}")
        assert page.status_code == 200
        assert "Le Gîte" in page.text
        assert "Autre" not in page.text
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert await confirmed_on(line, code) == "2024-01-01", "looking confirms nothing: mail programs open links"
        done = await client.post(f"/confirm/{token}")
    assert "Merci" in done.text
    assert await confirmed_on(line, code) == "2026-01-16"


async def test_a_wrong_or_replaced_link_says_so_and_changes_nothing(line: Line, tmp_path: Path) -> None:
    code = await imported(line, tmp_path)
    old = await new_link(line, code)
    await new_link(line, code)
    async with browser(line) as client:
        for token in (old, "x", "é" * 80, "a" * 4000):
            answer = await client.post(f"/confirm/{token}")
            assert answer.status_code == 404
            assert "ne marche plus" in answer.text
    assert await confirmed_on(line, code) == "2024-01-01"
