"""Refunds stay within what was captured, and one key makes one refund."""

import threading
from collections.abc import Callable

import pytest
import razorpay
import requests

from tests.sandbox.conftest import Controls, until

Send = Callable[..., requests.Response]
KEY = {"X-Refund-Idempotency": "refund_key-1"}


@pytest.fixture
def payment_id(razorpay_client: razorpay.Client, controls: Controls) -> str:
    order = razorpay_client.order.create({"amount": 10000, "currency": "INR"})
    return str(controls.post("razorpay/pay", order_id=order["id"], method="card")["razorpay_payment_id"])


def test_a_partial_refund_leaves_the_payment_captured(
    razorpay_client: razorpay.Client, payment_id: str
) -> None:
    refund = razorpay_client.payment.refund(payment_id, {"amount": 4000, "notes": {"why": "late"}})

    payment = razorpay_client.payment.fetch(payment_id)
    assert (refund["id"][:5], refund["status"], refund["notes"]) == ("rfnd_", "processed", {"why": "late"})
    assert (payment["status"], payment["refund_status"]) == ("captured", "partial")
    assert payment["amount_refunded"] == 4000


def test_a_refund_without_an_amount_gives_back_the_rest(
    razorpay_client: razorpay.Client, payment_id: str
) -> None:
    razorpay_client.payment.refund(payment_id, {"amount": 4000})
    rest = razorpay_client.payment.refund(payment_id, {})

    payment = razorpay_client.payment.fetch(payment_id)
    assert rest["amount"] == 6000
    assert (payment["status"], payment["refund_status"]) == ("refunded", "full")


def test_more_than_was_captured_is_refused(razorpay_client: razorpay.Client, payment_id: str) -> None:
    razorpay_client.payment.refund(payment_id, {"amount": 4000})

    with pytest.raises(razorpay.errors.BadRequestError, match="greater than"):
        razorpay_client.payment.refund(payment_id, {"amount": 6001})


def test_money_that_was_not_captured_is_not_refunded(
    razorpay_client: razorpay.Client, controls: Controls
) -> None:
    order = razorpay_client.order.create({"amount": 10000, "currency": "INR"})
    paid = controls.post("razorpay/pay", order_id=order["id"], method="card", outcome="authorized")

    with pytest.raises(razorpay.errors.BadRequestError, match="should be captured"):
        razorpay_client.payment.refund(paid["razorpay_payment_id"], {"amount": 100})


def test_one_key_makes_one_refund(razorpay_client: razorpay.Client, payment_id: str) -> None:
    first = razorpay_client.payment.refund(payment_id, {"amount": 4000}, headers=KEY)
    second = razorpay_client.payment.refund(payment_id, {"amount": 4000}, headers=KEY)

    assert first["id"] == second["id"]
    assert razorpay_client.payment.fetch(payment_id)["amount_refunded"] == 4000
    with pytest.raises(razorpay.errors.BadRequestError, match="Different request body"):
        razorpay_client.payment.refund(payment_id, {"amount": 4001}, headers=KEY)


def test_a_short_key_is_refused(razorpay_client: razorpay.Client, payment_id: str) -> None:
    with pytest.raises(razorpay.errors.BadRequestError, match="at least 10"):
        razorpay_client.payment.refund(payment_id, {}, headers={"X-Refund-Idempotency": "short"})


def test_a_key_in_use_has_to_wait(send: Send, controls: Controls, payment_id: str) -> None:
    controls.post("faults", expect=201, kind="delay", seconds=1.0, path="refund$")
    path = f"/v1/payments/{payment_id}/refund"
    first = threading.Thread(target=send, args=("POST", path), kwargs={"json": {}, "headers": KEY})
    first.start()
    until(lambda: controls.get("faults")["faults"] == [])

    second = send("POST", path, json={}, headers=KEY)
    first.join()

    assert second.status_code == 409
    assert send("POST", path, json={}, headers=KEY).status_code == 200


def test_a_lost_answer_is_found_again_by_its_key(send: Send, controls: Controls, payment_id: str) -> None:
    controls.post("faults", expect=201, kind="drop_after", path="refund$")
    path = f"/v1/payments/{payment_id}/refund"

    with pytest.raises(requests.ConnectionError):
        send("POST", path, json={"amount": 100}, headers=KEY)
    again = send("POST", path, json={"amount": 100}, headers=KEY)

    assert again.status_code == 200
    assert len(controls.get("books")["refunds"]) == 1


def test_a_refund_may_take_days_and_fail(
    razorpay_client: razorpay.Client, controls: Controls, payment_id: str
) -> None:
    controls.post("razorpay/settings", refunds="pending")
    refund = razorpay_client.payment.refund(payment_id, {"amount": 10000})
    failed = controls.post(f"razorpay/refunds/{refund['id']}/fail")

    payment = razorpay_client.payment.fetch(payment_id)
    assert (refund["status"], failed["status"]) == ("pending", "failed")
    assert (payment["status"], payment["amount_refunded"]) == ("captured", 0)
    assert controls.events()[-2:] == ["refund.created", "refund.failed"]


def test_an_instant_refund_can_become_a_normal_one(
    razorpay_client: razorpay.Client, controls: Controls, payment_id: str
) -> None:
    controls.post("razorpay/settings", refunds="pending")
    refund = razorpay_client.payment.refund(payment_id, {"speed": "optimum"})
    slower = controls.post(f"razorpay/refunds/{refund['id']}/change-speed")
    controls.post(f"razorpay/refunds/{refund['id']}/process")

    assert (refund["speed_processed"], slower["speed_processed"]) == ("instant", "normal")
    assert controls.events()[-2:] == ["refund.speed_changed", "refund.processed"]
    assert razorpay_client.refund.fetch(refund["id"])["status"] == "processed"


def test_refunds_are_found_from_their_payment(razorpay_client: razorpay.Client, payment_id: str) -> None:
    first = razorpay_client.refund.create({"payment_id": payment_id, "amount": 100})
    second = razorpay_client.payment.refund(payment_id, {"amount": 200})
    razorpay_client.refund.edit(first["id"], {"notes": {"why": "late"}})

    listed = razorpay_client.payment.fetch_multiple_refund(payment_id)["items"]
    assert [refund["id"] for refund in listed] == [second["id"], first["id"]]
    assert razorpay_client.payment.fetch_refund_id(payment_id, first["id"])["notes"] == {"why": "late"}
    assert razorpay_client.refund.all()["count"] == 2
