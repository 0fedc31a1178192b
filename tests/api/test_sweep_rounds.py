"""Rounds of the sweep share what is open between them, end when they are told to, and stay small."""

import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend import db
from backend.turns import turns
from tests.conftest import Document
from tests.shop import Shop


def stop_after(count: int) -> Callable[[], bool]:
    """Let a round end after so many steps."""
    left = iter(range(count - 1, -1, -1))
    return lambda: next(left) > 0


def calls(shop: Shop) -> list[Any]:
    """List the questions about orders that the gateway was asked."""
    return [call for call in shop.sandbox.get("requests") if call["path"].startswith("/v1/orders/")]


def open_payment(shop: Shop) -> Document:
    """Give the row of a payment that is open at a gateway, as a pattern."""
    opened = shop.opened()
    row: Any = shop.database["payment_orders"].find_one_and_delete({"_id": opened["payment_id"]})
    del row["gateway_orders"]
    return dict(row)


def add_open_payments(shop: Shop, count: int, *, first: int = 0) -> None:
    """Leave payments that were opened an hour ago, all of one order at the gateway."""
    template, old = open_payment(shop), datetime.now(UTC) - timedelta(hours=1)
    numbers = range(first, first + count)
    rows = [{**template, "_id": f"PAY-{n}", "order_id": f"O-{n}", "updated_at": old} for n in numbers]
    shop.database["payment_orders"].insert_many(rows)


def expire(shop: Shop, opened: Any) -> None:
    """Let the time of a payment's attempts be over."""
    before = datetime.now(UTC) - timedelta(hours=2)
    change = {"$set": {"attempts.$[].expires_at": before}}
    shop.database["payment_orders"].update_one({"_id": opened["payment_id"]}, change)


def test_rounds_that_begin_together_share_the_payments_between_them(shop: Shop) -> None:
    add_open_payments(shop, 300)
    payments, began = shop.database["payment_orders"], db.server_now(shop.database)
    start = threading.Barrier(4)

    def ask_about_all(_: int) -> list[str]:
        start.wait()
        return [row["_id"] for row in turns(payments, {"status": "INITIATED"}, before=began)]

    with ThreadPoolExecutor(4) as pool:
        asked = [id_ for ids in pool.map(ask_about_all, range(4)) for id_ in ids]

    assert sorted(asked) == sorted(f"PAY-{n}" for n in range(300))


def test_a_round_that_is_told_to_stop_leaves_its_rest_to_the_next(shop: Shop) -> None:
    add_open_payments(shop, 10)
    steps = iter([True, True, False])

    first = shop.services.payments.reconcile_payments(go_on=lambda: next(steps))
    asked = shop.database["payment_orders"].count_documents({"asked_at": {"$exists": True}})

    assert (first.checked, asked) == (3, 3)
    assert shop.services.payments.reconcile_payments(go_on=stop_after(7)).checked == 7
    assert shop.database["payment_orders"].count_documents({"asked_at": None}) == 0


def test_payments_that_ended_are_not_asked_about_all_the_time(shop: Shop) -> None:
    opened = shop.opened()
    expire(shop, opened)
    assert shop.reconcile().checked == 1
    shop.reconcile()
    asked_before = len(calls(shop))

    ten_minutes_ago = {"$set": {"updated_at": datetime.now(UTC) - timedelta(minutes=10)}}
    shop.database["payment_orders"].update_many({}, ten_minutes_ago)
    assert shop.services.payments.reconcile_payments().checked == 0

    assert len(calls(shop)) == asked_before


def peak_of_a_round(shop: Shop) -> int:
    """Ask about twenty payments, and give the most memory that it took."""
    tracemalloc.start()
    checked = shop.services.payments.reconcile_payments(go_on=stop_after(20)).checked
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert checked == 20
    return peak


def test_a_round_takes_no_more_memory_when_more_is_open(shop: Shop) -> None:
    add_open_payments(shop, 300)
    peak_of_a_round(shop)  # What is loaded only once.

    with_few = peak_of_a_round(shop)
    add_open_payments(shop, 20_000, first=300)
    with_many = peak_of_a_round(shop)

    assert with_many < 1.5 * with_few + 500_000


def age(shop: Shop, refund_id: str, *, created_at: datetime) -> None:
    """Let a refund have been asked for at another time."""
    shop.database["refunds"].update_one({"_id": refund_id}, {"$set": {"created_at": created_at}})


def test_refunds_that_do_not_end_in_time_are_reported_until_they_do(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.sandbox.post("razorpay/settings", refunds="pending")
    late, young = [shop.refund(shop.paid(), 400).json["data"] for _ in range(2)]
    before = datetime.now(UTC) - timedelta(hours=25)
    age(shop, late["refund_id"], created_at=before)
    age(shop, young["refund_id"], created_at=before + timedelta(hours=2))

    reports = [shop.services.payments.reconcile_payments() for _ in range(2)]

    issues = [[(issue["id"], issue["code"]) for issue in report.issues] for report in reports]
    assert issues == [[(late["refund_id"], "REFUND_OVERDUE")]] * 2
    assert [record.message for record in caplog.records].count("a refund has not ended in time") == 1
    assert [report.checked for report in reports] == [2, 2]
    shop.sandbox.post(f"razorpay/refunds/{late['gateway_refund_id']}/process")
    last = shop.services.payments.reconcile_payments()
    assert (last.recovered, last.issues) == (1, [])
