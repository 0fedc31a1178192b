"""Orders are taken and refused as Razorpay does."""

from collections.abc import Callable
from typing import Any

import pytest
import razorpay
import requests

from tests.sandbox.conftest import Controls

Send = Callable[..., requests.Response]
ORDER = {"amount": 29935, "currency": "INR", "receipt": "receipt-1"}


def test_an_order_looks_like_razorpays(razorpay_client: razorpay.Client) -> None:
    order = razorpay_client.order.create(ORDER)

    assert order["id"].startswith("order_")
    assert len(order["id"]) == len("order_") + 14
    assert (order["status"], order["amount_due"], order["amount_paid"]) == ("created", 29935, 0)
    assert order["notes"] == []


def test_wrong_keys_are_refused(send: Send) -> None:
    answer = send("GET", "/v1/orders", auth=("rzp_test_other", "wrong"))

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "BAD_REQUEST_ERROR"
    assert answer.json()["error"]["description"] == "Authentication failed"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 299.35}, "amount"),
        ({"amount": 99}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": True}, "amount"),
        ({"currency": ""}, "currency"),
        ({"currency": "ABC"}, "currency"),
        ({"receipt": "r" * 41}, "receipt"),
        ({"notes": {str(number): "x" for number in range(16)}}, "notes"),
        ({"payment": {"capture": "never"}}, "payment.capture"),
    ],
)
def test_a_bad_order_is_refused_with_its_field(send: Send, change: dict[str, Any], field: str) -> None:
    answer = send("POST", "/v1/orders", json=ORDER | change)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BAD_REQUEST_ERROR"
    assert answer.json()["error"]["field"] == field


def test_unknown_fields_are_refused(send: Send) -> None:
    answer = send("POST", "/v1/orders", json=ORDER | {"installments": 3})

    assert answer.status_code == 400
    assert answer.json()["error"]["description"].startswith("installments is/are not required")


def test_an_order_is_found_by_its_receipt(razorpay_client: razorpay.Client) -> None:
    wanted = razorpay_client.order.create(ORDER)
    razorpay_client.order.create(ORDER | {"receipt": "receipt-2"})

    found = razorpay_client.order.all({"receipt": "receipt-1"})

    assert [order["id"] for order in found["items"]] == [wanted["id"]]
    assert (found["entity"], found["count"]) == ("collection", 1)


def test_lists_come_newest_first_in_pages(razorpay_client: razorpay.Client) -> None:
    made = [razorpay_client.order.create(ORDER)["id"] for _ in range(3)]

    page = razorpay_client.order.all({"count": 2, "skip": 1})

    assert [order["id"] for order in page["items"]] == [made[1], made[0]]
    assert razorpay_client.order.all({"from": 1, "to": 2})["count"] == 0


def test_only_the_notes_of_an_order_change(razorpay_client: razorpay.Client) -> None:
    order_id = razorpay_client.order.create(ORDER)["id"]

    razorpay_client.order.edit(order_id, {"notes": {"shop": "one"}})

    assert razorpay_client.order.fetch(order_id)["notes"] == {"shop": "one"}
    with pytest.raises(razorpay.errors.BadRequestError, match="not required"):
        razorpay_client.order.edit(order_id, {"amount": 1})


def test_what_does_not_exist_is_a_bad_request(razorpay_client: razorpay.Client, send: Send) -> None:
    with pytest.raises(razorpay.errors.BadRequestError, match="does not exist"):
        razorpay_client.order.fetch("order_00000000000000")

    assert send("GET", "/v1/nowhere").status_code == 404
    assert (
        send("POST", "/v1/orders", data=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    )


def test_all_tries_to_pay_an_order_are_listed(razorpay_client: razorpay.Client, controls: Controls) -> None:
    order_id = razorpay_client.order.create(ORDER)["id"]
    controls.post("razorpay/pay", order_id=order_id, method="upi", vpa="failure@razorpay")
    controls.post("razorpay/pay", order_id=order_id, method="upi", vpa="success@razorpay")

    tries = razorpay_client.order.payments(order_id)["items"]

    assert [payment["status"] for payment in tries] == ["failed", "captured"]
    assert razorpay_client.order.fetch(order_id)["attempts"] == 2


@pytest.mark.parametrize("name", ["currency", "offers", "payment", "notes", "receipt", "customer_id"])
@pytest.mark.parametrize("junk", [[1], {"a": 1}, 1.5, "x"])
def test_junk_is_never_the_sandboxs_fault(send: Send, name: str, junk: Any) -> None:
    assert send("POST", "/v1/orders", json=ORDER | {name: junk}).status_code in (200, 400)
