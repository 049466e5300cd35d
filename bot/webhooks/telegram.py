"""Telegram's webhook, and polling when there is no public address to call."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.bootstrap import Service
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_updates import parse_update
from bot.messages import ChannelName, Inbound
from bot.webhooks.body import bounded


def routes() -> list[Route]:
    """The route of the contract (design section 10)."""
    return [Route("/telegram", receive, methods=["POST"])]


async def receive(request: Request) -> Response:
    """One update. Anything but a wrong secret is answered 200: an update refused again and again blocks its sender."""
    service: Service = request.app.state.service
    channel = service.channels[ChannelName.TELEGRAM]
    if not isinstance(channel, TelegramChannel):
        raise HTTPException(404)
    if not channel.secret_ok(request.headers.get("X-Telegram-Bot-Api-Secret-Token")):
        service.metrics.refused("telegram", "secret")
        raise HTTPException(403)
    try:
        update: Any = await (await bounded(request)).json()
    except (ValueError, RecursionError):
        update = None
    except HTTPException:
        update = None  # too long to be an update: answered 200 like anything else that is none
    inbound = parse_update(update, service.clock()) if isinstance(update, dict) else None
    if inbound is None:
        service.metrics.refused("telegram", "update")
        return Response(status_code=200)
    service.metrics.received("telegram")
    await channel.acknowledge(update)
    await service.intake.receive(inbound)
    return Response(status_code=200)


def polling(service: Service) -> asyncio.Task[None] | None:
    """The task that asks Telegram for updates; None when a webhook does."""
    channel = service.channels[ChannelName.TELEGRAM]
    if service.settings.public_url is not None or not isinstance(channel, TelegramChannel):
        return None

    async def take(inbound: Inbound) -> None:
        service.metrics.received("telegram")
        await service.intake.receive(inbound)

    return asyncio.create_task(channel.poll(take, service.clock))
