"""The short recharge family: the same top-ups, for the caller's own wallet."""

from typing import Any

import pytest
from flask import Flask

from tests.api.answers import refusal
from tests.api.meetings import assert_whole, balance
from tests.conftest import Person
from tests.shop import Shop


def create(shop: Shop, amount: Any = 500) -> Any:
    return shop.customer.post("/api/payment/create-order", {"amount": amount})


def verify(shop: Shop, paid: Any, **changes: Any) -> Any:
    body = {name: paid[f"razorpay_{name}"] for name in ("order_id", "payment_id", "signature")}
    sent = {f"razorpay_{name}": value for name, value in body.items()} | {"amount": 500} | changes
    return shop.customer.post("/api/payment/verify", sent)


def pay(shop: Shop, order: Any) -> Any:
    return shop.pay({"gateway": "razorpay", "gateway_order_id": order["order_id"]})


def test_the_key_for_the_browser_is_given(shop: Shop) -> None:
    answer = shop.customer.get("/api/payment/razorpay-key")

    assert answer.json == {"razorpay_key": shop.services.settings.razorpay.key_id}


def test_an_order_is_created_in_rupees_and_in_paise(shop: Shop) -> None:
    response = create(shop, 99.5)

    order = response.json["order"]
    assert response.status_code == 201
    assert order["order_id"].startswith("order_")
    assert (order["amount"], order["amount_paise"], order["currency"]) == (99.5, 9950, "INR")


def test_a_paid_recharge_is_in_the_wallet_once(shop: Shop) -> None:
    paid = pay(shop, create(shop).json["order"])

    first, second = verify(shop, paid), verify(shop, paid)

    assert (first.status_code, first.json) == (200, second.json)
    assert (first.json["success"], first.json["wallet_balance"]) == (True, 500)
    assert first.json["transaction_id"].startswith("tx_")
    assert_whole(shop)


def test_the_amount_that_the_browser_sends_credits_nothing(shop: Shop) -> None:
    paid = pay(shop, create(shop, 100).json["order"])

    answer = verify(shop, paid, amount=10_000)

    assert (answer.json["wallet_balance"], balance(shop)) == (100, (100, 0))


def test_a_wrong_signature_is_refused(shop: Shop) -> None:
    paid = pay(shop, create(shop).json["order"])

    assert refusal(verify(shop, paid, razorpay_signature="0" * 64)) == (400, "INVALID_SIGNATURE")
    assert balance(shop) == (0, 0)


def test_less_than_the_minimum_is_refused(shop: Shop) -> None:
    assert refusal(create(shop, 9)) == (400, "BELOW_MINIMUM")


def test_an_order_of_somebody_else_does_not_exist(shop: Shop) -> None:
    paid = pay(shop, create(shop).json["order"])
    sent = {name: paid[name] for name in ("razorpay_order_id", "razorpay_payment_id", "razorpay_signature")}

    assert refusal(shop.admin.post("/api/payment/verify", sent)) == (404, "PAYMENT_NOT_FOUND")


@pytest.mark.parametrize("path", ["razorpay-key", "create-order"])
def test_without_razorpay_the_service_is_unavailable(app: Flask, customer: Person, path: str) -> None:
    method = "GET" if path == "razorpay-key" else "POST"
    body = None if method == "GET" else {"amount": 100}

    answer = customer.send(method, f"/api/payment/{path}", json=body)

    assert refusal(answer) == (503, "SERVICE_UNAVAILABLE")
