"""Workers die while wallet and gateway pay together, and no order stays half-paid."""

from collections.abc import Callable
from typing import Any

import pytest
from pymongo import MongoClient

from tests.api.crashes.endings import assert_finished
from tests.api.crashes.points import (
    BASE,
    COMMIT,
    Command,
    Point,
    Request,
    again,
    asked_again,
    asks,
    killed,
    leases_end,
    looked_after,
    named,
    posts,
    transactions_end,
)
from tests.api.gateway_events import exceptions, latest
from tests.api.meetings import balance, order, pay_with_wallet, split, status
from tests.shop import DECLINED_CARD, Shop

Document = dict[str, Any]


def asks_split(shop: Shop, order_id: str) -> Request:
    body = {"order_id": order_id, "customer_id": shop.customer.id, "wallet_amount": 100}
    return asks(shop.customer, "POST", f"{BASE}/order/pay-split", body | {"payment_method": "card"})


OPEN_POINTS = [
    Command("insert", "wallet_holds"),
    COMMIT,
    Command("insert", "payment_orders"),
    Command("update", "payment_orders"),
    ("/v1/orders$", "delay"),
    ("/v1/orders$", "timeout_after"),
    Command("commitTransaction", skip=1),
]


@pytest.mark.parametrize("point", OPEN_POINTS, ids=named)
def test_a_split_whose_worker_died_is_opened_and_paid_when_asked_for_again(
    shop: Shop, operator: MongoClient[Document], point: Point
) -> None:
    shop.customer.is_given(15_000)
    order_id = shop.order(30_000)
    request = asks_split(shop, order_id)
    killed(shop, operator, point, request)

    opened = asked_again(shop, request).json
    assert balance(shop) == (150, 100)
    shop.verify(opened | {"payment_id": opened["payment_order_id"]}, shop.pay(opened))

    assert (order(shop, order_id)["payment_status"], balance(shop)) == ("PAID", (50, 0))
    assert_finished(shop)


@pytest.mark.parametrize("point", OPEN_POINTS, ids=named)
def test_a_split_whose_worker_died_holds_nothing_that_nobody_pays_for(
    shop: Shop, operator: MongoClient[Document], point: Point
) -> None:
    shop.customer.is_given(15_000)
    order_id = shop.order(30_000)
    killed(shop, operator, point, asks_split(shop, order_id))
    leases_end(shop.database)

    looked_after(shop)

    assert_finished(shop)
    assert pay_with_wallet(shop, order_id, 300).status_code == 400
    transactions_end(operator)
    shop.customer.is_given(30_000)
    assert pay_with_wallet(shop, order_id, 300).status_code == 200
    assert balance(shop) == (150, 0)
    assert_finished(shop)


def by_message(shop: Shop, opened: Any, _paid: Any) -> Request:
    return posts("razorpay", shop.sandbox.forge("razorpay", latest(shop, "payment.captured")))


def by_proof(shop: Shop, opened: Any, paid: Any) -> Request:
    proof = {"gateway_payment_id": paid["razorpay_payment_id"], "signature": paid["razorpay_signature"]}
    return asks(shop.customer, "POST", f"/api/payments/{opened['payment_id']}/verify", proof)


@pytest.mark.parametrize(
    ("way", "is_asked_again"), [(by_message, False), (by_proof, True), (by_proof, False)]
)
@pytest.mark.parametrize(
    "point", [Command("update", "wallet_holds"), Command("update", "orders"), COMMIT], ids=named
)
def test_both_parts_of_a_split_are_taken_once(
    shop: Shop,
    operator: MongoClient[Document],
    point: Point,
    way: Callable[[Shop, Any, Any], Request],
    is_asked_again: bool,
) -> None:
    shop.customer.is_given(15_000)
    opened = split(shop, shop.order(30_000), 100)
    request = way(shop, opened, shop.pay(opened))
    killed(shop, operator, point, request)

    if is_asked_again:
        asked_again(shop, request)
    looked_after(shop)

    found = order(shop, opened["order_id"])
    assert (found["payment_status"], found["amount_paid"], found["wallet_amount"]) == ("PAID", 300, 100)
    assert (balance(shop), exceptions(shop.database)) == ((50, 0), [])
    assert_finished(shop)


END_POINTS = [COMMIT, Command("update", "wallet_holds"), Command("commitTransaction", skip=1)]


@pytest.mark.parametrize("point", END_POINTS, ids=named)
@pytest.mark.parametrize("is_sent_again", [True, False], ids=["sent again", "looked after"])
def test_the_wallets_part_is_free_again_after_a_failure(
    shop: Shop, operator: MongoClient[Document], point: Point, is_sent_again: bool
) -> None:
    shop.customer.is_given(15_000)
    opened = split(shop, shop.order(30_000), 100)
    shop.pay(opened, card_number=DECLINED_CARD)
    event = latest(shop, "payment.failed")
    request = posts("razorpay", shop.sandbox.forge("razorpay", event, event_id="evt_1"))
    killed(shop, operator, point, request)

    if is_sent_again:
        again(shop, request)
    looked_after(shop)

    assert (balance(shop), status(shop, opened)) == ((150, 0), "FAILED")
    assert order(shop, opened["order_id"])["amount_paid"] == 0
    assert_finished(shop)
