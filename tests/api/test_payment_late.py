"""Money that comes after a payment was given up pays its order once, and is never lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from tests.api.answers import refusal
from tests.conftest import Document
from tests.shop import Shop


def ask(shop: Shop, opened: Any) -> Any:
    """Let the server ask the gateway, and give the payment."""
    return shop.customer.get(f"/api/payments/{opened['payment_id']}/verify").json["data"]


def cancel(shop: Shop, opened: Any) -> None:
    shop.customer.post(f"/api/payments/{opened['payment_id']}/cancel")


def let_it_expire(shop: Shop, opened: Any) -> None:
    """Let the sweep find the payment long after its time."""
    past = datetime.now(UTC) - timedelta(hours=2)
    row = {"attempts.$[].expires_at": past, "updated_at": past}
    payments = shop.services.client[shop.services.settings.mongodb_db]["payment_orders"]
    payments.update_one({"_id": opened["payment_id"]}, {"$set": row})
    shop.services.payments.reconcile_payments()
    assert shop.payment(opened)["status"] == "EXPIRED"


@pytest.mark.parametrize("end", [cancel, let_it_expire])
@pytest.mark.parametrize("method", ["card", "paypal"])
def test_money_that_comes_late_pays_the_order_all_the_same(shop: Shop, method: str, end: Any) -> None:
    opened = shop.opened(method=method)
    end(shop, opened)
    shop.pay(opened)

    assert ask(shop, opened)["status"] == "COMPLETED"
    assert (shop.order_of(opened)["payment_status"], shop.order_of(opened)["status"]) == ("PAID", "CONFIRMED")


@pytest.mark.parametrize("end", [cancel, let_it_expire])
def test_a_signature_that_comes_late_pays_it_too(shop: Shop, end: Any) -> None:
    opened = shop.opened()
    end(shop, opened)

    assert shop.verify(opened, shop.pay(opened)).json["data"]["status"] == "COMPLETED"


def test_of_two_attempts_that_are_paid_one_counts_and_one_is_kept(
    shop: Shop, database: Database[Document]
) -> None:
    first = shop.opened()
    cancel(shop, first)
    second = shop.initiate(first["order_id"]).json["data"]
    paid = [shop.pay(opened)["razorpay_payment_id"] for opened in (first, second)]

    done = ask(shop, second)

    [kept] = database["payment_exceptions"].find()
    assert (done["status"], done["amount"]) == ("COMPLETED", 1000)
    assert {done["gateway_payment_id"], kept["gateway_payment_id"]} == set(paid)
    assert (kept["reason"], kept["amount"]) == ("paid_twice", 100_000)
    assert shop.order_of(first)["amount_paid"] == 1000


def test_a_second_signature_is_answered_with_what_became_of_its_money(
    shop: Shop, database: Database[Document]
) -> None:
    first = shop.opened()
    cancel(shop, first)
    second = shop.initiate(first["order_id"]).json["data"]
    shop.verify(second, shop.pay(second))

    response = shop.verify(first, shop.pay(first))

    assert refusal(response) == (409, "ORDER_NOT_PAYABLE")
    assert response.json["error"]["details"] == {"reason": "paid_twice"}
    assert database["payment_exceptions"].count_documents({}) == 1
    assert shop.payment(first)["gateway_order_id"] == second["gateway_order_id"]


def test_a_payment_at_each_gateway_pays_once(shop: Shop, database: Database[Document]) -> None:
    first = shop.opened()
    cancel(shop, first)
    second = shop.initiate(first["order_id"], method="paypal").json["data"]
    shop.pay(first)
    shop.pay(second)

    done = ask(shop, first)

    captured = shop.sandbox.books()["paypal_captures"]
    assert (done["status"], done["gateway"]) == ("COMPLETED", "razorpay")
    assert len(captured) == database["payment_exceptions"].count_documents({"reason": "paid_twice"}) == 0


@pytest.mark.parametrize("method", ["card", "paypal"])
def test_an_order_that_the_gateway_does_not_know_was_not_paid_there(shop: Shop, method: str) -> None:
    opened = shop.opened(method=method)
    shop.sandbox.reset()

    assert ask(shop, opened)["status"] == "INITIATED"
    let_it_expire(shop, opened)
    again = shop.initiate(opened["order_id"])
    assert again.status_code == 201
    assert shop.verify(again.json["data"], shop.pay(again.json["data"])).json["data"]["status"] == "COMPLETED"
