"""Workers die at any moment and the database goes away, and whoever comes next finishes what they began."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from tests.api.answers import refusal
from tests.api.crashes.points import (
    GATEWAY_SECONDS,
    LONG_AGO,
    Command,
    Point,
    again,
    asks,
    killed,
    leases_end,
    named,
    posts,
)
from tests.api.gateway_events import answer, approved, captured, exceptions, latest, standing, states
from tests.mongo.mongod import fault
from tests.shop import Shop

Document = dict[str, Any]
TOO_LATE = 50  # MongoDB's code for a command that took longer than it was given.
REFUND = {"amount": 300, "reason": "customer_request"}


WEBHOOK_POINTS = [
    Command("insert", "webhook_events"),
    Command("update", "orders"),
    Command("commitTransaction"),
    Command("update", "webhook_events"),
]


@pytest.mark.parametrize("point", WEBHOOK_POINTS, ids=named)
def test_a_message_whose_worker_died_is_applied_when_it_comes_again(
    shop: Shop, operator: MongoClient[Document], database: Database[Document], point: Point
) -> None:
    opened = shop.opened()
    delivery = shop.sandbox.forge("razorpay", captured(shop, opened), event_id="evt_1")
    request = posts("razorpay", delivery)
    killed(shop, operator, point, request)

    answered = again(shop, request)

    assert answer(answered)[0] == 200
    assert (standing(shop, opened), states(database)) == (("COMPLETED", "PAID"), ["APPLIED"])
    assert database["captures"].count_documents({}) == 1
    assert (shop.order_of(opened)["amount_paid"], exceptions(database)) == (1000, [])


def test_a_message_that_was_only_stored_is_applied_by_looking_after_it(
    shop: Shop, operator: MongoClient[Document], database: Database[Document]
) -> None:
    opened = approved(shop)
    event = latest(shop, "CHECKOUT.ORDER.APPROVED", provider="paypal")
    delivery = shop.sandbox.forge("paypal", event)
    killed(shop, operator, ("/v2/checkout/orders", "delay"), posts("paypal", delivery))
    assert states(database) == ["RECEIVED"]

    database["webhook_events"].update_one({}, {"$set": {"received_at": LONG_AGO}})
    report = shop.services.payments.reconcile_payments()

    assert (report.recovered, report.issues) == (1, [])
    assert (standing(shop, opened), states(database)) == (("COMPLETED", "PAID"), ["APPLIED"])


VERIFY_POINTS = [
    ("/v1/payments", "delay"),
    Command("update", "orders"),
    Command("commitTransaction"),
    Command("update", "idempotency_keys", skip=1),
]


@pytest.mark.parametrize("point", VERIFY_POINTS, ids=named)
def test_a_payment_whose_worker_died_is_verified_by_the_next(
    shop: Shop, operator: MongoClient[Document], database: Database[Document], point: Point
) -> None:
    opened = shop.opened()
    paid = shop.pay(opened)
    proof = {"gateway_payment_id": paid["razorpay_payment_id"], "signature": paid["razorpay_signature"]}
    request = asks(shop.customer, "POST", f"/api/payments/{opened['payment_id']}/verify", proof)
    killed(shop, operator, point, request)
    leases_end(database)

    assert again(shop, request).json["data"]["status"] == "COMPLETED"

    assert standing(shop, opened) == ("COMPLETED", "PAID")
    assert (database["captures"].count_documents({}), exceptions(database)) == (1, [])


@pytest.mark.parametrize("kind", ["delay", "timeout_after"])
def test_money_that_was_being_taken_is_taken_once(
    shop: Shop, operator: MongoClient[Document], database: Database[Document], kind: str
) -> None:
    opened = approved(shop)
    request = asks(shop.customer, "POST", f"/api/payments/{opened['payment_id']}/verify", {})
    killed(shop, operator, ("/capture$", kind), request)
    leases_end(database)

    assert again(shop, request).json["data"]["status"] == "COMPLETED"

    assert [found["status"] for found in shop.sandbox.books()["paypal_captures"]] == ["COMPLETED"]
    assert standing(shop, opened) == ("COMPLETED", "PAID")


def refunded_once(shop: Shop, database: Database[Document], opened: Any) -> bool:
    """See that 300.00 were given back, once, here and in the gateway's books."""
    row = database["payment_orders"].find_one({"_id": opened["payment_id"]}) or {}
    assert (row["status"], row["refunded"], row["refund_reserved"]) == ("PARTIAL_REFUND", 30_000, 0)
    assert [refund["status"] for refund in database["refunds"].find()] == ["COMPLETED"]
    assert [refund["amount"] for refund in shop.sandbox.books()["refunds"]] == [30_000]
    return shop.order_of(opened)["refund_amount"] == 300


