"""What the browser brings back is believed as far as its signature goes."""

from typing import Any

import pytest
from pymongo.database import Database

from backend.sandbox.signatures import razorpay_checkout
from tests.api.answers import faulty_fields, refusal
from tests.api.shops import another_customer
from tests.conftest import Document
from tests.shop import Shop


def bring(shop: Shop, opened: Any, *, payment: str, signature: str) -> Any:
    body = {"gateway_payment_id": payment, "signature": signature}
    return shop.customer.post(f"/api/payments/{opened['payment_id']}/verify", body)


def ask(shop: Shop, opened: Any) -> Any:
    """Let the server ask the gateway, and give the payment."""
    return shop.customer.get(f"/api/payments/{opened['payment_id']}/verify").json["data"]


def test_a_good_signature_completes_the_payment(shop: Shop) -> None:
    opened = shop.opened()
    paid = shop.pay(opened)

    answer = shop.verify(opened, paid)

    data = answer.json["data"]
    assert (answer.status_code, answer.json["status"]) == (200, "success")
    assert (data["payment_id"], data["status"], data["amount"]) == (opened["payment_id"], "COMPLETED", 1000)
    assert data["gateway_payment_id"] == paid["razorpay_payment_id"]
    assert (data["last4"], data["network"], data["refundable_amount"]) == ("1111", "Visa", 1000)
    assert data["completed_at"] is not None


def test_the_order_is_paid_with_it(shop: Shop) -> None:
    opened = shop.opened()
    paid = shop.pay(opened)

    shop.verify(opened, paid)

    order = shop.order_of(opened)
    assert (order["status"], order["payment_status"], order["payment_method"]) == (
        "CONFIRMED",
        "PAID",
        "card",
    )
    assert (order["payment_transaction_id"], order["amount_paid"]) == (paid["razorpay_payment_id"], 1000)
    assert order["paid_at"] is not None


def test_it_may_be_brought_again(shop: Shop, database: Database[Document]) -> None:
    opened = shop.opened()
    paid = shop.pay(opened)

    first, again = (shop.verify(opened, paid) for _ in range(2))

    assert (again.status_code, again.json) == (200, first.json)
    assert database["captures"].count_documents({}) == 1
    assert database["payment_exceptions"].count_documents({}) == 0


def test_it_may_be_brought_again_while_the_gateway_is_away(shop: Shop) -> None:
    opened = shop.opened()
    paid = shop.pay(opened)
    first = shop.verify(opened, paid)
    shop.sandbox.fault("^/v1/", "error", times=99)

    assert shop.verify(opened, paid).json == first.json
    assert ask(shop, opened) == first.json["data"]


@pytest.mark.parametrize("signature", ["0" * 64, "x", "A" * 512, "é" * 64, " "])
def test_a_wrong_signature_changes_nothing(shop: Shop, signature: str) -> None:
    opened = shop.opened()
    paid = shop.pay(opened)

    response = bring(shop, opened, payment=paid["razorpay_payment_id"], signature=signature)

    assert refusal(response) == (400, "INVALID_SIGNATURE")
    assert shop.payment(opened)["status"] == "INITIATED"
    assert shop.order_of(opened)["payment_status"] == "PENDING"


def test_the_signature_of_another_order_is_refused(shop: Shop) -> None:
    cheap, dear = shop.opened(100), shop.opened(500_000)
    paid = shop.pay(cheap)

    response = shop.verify(dear, paid)

    assert refusal(response) == (400, "INVALID_SIGNATURE")
    assert shop.payment(dear)["status"] == "INITIATED"


def test_the_signature_of_another_payment_is_refused(shop: Shop) -> None:
    opened, other = shop.opened(), shop.opened()
    paid, elsewhere = shop.pay(opened), shop.pay(other)

    response = bring(
        shop,
        opened,
        payment=elsewhere["razorpay_payment_id"],
        signature=paid["razorpay_signature"],
    )

    assert refusal(response) == (400, "INVALID_SIGNATURE")


