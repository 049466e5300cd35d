"""The web: providers' webhooks, health, metrics, and in the demonstration the two simulated phones.

Routes exist only for what is set up, and a provider's library is loaded only then. Access logs are off, so no address
or text can appear in one.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import AsyncIterator

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import bootstrap, worker
from bot.bootstrap import Service
from bot.console import partner_page
from bot.settings import Settings

log = structlog.get_logger(__name__)

HEALTH_SECONDS = 5


def create_app(settings: Settings, *, work: bool = True) -> Starlette:
    """The application. The service is built when it starts and closed when it stops."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        service = await bootstrap.build(settings)
        app.state.service = service
        stop = asyncio.Event()
        working = [asyncio.create_task(worker.run(service, stop) if work else worker.keep_up(service, stop))]
        polling = _polling(service)
        try:
            yield
        finally:
            stop.set()
            for task in polling:
                task.cancel()
            await asyncio.gather(*working, *polling, return_exceptions=True)
            await service.close()

    routes = [Route("/healthz", health), Route("/metrics", metrics), *partner_page.routes(), *_webhooks(settings)]
    handlers = {HTTPException: _refused, Exception: _failed}
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)


async def health(request: Request) -> Response:
    """Whether the service stands: the database answers."""
    service: Service = request.app.state.service
    try:
        async with asyncio.timeout(HEALTH_SECONDS), service.database.read() as conn:
            await conn.exec_driver_sql("SELECT 1")
    except Exception as error:  # whatever the reason, the answer is the same
        log.error("health_failed", error=type(error).__name__)
        return JSONResponse({"status": "database away"}, status_code=503)
    return JSONResponse({"status": "ok"})


async def metrics(request: Request) -> Response:
    """Prometheus figures, without personal labels: for this machine, or with a token."""
    service: Service = request.app.state.service
    token = service.settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    allowed = token is not None and hmac.compare_digest(given.encode(), token.get_secret_value().encode())
    here = request.client is not None and request.client.host in ("127.0.0.1", "::1")
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    if not allowed and (not here or forwarded):
        raise HTTPException(403)
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")


def _webhooks(settings: Settings) -> list[Route]:
    routes: list[Route] = []
    if settings.has_twilio:
        from bot.webhooks import twilio

        routes.extend(twilio.routes())
    if settings.telegram_token is not None:
        from bot.webhooks import telegram

        routes.extend(telegram.routes())
    if settings.is_demonstration:
        from bot.console import phones

        routes.extend(phones.routes())
    return routes


def _polling(service: Service) -> list[asyncio.Task[None]]:
    if service.settings.telegram_token is None:
        return []
    from bot.webhooks import telegram

    task = telegram.polling(service)
    return [] if task is None else [task]


async def _refused(request: Request, error: Exception) -> Response:
    return Response(status_code=error.status_code if isinstance(error, HTTPException) else 500)


async def _failed(request: Request, error: Exception) -> Response:
    log.error("request_failed", error=type(error).__name__)
    return Response(status_code=500)
