"""A partner's private page: what the directory says of their service, and one button, "still right".

The link holds a secret that only its digest is kept of; a new one replaces it. Whoever has the link can confirm that one
service and see what everybody may see of it, and nothing else.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.conversation import news
from directory import freshness
from directory.freshness import ServiceRef

HERE = Path(__file__).parent
LONGEST_TOKEN = 64
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
"""The link is a secret: it must not be cached, indexed, or told to another site."""


def routes() -> list[Route]:
    """The page, and its button."""
    return [Route("/confirm/{token}", show), Route("/confirm/{token}", confirm, methods=["POST"])]


async def show(request: Request) -> Response:
    """What the directory says, and since when."""
    service = request.app.state.service
    async with service.database.read() as conn:
        found = await _service(conn, request.path_params["token"])
    return _page(found, confirmed=False)


async def confirm(request: Request) -> Response:
    """The partner says that it is right as of today."""
    service = request.app.state.service
    now = service.clock()
    async with service.database.begin() as conn:
        found = await _service(conn, request.path_params["token"])
        if found is not None:
            today = now.astimezone(service.content.organisation.zone).date()
            await freshness.confirm(conn, found.source, found.service_id, today)
            await news.close_tasks(conn, found.service_id, now)
            found = await _service(conn, request.path_params["token"])
    return _page(found, confirmed=found is not None)


async def _service(conn: AsyncConnection, token: str) -> ServiceRef | None:
    key = await freshness.by_link(conn, token) if len(token) <= LONGEST_TOKEN else None
    if key is None:
        return None
    return next((each for each in await freshness.services(conn) if (each.source, each.service_id) == key), None)


def _page(found: ServiceRef | None, *, confirmed: bool) -> Response:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # loaded by the first partner, not by every line

    templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    html = templates.get_template("partner.html").render(service=found, confirmed=confirmed)
    return HTMLResponse(html, status_code=404 if found is None else 200, headers=HEADERS)
