"""Top-ups, and the ways in which their money goes back without us."""

from typing import Any

from tests.api.meetings import pay_with_wallet, topup, verify_topup
from tests.shop import Shop


def filled(shop: Shop, amount: Any = 500, *, method: str = "card") -> Any:
    """Give a top-up that is paid, under the names that other payments use too."""
    opened = topup(shop, amount, method=method)
    verify_topup(shop, opened, shop.pay(opened))
    return opened | {"payment_id": opened["payment_order_id"]}


def refunded(shop: Shop, opened: Any, amount_minor: int) -> Any:
    """Give money back on Razorpay's own pages, and give the message about it."""
    shop.refund_on_dashboard(opened, amount_minor)
    return [event for event in shop.events() if event["event"] == "refund.processed"][-1]


def lost(shop: Shop, opened: Any, amount_minor: int) -> Any:
    """Let the customer's bank take money back, and give the message about it."""
    paid = shop.payment(opened)["gateway_payment_id"]
    shop.sandbox.post(f"razorpay/payments/{paid}/dispute", amount=amount_minor)
    shop.sandbox.post(f"razorpay/payments/{paid}/dispute-close", status="lost")
    return [event for event in shop.events() if event["event"] == "payment.dispute.lost"][-1]


def spend(shop: Shop, rupees: int) -> None:
    assert pay_with_wallet(shop, shop.order(rupees * 100), rupees).status_code == 200


def refunds(shop: Shop, opened: Any) -> list[Any]:
    found: list[Any] = shop.admin.get(f"/api/payments/{opened['payment_id']}/refunds").json["data"]
    return found


def standing(shop: Shop, opened: Any) -> tuple[str, Any, list[Any]]:
    """Give where the payment stands, what was given back of it, and what nobody made good."""
    payment = shop.payment(opened)
    return payment["status"], payment["refunded_amount"], [one["shortfall"] for one in refunds(shop, opened)]


def lines(shop: Shop) -> list[tuple[Any, ...]]:
    found = shop.admin.get("/api/integration/logs", query_string={"status": "REFUNDED"}).json["logs"]
    return [(line["kind"], line["amount"], line["error"]) for line in found]
