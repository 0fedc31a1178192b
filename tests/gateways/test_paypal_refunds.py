"""What is given back at PayPal, and what PayPal keeps for customers."""

from dataclasses import replace

import pytest

from backend.gateways.errors import GatewayRefused
from backend.gateways.port import (
    Method,
    PaymentState,
    RefundRequest,
    RefundState,
)
from tests.gateways.contract_hooks import PAYER
from tests.gateways.paypal_stand_in import (
    CAPTURE,
    ORDER,
    REFUNDING,
    PayPal,
    order,
    refund,
)

REFUND = RefundRequest(
    refund_id="RFD-1", gateway_payment_id="CAP1", amount_minor=400, currency="USD", reason="Too late"
)


PARTLY = CAPTURE | {
    "status": "PARTIALLY_REFUNDED",
    "supplementary_data": {"related_ids": {"order_id": "ORD1"}},
}


def test_what_was_given_back_is_added_up_from_the_order(paypal: PayPal) -> None:
    refunds = [refund("R1", "1.00"), refund("R2", "2.00", "PENDING"), refund("R3", "4.00", "FAILED")]
    others = [refund("R4", "5.00", capture="CAP2")]
    paypal.says("GET /v2/payments/captures/CAP1", PARTLY)
    paypal.says(ORDER, order("COMPLETED", PARTLY, refunds=refunds + others))

    assert paypal.gateway.fetch_payment("CAP1").refunded_minor == 300
    assert [found.id for found in paypal.gateway.refunds_of("CAP1")] == ["R1", "R2", "R3"]


def test_a_capture_whose_order_is_gone_is_still_read(paypal: PayPal) -> None:
    paypal.says("GET /v2/payments/captures/CAP1", PARTLY)

    assert paypal.gateway.fetch_payment("CAP1").state == PaymentState.CAPTURED


def test_a_refund_carries_our_id_as_key_and_as_reference(paypal: PayPal) -> None:
    paypal.says(REFUNDING, refund("R1", "4.00"), 201)

    made = paypal.gateway.refund(replace(REFUND, reason="y" * 500))

    asked = paypal.asked[-1]
    assert asked.headers["PayPal-Request-Id"] == "RFD-1"
    assert asked.json == {
        "amount": {"currency_code": "USD", "value": "4.00"},
        "custom_id": "RFD-1",
        "invoice_id": "RFD-1",
        "note_to_payer": "y" * 255,
    }
    assert (made.id, made.refund_id, made.gateway_payment_id) == ("R1", "RFD-1", "CAP1")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("COMPLETED", RefundState.PROCESSED),
        ("PENDING", RefundState.PENDING),
        ("FAILED", RefundState.FAILED),
        ("CANCELLED", RefundState.FAILED),
    ],
)
def test_a_refund_ends_as_paypal_says(paypal: PayPal, status: str, state: RefundState) -> None:
    paypal.says(REFUNDING, refund("R1", "4.00", status), 201)
    made = paypal.gateway.refund(REFUND)
    paypal.says("GET /v2/payments/refunds/R1", refund("R1", "4.00", status))

    assert made.state == state
    assert paypal.gateway.fetch_refund(made) == made


def test_a_refund_of_a_refused_kind_says_why(paypal: PayPal) -> None:
    paypal.refuses(REFUNDING, "CAPTURE_FULLY_REFUNDED")

    with pytest.raises(GatewayRefused) as caught:
        paypal.gateway.refund(REFUND)

    assert caught.value.details["reason"] == "Capture fully refunded"


def test_a_saved_card_is_described_without_its_number(paypal: PayPal) -> None:
    customer = paypal.gateway.ensure_customer(PAYER)
    card = {"last_digits": "1111", "brand": "VISA", "expiry": "2027-02"}
    token = {"id": "tok-1", "customer": {"id": customer}, "payment_source": {"card": card}}
    paypal.says("GET /v3/vault/payment-tokens/tok-1", token)

    saved = paypal.gateway.fetch_token(customer, "tok-1")

    assert (saved.type, saved.last4, saved.brand, saved.expiry) == (Method.CARD, "1111", "VISA", "02/27")


def test_a_strangers_token_is_not_deleted(paypal: PayPal) -> None:
    paypal.says("GET /v3/vault/payment-tokens/tok-1", {"id": "tok-1", "customer": {"id": "stranger"}})

    paypal.gateway.delete_token(paypal.gateway.ensure_customer(PAYER), "tok-1")

    assert "DELETE" not in {asked.method for asked in paypal.asked}


def test_a_customers_id_at_paypal_says_nothing_and_fits(paypal: PayPal) -> None:
    customers = {paypal.gateway.ensure_customer(replace(PAYER, customer_id=f"cus_{n}")) for n in range(50)}

    assert {len(customer) for customer in customers} == {22}
    assert len(customers) == 50


def test_a_return_proves_nothing_and_is_not_refused(paypal: PayPal) -> None:
    paypal.gateway.check_return(order_id="ORD1", gateway_payment_id="CAP1", signature="")


def test_a_capture_that_names_no_order_tells_of_no_refunds(paypal: PayPal) -> None:
    paypal.says("GET /v2/payments/captures/CAP1", CAPTURE)

    assert paypal.gateway.refunds_of("CAP1") == []