REFUND_POINTS = [
    Command("insert", "refunds"),
    Command("commitTransaction"),
    ("/refund$", "timeout_after"),
    Command("commitTransaction", skip=1),
]


@pytest.mark.parametrize("point", REFUND_POINTS, ids=named)
def test_a_refund_whose_worker_died_is_made_once_when_asked_for_again(
    shop: Shop, operator: MongoClient[Document], database: Database[Document], point: Point
) -> None:
    opened = shop.paid()
    request = asks(shop.admin, "POST", f"/api/payments/{opened['payment_id']}/refund", REFUND)
    killed(shop, operator, point, request)
    leases_end(database)

    assert again(shop, request).status_code == 201

    assert refunded_once(shop, database, opened)


def told(shop: Shop) -> None:
    assert answer(shop.deliver(latest(shop, "refund.processed"))) == (200, "ok")


def looked_after(shop: Shop) -> None:
    assert shop.services.payments.reconcile_payments().issues == []


@pytest.mark.parametrize(("kind", "finish"), [("delay", told), ("timeout_after", looked_after)])
def test_a_refund_whose_worker_died_is_finished_by_being(
    shop: Shop,
    operator: MongoClient[Document],
    database: Database[Document],
    kind: str,
    finish: Callable[[Shop], None],
) -> None:
    opened = shop.paid()
    request = asks(shop.admin, "POST", f"/api/payments/{opened['payment_id']}/refund", REFUND)
    killed(shop, operator, ("/refund$", kind), request)
    database["refunds"].update_many({}, {"$set": {"created_at": LONG_AGO}})

    time.sleep(GATEWAY_SECONDS)
    finish(shop)

    assert refunded_once(shop, database, opened)


OPENING_POINTS = [
    Command("update", "payment_orders", skip=1),
    Command("update", "payment_orders"),
    ("/v1/orders$", "timeout_after"),
    Command("commitTransaction"),
]


@pytest.mark.parametrize("point", OPENING_POINTS, ids=named)
def test_a_payment_whose_worker_died_while_opening_it_is_opened_by_the_next(
    shop: Shop, operator: MongoClient[Document], database: Database[Document], point: Point
) -> None:
    order_id = shop.order()
    body = {"order_id": order_id, "amount": 1000, "payment_method": "card"}
    request = asks(shop.customer, "POST", "/api/payments/initiate", body)
    killed(shop, operator, point, request)
    leases_end(database)

    opened = again(shop, request).json["data"]

    assert shop.verify(opened, shop.pay(opened)).json["data"]["status"] == "COMPLETED"
    assert database["payment_orders"].count_documents({}) == 1
    assert [p["status"] for p in shop.sandbox.books()["payments"]] == ["captured"]


@pytest.mark.parametrize(
    ("command", "how"),
    [
        ("insert", {"closeConnection": True}),
        ("commitTransaction", {"errorCode": TOO_LATE}),
    ],
)
def test_a_message_that_meets_no_database_is_not_lost(
    shop: Shop, operator: MongoClient[Document], database: Database[Document], command: str, how: Document
) -> None:
    opened = shop.opened()
    delivery = shop.sandbox.forge("razorpay", captured(shop, opened))

    with fault(operator, command, **how):
        early = shop.post_webhook(delivery)
    later = again(shop, posts("razorpay", delivery))

    assert refusal(early) == (503, "SERVICE_UNAVAILABLE")
    assert early.headers["Retry-After"]
    assert (answer(later), states(database)) == ((200, "ok"), ["APPLIED"])
    assert standing(shop, opened) == ("COMPLETED", "PAID")