def test_ids_that_are_swapped_are_refused(shop: Shop) -> None:
    opened = shop.opened()
    paid = shop.pay(opened)

    response = bring(shop, opened, payment=paid["razorpay_order_id"], signature=paid["razorpay_signature"])

    assert refusal(response) == (400, "INVALID_SIGNATURE")


@pytest.mark.parametrize("left_out", ["signature", "gateway_payment_id"])
def test_half_of_what_the_gateway_gave_is_refused(shop: Shop, left_out: str) -> None:
    opened = shop.opened()
    paid = shop.pay(opened)
    body = {"gateway_payment_id": paid["razorpay_payment_id"], "signature": paid["razorpay_signature"]}
    del body[left_out]

    response = shop.customer.post(f"/api/payments/{opened['payment_id']}/verify", body)

    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert shop.payment(opened)["status"] == "INITIATED"


def test_the_signature_for_an_earlier_attempt_still_pays(shop: Shop) -> None:
    opened = shop.opened()
    shop.customer.post(f"/api/payments/{opened['payment_id']}/cancel")
    later = shop.initiate(opened["order_id"]).json["data"]

    answer = shop.verify(later, shop.pay(opened)).json["data"]

    assert (answer["status"], answer["gateway_order_id"]) == ("COMPLETED", opened["gateway_order_id"])
    assert shop.order_of(opened)["payment_status"] == "PAID"


def test_the_signature_for_an_earlier_attempt_pays_though_paypal_was_tried_since(shop: Shop) -> None:
    opened = shop.opened()
    shop.customer.post(f"/api/payments/{opened['payment_id']}/cancel")
    shop.initiate(opened["order_id"], method="paypal")

    answer = shop.verify(opened, shop.pay(opened)).json["data"]

    assert (answer["status"], answer["gateway"]) == ("COMPLETED", "razorpay")
    assert (answer["method_type"], answer["charge"]["currency"]) == ("card", "INR")


def test_a_signed_payment_of_another_order_at_the_gateway_is_refused(shop: Shop) -> None:
    opened, cheap = shop.opened(), shop.opened(100)
    elsewhere = shop.pay(cheap)["razorpay_payment_id"]
    forged = razorpay_checkout(opened["gateway_order_id"], elsewhere)

    response = bring(shop, opened, payment=elsewhere, signature=forged)

    assert refusal(response) == (400, "INVALID_SIGNATURE")
    assert shop.payment(opened)["status"] == "INITIATED"


def test_the_payment_of_somebody_else_does_not_exist(shop: Shop) -> None:
    opened, other = shop.opened(), another_customer(shop)
    paid = shop.pay(opened)
    body = {"gateway_payment_id": paid["razorpay_payment_id"], "signature": paid["razorpay_signature"]}
    path = f"/api/payments/{opened['payment_id']}"

    answers = [other.post(f"{path}/verify", body), other.get(f"{path}/verify"), other.get(path)]

    assert [refusal(answer) for answer in answers] == [(404, "PAYMENT_NOT_FOUND")] * 3
    assert shop.payment(opened)["status"] == "INITIATED"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("gateway_payment_id", value) for value in ("", "x" * 101, 5, {"$gt": ""}, ["pay_1"])),
        *(("signature", value) for value in ("", "x" * 513, 5, {"$ne": ""})),
        *(("amount", 1), ("status", "COMPLETED")),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(shop: Shop, field: str, value: Any) -> None:
    opened = shop.opened()
    body = {"gateway_payment_id": "pay_1", "signature": "x"} | {field: value}

    response = shop.customer.post(f"/api/payments/{opened['payment_id']}/verify", body)

    assert faulty_fields(response) == {field}


def test_verifying_with_a_key_is_replayed(shop: Shop) -> None:
    opened = shop.opened()
    paid = shop.pay(opened)
    body = {"gateway_payment_id": paid["razorpay_payment_id"], "signature": paid["razorpay_signature"]}
    path = f"/api/payments/{opened['payment_id']}/verify"

    first, again = (shop.customer.post(path, body, key="k-1") for _ in range(2))

    assert (first.json, again.headers["Idempotent-Replayed"]) == (again.json, "true")
