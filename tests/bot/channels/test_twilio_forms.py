"""What Twilio posts is read narrowly, its signatures are checked, and TwiML is always readable."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from starlette.datastructures import FormData, QueryParams

from bot.channels.twilio_sms import (
    BadForm,
    SignatureCheck,
    StatusUpdate,
    parse_inbound,
    parse_status,
    status_callback,
    twiml,
)
from bot.messages import ChannelName, DeliveryStatus, Inbound, InboundKind
from tests.fakes.twilio_server import TOKEN, inbound_form, read_xml, sign

NOW = datetime(2026, 1, 16, 19, 0, tzinfo=UTC)
URL = "https://example.com/twilio/sms"
OURS = "0123456789abcdef0123456789abcdef"

# Literal bodies and signatures of the provider's contract (section 1).
PLAIN = (
    "ToCountry=CA&ToState=QC&SmsMessageSid=SM11111111111111111111111111111111&NumMedia=0&ToCity=MONTREAL&FromZip=&"
    "SmsSid=SM11111111111111111111111111111111&FromState=QC&SmsStatus=received&FromCity=MONTREAL&"
    "Body=O%C3%B9+manger+ce+soir%3F+%F0%9F%98%80&FromCountry=CA&To=%2B15145550100&ToZip=&NumSegments=1&"
    "MessageSid=SM11111111111111111111111111111111&AccountSid=AC00000000000000000000000000000000&"
    "From=%2B15145550101&ApiVersion=2010-04-01"
)
OPT_OUT = (
    "ToCountry=CA&ToState=QC&SmsMessageSid=SM22222222222222222222222222222222&NumMedia=0&ToCity=MONTREAL&FromZip=&"
    "SmsSid=SM22222222222222222222222222222222&FromState=QC&SmsStatus=received&FromCity=MONTREAL&Body=STOP&"
    "FromCountry=CA&To=%2B15145550100&ToZip=&NumSegments=1&MessageSid=SM22222222222222222222222222222222&"
    "AccountSid=AC00000000000000000000000000000000&From=%2B15145550101&ApiVersion=2010-04-01&"
    "MessagingServiceSid=MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&OptOutType=STOP"
)
WHATSAPP = (
    "SmsMessageSid=SM33333333333333333333333333333333&NumMedia=0&ProfileName=Zo%C3%A9&MessageType=text&"
    "SmsSid=SM33333333333333333333333333333333&WaId=15145550101&SmsStatus=received&Body=Bonjour&"
    "To=whatsapp%3A%2B15145550100&NumSegments=1&ReferralNumMedia=0&MessageSid=SM33333333333333333333333333333333&"
    "AccountSid=AC00000000000000000000000000000000&From=whatsapp%3A%2B15145550101&ApiVersion=2010-04-01"
)
MEDIA = (
    "ToCountry=CA&ToState=QC&SmsMessageSid=MM44444444444444444444444444444444&NumMedia=1&ToCity=MONTREAL&FromZip=&"
    "SmsSid=MM44444444444444444444444444444444&FromState=QC&SmsStatus=received&FromCity=MONTREAL&Body=&"
    "FromCountry=CA&To=%2B15145550100&ToZip=&NumSegments=1&MessageSid=MM44444444444444444444444444444444&"
    "AccountSid=AC00000000000000000000000000000000&From=%2B15145550101&ApiVersion=2010-04-01&"
    "MediaContentType0=image%2Fjpeg&MediaUrl0=https%3A%2F%2Fapi.twilio.com%2F2010-04-01%2FAccounts%2F"
    "AC00000000000000000000000000000000%2FMessages%2FMM44444444444444444444444444444444%2FMedia%2F"
    "ME55555555555555555555555555555555"
)
BLANK = (
    "SmsMessageSid=SM66666666666666666666666666666666&NumMedia=0&SmsSid=SM66666666666666666666666666666666&"
    "SmsStatus=received&Body=+&To=%2B15145550100&NumSegments=1&MessageSid=SM66666666666666666666666666666666&"
    "AccountSid=AC00000000000000000000000000000000&From=%2B15145550101&ApiVersion=2010-04-01"
)
VECTORS = [
    (PLAIN, "p1A+tEy0mF0lR6kba7xWdzWTlPQ="),
    (OPT_OUT, "OxFXP52TLpHYGixq5aQSRMOzvi0="),
    (WHATSAPP, "DM++V3KICagUNGgXY1XOtkfZ/UQ="),
    (MEDIA, "acdxoDYKI3q3ffi+6F6aOBMqHoA="),
    (BLANK, "mo5c3mUaS7QRRxUX7oh2pSbsmMU="),
]


def form(body: str) -> FormData:
    return FormData(parse_qsl(body, keep_blank_values=True))


def check(public_url: str = "https://example.com") -> SignatureCheck:
    return SignatureCheck(TOKEN, public_url)


@pytest.mark.parametrize(("body", "signature"), VECTORS)
def test_the_contract_s_signatures_verify_and_any_change_does_not(body: str, signature: str) -> None:
    assert check().valid("/twilio/sms", form(body), signature)
    assert sign(URL, parse_qsl(body, keep_blank_values=True)) == signature, "the fake signs as Twilio does"
    assert not check().valid("/twilio/sms", form(body.replace("received", "receive")), signature)
    assert not SignatureCheck("f" * 32, "https://example.com").valid("/twilio/sms", form(body), signature)


def test_twilio_s_own_vector_with_a_query() -> None:
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    own = SignatureCheck("12345", "https://example.com")
    assert own.valid("/myapp.php?foo=1&bar=2", fields, "L/OH5YylLD5NRKLltdqwSvS0BnU=")
    assert not own.valid("/myapp.php?bar=2&foo=1", fields, "L/OH5YylLD5NRKLltdqwSvS0BnU=")
    other = SignatureCheck("12345", "https://mycompany.com")
    again = fields | {"Caller": "+12349013030", "From": "+12349013030"}
    assert other.valid("/myapp.php?foo=1&bar=2", again, "0/KCTR6DLpKmkAf8muzZqo1nDgQ=")


@pytest.mark.parametrize("header", [None, "", "nonsense", "é"])
def test_a_missing_or_odd_signature_is_simply_wrong(header: str | None) -> None:
    assert not check().valid("/twilio/sms", form(PLAIN), header)


@pytest.mark.parametrize(
    "public_url", ["http://example.com", "https://example.com:8443", "https://Example.com", "https://example.com/x"]
)
def test_another_address_is_another_signature(public_url: str) -> None:
    base, signature = VECTORS[0]
    valid = check(public_url).valid("/twilio/sms", form(base), signature)
    assert valid is (public_url == "https://example.com:8443"), (
        "only the port may differ: Twilio signs with or without it"
    )


def test_an_address_with_a_password_is_signed_without_it() -> None:
    assert check("https://user:secret@example.com/").valid("/twilio/sms", form(PLAIN), VECTORS[0][1])


def test_a_literal_ipv6_address_with_a_port_never_raises() -> None:
    assert not check("https://[::1]:8443").valid("/twilio/sms", form(PLAIN), VECTORS[0][1])


def test_repeated_and_blank_fields_are_part_of_what_is_signed() -> None:
    pairs = [("A", "2"), ("A", "1"), ("A", "1"), ("B", "")]
    signature = sign(URL, pairs)
    assert check().valid("/twilio/sms", FormData(pairs), signature)
    assert not check().valid("/twilio/sms", FormData(pairs[:1]), signature)


def test_a_text_is_read_without_anything_else() -> None:
    inbound = parse_inbound(form(PLAIN), NOW)
    assert inbound == Inbound(
        ChannelName.SMS, "+15145550101", "SM" + "1" * 32, "Où manger ce soir? 😀", NOW, InboundKind.TEXT
    )
    assert "5145550101" not in repr(inbound)
    assert "manger" not in repr(inbound)


@pytest.mark.parametrize(
    ("opt_out", "kind"),
    [
        ("STOP", InboundKind.CARRIER_STOP),
        ("START", InboundKind.CARRIER_START),
        ("HELP", InboundKind.CARRIER_HELP),
        ("stop", InboundKind.CARRIER_STOP),
        ("OTHER", InboundKind.TEXT),
        ("", InboundKind.TEXT),
    ],
)
def test_what_the_carrier_answered_is_told(opt_out: str, kind: InboundKind) -> None:
    inbound = parse_inbound(inbound_form("+15145550101", opt_out, OptOutType=opt_out), NOW)
    assert isinstance(inbound, Inbound)
    assert inbound.kind is kind


@pytest.mark.parametrize(("body", "kind"), [(MEDIA, InboundKind.MEDIA), (BLANK, InboundKind.TEXT)])
def test_a_picture_alone_is_media_and_a_blank_text_is_a_text(body: str, kind: InboundKind) -> None:
    inbound = parse_inbound(form(body), NOW)
    assert isinstance(inbound, Inbound)
    assert (inbound.kind, inbound.text.strip()) == (kind, "")


def test_a_picture_with_words_is_its_words() -> None:
    inbound = parse_inbound(inbound_form("+15145550101", "regarde", NumMedia="1"), NOW)
    assert isinstance(inbound, Inbound)
    assert (inbound.kind, inbound.text) == (InboundKind.TEXT, "regarde")


@pytest.mark.parametrize("media", ["", "x", "-1", "１", "9" * 400])
def test_an_odd_count_of_media_does_no_harm(media: str) -> None:
    inbound = parse_inbound(inbound_form("+15145550101", "allo", NumMedia=media), NOW)
    assert isinstance(inbound, Inbound)
    assert inbound.text == "allo"


def test_control_characters_go_and_the_words_stay() -> None:
    inbound = parse_inbound(inbound_form("+15145550101", "y\x00 respire\r\npu\x85 \ufffd"), NOW)
    assert isinstance(inbound, Inbound)
    assert inbound.text == "y respire\npu \ufffd"


def test_a_missing_body_is_an_empty_one_and_an_endless_one_is_cut() -> None:
    fields = inbound_form("+15145550101", "x" * 50_000)
    inbound = parse_inbound(fields, NOW)
    assert isinstance(inbound, Inbound)
    assert len(inbound.text) == 10_000
    del fields["Body"]
    empty = parse_inbound(fields, NOW)
    assert isinstance(empty, Inbound)
    assert empty.text == ""


@pytest.mark.parametrize("sid", ["", "SM", "x" * 200, "SM 1111111111", "SM1111111111\n"])
def test_a_form_without_an_id_is_refused_without_an_echo(sid: str) -> None:
    refused = parse_inbound(inbound_form("+15145550101", "allo", sid=sid), NOW)
    assert refused == BadForm("MessageSid", "missing or not an id")
    assert str(refused) == "MessageSid: missing or not an id"
    assert parse_inbound({}, NOW) == BadForm("MessageSid", "missing or not an id")


@pytest.mark.parametrize(
    "sender", ["12345", "BANQUE", "whatsapp:+15145550101", "rcs:x", "+0123456789", "+1514", "+1514555０101", "+1" * 20]
)
def test_nobody_to_answer_is_told_apart_from_a_broken_form(sender: str) -> None:
    refused = parse_inbound(inbound_form(sender, "allo"), NOW)
    assert isinstance(refused, BadForm)
    assert refused.ignore
    assert sender not in str(refused)
    missing = parse_inbound(inbound_form("", "allo"), NOW)
    assert isinstance(missing, BadForm)
    assert not missing.ignore


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("queued", DeliveryStatus.HANDED_OVER),
        ("sending", DeliveryStatus.HANDED_OVER),
        ("sent", DeliveryStatus.SENT),
        ("delivered", DeliveryStatus.DELIVERED),
        ("undelivered", DeliveryStatus.UNDELIVERED),
        ("failed", DeliveryStatus.FAILED),
        ("canceled", DeliveryStatus.CANCELLED),
    ],
)
def test_a_status_carries_our_id_and_theirs(word: str, status: DeliveryStatus) -> None:
    fields = {"MessageSid": "SM" + "1" * 32, "MessageStatus": word, "ErrorCode": "30007"}
    told = parse_status(fields, QueryParams(f"m={OURS}"))
    assert told == StatusUpdate(OURS, "SM" + "1" * 32, status, "30007")


def test_a_status_without_our_id_or_with_odd_values_is_still_whole() -> None:
    fields = {"MessageSid": "SM" + "1" * 32, "MessageStatus": "sent", "ErrorCode": "<script>"}
    for query in ("", "m=", "m=../../etc", f"m={OURS}x"):
        told = parse_status(fields, QueryParams(query))
        assert told == StatusUpdate("", "SM" + "1" * 32, DeliveryStatus.SENT, "")


@pytest.mark.parametrize("fields", [{}, {"MessageSid": "SM" + "1" * 32}, {"MessageStatus": "sent"}])
def test_a_status_that_says_nothing_is_refused(fields: dict[str, str]) -> None:
    assert isinstance(parse_status(fields, QueryParams("")), BadForm)
    assert isinstance(parse_status(fields | {"MessageStatus": "exploded"}, QueryParams("")), BadForm)


def test_the_callback_address_carries_the_id() -> None:
    assert status_callback("https://a.example/", OURS) == f"https://a.example/sms/twilio/status?m={OURS}"


def test_twiml_is_one_message_with_a_callback() -> None:
    root = read_xml(twiml(["Appelle le 911 <&>", "Reste là"], status_callback("https://a.example", OURS)))
    (message,) = root
    assert message.tag == "Message"
    assert message.text == "Appelle le 911 <&>\nReste là"
    assert message.get("action") == message.get("statusCallback") == f"https://a.example/sms/twilio/status?m={OURS}"
    assert message.get("method") == "POST"


@pytest.mark.parametrize("texts", [[], [""], ["\x00"], [" \n"]])
def test_nothing_to_say_is_an_empty_response(texts: list[str]) -> None:
    root = read_xml(twiml(texts, "https://a.example"))
    assert (root.tag, len(root)) == ("Response", 0)


def test_twiml_stays_readable_whatever_it_is_given() -> None:
    odd = "".join(chr(code) for code in range(0x300)) + "\ud83d\ufffe\uffff😀’…"
    root = read_xml(twiml([odd]))
    text = root[0].text or ""
    assert "\x00" not in text
    assert "'..." in text
    assert "😀" in text


def test_twiml_never_says_more_than_one_message_holds() -> None:
    root = read_xml(twiml(["é" * 2_000]))
    assert len(root[0].text or "") == 1_600
