"""Whatever was written down must fit together; each kind of fault is found, and nothing that is whole is."""

from typing import Any

import pytest

from tests.reconciling import exceptions, found, open_issues, paid_elsewhere, reconcile
from tests.shop import DECLINED_CARD, Shop

TOPUP = "/api/integration/wallet/topup/initiate"


def topped_up(shop: Shop, amount: int = 500, *, method: str = "card") -> Any:
    """Fill the wallet through a gateway."""
    body = {"customer_id": shop.customer.id, "amount": amount, "payment_method": method}
    opened = shop.customer.post(TOPUP, body).json
    assert opened["success"], opened
    shop.pay(opened)
    reconcile(shop)
    assert shop.customer.get("/api/wallet/balance").json["balance"] >= amount
    return opened


def split(shop: Shop, wallet: int = 200) -> Any:
    """Pay an order out of the wallet and by card together."""
    order_id = shop.order()
    body = {
        "order_id": order_id,
        "customer_id": shop.customer.id,
        "wallet_amount": wallet,
        "payment_method": "card",
    }
    opened = shop.customer.post("/api/integration/order/pay-split", body).json
    shop.pay(opened)
    reconcile(shop)
    assert shop.order_of({"order_id": order_id})["payment_status"] == "PAID"
    return opened | {"order_id": order_id}


def by_wallet(shop: Shop, amount_minor: int = 10_000) -> str:
    """Pay an order out of the wallet alone."""
    order_id = shop.order(amount_minor)
    body = {"order_id": order_id, "customer_id": shop.customer.id, "amount": amount_minor // 100}
    assert shop.customer.post("/api/integration/order/pay-with-wallet", body).status_code == 200
    return order_id


def refunded_to_wallet(shop: Shop, order_id: str, amount: int) -> None:
    body = {"order_id": order_id, "customer_id": shop.customer.id, "amount": amount, "reason": "Late"}
    response = shop.admin.post("/api/integration/order/refund-to-wallet", body)
    assert response.status_code == 200, response.text


def decided(shop: Shop, **decision: Any) -> None:
    [exception] = [one for one in exceptions(shop) if one["state"] == "OPEN"]
    body = {"reason": "As agreed", **decision}
    response = shop.admin.post(f"/api/admin/payment-exceptions/{exception['id']}/resolve", body)
    assert response.status_code == 200, response.text


def test_everything_that_a_shop_does_leaves_the_books_whole(shop: Shop) -> None:
    for method in ("card", "paypal"):
        topped_up(shop, method=method)
        shop.refund(shop.paid(method=method), 100)
        shop.refund(shop.paid(method=method))
    shop.refund(shop.paid(), 50, destination="wallet")
    shop.refund_on_dashboard(shop.paid(), 12_345)
    refunded_to_wallet(shop, split(shop)["order_id"], 300)
    refunded_to_wallet(shop, by_wallet(shop), 40)
    shop.pay(shop.opened(), method="card", card_number=DECLINED_CARD)
    paid_elsewhere(shop)
    reconcile(shop)
    decided(shop, resolution="credit_wallet", customer_id=shop.customer.id)
    paid_elsewhere(shop)
    reconcile(shop)
    decided(shop, resolution="dismiss")
    shop.sandbox.post("razorpay/settle")

    report = reconcile(shop)

    assert (report["state"], report["issues"], open_issues(shop)) == ("DONE", [], [])


def test_late_money_of_a_split_payment_that_lies_in_the_wallet_has_an_owner(shop: Shop) -> None:
    topped_up(shop)
    order_id = shop.order()
    body = {
        "order_id": order_id,
        "customer_id": shop.customer.id,
        "wallet_amount": 200,
        "payment_method": "card",
    }
    opened = shop.customer.post("/api/integration/order/pay-split", body).json
    shop.customer.post(f"/api/payments/{opened['payment_order_id']}/cancel")
    by_wallet(shop, 50_000)
    shop.pay(opened)

    report = reconcile(shop)

    assert shop.customer.get("/api/wallet/balance").json["balance"] == 800
    assert report["issues"] == []


def change(collection: str, update: Any, query: Any = None) -> Any:
    return lambda shop: shop.database[collection].update_one(query or {}, update)


def lost(collection: str, query: Any = None) -> Any:
    return lambda shop: shop.database[collection].delete_one(query or {})


FAULTS = {
    "a capture whose payment is gone": (lost("payment_orders"), "capture_without_owner"),
    "a capture that became nothing": (
        change("captures", {"$set": {"became": "PAY-nobody"}}),
        "capture_without_owner",
    ),
    "a payment without its capture": (lost("captures"), "payment_without_capture"),
    "a payment of another amount": (
        change("payment_orders", {"$set": {"attempts.0.charge": 1}}),
        "payment_without_capture",
    ),
    "an order that forgot that it was paid": (
        change("orders", {"$set": {"payment_status": "PENDING"}}),
        "order_money_differs",
    ),
    "an order that says too much": (change("orders", {"$inc": {"amount_paid": 1}}), "order_money_differs"),
    "an order with a wallet's part from nowhere": (
        change("orders", {"$set": {"paid_wallet": 1}}),
        "order_money_differs",
    ),
    "an order that gave back more than it has": (
        change("orders", {"$set": {"refund_amount": 100_001}}),
        "order_money_differs",
    ),
    "a refund counted twice": (
        change("payment_orders", {"$inc": {"refunded": 1}}),
        "refunds_do_not_add_up",
    ),
    "a reservation for nothing": (
        change("payment_orders", {"$set": {"refund_reserved": 1}}),
        "refunds_do_not_add_up",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_books_is_found(shop: Shop, name: str) -> None:
    fault, kind = FAULTS[name]
    shop.paid()
    assert reconcile(shop)["issues"] == []
    shop.sandbox.fault("^/v1/payments/", "error", times=99)
    fault(shop)

    report = reconcile(shop)

    assert kind in {one for one, _ in found(report)}


WALLET_FAULTS = {
    "a top-up that was not credited": (
        change("payment_orders", {"$inc": {"amount": 1}}, {"purpose": "topup"}),
        "topup_without_credit",
    ),
    "a credit that came from nowhere": (lost("captures"), "credit_without_capture"),
    "a credit of more than was captured": (
        change("captures", {"$inc": {"amount": -1}}),
        "credit_without_capture",
    ),
    "a wallet that has more than its entries": (
        change("wallets", {"$inc": {"balance": 1}}),
        "ledger_broken",
    ),
}


@pytest.mark.parametrize("name", WALLET_FAULTS)
def test_a_fault_between_wallets_and_gateways_is_found(shop: Shop, name: str) -> None:
    fault, kind = WALLET_FAULTS[name]
    topped_up(shop)
    shop.sandbox.fault("^/v1/payments/", "error", times=99)
    fault(shop)

    report = reconcile(shop)

    assert kind in {one for one, _ in found(report)}


def test_a_fault_that_is_mended_is_no_issue_any_more(shop: Shop) -> None:
    shop.paid()
    change("orders", {"$inc": {"amount_paid": 1}})(shop)
    reconcile(shop)
    change("orders", {"$inc": {"amount_paid": -1}})(shop)

    reconcile(shop)

    assert open_issues(shop) == []
    [issue] = shop.database["reconciliation_issues"].find()
    assert (issue["state"], issue["resolved_by"]) == ("RESOLVED", "reconciliation")


def test_what_is_young_is_left_alone(shop: Shop) -> None:
    shop.paid()
    change("orders", {"$inc": {"amount_paid": 1}})(shop)

    report = shop.services.reconciliation.run()

    assert report["issues"] == []
