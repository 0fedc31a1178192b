"""Customers keep what they have paid with."""

from collections.abc import Callable
from typing import Any

import pytest
import razorpay
import requests

from tests.sandbox.conftest import Controls

Send = Callable[..., requests.Response]
PERSON = {"name": "Asha", "email": "asha@shop.example", "contact": "9876543210"}


@pytest.fixture
def customer_id(razorpay_client: razorpay.Client) -> str:
    return str(razorpay_client.customer.create(PERSON)["id"])


def pay(client: razorpay.Client, controls: Controls, **choice: Any) -> dict[str, Any]:
    order = client.order.create({"amount": 5000, "currency": "INR"})
    paid = controls.post("razorpay/pay", order_id=order["id"], **choice)
    payment: dict[str, Any] = client.payment.fetch(paid["razorpay_payment_id"])
    return payment


def test_a_customer_is_made_once(razorpay_client: razorpay.Client, customer_id: str) -> None:
    again = razorpay_client.customer.create(PERSON | {"fail_existing": "0"})

    assert again["id"] == customer_id
    with pytest.raises(razorpay.errors.BadRequestError, match="already exists"):
        razorpay_client.customer.create(PERSON)


def test_a_saved_card_is_listed_and_named_in_the_payment(
    razorpay_client: razorpay.Client, controls: Controls, customer_id: str
) -> None:
    payment = pay(razorpay_client, controls, method="card", customer_id=customer_id, save=True)

    [token] = razorpay_client.token.all(customer_id)["items"]
    assert token["id"] == payment["token_id"]
    assert (token["method"], token["card"]["last4"]) == ("card", "1111")
    assert razorpay_client.token.fetch(customer_id, token["id"])["id"] == token["id"]


def test_nothing_is_saved_unasked(
    razorpay_client: razorpay.Client, controls: Controls, customer_id: str
) -> None:
    payment = pay(razorpay_client, controls, method="card", customer_id=customer_id)

    assert payment["token_id"] is None
    assert razorpay_client.token.all(customer_id)["count"] == 0


def test_a_saved_card_pays_again_and_is_saved_once(
    razorpay_client: razorpay.Client, controls: Controls, customer_id: str
) -> None:
    saving: dict[str, Any] = {"method": "card", "customer_id": customer_id, "save": True}
    token_id = pay(razorpay_client, controls, **saving)["token_id"]
    pay(razorpay_client, controls, **saving)
    again = pay(razorpay_client, controls, method="card", token_id=token_id)

    assert (again["token_id"], again["customer_id"]) == (token_id, customer_id)
    assert razorpay_client.token.all(customer_id)["count"] == 1


def test_a_deleted_card_is_gone(
    razorpay_client: razorpay.Client, controls: Controls, customer_id: str
) -> None:
    token_id = pay(razorpay_client, controls, method="upi", customer_id=customer_id, save=True)["token_id"]

    assert razorpay_client.token.delete(customer_id, token_id) == {"deleted": True}
    assert razorpay_client.token.all(customer_id)["items"] == []
    with pytest.raises(razorpay.errors.BadRequestError, match="does not exist"):
        razorpay_client.token.fetch(customer_id, token_id)


def test_checkout_works_from_any_page(
    razorpay_client: razorpay.Client, controls: Controls, send: Send
) -> None:
    order = razorpay_client.order.create({"amount": 5000, "currency": "INR"})
    sent = {"key_id": razorpay_client.auth[0], "order_id": order["id"], "method": "upi", "outcome": "created"}

    script = send("GET", "/v1/checkout.js", auth=None)
    paid = send("POST", "/v1/payments/create/ajax", json=sent, auth=None)

    assert "window.Razorpay" in script.text
    assert paid.headers["Access-Control-Allow-Origin"] == "*"
    assert razorpay_client.utility.verify_payment_signature(paid.json())
    assert razorpay_client.order.fetch(order["id"])["status"] == "paid"


def test_checkout_needs_the_shops_key(send: Send) -> None:
    answer = send("POST", "/v1/payments/create/ajax", json={"key_id": "rzp_test_other"}, auth=None)

    assert answer.status_code == 401
    assert send("GET", "/v1/methods", auth=None).status_code == 401
    assert send("GET", "/methods").json()["upi"] is True


def test_checkout_offers_what_was_saved(
    razorpay_client: razorpay.Client, controls: Controls, customer_id: str, send: Send
) -> None:
    token_id = pay(razorpay_client, controls, method="card", customer_id=customer_id, save=True)["token_id"]
    order = razorpay_client.order.create({"amount": 5000, "currency": "INR", "customer_id": customer_id})

    query = {"key_id": razorpay_client.auth[0], "order_id": order["id"]}
    about = send("GET", "/v1/preferences", params=query, auth=None).json()

    assert about["order"]["amount_due"] == 5000
    assert [token["id"] for token in about["tokens"]] == [token_id]


def test_a_customer_can_be_changed_and_found(razorpay_client: razorpay.Client, customer_id: str) -> None:
    razorpay_client.customer.edit(customer_id, {"name": "Asha Rao"})

    assert razorpay_client.customer.fetch(customer_id)["name"] == "Asha Rao"
    assert razorpay_client.customer.all()["count"] == 1
