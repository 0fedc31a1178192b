"""What the tests of auto-recharge do over and over."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.meetings import verify_topup
from tests.api.servers import until
from tests.shop import Shop, total

PATH = "/api/wallet/auto-recharge"
CHARGE = "/payments/create/recurring$"
RULE = {"enabled": True, "threshold": 100, "amount": 500, "daily_cap": 1500, "monthly_cap": 5000}
PHONE = "+919812345678"
FIRST = 10  # What the payment that registers a card puts into the wallet, in rupees.


def registering(shop: Shop, amount: Any = FIRST, **changes: Any) -> Any:
    """Ask for a top-up that also registers what pays it, and give the whole response."""
    body = {"customer_id": shop.customer.id, "amount": amount, "payment_method": "card", "recurring": True}
    return shop.customer.post("/api/integration/wallet/topup/initiate", body | changes)


def paid_in_checkout(shop: Shop, opened: Any) -> Any:
    """Be the customer in Checkout, which does what it was told; gives what the page gives the browser."""
    told = {name: opened["checkout"].get(name) for name in ("customer_id", "recurring", "save")}
    return shop.pay(opened, method="card", **told)


def saved_by_paying(shop: Shop, opened: Any) -> Any:
    """Pay a top-up, keep what has paid it, and give the saved method."""
    assert verify_topup(shop, opened, paid_in_checkout(shop, opened)).status_code == 200
    body = {"type": "card", "gateway": "razorpay", "payment_id": opened["payment_order_id"]}
    response = shop.customer.post("/api/payments/save-method", body)
    assert response.status_code == 201, response.text
    return response.json["data"]


def registered(shop: Shop) -> str:
    """Register a card with a first payment, and give the id of the saved method."""
    shop.database["customers_v2"].update_one({"_id": shop.customer.id}, {"$set": {"phone": PHONE}})
    id_: str = saved_by_paying(shop, registering(shop).json)["id"]
    return id_


def put(shop: Shop, method_id: str, **changes: Any) -> Any:
    """Set auto-recharge up, and give the whole response."""
    return shop.customer.send("PUT", PATH, json=RULE | {"saved_method_id": method_id} | changes)


def switched_on(shop: Shop, **changes: Any) -> str:
    """Have a wallet with 10.00 that is filled with 500.00 below 100.00; gives the saved method."""
    method_id = registered(shop)
    response = put(shop, method_id, **changes)
    assert response.status_code == 200, response.text
    return method_id


def shown(shop: Shop) -> Any:
    """Show auto-recharge as the customer sees it."""
    return shop.customer.get(PATH).json


def row(shop: Shop) -> Any:
    """Read auto-recharge as it is stored."""
    return shop.database["auto_recharges"].find_one({"_id": shop.customer.id})


def run(shop: Shop) -> int:
    """Look after all wallets, as the scheduler does."""
    return shop.services.auto_recharge.run_due()


def charges(shop: Shop) -> list[str]:
    """Give the states of what was charged without the customer, as the gateway has written them down."""
    books = shop.sandbox.books()
    asked = {order["id"]: order for order in books["orders"] if order["receipt"] in receipts(shop)}
    return [payment["status"] for payment in books["payments"] if payment["order_id"] in asked]


def receipts(shop: Shop) -> set[str]:
    """Name the orders that were opened for charges without the customer."""
    rows = shop.database["payment_orders"].find({"attempts.is_unattended": True})
    return {attempt["receipt"] for payment in rows for attempt in payment["attempts"]}


def sent(shop: Shop) -> int:
    """Count how often the gateway was told to charge."""
    asked = shop.sandbox.get("requests")
    return sum(request["path"].endswith("/payments/create/recurring") for request in asked)


def sent_once(shop: Shop) -> bool:
    """Tell whether the gateway was told to charge once; it writes that down when it has answered."""
    until(lambda: sent(shop))
    return sent(shop) == 1


def credited(shop: Shop) -> int:
    """Count what auto-recharge has put into the wallet, in paise."""
    entries = shop.database["wallet_transactions"].find({"source": "wallet_topup", "amount": 50_000})
    return total(list(entries), "amount")


def let_time_pass(shop: Shop, pause: timedelta) -> None:
    """Bring closer by that much whatever auto-recharge waits for."""
    rows = shop.database["auto_recharges"]
    for name in ("next_at", "pending.due_at", "pending.claimed_at"):
        earlier = {"$subtract": [f"${name}", pause // timedelta(milliseconds=1)]}
        rows.update_many({name: {"$type": "date"}}, [{"$set": {name: earlier}}])


def payment(shop: Shop) -> Any:
    """Give the one payment of auto-recharge as it is stored."""
    [found] = shop.database["payment_orders"].find({"attempts.is_unattended": True})
    return found


def time_is_over(shop: Shop, *, days: int = 0) -> None:
    """Let the time that a payment has be over, and so many days more."""
    before = datetime.now(UTC) - timedelta(days=days, hours=2)
    change = {"$set": {"attempts.$[].expires_at": before}}
    if days:
        change["$set"]["attempts.$[].created_at"] = before
    shop.database["payment_orders"].update_many({"attempts.is_unattended": True}, change)


def told(shop: Shop, event_type: str) -> Any:
    """Deliver the gateway's newest message of a type."""
    event = [event for event in shop.events() if event["event"] == event_type][-1]
    response = shop.deliver(event)
    assert response.status_code == 200
    return response


@contextmanager
def running(shop: Shop) -> Iterator[None]:
    """Have somebody else look after the wallets meanwhile."""
    runner = threading.Thread(target=run, args=(shop,))
    runner.start()
    yield
    runner.join()
