"""What becomes of an approved order, and what is made of PayPal's words for it."""

import pytest

from backend.gateways.errors import GatewayError, GatewayNotFound, GatewayRefused
from backend.gateways.port import (
    GatewayPayment,
    PaymentState,
)
from tests.gateways.paypal_stand_in import (
    CAPTURE,
    ORDER,
    TAKING,
    PayPal,
    order,
)

APPROVED = GatewayPayment(
    id="ORD1",
    gateway="paypal",
    order_id="ORD1",
    state=PaymentState.AUTHORIZED,
    amount_minor=1000,
    currency="USD",
)


@pytest.mark.parametrize(
    ("status", "states"),
    [
        ("CREATED", []),
        ("SAVED", []),
        ("PAYER_ACTION_REQUIRED", []),
        ("APPROVED", [PaymentState.AUTHORIZED]),
        ("VOIDED", [PaymentState.FAILED]),
        ("COMPLETED", []),
    ],
)
def test_an_order_without_a_capture_is_at_most_an_agreement(
    paypal: PayPal, status: str, states: list[PaymentState]
) -> None:
    paypal.says(ORDER, order(status))

    assert [payment.state for payment in paypal.gateway.payments_of("ORD1")] == states


def test_what_the_payer_may_agree_to_again_waits_beside_the_failure(paypal: PayPal) -> None:
    paypal.says(ORDER, order("APPROVED", CAPTURE | {"status": "DECLINED"}))

    found = paypal.gateway.payments_of("ORD1")

    assert [(p.id, p.state) for p in found] == [
        ("CAP1", PaymentState.FAILED),
        ("ORD1", PaymentState.AUTHORIZED),
    ]


def test_a_payment_is_read_by_its_orders_id_until_it_has_its_own(paypal: PayPal) -> None:
    paypal.says(ORDER, order("CREATED"))
    assert paypal.gateway.fetch_payment("ORD1").state == PaymentState.CREATED

    paypal.says(ORDER, order("COMPLETED", CAPTURE))
    assert paypal.gateway.fetch_payment("ORD1").id == "CAP1"


def test_an_order_captured_meanwhile_gives_its_capture(paypal: PayPal) -> None:
    paypal.refuses(TAKING, "ORDER_ALREADY_CAPTURED")
    paypal.says(ORDER, order("COMPLETED", CAPTURE))

    captured = paypal.gateway.capture(APPROVED)

    assert (captured.id, captured.state) == ("CAP1", PaymentState.CAPTURED)


@pytest.mark.parametrize("issue", ["INSTRUMENT_DECLINED", "PAYER_CANNOT_PAY", "TRANSACTION_REFUSED"])
def test_money_that_could_not_be_taken_is_a_failed_payment(paypal: PayPal, issue: str) -> None:
    paypal.refuses(TAKING, issue)

    failed = paypal.gateway.capture(APPROVED)

    assert (failed.id, failed.state, failed.error_code) == ("ORD1", PaymentState.FAILED, issue)
    assert failed.error_text == issue.replace("_", " ").capitalize()


@pytest.mark.parametrize("issue", ["ORDER_NOT_APPROVED", "DUPLICATE_INVOICE_ID", "WHATEVER_COMES_NEXT"])
def test_a_capture_that_is_refused_is_no_failed_payment(paypal: PayPal, issue: str) -> None:
    paypal.refuses(TAKING, issue)

    with pytest.raises(GatewayRefused) as caught:
        paypal.gateway.capture(APPROVED)

    assert caught.value.details["issue"] == issue


@pytest.mark.parametrize(
    ("status", "state"), [("PENDING", PaymentState.PENDING), ("DECLINED", PaymentState.FAILED)]
)
def test_a_completed_order_is_not_yet_money(paypal: PayPal, status: str, state: PaymentState) -> None:
    capture = CAPTURE | {"status": status, "status_details": {"reason": "PENDING_REVIEW"}}
    paypal.says(TAKING, order("COMPLETED", capture), 201)

    captured = paypal.gateway.capture(APPROVED)

    assert (captured.id, captured.state, captured.error_code) == ("CAP1", state, "PENDING_REVIEW")


def test_a_short_answer_to_a_capture_is_enough(paypal: PayPal) -> None:
    brief = {"id": "ORD1", "status": "COMPLETED", "purchase_units": [{"payments": {"captures": [CAPTURE]}}]}
    paypal.says(TAKING, brief, 201)

    assert paypal.gateway.capture(APPROVED).state == PaymentState.CAPTURED


def test_an_answer_without_a_capture_leaves_open_what_happened(paypal: PayPal) -> None:
    paypal.says(TAKING, order("APPROVED"), 201)

    with pytest.raises(GatewayError) as caught:
        paypal.gateway.capture(APPROVED)

    assert type(caught.value) is GatewayError


def test_each_agreement_is_captured_under_its_own_key(paypal: PayPal) -> None:
    paypal.says(TAKING, order("COMPLETED", CAPTURE), 201)

    for time in ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z", "2026-11-20T10:05:00Z"):
        paypal.says(ORDER, order("APPROVED") | {"update_time": time})
        paypal.gateway.capture(paypal.gateway.payments_of("ORD1")[0])

    keys = [asked.headers["PayPal-Request-Id"] for asked in paypal.asked if "capture" in asked.path]
    assert keys == ["capture-ORD1-20261120100000"] * 2 + ["capture-ORD1-20261120100500"]


def test_nothing_is_found_where_paypal_knows_nothing(paypal: PayPal) -> None:
    for read in (paypal.gateway.payments_of, paypal.gateway.fetch_payment, paypal.gateway.refunds_of):
        with pytest.raises(GatewayNotFound):
            read("NOBODYKNOWS")
