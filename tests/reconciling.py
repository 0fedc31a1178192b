"""How tests reconcile, make the gateways' books differ from ours, and read what was found."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from backend.reconciliation import Wanted
from backend.sandbox import keys
from tests.gateways.controls import SECONDS
from tests.shop import Shop

AT_ONCE = Wanted(min_age=timedelta(0))
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ACCOUNT = (keys.RAZORPAY_KEY_ID, keys.RAZORPAY_KEY_SECRET)
OVERVIEW = "/api/admin/reconciliation"


def reconcile(shop: Shop) -> Any:
    """Reconcile everything, however young it is."""
    return shop.services.reconciliation.run(AT_ONCE)


def found(report: Any) -> list[tuple[str, str]]:
    """Name what a run has found."""
    return sorted((issue["kind"], issue["subject"]) for issue in report["issues"])


def open_issues(shop: Shop) -> list[Any]:
    return list(shop.admin.get(f"{OVERVIEW}/issues?state=OPEN&limit=200").json["data"])


def kinds(shop: Shop) -> list[str]:
    return sorted(issue["kind"] for issue in open_issues(shop))


def part(report: Any, step: str) -> tuple[int, int, int]:
    """Tell what a step has counted."""
    counted = report["parts"][step]
    return counted["checked"], counted["recovered"], counted["issues"]


def ordered_elsewhere(shop: Shop, *, amount_minor: int = 100_000, receipt: str | None = None) -> Any:
    """Open an order at Razorpay without the shop's knowing."""
    body = {"amount": amount_minor, "currency": "INR", "receipt": receipt}
    made = requests.post(f"{shop.sandbox.url}/v1/orders", json=body, auth=ACCOUNT, timeout=SECONDS).json()
    return {"gateway": "razorpay", "gateway_order_id": made["id"]}


def paid_elsewhere(shop: Shop, **order: Any) -> str:
    """Pay at Razorpay what the shop knows nothing of, and name the payment."""
    return str(shop.pay(ordered_elsewhere(shop, **order))["razorpay_payment_id"])


def many_paid_elsewhere(shop: Shop, count: int) -> list[str]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: paid_elsewhere(shop), range(count)))


def forgotten(shop: Shop, opened: Any) -> None:
    """Let a payment be given up so long ago that nobody asks about it any more."""
    change = {"$set": {"status": "CANCELLED", "updated_at": LONG_AGO}}
    shop.database["payment_orders"].update_one({"_id": opened["payment_id"]}, change)


def asked(shop: Shop, path: str) -> list[str]:
    """List the queries of the requests that the sandbox was sent to a path."""
    return [sent["query"] for sent in shop.sandbox.get("requests") if sent["path"] == path]


def exceptions(shop: Shop) -> list[Any]:
    return list(shop.admin.get("/api/admin/payment-exceptions").json["data"])
