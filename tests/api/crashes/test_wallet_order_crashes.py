"""Workers die while a wallet pays an order or is paid back, and it happens once."""

from typing import Any

import pytest
from pymongo import MongoClient

from tests.api.crashes.endings import assert_finished
from tests.api.crashes.points import (
    ANSWER,
    BASE,
    COMMIT,
    ENTRY,
    Command,
    Point,
    Request,
    asked_again,
    asks,
    killed,
    looked_after,
    named,
)
from tests.api.meetings import balance, order, split
from tests.shop import Shop

Document = dict[str, Any]


def asks_refund(shop: Shop, path: str, body: Any) -> Request:
    return asks(shop.admin, "POST", path, {"amount": 300, **body})


PAY_POINTS = [
    ENTRY,
    Command("update", "orders"),
    COMMIT,
    Command("findAndModify", "payment_orders"),
    Command("update", "wallet_holds"),
]
ENDS = [(point, True) for point in PAY_POINTS] + [(point, False) for point in PAY_POINTS[2:4]]


@pytest.mark.parametrize(("point", "is_asked_again"), ENDS, ids=str)
def test_an_order_is_paid_once_out_of_the_wallet_and_nothing_stays_held(
    shop: Shop, operator: MongoClient[Document], point: Point, is_asked_again: bool
) -> None:
    shop.customer.is_given(50_000)
    opened = split(shop, shop.order(30_000), 100)
    body = {"order_id": opened["order_id"], "customer_id": shop.customer.id, "amount": 300}
    request = asks(shop.customer, "POST", f"{BASE}/order/pay-with-wallet", body)
    killed(shop, operator, point, request)

    if is_asked_again:
        assert asked_again(shop, request).json["amount_paid"] == 300
    looked_after(shop)

    is_paid = order(shop, opened["order_id"])["payment_status"] == "PAID"
    assert is_paid or not is_asked_again
    assert balance(shop) == ((200, 0) if is_paid else (500, 100))
    assert_finished(shop)


REFUND_POINTS = [Command("insert", "refunds"), ENTRY, Command("insert", "integration_logs"), COMMIT, ANSWER]


@pytest.mark.parametrize("point", REFUND_POINTS, ids=named)
def test_an_order_is_given_back_into_the_wallet_once(
    shop: Shop, operator: MongoClient[Document], point: Point
) -> None:
    shop.customer.is_given(10_000)
    opened = split(shop, shop.order(50_000), 100)
    shop.verify(opened, shop.pay(opened))
    body = {"order_id": opened["order_id"], "customer_id": shop.customer.id, "reason": "Broken"}
    request = asks_refund(shop, f"{BASE}/order/refund-to-wallet", body)
    killed(shop, operator, point, request)

    assert asked_again(shop, request).json["new_balance"] == 300

    assert given_back_once(shop, opened, parts=[10_000, 20_000])


@pytest.mark.parametrize("point", REFUND_POINTS, ids=named)
def test_a_payment_is_given_back_into_the_wallet_once(
    shop: Shop, operator: MongoClient[Document], point: Point
) -> None:
    opened = shop.paid(50_000)
    body = {"reason": "customer_request", "destination": "wallet"}
    request = asks_refund(shop, f"/api/payments/{opened['payment_id']}/refund", body)
    killed(shop, operator, point, request)

    assert asked_again(shop, request).status_code == 201

    assert given_back_once(shop, opened, parts=[30_000])


def given_back_once(shop: Shop, opened: Any, *, parts: list[int]) -> bool:
    """See that 300.00 are in the wallet, once, here and on payment, order and trail."""
    assert sorted(row["amount"] for row in shop.database["refunds"].find()) == parts
    row: Any = shop.database["payment_orders"].find_one({"_id": opened["payment_id"]})
    assert (row["refunded"], row["refund_reserved"]) == (parts[-1], 0)
    assert shop.database["integration_logs"].count_documents({"kind": "refund"}) == 1
    assert_finished(shop)
    return order(shop, opened["order_id"])["refund_amount"] == 300 and balance(shop) == (300, 0)
