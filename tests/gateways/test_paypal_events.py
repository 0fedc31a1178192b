"""What PayPal's webhooks are about."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.errors import Invalid
from backend.gateways.paypal_events import parse_event
from backend.gateways.port import GatewayEvent, PaymentState, RefundState

CAPTURE = {
    "id": "CAP1",
    "status": "COMPLETED",
    "amount": {"currency_code": "USD", "value": "23.99"},
    "custom_id": "PAY-1",
    "create_time": "2026-11-01T17:39:17Z",
    "supplementary_data": {"related_ids": {"order_id": "ORD1"}},
    "seller_receivable_breakdown": {"paypal_fee": {"currency_code": "USD", "value": "1.36"}},
}
UP_TO_ORDER = [{"rel": "up", "href": "https://api.paypal.com/v2/checkout/orders/ORD1"}]
UP_TO_CAPTURE = [{"rel": "up", "href": "https://api.paypal.com/v2/payments/captures/CAP1"}]
REFUND = {
    "id": "REF1",
    "status": "COMPLETED",
    "amount": {"currency_code": "USD", "value": "4.00"},
    "custom_id": "RFD-1",
    "links": UP_TO_CAPTURE,
}
DISPUTE = {
    "dispute_id": "PP-000-042-663-135",
    "disputed_transactions": [{"seller_transaction_id": "CAP1"}],
    "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
    "dispute_amount": {"currency_code": "USD", "value": "3.00"},
    "dispute_life_cycle_stage": "INQUIRY",
    "status": "OPEN",
    "seller_response_due_date": "2026-12-01T00:00:00.000Z",
}


def event(kind: str, resource: object, **changes: Any) -> GatewayEvent:
    told = {"id": "WH-1", "create_time": "2026-11-01T17:39:22.666Z", "event_type": kind}
    return parse_event(json.dumps(told | {"resource": resource} | changes).encode())


def test_an_event_has_its_own_id_and_time() -> None:
    found = event("PAYMENT.CAPTURE.COMPLETED", CAPTURE)

    assert (found.id, found.gateway, found.type) == ("WH-1", "paypal", "PAYMENT.CAPTURE.COMPLETED")
    assert found.occurred_at == datetime(2026, 11, 1, 17, 39, 22, 666000, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED"])
def test_an_order_that_moved_on_is_only_named(kind: str) -> None:
    found = event(kind, {"id": "ORD1", "status": "APPROVED", "purchase_units": []})

    assert (found.order_id, found.payment) == ("ORD1", None)


@pytest.mark.parametrize("resource", [{"order_id": "ORD1"}, {"id": "ORD1"}])
def test_an_agreement_that_ran_out_names_its_order(resource: dict[str, str]) -> None:
    assert event("CHECKOUT.PAYMENT-APPROVAL.REVERSED", resource).order_id == "ORD1"


def test_a_capture_is_read_with_its_order_and_our_id() -> None:
    payment = event("PAYMENT.CAPTURE.COMPLETED", CAPTURE).payment

    assert payment
    assert (payment.id, payment.order_id, payment.payment_id) == ("CAP1", "ORD1", "PAY-1")
    assert (payment.amount_minor, payment.currency, payment.fee_minor) == (2399, "USD", 136)
    assert payment.created_at == datetime(2026, 11, 1, 17, 39, 17, tzinfo=UTC)


def test_a_captures_order_may_stand_in_its_links_only() -> None:
    capture = {name: value for name, value in CAPTURE.items() if name != "supplementary_data"}

    assert event("PAYMENT.CAPTURE.COMPLETED", capture | {"links": UP_TO_ORDER}).order_id == "ORD1"
    assert event("PAYMENT.CAPTURE.COMPLETED", capture | {"links": UP_TO_CAPTURE}).order_id is None


@pytest.mark.parametrize(
    ("kind", "status", "state"),
    [
        ("COMPLETED", "COMPLETED", PaymentState.CAPTURED),
        ("COMPLETED", "PARTIALLY_REFUNDED", PaymentState.CAPTURED),
        ("COMPLETED", "REFUNDED", PaymentState.CAPTURED),
        ("PENDING", "PENDING", PaymentState.PENDING),
        ("DECLINED", "DECLINED", PaymentState.FAILED),
        ("DENIED", "DECLINED", PaymentState.FAILED),
        ("DENIED", "DENIED", PaymentState.FAILED),
    ],
)
def test_the_captures_own_status_counts(kind: str, status: str, state: PaymentState) -> None:
    payment = event(f"PAYMENT.CAPTURE.{kind}", CAPTURE | {"status": status}).payment

    assert payment
    assert payment.state == state


@pytest.mark.parametrize(
    "why", [{"status_details": {"reason": "ECHECK"}}, {"processor_response": {"response_code": "ECHECK"}}]
)
def test_a_capture_that_waits_says_why(why: dict[str, Any]) -> None:
    payment = event("PAYMENT.CAPTURE.PENDING", CAPTURE | {"status": "PENDING"} | why).payment

    assert payment
    assert (payment.error_code, payment.error_text) == ("ECHECK", "Echeck")


def test_a_fee_in_another_currency_is_left_out() -> None:
    fee = {"paypal_fee": {"currency_code": "EUR", "value": "1.00"}}

    payment = event("PAYMENT.CAPTURE.COMPLETED", CAPTURE | {"seller_receivable_breakdown": fee}).payment

    assert payment
    assert payment.fee_minor is None


def test_a_refund_is_read_with_its_capture_and_our_id() -> None:
    refund = event("PAYMENT.CAPTURE.REFUNDED", REFUND).refund

    assert refund
    assert (refund.id, refund.gateway_payment_id, refund.refund_id) == ("REF1", "CAP1", "RFD-1")
    assert (refund.amount_minor, refund.state) == (400, RefundState.PROCESSED)


def test_a_refund_made_at_paypal_has_no_id_of_ours() -> None:
    refund = event("PAYMENT.CAPTURE.REFUNDED", REFUND | {"custom_id": None}).refund

    assert refund
    assert refund.refund_id is None


def test_a_reversal_that_tells_of_the_capture_is_a_dispute_about_it() -> None:
    found = event("PAYMENT.CAPTURE.REVERSED", CAPTURE | {"status": "REFUNDED"})

    assert found.dispute
    assert found.payment
    assert (found.dispute.id, found.dispute.gateway_payment_id) == ("CAP1", "CAP1")
    assert (found.dispute.state, found.dispute.amount_minor) == ("reversed", 2399)
    assert found.payment.refunded_minor == 2399


@pytest.mark.parametrize("value", ["4.00", "-4.00"])
def test_a_reversal_that_tells_of_a_refund_leads_to_the_capture(value: str) -> None:
    amount = {"currency_code": "USD", "value": value}

    found = event("PAYMENT.CAPTURE.REVERSED", REFUND | {"amount": amount})

    assert found.dispute
    assert (found.dispute.id, found.dispute.gateway_payment_id) == ("REF1", "CAP1")
    assert (found.dispute.amount_minor, found.payment) == (400, None)


def test_a_reversed_capture_in_a_status_nobody_knows_is_still_a_dispute() -> None:
    found = event("PAYMENT.CAPTURE.REVERSED", CAPTURE | {"status": "REVERSED"})

    assert (found.dispute is not None, found.payment) == (True, None)


@pytest.mark.parametrize(
    ("status", "outcome", "state"),
    [
        ("OPEN", None, "open"),
        ("UNDER_REVIEW", None, "under_review"),
        ("WAITING_FOR_SELLER_RESPONSE", None, "action_required"),
        ("WAITING_FOR_BUYER_RESPONSE", None, "under_review"),
        ("RESOLVED", "RESOLVED_BUYER_FAVOUR", "lost"),
        ("RESOLVED", "ACCEPTED", "lost"),
        ("RESOLVED", "RESOLVED_SELLER_FAVOUR", "won"),
        ("RESOLVED", "CANCELED_BY_BUYER", "won"),
        ("RESOLVED", "RESOLVED_WITH_PAYOUT", "closed"),
        ("RESOLVED", None, "closed"),
    ],
)
def test_a_dispute_is_in_one_of_our_states(status: str, outcome: str | None, state: str) -> None:
    told = DISPUTE | {"status": status, "dispute_outcome": {"outcome_code": outcome}}

    dispute = event("CUSTOMER.DISPUTE.UPDATED", told).dispute

    assert dispute
    assert (dispute.state, dispute.id, dispute.gateway_payment_id) == (state, "PP-000-042-663-135", "CAP1")
    assert (dispute.amount_minor, dispute.phase) == (300, "INQUIRY")
    assert dispute.respond_by == datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize("broken", [{"status": "NEW_WORD"}, {"dispute_amount": None}, {"dispute_id": None}])
def test_a_dispute_that_cannot_be_read_is_still_an_event(broken: dict[str, Any]) -> None:
    found = event("CUSTOMER.DISPUTE.CREATED", DISPUTE | broken)

    assert (found.id, found.dispute) == ("WH-1", None)


def test_what_we_know_nothing_about_is_a_bare_event() -> None:
    found = event("BILLING.PLAN.CREATED", {"whatever": [1]}, create_time="yesterday")

    assert found == GatewayEvent(id="WH-1", gateway="paypal", type="BILLING.PLAN.CREATED")


@pytest.mark.parametrize(
    "resource",
    [
        None,
        [],
        "CAP1",
        {},
        CAPTURE | {"id": None},
        CAPTURE | {"id": "x" * 201},
        CAPTURE | {"status": "NEW_WORD"},
        CAPTURE | {"amount": None},
        CAPTURE | {"amount": {"currency_code": "USD", "value": "1.005"}},
        CAPTURE | {"amount": {"currency_code": "USD", "value": "-1"}},
        CAPTURE | {"amount": {"currency_code": "USD", "value": 1}},
        CAPTURE | {"amount": {"currency_code": "USD", "value": "1e3"}},
        CAPTURE | {"amount": {"currency_code": "USD", "value": "NaN"}},
        CAPTURE | {"amount": {"currency_code": "ZZZ", "value": "1"}},
    ],
)
def test_a_capture_that_makes_no_sense_is_invalid(resource: object) -> None:
    with pytest.raises(Invalid):
        event("PAYMENT.CAPTURE.COMPLETED", resource)


@pytest.mark.parametrize("changes", [{"id": None}, {"id": 7}, {"id": ""}, {"event_type": None}])
def test_an_event_without_id_or_type_is_invalid(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        event("BILLING.PLAN.CREATED", {}, **changes)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"7", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_event_is_invalid(raw: bytes) -> None:
    with pytest.raises(Invalid):
        parse_event(raw)


def test_trailing_zeros_do_not_change_an_amount() -> None:
    amount = {"currency_code": "JPY", "value": "1500.00"}

    payment = event("PAYMENT.CAPTURE.COMPLETED", CAPTURE | {"amount": amount}).payment

    assert payment
    assert (payment.amount_minor, payment.currency) == (1500, "JPY")
