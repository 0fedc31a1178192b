"""What a customer and an admin do in a shop, who may be told at any time that it cannot be done."""

from typing import Any

from tests.conftest import Person
from tests.shop import CARD, DECLINED_CARD, Shop

START_MINOR = 50_000


def opened_by(response: Any) -> Any:
    """Give what was opened under one set of names, or nothing where it was refused."""
    answered(response)
    told = response.json.get("data", response.json)
    if response.status_code not in (200, 201) or told.get("gateway_order_id") is None:
        return None
    return told | {"payment_order_id": told.get("payment_order_id", told.get("payment_id"))}


def answered(response: Any) -> None:
    """See that a request was understood: done, refused, or kept from by the gateway, never broken."""
    assert response.status_code < 500 or response.json["error"]["code"].startswith("GATEWAY"), response.text


def at_gateway(shop: Shop, opened: Any, outcome: str) -> None:
    """Be the customer at the gateway, who may find that the page is of no use any more."""
    if not opened:
        return
    if opened["gateway"] == "paypal":
        shop.sandbox.try_post("paypal/approve", order_id=opened["gateway_order_id"])
        return
    card = DECLINED_CARD if outcome == "declined" else CARD
    how: dict[str, Any] = {"outcome": "authorized"} if outcome == "authorized" else {}
    body = {"order_id": opened["gateway_order_id"], "method": "card", "card_number": card}
    shop.sandbox.try_post("razorpay/pay", **body, **how)


def taken_back(shop: Shop, opened: Any, amount_minor: int) -> None:
    """Let Razorpay give back what it has taken, without us, if there is as much of it."""
    for payment in shop.sandbox.books()["payments"]:
        left_minor = payment["amount"] - payment["amount_refunded"]
        is_there = payment["captured"] and amount_minor <= left_minor
        if payment["order_id"] == opened["gateway_order_id"] and is_there:
            shop.refund_on_dashboard(opened, amount_minor, paid={"razorpay_payment_id": payment["id"]})


def ask(shop: Shop, opened: Any) -> None:
    answered(shop.customer.get(f"/api/payments/{opened['payment_order_id']}/verify"))


def order_of(shop: Shop, thing: Any) -> Any:
    """Give the order by its id, or the one that is paid by what was opened."""
    if isinstance(thing, str):
        return shop.database["orders"].find_one({"_id": thing})
    payment: Any = thing and shop.database["payment_orders"].find_one({"_id": thing["payment_order_id"]})
    return payment and shop.database["orders"].find_one({"_id": payment.get("order_id")})


def due_of(order: Any) -> Any:
    """Tell what an order still costs in rupees, or one rupee too much."""
    return (order["amount"] - order["amount_paid"]) / 100 or 1


def emptied(shop: Shop) -> Shop:
    """Forget everything and everybody, here and at the gateways, and let new people in."""
    shop.sandbox.reset()
    for name in shop.database.list_collection_names():
        shop.database[name].delete_many({})
    customer = Person(shop.app, email="asha@shop.example")
    customer.is_given(START_MINOR)
    return Shop(shop.app, shop.sandbox, customer, Person(shop.app, email="owner@shop.example", is_admin=True))
