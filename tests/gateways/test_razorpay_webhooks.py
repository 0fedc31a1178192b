"""Razorpay's messages are believed by their signature only, and read whatever they contain."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.errors import Invalid
from backend.gateways import razorpay_webhooks as webhooks
from backend.gateways.errors import NotConfigured, WebhookSignatureInvalid
from backend.gateways.port import GatewayEvent, PaymentState, RefundState

PAYMENT = {
    "id": "pay_1",
    "order_id": "order_1",
    "status": "captured",
    "amount": 29_935,
    "currency": "INR",
    "amount_refunded": 0,
    "method": "netbanking",
    "bank": "HDFC",
    "notes": [],
    "acquirer_data": {"bank_transaction_id": "6951370"},
    "created_at": 1_567_674_599,
}
REFUND = {"id": "rfnd_1", "payment_id": "pay_1", "status": "processed", "amount": 100, "currency": "INR"}
DISPUTE = {"id": "disp_1", "payment_id": "pay_1", "status": "open", "amount": 100, "currency": "INR"}
SETTLEMENT = {"id": "setl_1", "status": "processed", "amount": 973, "fees": 23, "tax": 4, "utr": "156"}
NOT_AMOUNTS = [None, "29935", 299.35, True, -1, [], {}]


def message(kind: str, **entities: dict[str, Any]) -> bytes:
    payload = {name: {"entity": entity} for name, entity in entities.items()}
    return json.dumps({"event": kind, "payload": payload, "created_at": 1_567_674_606}).encode()


def parse(kind: str, **entities: dict[str, Any]) -> GatewayEvent:
    return webhooks.parse(message(kind, **entities), {"x-razorpay-event-id": "evt_1"})


def signed(raw: bytes, secret: str) -> dict[str, str]:
    return {"x-razorpay-signature": hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}


@pytest.mark.parametrize("secret", ["new", "old"])
def test_a_message_signed_before_the_secret_changed_is_still_believed(secret: str) -> None:
    raw = message("payment.captured", payment=PAYMENT)

    webhooks.check_signature(raw, signed(raw, secret), ("new", "", "old"))


@pytest.mark.parametrize("secret", ["", "other", "key-secret"])
def test_a_message_signed_with_anything_else_is_refused(secret: str) -> None:
    raw = message("payment.captured", payment=PAYMENT)

    with pytest.raises(WebhookSignatureInvalid):
        webhooks.check_signature(raw, signed(raw, secret), ("new", ""))


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_without_a_secret_no_message_can_be_believed(secrets: tuple[str, ...]) -> None:
    with pytest.raises(NotConfigured):
        webhooks.check_signature(b"{}", signed(b"{}", ""), secrets)


def test_a_payment_is_read() -> None:
    event = parse("payment.captured", payment=PAYMENT)

    assert (event.id, event.type, event.order_id) == ("evt_1", "payment.captured", "order_1")
    assert event.occurred_at == datetime(2019, 9, 5, 9, 10, 6, tzinfo=UTC)
    assert event.payment
    assert (event.payment.id, event.payment.state) == ("pay_1", PaymentState.CAPTURED)
    assert (event.payment.amount_minor, event.payment.currency) == (29_935, "INR")
    assert (event.payment.bank, event.payment.reference) == ("HDFC", "6951370")
    assert event.payment.payment_id is None


def test_a_paid_order_names_order_and_payment() -> None:
    event = parse("order.paid", payment=PAYMENT, order={"id": "order_1", "amount": 29_935})

    assert event.order_id == "order_1"
    assert event.payment


def test_a_fully_refunded_payment_was_still_paid() -> None:
    event = parse("refund.processed", payment=PAYMENT | {"status": "refunded", "amount_refunded": 29_935})

    assert event.payment
    assert (event.payment.state, event.payment.refunded_minor) == (PaymentState.CAPTURED, 29_935)


def test_a_state_that_is_new_to_us_is_not_money() -> None:
    event = parse("payment.something", payment=PAYMENT | {"status": "on_its_way"})

    assert event.payment
    assert event.payment.state == PaymentState.CREATED


@pytest.mark.parametrize(
    ("more", "refund_id"),
    [
        ({}, None),
        ({"receipt": "refund_1"}, "refund_1"),
        ({"notes": {"refund_id": "refund_2"}, "receipt": "other"}, "refund_2"),
    ],
)
def test_a_refund_is_read_with_our_id(more: dict[str, Any], refund_id: str | None) -> None:
    refund = parse("refund.processed", refund=REFUND | more, payment=PAYMENT).refund

    assert refund
    assert (refund.id, refund.gateway_payment_id, refund.refund_id) == ("rfnd_1", "pay_1", refund_id)
    assert (refund.state, refund.amount_minor) == (RefundState.PROCESSED, 100)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", RefundState.PENDING),
        ("failed", RefundState.FAILED),
        ("new to us", RefundState.PENDING),
    ],
)
def test_a_refund_is_done_only_when_razorpay_says_processed(status: str, state: RefundState) -> None:
    refund = parse("refund.created", refund=REFUND | {"status": status}).refund

    assert refund
    assert refund.state == state


def test_the_name_of_an_event_that_is_only_in_the_books_is_understood() -> None:
    assert parse("refund.completed", refund=REFUND).type == "refund.processed"


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("payment.dispute.created", "open"),
        ("payment.dispute.action_required", "action_required"),
        ("payment.dispute.lost", "lost"),
        ("payment.dispute.something_new", "open"),
    ],
)
def test_a_dispute_is_read(kind: str, state: str) -> None:
    dispute = parse(kind, payment=PAYMENT, dispute=DISPUTE).dispute

    assert dispute
    assert (dispute.id, dispute.gateway_payment_id) == ("disp_1", "pay_1")
    assert (dispute.state, dispute.amount_minor) == (state, 100)


def test_a_settlement_is_read() -> None:
    settlement = parse("settlement.processed", settlement=SETTLEMENT).settlement

    assert settlement
    assert (settlement.id, settlement.reference) == ("setl_1", "156")
    assert (settlement.amount_minor, settlement.fee_minor, settlement.tax_minor) == (973, 23, 4)


@pytest.mark.parametrize("kind", ["payment.downtime.started", "subscription.charged", "what.ever"])
def test_an_event_that_we_have_no_use_for_is_still_an_event(kind: str) -> None:
    event = parse(kind, unknown={"id": "x"})

    assert event.type == kind
    assert (event.payment, event.refund, event.dispute, event.settlement) == (None, None, None, None)


def test_without_an_event_id_the_bytes_name_the_event() -> None:
    one, two = message("payment.captured", payment=PAYMENT), message("payment.failed", payment=PAYMENT)

    ids = [webhooks.parse(raw, {}).id for raw in (one, one, two)]

    assert ids == [hashlib.sha256(raw).hexdigest() for raw in (one, one, two)]


@pytest.mark.parametrize("wrong", NOT_AMOUNTS)
@pytest.mark.parametrize(("name", "entity"), [("payment", PAYMENT), ("refund", REFUND), ("dispute", DISPUTE)])
def test_an_amount_that_is_none_is_invalid(name: str, entity: dict[str, Any], wrong: object) -> None:
    with pytest.raises(Invalid):
        parse("payment.captured", **{name: entity | {"amount": wrong}})


@pytest.mark.parametrize("wrong", [None, 7, True, [], {}, ""])
@pytest.mark.parametrize("field", ["id", "status", "currency"])
def test_a_text_that_is_none_is_invalid(field: str, wrong: object) -> None:
    with pytest.raises(Invalid):
        parse("payment.captured", payment=PAYMENT | {field: wrong})


@pytest.mark.parametrize("wrong", ["1567674599", 10**30, 2**60, 1.5, True])
def test_a_time_that_is_none_is_invalid(wrong: object) -> None:
    with pytest.raises(Invalid):
        parse("payment.captured", payment=PAYMENT | {"created_at": wrong})
