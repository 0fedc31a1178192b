"""Events reach the shop signed, again and again, and in whatever order a test wants."""

import base64
import json
import zlib
from typing import Any

import pytest
import razorpay
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.verification import PolicyBuilder, Store

from backend.sandbox import keys
from backend.sandbox.server import SandboxServer
from tests.sandbox.conftest import Controls, Delivery, Shop, until
from tests.sandbox.paypal import PayPal


def pay(client: razorpay.Client, controls: Controls, **choice: Any) -> Any:
    order = client.order.create({"amount": 5000, "currency": "INR"})
    return controls.post("razorpay/pay", order_id=order["id"], method="upi", **choice)


def event_of(delivery: Delivery) -> str:
    read = json.loads(delivery.body)
    return str(read.get("event") or read["event_type"])


def test_a_payment_is_told_in_three_signed_events(
    razorpay_client: razorpay.Client, controls: Controls, shop: Shop
) -> None:
    pay(razorpay_client, controls)

    received = shop.wait_for(3)
    for delivery in received:
        signature = delivery.headers["X-Razorpay-Signature"]
        assert razorpay_client.utility.verify_webhook_signature(
            delivery.body.decode(), signature, keys.RAZORPAY_WEBHOOK_SECRET
        )
    assert [event_of(d) for d in received] == ["payment.authorized", "payment.captured", "order.paid"]
    assert len({d.headers["x-razorpay-event-id"] for d in received}) == 3
    assert {d.path for d in received} == {"/webhooks/razorpay"}


def test_an_event_holds_only_what_belongs_to_it(
    razorpay_client: razorpay.Client, controls: Controls, shop: Shop
) -> None:
    paid = pay(razorpay_client, controls)
    razorpay_client.payment.refund(paid["razorpay_payment_id"], {})

    contents = {event_of(d): json.loads(d.body)["contains"] for d in shop.wait_for(5)}
    assert contents == {
        "payment.authorized": ["payment"],
        "payment.captured": ["payment"],
        "order.paid": ["payment", "order"],
        "refund.created": ["refund", "payment"],
        "refund.processed": ["refund", "payment"],
    }


def test_an_event_shows_what_was_at_its_time(
    razorpay_client: razorpay.Client, controls: Controls, shop: Shop
) -> None:
    pay(razorpay_client, controls)

    first = json.loads(shop.wait_for(3)[0].body)
    assert first["payload"]["payment"]["entity"]["status"] == "authorized"


