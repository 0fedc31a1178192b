"""Which webhooks are believed to be PayPal's."""

import base64
import json
import zlib
from datetime import timedelta

import pytest

from backend.gateways.errors import GatewayRefused, NotConfigured
from backend.gateways.paypal_webhooks import PayPalWebhooks
from tests.gateways.certificates import NOW, leaf
from tests.gateways.local_servers import LocalServer
from tests.gateways.paypal_signer import BODY, ROOT, Signer, refuses, verifier


def test_a_message_signed_by_paypal_for_us_is_believed(signer: Signer, webhooks: PayPalWebhooks) -> None:
    webhooks.verify(BODY, signer.headers())

    assert signer.server.paths() == ["/v1/notifications/certs/CERT-360caa42"]


def test_a_message_for_another_subscription_is_refused(signer: Signer, webhooks: PayPalWebhooks) -> None:
    assert refuses(webhooks, signer.headers(webhook_id="WH-SOMEBODY-ELSES"))


def test_a_message_signed_for_the_simulator_is_refused(signer: Signer, webhooks: PayPalWebhooks) -> None:
    assert refuses(webhooks, signer.headers(webhook_id="WEBHOOK_ID"))


def test_any_byte_that_was_changed_is_noticed(signer: Signer, webhooks: PayPalWebhooks) -> None:
    headers = signer.headers()

    for place in range(len(BODY)):
        changed = bytearray(BODY)
        changed[place] ^= 1
        assert refuses(webhooks, headers, bytes(changed))
    assert refuses(webhooks, headers, BODY + b" ")


def test_a_body_with_the_same_checksum_passes_which_is_why_captures_are_fetched(
    signer: Signer, webhooks: PayPalWebhooks
) -> None:
    forged = with_checksum_of(BODY, b'{"id": "WH-1", "resource": {"amount": "9999999.00"}, "x": "')

    assert forged != BODY
    webhooks.verify(forged, signer.headers())


def with_checksum_of(wanted: bytes, start: bytes) -> bytes:
    """Add four bytes so that the CRC32 comes out as wanted: its signature binds no content."""
    table = [crc_of_byte(byte) for byte in range(256)]
    register, reverse = zlib.crc32(wanted) ^ 0xFFFFFFFF, {entry >> 24: i for i, entry in enumerate(table)}
    indices = []
    for _ in range(4):
        index = reverse[register >> 24]
        indices.append(index)
        register = ((register ^ table[index]) << 8) & 0xFFFFFFFF
    register, tail = zlib.crc32(start) ^ 0xFFFFFFFF, bytearray()
    for index in reversed(indices):
        tail.append((register ^ index) & 0xFF)
        register = (register >> 8) ^ table[index]
    return start + bytes(tail)


def crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (0xEDB88320 if byte & 1 else 0)
    return byte


@pytest.mark.parametrize(
    "name",
    sorted(
        f"paypal-{n}"
        for n in ("transmission-id", "transmission-time", "transmission-sig", "cert-url", "auth-algo")
    ),
)
@pytest.mark.parametrize("value", [None, "", " ", "a|b", "ä", "\udcff", "\n", "x" * 501, "nonsense"])
def test_a_header_that_is_missing_or_wrong_is_refused(
    signer: Signer, webhooks: PayPalWebhooks, name: str, value: str | None
) -> None:
    headers = signer.headers()
    headers.pop(name)

    assert refuses(webhooks, headers if value is None else headers | {name: value})


@pytest.mark.parametrize(
    "algorithm", ["SHA1withRSA", "sha256withrsa", "SHA256withECDSA", "none", "MD5withRSA"]
)
def test_only_one_algorithm_is_taken(signer: Signer, webhooks: PayPalWebhooks, algorithm: str) -> None:
    assert refuses(webhooks, signer.headers(auth_algo=algorithm))
    assert signer.server.asked == []


