"""What PayPal is told when an order is opened."""

from dataclasses import replace
from typing import Any

import pytest

from backend.gateways.errors import GatewayError, GatewayRefused
from backend.gateways.port import (
    Method,
    OrderRequest,
)
from backend.money import DECIMALS
from tests.gateways.contract_hooks import PAYER
from tests.gateways.paypal_hooks import settings
from tests.gateways.paypal_stand_in import (
    ORDERS,
    UNIT,
    PayPal,
    order,
)

REQUEST = OrderRequest(
    payment_id="PAY-1",
    receipt="PAY-1-0001",
    amount_minor=1000,
    currency="USD",
    method=Method.PAYPAL,
    payer=PAYER,
    description="Order ORD-1",
)
CREATED = order("PAYER_ACTION_REQUIRED") | {
    "links": [
        {"rel": "self", "href": "https://x/"},
        {"rel": "payer-action", "href": "https://paypal.test/go"},
    ]
}


def test_rupees_are_not_taken_and_everything_taken_is_understood(paypal: PayPal) -> None:
    assert "INR" not in paypal.gateway.currencies
    assert {"USD", "EUR", "JPY", "HUF", "TWD"} <= paypal.gateway.currencies <= DECIMALS.keys()
    assert (paypal.gateway.charge_currency, paypal.gateway.public_key) == ("USD", settings("").client_id)
    assert paypal.gateway.methods == {Method.PAYPAL, Method.CARD}


def test_an_order_says_all_that_is_needed_to_find_it_again(paypal: PayPal) -> None:
    paypal.says(ORDERS, CREATED, 201)

    paypal.gateway.create_order(replace(REQUEST, description="x" * 500))

    asked = paypal.asked[-1]
    assert asked.headers["PayPal-Request-Id"] == "PAY-1-0001"
    assert asked.json["intent"] == "CAPTURE"
    assert asked.json["purchase_units"] == [UNIT | {"invoice_id": "PAY-1-0001", "description": "x" * 127}]


def test_the_payer_comes_back_with_the_payments_id(paypal: PayPal) -> None:
    paypal.says(ORDERS, CREATED, 201)

    paypal.gateway.create_order(REQUEST)

    context = paypal.told["payment_source"]["paypal"]["experience_context"]
    assert context == {
        "return_url": "https://shop.example/checkout/success?payment_id=PAY-1",
        "cancel_url": "https://shop.example/checkout/cancel?payment_id=PAY-1",
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "landing_page": "LOGIN",
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
    }


def test_an_address_to_come_back_to_keeps_its_own_query(paypal: PayPal) -> None:
    paypal.says(ORDERS, CREATED, 201)
    gateway = paypal.adapter(return_url="https://shop.example/?a=b&c=#top", cancel_url="")

    gateway.create_order(replace(REQUEST, payment_id="P&1"))

    context = paypal.told["payment_source"]["paypal"]["experience_context"]
    assert context["return_url"] == "https://shop.example/?a=b&c=&payment_id=P%261#top"
    assert "cancel_url" not in context


def test_a_card_payer_is_not_asked_to_log_in(paypal: PayPal) -> None:
    paypal.says(ORDERS, CREATED, 201)

    paypal.gateway.create_order(replace(REQUEST, method=Method.CARD))

    context = paypal.told["payment_source"]["paypal"]["experience_context"]
    assert context["landing_page"] == "GUEST_CHECKOUT"


def test_opening_an_order_never_takes_money_from_a_saved_account(paypal: PayPal) -> None:
    paypal.says(ORDERS, CREATED, 201)

    paypal.gateway.create_order(replace(REQUEST, payer=replace(PAYER, gateway_customer_id="cust-1")))

    assert set(paypal.told["payment_source"]["paypal"]) == {"experience_context"}


@pytest.mark.parametrize("relation", ["approve", "payer-action"])
def test_the_browser_learns_where_to_approve(paypal: PayPal, relation: str) -> None:
    links = [{"rel": relation, "href": "https://paypal.test/go"}]
    paypal.says(ORDERS, CREATED | {"links": links}, 201)

    opened = paypal.gateway.create_order(REQUEST)

    assert (opened.id, opened.checkout_url) == ("ORD1", "https://paypal.test/go")
    assert opened.checkout == {
        "client_id": paypal.gateway.public_key,
        "order_id": "ORD1",
        "amount": "10.00",
        "currency": "USD",
        "approve_url": "https://paypal.test/go",
    }


def test_yen_have_no_decimals(paypal: PayPal) -> None:
    paypal.says(ORDERS, CREATED, 201)

    paypal.gateway.create_order(replace(REQUEST, currency="JPY", amount_minor=1500))

    amount = paypal.told["purchase_units"][0]["amount"]
    assert amount == {"currency_code": "JPY", "value": "1500"}


def test_a_currency_that_paypal_does_not_take_is_not_even_asked_for(paypal: PayPal) -> None:
    with pytest.raises(GatewayRefused):
        paypal.gateway.create_order(replace(REQUEST, currency="INR"))

    assert paypal.asked == []


@pytest.mark.parametrize("body", [{}, {"id": 7}, {"id": ""}])
def test_an_order_without_an_id_leaves_open_what_happened(paypal: PayPal, body: dict[str, Any]) -> None:
    paypal.says(ORDERS, body, 201)

    with pytest.raises(GatewayError):
        paypal.gateway.create_order(REQUEST)
