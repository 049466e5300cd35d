"""What travels between Twilio and a webhook: forms, signatures, TwiML, refusals. Written from the contract, on its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response

ACCOUNT = "AC00000000000000000000000000000000"
TOKEN = "0123456789abcdef0123456789abcdef"
NUMBER = "+15145550100"


def read_xml(text: str) -> ElementTree.Element:
    """A TwiML document, parsed as strictly as Twilio does."""
    return ElementTree.fromstring(text.encode())  # noqa: S314  # our own service's answer


def sign(url: str, form: Mapping[str, str] | list[tuple[str, str]], token: str = TOKEN) -> str:
    """Twilio's signature of a form posted to an address."""
    items = list(form.items()) if isinstance(form, Mapping) else form
    text = url + "".join(name + value for name, value in sorted(set(items)))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()


def signed(url: str, form: Mapping[str, str], token: str = TOKEN) -> dict[str, Any]:
    """What to post, as keyword arguments of an httpx call."""
    headers = {
        "X-Twilio-Signature": sign(url, form, token),
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "TwilioProxy/1.1",
    }
    return {"content": urlencode(form).encode(), "headers": headers}


def inbound_form(sender: str, body: str, sid: str = "SM" + "1" * 32, **more: str) -> dict[str, str]:
    """The fields of a received text, those we never read included."""
    return {
        "ToCountry": "CA",
        "ToState": "QC",
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "ToCity": "MONTREAL",
        "FromZip": "",
        "SmsSid": sid,
        "FromState": "QC",
        "SmsStatus": "received",
        "FromCity": "MONTREAL",
        "Body": body,
        "FromCountry": "CA",
        "To": NUMBER,
        "ToZip": "",
        "NumSegments": "1",
        "MessageSid": sid,
        "AccountSid": ACCOUNT,
        "From": sender,
        "ApiVersion": "2010-04-01",
        **more,
    }


def error(status: int, code: int, message: str) -> Response:
    """A refusal as Twilio words it."""
    info = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse({"code": code, "message": message, "more_info": info, "status": status}, status)
