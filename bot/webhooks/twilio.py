"""Twilio's webhooks: a text received, and how far a text of ours got."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.bootstrap import Service
from bot.channels.twilio_forms import BadForm, parse_inbound, parse_status, status_callback, twiml
from bot.channels.twilio_sms import TwilioSms
from bot.messages import ChannelName
from bot.webhooks.body import bounded


def routes() -> list[Route]:
    """The routes of the contract (design section 10)."""
    return [Route("/sms/twilio", receive, methods=["POST"]), Route("/sms/twilio/status", status, methods=["POST"])]


async def receive(request: Request) -> Response:
    """A text: the reply rides on this response."""
    service: Service = request.app.state.service
    form = await _signed_form(request, service)
    inbound = parse_inbound(form, service.clock())
    if isinstance(inbound, BadForm):
        service.metrics.refused("sms", "form")
        if inbound.ignore:  # nobody can be answered at this address: an error would only make Twilio try its fallback
            return Response(twiml([]), media_type="text/xml")
        return PlainTextResponse(f"{inbound}\n", status_code=400)
    service.metrics.received("sms")
    response = await service.intake.receive(inbound)
    message_id = response.texts[0][0] if response.texts else ""
    callback = status_callback(service.settings.public_url or "", message_id) if message_id else ""
    return Response(twiml([text for _, text in response.texts], callback), media_type="text/xml")


async def status(request: Request) -> Response:
    """How far a text got. Always 200 once the signature is right: what is not ours is nobody's problem."""
    service: Service = request.app.state.service
    told = parse_status(await _signed_form(request, service), request.query_params)
    if not isinstance(told, BadForm):
        await service.outbox.status(told.message_id, told.provider_id, told.status, told.error_code, service.clock())
        service.work.set()
    return Response(status_code=200)


async def _signed_form(request: Request, service: Service) -> Any:
    """The form, once its signature is verified; 403 and no trace otherwise."""
    channel = service.channels[ChannelName.SMS]
    if not isinstance(channel, TwilioSms):
        raise HTTPException(404)
    try:
        form = await (await bounded(request)).form()
    except HTTPException as refused:
        service.metrics.refused("sms", "size" if refused.status_code == 413 else "form")
        raise
    except Exception:  # whatever is wrong with the form, the answer is the same
        service.metrics.refused("sms", "form")
        raise HTTPException(400) from None
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if not channel.signature.valid(path, form, request.headers.get("X-Twilio-Signature")):
        service.metrics.refused("sms", "signature")
        raise HTTPException(403)
    return form
