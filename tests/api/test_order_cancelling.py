"""An order that is not paid can be cancelled, together with the payment that is open for it."""

from pymongo.database import Database

from tests.api.answers import refusal
from tests.api.gateway_events import latest
from tests.api.shops import another_customer
from tests.conftest import Document
from tests.shop import DECLINED_CARD, Shop


def cancel(shop: Shop, order_id: str, **more: str) -> tuple[int, str]:
    """Cancel an order and give the status and the order's, or the code of the refusal."""
    response = shop.customer.post(f"/api/orders/{order_id}/cancel", **more)
    return (200, response.json["data"]["status"]) if response.status_code == 200 else refusal(response)


def test_an_unpaid_order_is_cancelled_and_stays_so(shop: Shop) -> None:
    order_id = shop.order()

    answers = [cancel(shop, order_id) for _ in range(2)]

    assert answers == [(200, "CANCELLED")] * 2
    assert shop.customer.get(f"/api/orders/{order_id}").json["data"]["status"] == "CANCELLED"


def test_a_paid_order_cannot_be_cancelled(shop: Shop) -> None:
    paid = shop.paid()

    assert cancel(shop, paid["order_id"]) == (409, "ORDER_NOT_PAYABLE")
    assert shop.order_of(paid)["status"] == "CONFIRMED"
    assert shop.payment(paid)["status"] == "COMPLETED"


def test_the_open_payment_is_cancelled_with_the_order(shop: Shop) -> None:
    opened = shop.opened()

    cancel(shop, opened["order_id"])

    assert shop.payment(opened)["status"] == "CANCELLED"


def test_an_order_whose_payment_failed_can_be_cancelled(shop: Shop) -> None:
    opened = shop.opened()
    shop.pay(opened, method="card", card_number=DECLINED_CARD)
    shop.customer.get(f"/api/payments/{opened['payment_id']}/verify")

    assert cancel(shop, opened["order_id"]) == (200, "CANCELLED")
    assert shop.payment(opened)["status"] == "FAILED"


def test_a_cancelled_order_takes_no_payment(shop: Shop) -> None:
    order_id = shop.order()
    cancel(shop, order_id)

    assert refusal(shop.initiate(order_id)) == (409, "ORDER_NOT_PAYABLE")
    assert shop.sandbox.books()["orders"] == []


def test_money_that_comes_after_cancelling_is_kept_for_an_admin(
    shop: Shop, database: Database[Document]
) -> None:
    opened = shop.opened()
    cancel(shop, opened["order_id"])
    paid = shop.pay(opened)

    asked = shop.customer.get(f"/api/payments/{opened['payment_id']}/verify")

    [kept] = database["payment_exceptions"].find()
    assert (kept["reason"], kept["amount"], kept["state"]) == ("order_not_payable", 100_000, "OPEN")
    assert (kept["order_id"], kept["gateway_payment_id"]) == (opened["order_id"], paid["razorpay_payment_id"])
    assert asked.json["data"]["status"] == "CANCELLED"
    assert shop.order_of(opened)["amount_paid"] == 0


def test_the_customer_who_brings_back_such_money_is_told(shop: Shop) -> None:
    opened = shop.opened()
    cancel(shop, opened["order_id"])

    response = shop.verify(opened, shop.pay(opened))

    assert refusal(response) == (409, "ORDER_NOT_PAYABLE")
    assert response.json["error"]["details"] == {"reason": "order_not_payable"}


def test_money_that_was_only_agreed_to_is_not_taken_for_a_cancelled_order(shop: Shop) -> None:
    opened = shop.opened()
    cancel(shop, opened["order_id"])
    shop.pay(opened, outcome="authorized")

    shop.customer.get(f"/api/payments/{opened['payment_id']}/verify")

    [payment] = shop.sandbox.books()["payments"]
    assert (payment["status"], payment["captured"]) == ("authorized", False)


def test_somebody_else_cannot_cancel_it(shop: Shop) -> None:
    order_id, other = shop.order(), another_customer(shop)

    response = other.post(f"/api/orders/{order_id}/cancel")

    assert refusal(response) == (404, "ORDER_NOT_FOUND")
    assert shop.customer.get(f"/api/orders/{order_id}").json["data"]["status"] == "PENDING"


def test_cancelling_with_a_key_is_replayed(shop: Shop) -> None:
    order_id = shop.order()

    answers = [shop.customer.post(f"/api/orders/{order_id}/cancel", key="k-1") for _ in range(2)]

    assert answers[0].json == answers[1].json
    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_an_admin_cancels_the_order_of_a_customer(shop: Shop) -> None:
    order_id = shop.order()

    response = shop.admin.post(f"/api/orders/{order_id}/cancel")

    assert response.json["data"]["status"] == "CANCELLED"


def test_an_order_that_the_customer_is_paying_right_now_is_not_cancelled(shop: Shop) -> None:
    opened = shop.opened()
    shop.pay(opened, outcome="authorized")
    shop.deliver(latest(shop, "payment.authorized"))

    refused = refusal(shop.customer.post(f"/api/orders/{opened['order_id']}/cancel"))

    assert (refused, shop.payment(opened)["status"]) == ((409, "ILLEGAL_TRANSITION"), "AUTHORIZED")
    paid = shop.customer.get(f"/api/payments/{opened['payment_id']}/verify").json["data"]
    assert (paid["status"], shop.order_of(opened)["status"]) == ("COMPLETED", "CONFIRMED")