@pytest.mark.parametrize("days", [-3, 0])
def test_a_message_that_paypal_still_repeats_is_believed(
    signer: Signer, webhooks: PayPalWebhooks, days: int
) -> None:
    webhooks.verify(BODY, signer.headers(sent_at=NOW + timedelta(days=days)))


@pytest.mark.parametrize("away", [timedelta(days=-4, seconds=-1), timedelta(minutes=10, seconds=1)])
def test_a_message_from_long_ago_or_from_the_future_is_refused(
    signer: Signer, webhooks: PayPalWebhooks, away: timedelta
) -> None:
    assert refuses(webhooks, signer.headers(sent_at=NOW + away))
    assert signer.server.asked == []


@pytest.mark.parametrize("signature", ["====", "a", base64.b64encode(b"x" * 256).decode(), "AAAA"])
def test_a_signature_that_is_none_is_refused(
    signer: Signer, webhooks: PayPalWebhooks, signature: str
) -> None:
    assert refuses(webhooks, signer.headers(transmission_sig=signature))


def test_a_signature_by_another_key_is_refused(signer: Signer, webhooks: PayPalWebhooks) -> None:
    with LocalServer() as elsewhere:
        strange = Signer(elsewhere, leaf=leaf(ROOT)).headers()["paypal-transmission-sig"]

    assert refuses(webhooks, signer.headers(transmission_sig=strange))


def test_without_a_subscription_nothing_can_be_believed(signer: Signer, ca_file: str) -> None:
    with pytest.raises(NotConfigured):
        verifier(signer.server.url, ca_file, webhook_id="").verify(BODY, signer.headers())


class Postback:
    """Plays PayPal when it is asked whether a message is its own."""

    def __init__(self, answer: dict[str, str] | Exception) -> None:
        self.answer = answer
        self.questions: list[bytes] = []

    def __call__(self, question: bytes) -> dict[str, str]:
        self.questions.append(question)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


RAW = b'{ "id" :"WH-1",\n "amount": 1.50, "name": "J\xc3\xbcrgen \\u00fc" }'


def asking(postback: Postback) -> PayPalWebhooks:
    return verifier("http://127.0.0.1:1", "", verifies_by_postback=True, ask_paypal=postback)


def test_paypal_is_asked_with_the_body_byte_for_byte(signer: Signer) -> None:
    postback = Postback({"verification_status": "SUCCESS"})

    asking(postback).verify(RAW, signer.headers())

    [question] = postback.questions
    assert RAW in question
    asked = json.loads(question)
    assert (asked["webhook_id"], asked["webhook_event"]) == ("WH-OURS", json.loads(RAW))
    assert set(asked) == {
        *("auth_algo", "cert_url", "transmission_id", "transmission_sig", "transmission_time"),
        *("webhook_id", "webhook_event"),
    }


@pytest.mark.parametrize("status", ["FAILURE", "success", "", None])
def test_what_paypal_does_not_confirm_is_refused(signer: Signer, status: str | None) -> None:
    assert refuses(asking(Postback({"verification_status": status})), signer.headers())  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "raw", [b"", b"{", b'{}, "webhook_id": "WH-X", "a": {}', b"\xff\xfe{\x00}\x00", b"[" * 100_000]
)
def test_a_body_that_would_change_the_question_is_not_asked_about(signer: Signer, raw: bytes) -> None:
    postback = Postback({"verification_status": "SUCCESS"})

    assert refuses(asking(postback), signer.headers(), raw)
    assert postback.questions == []


def test_a_question_that_paypal_refuses_is_no_confirmation(signer: Signer) -> None:
    assert refuses(asking(Postback(GatewayRefused(reason="Malformed request"))), signer.headers())


def test_refused_keys_are_our_fault_and_not_the_messages(signer: Signer) -> None:
    with pytest.raises(GatewayRefused):
        asking(Postback(GatewayRefused(reason="authentication"))).verify(BODY, signer.headers())
