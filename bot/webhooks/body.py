"""Reads what a provider posts, up to a size: more is refused before it fills the memory of a small machine."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

MAX_BODY = 256 * 1024
"""Bytes of a webhook body at most; providers send far less."""


async def bounded(request: Request, most: int = MAX_BODY) -> Request:
    """The same request with its body read. Raises 413 as soon as it is longer than it may be, announced or not."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise HTTPException(413)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise HTTPException(413)

    async def whole() -> Message:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return Request(request.scope, whole)
