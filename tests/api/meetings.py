"""What the tests of wallets and gateways together do over and over."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conftest import Person
from tests.shop import Shop, total


def initiate_topup(shop: Shop, amount: Any = 500, *, method: str = "razorpay", key: str | None = None) -> Any:
    """Ask for a top-up, and give the whole response."""
    body = {"customer_id": shop.customer.id, "amount": amount, "payment_method": method}
    return shop.customer.post("/api/integration/wallet/topup/initiate", body, key=key)


def topup(shop: Shop, amount: Any = 500, *, method: str = "razorpay") -> Any:
    """Open a top-up, and give what the browser gets."""
    response = initiate_topup(shop, amount, method=method)
    assert response.status_code == 201, response.text
    return response.json


def verify_topup(shop: Shop, opened: Any, paid: Any = None, **changes: Any) -> Any:
    """Bring back what the gateway's page gave, and give the whole response."""
    body = {"order_id": opened["gateway_order_id"]}
    if paid and opened["gateway"] == "razorpay":
        body |= {"payment_id": paid["razorpay_payment_id"], "signature": paid["razorpay_signature"]}
    return shop.customer.post("/api/integration/wallet/topup/verify", body | changes)


def pay_with_wallet(
    shop: Shop, order_id: str, amount: Any, *, key: str | None = None, person: Person | None = None
) -> Any:
    """Pay an order out of the wallet, and give the whole response."""
    body = {"order_id": order_id, "customer_id": shop.customer.id, "amount": amount}
    return (person or shop.customer).post("/api/integration/order/pay-with-wallet", body, key=key)


def initiate_split(
    shop: Shop, order_id: str, wallet_amount: Any, *, method: str = "card", key: str | None = None
) -> Any:
    """Ask for a split payment, and give the whole response."""
    body = {
        "order_id": order_id,
        "customer_id": shop.customer.id,
        "wallet_amount": wallet_amount,
        "payment_method": method,
    }
    return shop.customer.post("/api/integration/order/pay-split", body, key=key)


def split(shop: Shop, order_id: str, wallet_amount: Any, *, method: str = "card") -> Any:
    """Open a split payment, and give what the browser gets, under the names that other payments use too."""
    response = initiate_split(shop, order_id, wallet_amount, method=method)
    assert response.status_code == 201, response.text
    return response.json | {"payment_id": response.json["payment_order_id"], "order_id": order_id}


def refund_order(shop: Shop, order_id: str, amount: Any, *, key: str | None = None, **changes: Any) -> Any:
    """Give money of an order back into the wallet as an admin, and give the whole response."""
    body = {"order_id": order_id, "customer_id": shop.customer.id, "amount": amount, "reason": "Broken"}
    return shop.admin.post("/api/integration/order/refund-to-wallet", body | changes, key=key)


def balance(shop: Shop) -> tuple[float, float]:
    """Give what the customer's wallet has, and what of it is held."""
    found = shop.customer.get("/api/wallet/balance").json
    return found["balance"], found["held"]


def order(shop: Shop, order_id: str) -> Any:
    """Show an order as the API does."""
    return shop.admin.get(f"/api/orders/{order_id}").json["data"]


def status(shop: Shop, opened: Any) -> str:
    """Tell where a payment stands, without asking anybody."""
    row: Any = shop.database["payment_orders"].find_one({"_id": opened["payment_order_id"]})
    found: str = row["status"]
    return found


def expire(shop: Shop, opened: Any) -> None:
    """Let the time of a payment be over."""
    before = datetime.now(UTC) - timedelta(hours=2)
    change = {"$set": {"attempts.$[].expires_at": before}}
    shop.database["payment_orders"].update_one({"_id": opened["payment_order_id"]}, change)


def captured(shop: Shop, opened: Any) -> Any:
    """Let the customer pay, and give Razorpay's message about the money."""
    shop.pay(opened)
    return [event for event in shop.events() if event["event"] == "payment.captured"][-1]


def assert_whole(shop: Shop) -> None:
    """Hold the books, the captures and the orders against each other."""
    assert shop.services.verifier.run().is_whole
    entries = list(shop.database["wallet_transactions"].find())
    of_gateways = [e for e in entries if e["account"].startswith("gateway:")]
    credited = [e["idempotency_key"] for e in of_gateways if e["type"] == "credit"]
    assert len(credited) == len(set(credited))
    assert set(credited) <= {c["_id"] for c in shop.database["captures"].find()}
    for row in shop.database["orders"].find():
        mine = [e for e in entries if e["order_id"] == row["_id"] and e["type"] == "debit"]
        is_paid = row["payment_status"] in ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")
        assert row["amount_paid"] == (row["amount"] if is_paid else 0)
        assert total(mine, "amount") == row.get("paid_wallet", 0)
        assert row["refund_amount"] <= row["amount_paid"]
