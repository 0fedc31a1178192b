"""What a customer has registered can be charged without the customer, once an order."""

from collections.abc import Callable
from typing import Any

import pytest
import razorpay
import requests

from tests.sandbox.conftest import Controls

Send = Callable[..., requests.Response]
PERSON = {"name": "Asha", "email": "asha@shop.example", "contact": "9876543210"}
AMOUNT_MINOR = 50_000


@pytest.fixture
def customer_id(razorpay_client: razorpay.Client) -> str:
    return str(razorpay_client.customer.create(PERSON)["id"])


@pytest.fixture
def token_id(razorpay_client: razorpay.Client, controls: Controls, customer_id: str) -> str:
    """A card that its owner has registered with a first payment."""
    order = {"amount": 100, "currency": "INR", "customer_id": customer_id, "method": "card"}
    first = razorpay_client.order.create(order | {"token": {"max_amount": 100_000, "frequency": "monthly"}})
    paid = controls.post(
        "razorpay/pay", order_id=first["id"], method="card", customer_id=customer_id, recurring=1
    )
    return str(razorpay_client.payment.fetch(paid["razorpay_payment_id"])["token_id"])


@pytest.fixture
def wish(razorpay_client: razorpay.Client, customer_id: str, token_id: str) -> dict[str, Any]:
    """A charge of what was registered, for a new order."""
    order = razorpay_client.order.create({"amount": AMOUNT_MINOR, "currency": "INR"})
    return {
        "email": PERSON["email"],
        "contact": PERSON["contact"],
        "amount": AMOUNT_MINOR,
        "currency": "INR",
        "order_id": order["id"],
        "customer_id": customer_id,
        "token": token_id,
        "recurring": "1",
        "notes": {"payment_id": "TOPUP-1"},
    }


def test_a_first_payment_registers_the_card(
    razorpay_client: razorpay.Client, customer_id: str, token_id: str
) -> None:
    token = razorpay_client.token.fetch(customer_id, token_id)

    assert (token["recurring"], token["recurring_details"]["status"]) == (True, "confirmed")
    assert token["max_amount"] == 100_000


def test_a_charge_is_signed_and_announced_as_other_payments_are(
    razorpay_client: razorpay.Client, controls: Controls, wish: dict[str, Any]
) -> None:
    before = len(controls.events())
    answer = razorpay_client.payment.createRecurring(wish)

    assert razorpay_client.utility.verify_payment_signature(answer)
    payment = razorpay_client.payment.fetch(answer["razorpay_payment_id"])
    assert (payment["status"], payment["amount"], payment["token_id"]) == (
        "captured",
        AMOUNT_MINOR,
        wish["token"],
    )
    assert controls.events()[before:] == ["payment.authorized", "payment.captured", "order.paid"]


@pytest.mark.parametrize(
    ("outcome", "status", "events"),
    [
        ("authorized", "authorized", ["payment.authorized"]),
        ("created", "created", []),
        ("declined", "failed", ["payment.failed"]),
    ],
)
def test_a_charge_ends_as_the_bank_wants(
    razorpay_client: razorpay.Client,
    controls: Controls,
    wish: dict[str, Any],
    outcome: str,
    status: str,
    events: list[str],
) -> None:
    controls.post("razorpay/settings", recurring=outcome)
    before = len(controls.events())

    answer = razorpay_client.payment.createRecurring(wish)

    assert razorpay_client.payment.fetch(answer["razorpay_payment_id"])["status"] == status
    assert controls.events()[before:] == events


def test_a_refusal_at_once_names_the_payment_that_failed(
    controls: Controls, send: Send, wish: dict[str, Any]
) -> None:
    controls.post("razorpay/settings", recurring="refused")

    answer = send("POST", "/v1/payments/create/recurring", json=wish)

    error = answer.json()["error"]
    assert (answer.status_code, error["reason"]) == (400, "card_declined")
    assert error["metadata"]["order_id"] == wish["order_id"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        *(({name: ""}, name) for name in ("email", "contact", "amount", "currency", "token", "recurring")),
        ({"amount": AMOUNT_MINOR - 1}, "amount"),
        ({"currency": "USD"}, "amount"),
        ({"recurring": "0"}, "recurring"),
        ({"order_id": "order_unknown"}, None),
        ({"customer_id": "cust_unknown"}, None),
        ({"token": "token_unknown"}, None),
        ({"cvv": "123"}, None),
    ],
)
def test_a_charge_that_does_not_fit_is_refused(
    controls: Controls, send: Send, wish: dict[str, Any], change: dict[str, Any], field: str | None
) -> None:
    before = len(controls.get("books")["payments"])

    answer = send("POST", "/v1/payments/create/recurring", json=wish | change)

    assert (answer.status_code, answer.json()["error"].get("field")) == (400, field)
    assert len(controls.get("books")["payments"]) == before


def test_more_than_was_registered_is_refused(
    razorpay_client: razorpay.Client, send: Send, wish: dict[str, Any]
) -> None:
    order = razorpay_client.order.create({"amount": 100_001, "currency": "INR"})

    answer = send(
        "POST", "/v1/payments/create/recurring", json=wish | {"order_id": order["id"], "amount": 100_001}
    )

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "amount")


def test_an_order_is_charged_once(
    razorpay_client: razorpay.Client, controls: Controls, wish: dict[str, Any]
) -> None:
    razorpay_client.payment.createRecurring(wish)

    with pytest.raises(razorpay.errors.BadRequestError, match="already done"):
        razorpay_client.payment.createRecurring(wish)

    assert razorpay_client.order.fetch(wish["order_id"])["amount_paid"] == AMOUNT_MINOR


def test_an_order_that_registers_names_its_customer(razorpay_client: razorpay.Client) -> None:
    order = {"amount": 100, "currency": "INR", "method": "card", "token": {"max_amount": 100_000}}

    with pytest.raises(razorpay.errors.BadRequestError, match="customer id"):
        razorpay_client.order.create(order)
