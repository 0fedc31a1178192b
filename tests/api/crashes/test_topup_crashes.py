"""Workers die while a gateway fills a wallet, and whoever comes next finishes what they began."""

from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from tests.api.crashes.endings import assert_finished
from tests.api.crashes.points import (
    ANSWER,
    BASE,
    COMMIT,
    ENTRY,
    Command,
    Point,
    again,
    asked_again,
    asks,
    killed,
    looked_after,
    named,
    posts,
)
from tests.api.gateway_events import latest
from tests.api.meetings import balance, captured, status, topup, verify_topup
from tests.shop import Shop

Document = dict[str, Any]


TOPUP_POINTS = [
    Command("findAndModify", "topup_counts"),
    Command("update", "topup_counts"),
    Command("insert", "payment_orders"),
    Command("update", "payment_orders", skip=1),
    ("/v1/orders$", "timeout_after"),
    COMMIT,
    ANSWER,
]


@pytest.mark.parametrize("point", TOPUP_POINTS, ids=named)
def test_a_topup_whose_worker_died_is_opened_once_when_asked_for_again(
    shop: Shop, operator: MongoClient[Document], database: Database[Document], point: Point
) -> None:
    body = {"customer_id": shop.customer.id, "amount": 500, "payment_method": "card"}
    request = asks(shop.customer, "POST", f"{BASE}/wallet/topup/initiate", body)
    killed(shop, operator, point, request)

    opened = asked_again(shop, request).json

    assert verify_topup(shop, opened, shop.pay(opened)).json["wallet_balance"] == 500
    [counter] = database["topup_counts"].find()
    assert [place["payment"] for place in counter["places"]] == [opened["payment_order_id"]]
    assert database["payment_orders"].count_documents({}) == 1
    assert_finished(shop)


@pytest.mark.parametrize("point", [("/v1/payments", "delay"), ENTRY, COMMIT, ANSWER], ids=named)
def test_a_topup_whose_worker_died_is_verified_once_by_the_next(
    shop: Shop, operator: MongoClient[Document], point: Point
) -> None:
    opened = topup(shop)
    paid = shop.pay(opened)
    proof = {"payment_id": paid["razorpay_payment_id"], "signature": paid["razorpay_signature"]}
    body = proof | {"order_id": opened["gateway_order_id"]}
    request = asks(shop.customer, "POST", f"{BASE}/wallet/topup/verify", body)
    killed(shop, operator, point, request)

    assert asked_again(shop, request).json["wallet_balance"] == 500

    assert (balance(shop), status(shop, opened)) == ((500, 0), "COMPLETED")
    assert_finished(shop)


MESSAGE_POINTS = [
    Command("insert", "webhook_events"),
    Command("insert", "captures"),
    COMMIT,
    Command("update", "webhook_events"),
]
ENDS = [(point, True) for point in MESSAGE_POINTS] + [(point, False) for point in MESSAGE_POINTS[1:3]]


@pytest.mark.parametrize(("point", "is_sent_again"), ENDS, ids=str)
def test_a_message_about_a_topup_credits_once(
    shop: Shop, operator: MongoClient[Document], point: Point, is_sent_again: bool
) -> None:
    opened = topup(shop)
    request = posts("razorpay", shop.sandbox.forge("razorpay", captured(shop, opened), event_id="evt_1"))
    killed(shop, operator, point, request)

    if is_sent_again:
        again(shop, request)
    looked_after(shop)

    assert (balance(shop), status(shop, opened)) == ((500, 0), "COMPLETED")
    assert_finished(shop)


@pytest.mark.parametrize("point", [Command("insert", "refunds"), ENTRY, COMMIT], ids=named)
def test_a_topup_that_is_taken_back_is_debited_once(
    shop: Shop, operator: MongoClient[Document], point: Point
) -> None:
    opened = topup(shop)
    verify_topup(shop, opened, shop.pay(opened))
    shop.refund_on_dashboard({"payment_id": opened["payment_order_id"]}, 30_000)
    delivery = shop.sandbox.forge("razorpay", latest(shop, "refund.processed"), event_id="evt_1")
    killed(shop, operator, point, posts("razorpay", delivery))

    looked_after(shop)

    assert (balance(shop), status(shop, opened)) == ((200, 0), "PARTIAL_REFUND")
    assert_finished(shop)
