"""What Twilio posts and what it reads back: forms, signatures, TwiML. Pure; only the fields used are read.

City, region, ZIP, profile name and every other field are left where they are (design section 8).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from bot.messages import ChannelName, DeliveryStatus, Inbound, InboundKind
from flows.segments import plain

STATUS_PATH = "/sms/twilio/status"
INBOUND_PATH = "/sms/twilio"

MAX_INBOUND = 10_000
"""Characters of a message that are read; Twilio sends 1,600 at most."""

MAX_OUTBOUND = 1_600
"""Characters Twilio carries in one message; a longer one fails whole."""

STATUSES: dict[str, DeliveryStatus] = {
    "accepted": DeliveryStatus.HANDED_OVER,
    "scheduled": DeliveryStatus.HANDED_OVER,
    "queued": DeliveryStatus.HANDED_OVER,
    "sending": DeliveryStatus.HANDED_OVER,
    "sent": DeliveryStatus.SENT,
    "partially_delivered": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.DELIVERED,
    "undelivered": DeliveryStatus.UNDELIVERED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.CANCELLED,
}
"""Twilio's words for how far a message got, and ours."""

_OPT_OUT = {
    "STOP": InboundKind.CARRIER_STOP,
    "START": InboundKind.CARRIER_START,
    "HELP": InboundKind.CARRIER_HELP,
}
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_PROVIDER_ID = re.compile(r"[A-Za-z0-9]{10,64}")
_OUR_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class BadForm:
    """A form that cannot be used: the field, and what is wrong with it; never its value.

    `ignore`: the form is whole, but whoever sent it is nobody to answer (a short code, an alphanumeric name, another
    channel): answer an empty `<Response/>`, so that Twilio does not text them its fallback.
    """

    name: str
    problem: str
    ignore: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}"


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """How far one message got. `message_id` is ours when the callback carried it, else empty."""

    message_id: str
    provider_id: str = field(repr=False)
    status: DeliveryStatus
    error_code: str = ""


def parse_inbound(form: Mapping[str, Any], now: datetime) -> Inbound | BadForm:
    """A received text from a verified form."""
    provider_id = _text(form, "MessageSid")
    if not _PROVIDER_ID.fullmatch(provider_id):
        return BadForm("MessageSid", "missing or not an id")
    sender = _text(form, "From")
    if not sender:
        return BadForm("From", "missing")
    if not _PHONE.fullmatch(sender):
        return BadForm("From", "not a telephone number", ignore=True)
    text = clean(_text(form, "Body"))[:MAX_INBOUND]
    kind = _OPT_OUT.get(_text(form, "OptOutType").upper(), InboundKind.TEXT)
    if kind is InboundKind.TEXT and not text.strip() and _has_media(form):
        kind = InboundKind.MEDIA
    return Inbound(ChannelName.SMS, sender, provider_id, text, now, kind)


def parse_status(form: Mapping[str, Any], query: Mapping[str, str]) -> StatusUpdate | BadForm:
    """A status callback from a verified form; `query` holds our own id as `m`."""
    provider_id = _text(form, "MessageSid")
    if not _PROVIDER_ID.fullmatch(provider_id):
        return BadForm("MessageSid", "missing or not an id")
    status = STATUSES.get(_text(form, "MessageStatus").lower())
    if status is None:
        return BadForm("MessageStatus", "missing or unknown")
    ours = query.get("m", "")
    code = _text(form, "ErrorCode")
    return StatusUpdate(
        ours if _OUR_ID.fullmatch(ours) else "", provider_id, status, code if code.isdigit() and len(code) <= 6 else ""
    )


def status_callback(public_url: str, message_id: str) -> str:
    """The address Twilio calls about one message: our id travels in it, and is signed with it."""
    return f"{public_url.rstrip('/')}{STATUS_PATH}?m={message_id}"


def twiml(texts: Sequence[str], callback: str = "") -> str:
    """The answer to a webhook: one message, or `<Response/>` when there is nothing to say.

    Several texts are joined: several messages would arrive in any order. `action` is what Twilio documents today for
    status callbacks and `statusCallback` what it documented before; a status told twice changes nothing here.
    """
    response = MessagingResponse()
    body = outgoing("\n".join(texts))
    if body.strip():
        callbacks = {"action": callback, "method": "POST", "status_callback": callback} if callback else {}
        response.message(body, **callbacks)
    return str(response.to_xml())


def outgoing(text: str) -> str:
    """A text as it leaves: plain punctuation, nothing XML or GSM cannot carry, no longer than one message can be."""
    return plain(clean(text))[:MAX_OUTBOUND]


def clean(text: str) -> str:
    """Without control characters and lone surrogates; line ends become `\\n`."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        c for c in unified if c in "\n\t" or not (c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff")
    )


class SignatureCheck:
    """Whether a request was signed by our Twilio account, for the address Twilio was given.

    The address is rebuilt from the public one, never from the request's own headers: behind a proxy they differ.
    """

    def __init__(self, auth_token: str, public_url: str) -> None:
        self._validator = RequestValidator(auth_token)
        self._base = _without_password(public_url).rstrip("/")

    def valid(self, path_and_query: str, form: Any, header: str | None) -> bool:
        """Whether `header` signs this form at this path. `form` keeps blank and repeated fields (Starlette's does)."""
        if not header:
            return False
        try:
            return bool(self._validator.validate(self._base + path_and_query, form, header))
        except (ValueError, TypeError, AttributeError, UnicodeError):
            return False  # whatever the validator cannot read was not signed by Twilio

    def __repr__(self) -> str:
        return "SignatureCheck()"


def _without_password(url: str) -> str:
    """Twilio leaves `user:password@` out of what it signs."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _has_media(form: Mapping[str, Any]) -> bool:
    count = _text(form, "NumMedia")
    return count.isdigit() and int(count[:4]) > 0


def _text(form: Mapping[str, Any], name: str) -> str:
    """A field's text; an uploaded file is no text."""
    value = form.get(name)
    return value if isinstance(value, str) else ""