def test_paypals_signature_holds_under_the_sandboxs_root(
    server: SandboxServer, controls: Controls, shop: Shop
) -> None:
    capture = PayPal(controls.url).paid(custom_id="ours-1")

    delivery = shop.wait_for(2)[1]
    headers, resource = delivery.headers, json.loads(delivery.body)["resource"]
    checksum = zlib.crc32(delivery.body) & 0xFFFFFFFF
    parts = (headers["PAYPAL-TRANSMISSION-ID"], headers["PAYPAL-TRANSMISSION-TIME"], keys.PAYPAL_WEBHOOK_ID)
    signature = base64.b64decode(headers["PAYPAL-TRANSMISSION-SIG"])
    key = trusted_key(server, headers["PAYPAL-CERT-URL"])
    key.verify(signature, f"{'|'.join(parts)}|{checksum}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert (resource["id"], resource["custom_id"]) == (capture["id"], "ours-1")
    assert resource["supplementary_data"]["related_ids"]["order_id"]
    assert event_of(delivery) == "PAYMENT.CAPTURE.COMPLETED"


def trusted_key(server: SandboxServer, cert_url: str) -> rsa.RSAPublicKey:
    """Follow the chain from the certificate's address to the root in the file."""
    leaf, *others = x509.load_pem_x509_certificates(requests.get(cert_url, timeout=5).content)
    root = x509.load_pem_x509_certificate(server.ca_file.read_bytes())
    verifier = (
        PolicyBuilder()
        .store(Store([root]))
        .build_server_verifier(x509.DNSName("messageverificationcerts.paypal.com"))
    )
    verifier.verify(leaf, others)
    key = leaf.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def test_a_refund_names_its_capture(controls: Controls, shop: Shop) -> None:
    wire = PayPal(controls.url)
    capture = wire.paid()
    wire.post(f"/v2/payments/captures/{capture['id']}/refund", {})

    event = json.loads(shop.wait_for(3)[2].body)
    [up] = [link["href"] for link in event["resource"]["links"] if link["rel"] == "up"]
    assert (event["event_type"], event["resource_type"]) == ("PAYMENT.CAPTURE.REFUNDED", "refund")
    assert up.endswith(f"/v2/payments/captures/{capture['id']}")


@pytest.mark.parametrize(("is_same", "verdict"), [(True, "SUCCESS"), (False, "FAILURE")])
def test_paypal_checks_a_signature_over_the_same_bytes(
    controls: Controls, is_same: bool, verdict: str
) -> None:
    event: dict[str, Any] = {
        "provider": "paypal",
        "event": {"id": "WH-1", "event_type": "X", "text": 'a "{" b'},
    }
    forged = controls.post("webhooks/forge", **event, send=False)
    raw = forged["body"] if is_same else json.dumps(json.loads(forged["body"]), separators=(",", ":"))
    asked = {
        "auth_algo": forged["headers"]["PAYPAL-AUTH-ALGO"],
        "cert_url": forged["headers"]["PAYPAL-CERT-URL"],
        "transmission_id": forged["headers"]["PAYPAL-TRANSMISSION-ID"],
        "transmission_sig": forged["headers"]["PAYPAL-TRANSMISSION-SIG"],
        "transmission_time": forged["headers"]["PAYPAL-TRANSMISSION-TIME"],
        "webhook_id": keys.PAYPAL_WEBHOOK_ID,
    }
    text = json.dumps(asked)[:-1] + f', "webhook_event": {raw}}}'

    answer = PayPal(controls.url).post_text("/v1/notifications/verify-webhook-signature", text.encode())

    assert answer.json() == {"verification_status": verdict}


def test_a_refused_event_comes_again_unchanged(
    razorpay_client: razorpay.Client, controls: Controls, shop: Shop
) -> None:
    shop.answers = [500, 503]
    controls.post("webhooks/settings", retry_seconds=0.02)
    pay(razorpay_client, controls, outcome="authorized")

    received = shop.wait_for(3)
    until(lambda: controls.get("webhooks")[0]["state"] == "delivered")
    assert len({d.headers["x-razorpay-event-id"] for d in received}) == 1
    assert len({d.body for d in received}) == 1
    assert [a["status"] for a in controls.get("webhooks")[0]["attempts"]] == [500, 503, 200]


def test_an_event_is_given_up_in_the_end(
    razorpay_client: razorpay.Client, controls: Controls, shop: Shop
) -> None:
    shop.answers = [500, 500]
    controls.post("webhooks/settings", retry_seconds=0.01, max_attempts=2)
    pay(razorpay_client, controls, outcome="authorized")

    until(lambda: controls.get("webhooks")[0]["state"] == "failed")
    assert len(shop.received) == 2


def test_held_events_go_out_in_the_order_wanted(
    razorpay_client: razorpay.Client, controls: Controls, shop: Shop
) -> None:
    controls.post("webhooks/settings", mode="hold")
    pay(razorpay_client, controls)
    held = [event["id"] for event in controls.get("webhooks") if event["state"] == "held"]

    answers = controls.post("webhooks/flush", order=held[::-1])

    assert [answer["status"] for answer in answers] == [200, 200, 200]
    assert [event_of(d) for d in shop.received] == ["order.paid", "payment.captured", "payment.authorized"]
    assert {event["state"] for event in controls.get("webhooks")} == {"delivered"}


def test_events_can_come_twice_and_once_more(
    razorpay_client: razorpay.Client, controls: Controls, shop: Shop
) -> None:
    controls.post("webhooks/settings", duplicates=1)
    pay(razorpay_client, controls, outcome="authorized")
    shop.wait_for(2)
    controls.post("webhooks/settings", duplicates=0)
    controls.post(f"webhooks/{controls.get('webhooks')[0]['id']}/resend")

    assert len({d.headers["x-razorpay-event-id"] for d in shop.wait_for(3)}) == 1


def test_events_can_be_lost(razorpay_client: razorpay.Client, controls: Controls, shop: Shop) -> None:
    controls.post("webhooks/settings", mode="off")
    pay(razorpay_client, controls)

    assert {event["state"] for event in controls.get("webhooks")} == {"failed"}
    assert shop.received == []


def test_late_and_shuffled_events_all_arrive(
    razorpay_client: razorpay.Client, controls: Controls, shop: Shop
) -> None:
    controls.post("webhooks/settings", shuffle=True, delay_seconds=0.05)
    pay(razorpay_client, controls)

    kinds = {event_of(d) for d in shop.wait_for(3)}
    assert kinds == {"payment.authorized", "payment.captured", "order.paid"}


def test_any_event_can_be_forged(razorpay_client: razorpay.Client, controls: Controls, shop: Shop) -> None:
    event = {"entity": "event", "event": "refund.completed", "payload": {}}

    sent = controls.post("webhooks/forge", provider="razorpay", event=event, event_id="evt-1")

    [delivery] = shop.received
    assert (sent["status"], delivery.headers["x-razorpay-event-id"]) == (200, "evt-1")
    assert json.loads(delivery.body) == event
    secret = keys.RAZORPAY_WEBHOOK_SECRET
    signature = delivery.headers["X-Razorpay-Signature"]
    assert razorpay_client.utility.verify_webhook_signature(delivery.body.decode(), signature, secret)


def test_events_without_an_address_are_held(razorpay_client: razorpay.Client, controls: Controls) -> None:
    pay(razorpay_client, controls)

    assert {event["state"] for event in controls.get("webhooks")} == {"held"}
    assert "base_url" in controls.post("webhooks/flush", expect=409)["error"]
