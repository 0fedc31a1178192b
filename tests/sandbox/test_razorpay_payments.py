"""Payments go through the states that Razorpay's do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import razorpay
import requests

from tests.sandbox.conftest import Controls

Send = Callable[..., requests.Response]
ORDER = {"amount": 29935, "currency": "INR"}
MANUAL = {"payment": {"capture": "manual"}}


@pytest.fixture
def order_id(razorpay_client: razorpay.Client) -> str:
    return str(razorpay_client.order.create(ORDER)["id"])


@pytest.fixture
def authorized(razorpay_client: razorpay.Client, controls: Controls) -> str:
    """A payment that waits to be captured."""
    order = razorpay_client.order.create(ORDER | MANUAL)
    paid = controls.post("razorpay/pay", order_id=order["id"], method="card")
    return str(paid["razorpay_payment_id"])


def test_checkouts_answer_is_signed_with_the_key_secret(
    razorpay_client: razorpay.Client, controls: Controls, order_id: str
) -> None:
    paid = controls.post("razorpay/pay", order_id=order_id, method="card", card_number="4111 1111 1111 1111")

    assert razorpay_client.utility.verify_payment_signature(paid)
    payment = razorpay_client.payment.fetch(paid["razorpay_payment_id"])
    assert (payment["status"], payment["captured"], payment["amount"]) == ("captured", True, 29935)
    assert (payment["card"]["last4"], payment["card"]["network"]) == ("1111", "Visa")
    assert razorpay_client.order.fetch(order_id)["status"] == "paid"


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"method": "card", "card_number": "4000 0000 0000 0002"}, "card_declined"),
        ({"method": "card", "card_number": "4100 2800 0006 0003"}, "card_declined"),
        ({"method": "card", "card_number": "4100 2800 0008 0001"}, "insufficient_funds"),
        ({"method": "card", "otp": "123"}, "incorrect_otp"),
        ({"method": "upi", "vpa": "failure@razorpay"}, "payment_failed"),
        ({"method": "netbanking", "outcome": "failure"}, "payment_failed"),
    ],
)
def test_what_fails_says_why(controls: Controls, order_id: str, choice: dict[str, Any], reason: str) -> None:
    error = controls.post("razorpay/pay", order_id=order_id, **choice)["error"]

    [payment] = controls.get("books")["payments"]
    assert (error["code"], error["reason"]) == ("BAD_REQUEST_ERROR", reason)
    assert error["metadata"] == {"payment_id": payment["id"], "order_id": order_id}
    assert (payment["status"], payment["error_reason"]) == ("failed", reason)


def test_a_full_card_number_is_never_kept(controls: Controls, order_id: str) -> None:
    controls.post("razorpay/pay", order_id=order_id, method="card", card_number="5500670000001002")

    assert "5500670000001002" not in str(controls.get("books"))
    assert "5500670000001002" not in str(controls.get("requests"))
    assert "5500670000001002" not in str(controls.get("webhooks"))


def test_an_authorised_payment_is_captured_once(razorpay_client: razorpay.Client, authorized: str) -> None:
    razorpay_client.payment.capture(authorized, 29935, {"currency": "INR"})

    assert razorpay_client.payment.fetch(authorized)["status"] == "captured"
    with pytest.raises(razorpay.errors.BadRequestError, match="already been captured"):
        razorpay_client.payment.capture(authorized, 29935, {"currency": "INR"})


def test_of_many_captures_at_once_one_succeeds(send: Send, authorized: str) -> None:
    path, sent = f"/v1/payments/{authorized}/capture", {"amount": 29935, "currency": "INR"}

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: send("POST", path, json=sent), range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + 7 * [400]


def test_another_amount_or_currency_is_not_captured(
    razorpay_client: razorpay.Client, authorized: str
) -> None:
    with pytest.raises(razorpay.errors.BadRequestError, match="equal to the amount authorized"):
        razorpay_client.payment.capture(authorized, 29934, {"currency": "INR"})
    with pytest.raises(razorpay.errors.BadRequestError, match="currency should be same"):
        razorpay_client.payment.capture(authorized, 29935, {"currency": "USD"})

    assert razorpay_client.payment.fetch(authorized)["status"] == "authorized"


def test_a_failed_payment_can_still_succeed(controls: Controls, order_id: str) -> None:
    failed = controls.post("razorpay/pay", order_id=order_id, method="card", outcome="failure")
    payment_id = failed["error"]["metadata"]["payment_id"]

    late = controls.post(f"razorpay/payments/{payment_id}/authorize-late", capture=True)

    assert (late["status"], late["error_code"]) == ("captured", None)
    happened = ["payment.failed", "payment.authorized", "payment.captured", "order.paid"]
    assert controls.events() == happened


def test_a_payment_may_differ_from_its_order(razorpay_client: razorpay.Client, controls: Controls) -> None:
    order_id = razorpay_client.order.create(ORDER)["id"]

    controls.post("razorpay/pay", order_id=order_id, method="upi", amount=100)

    order = razorpay_client.order.fetch(order_id)
    assert (order["status"], order["amount_paid"], order["amount_due"]) == ("attempted", 100, 29835)


def test_a_paid_order_is_not_paid_again(controls: Controls, order_id: str) -> None:
    controls.post("razorpay/pay", order_id=order_id, method="upi")

    again = controls.post("razorpay/pay", expect=400, order_id=order_id, method="upi")

    assert "already done" in again["error"]["description"]


def test_a_upi_payment_waits_for_its_app(
    razorpay_client: razorpay.Client, controls: Controls, order_id: str
) -> None:
    started = razorpay_client.payment.createUpi(
        {
            **ORDER,
            "order_id": order_id,
            "email": "a@shop.example",
            "contact": "9876543210",
            "method": "upi",
            "upi": {"flow": "intent"},
        }
    )
    waiting = razorpay_client.payment.fetch(started["razorpay_payment_id"])
    done = controls.post(f"razorpay/payments/{waiting['id']}/complete")

    assert started["link"].startswith("upi://pay?")
    assert "am=299.35" in started["link"]
    assert (waiting["status"], done["status"]) == ("created", "captured")


def test_upi_ids_are_looked_up(razorpay_client: razorpay.Client) -> None:
    assert razorpay_client.payment.validateVpa({"vpa": "success@razorpay"})["success"] is True

    with pytest.raises(razorpay.errors.BadRequestError, match="Invalid VPA"):
        razorpay_client.payment.validateVpa({"vpa": "nobody"})


def test_instalments_are_chosen_by_the_payer(
    razorpay_client: razorpay.Client, controls: Controls, order_id: str
) -> None:
    paid = controls.post("razorpay/pay", order_id=order_id, method="emi", emi_duration=6)

    payment = razorpay_client.payment.fetch(paid["razorpay_payment_id"])
    assert (payment["method"], payment["emi"]["duration"], payment["amount"]) == ("emi", 6, 29935)


@pytest.mark.parametrize(
    ("number", "network"),
    [
        ("5500 6700 0000 1002", "MasterCard"),
        ("6527 6589 0000 1005", "RuPay"),
        ("378282246310005", "American Express"),
    ],
)
def test_a_card_is_known_by_its_network(
    razorpay_client: razorpay.Client, controls: Controls, order_id: str, number: str, network: str
) -> None:
    paid = controls.post("razorpay/pay", order_id=order_id, method="card", card_number=number)

    card = razorpay_client.payment.fetchCardDetails(paid["razorpay_payment_id"])
    assert (card["network"], card["last4"]) == (network, number[-4:])


@pytest.mark.parametrize("number", ["4111 1111 1111 1112", "1234", "card"])
def test_a_number_that_is_no_card_is_refused(controls: Controls, order_id: str, number: str) -> None:
    answer = controls.post("razorpay/pay", expect=400, order_id=order_id, method="card", card_number=number)

    assert answer["error"]["field"] == "card_number"
    assert controls.get("books")["payments"] == []


def test_a_payment_waits_or_fails_when_told(controls: Controls, order_id: str) -> None:
    waiting = controls.post("razorpay/pay", order_id=order_id, method="upi", outcome="created")
    address = f"razorpay/payments/{waiting['razorpay_payment_id']}"
    failed = controls.post(f"{address}/fail")

    assert (failed["status"], failed["error_reason"]) == ("failed", "payment_timed_out")
    assert controls.post(f"{address}/fail", expect=409)["error"] == "the payment is failed"
    assert controls.events() == ["payment.failed"]


def test_only_the_notes_of_a_payment_change(razorpay_client: razorpay.Client, authorized: str) -> None:
    razorpay_client.payment.edit(authorized, {"notes": {"shop": "one"}})

    assert razorpay_client.payment.fetch(authorized)["notes"] == {"shop": "one"}
    assert razorpay_client.payment.all()["count"] == 1
