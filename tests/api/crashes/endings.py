"""How things must stand in the end, whoever has died on the way."""

from typing import Any

from tests.api.meetings import assert_whole
from tests.shop import Shop


def assert_finished(shop: Shop) -> None:
    """See that the books are whole, all money has an owner, and nothing is held for nobody."""
    assert_whole(shop)
    assert_money_has_an_owner(shop)
    assert_holds_are_wanted(shop)


def assert_money_has_an_owner(shop: Shop) -> None:
    """Hold what the gateways have captured against what we know of, once for each."""
    books = shop.sandbox.books()
    captured = {f"razorpay:{payment['id']}" for payment in books["payments"] if payment["captured"]}
    captured |= {f"paypal:{capture['id']}" for capture in books["paypal_captures"]}
    assert captured == {row["_id"] for row in shop.database["captures"].find()}


def assert_holds_are_wanted(shop: Shop) -> None:
    """See that each open hold is the wallet's part of a payment that can be paid now."""
    for hold in shop.database["wallet_holds"].find({"state": "HELD"}):
        payment: Any = shop.database["payment_orders"].find_one({"order_id": hold["order_id"]})
        assert payment["status"] in ("INITIATED", "AUTHORIZED")
        assert payment["attempts"][-1]["hold_id"] == hold["_id"]
