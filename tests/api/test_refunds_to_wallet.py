"""Refunds that go into the customer's wallet instead of back to where the money came from."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.api.answers import refusal
from tests.shop import Shop

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def to_wallet(shop: Shop, opened: Any, amount: Any = None, **more: Any) -> Any:
    return shop.refund(opened, amount, destination="wallet", **more)


def balance(shop: Shop) -> Any:
    return shop.customer.get("/api/wallet/balance").json["balance"]


def entries(shop: Shop) -> list[Any]:
    """List the customer's ledger entries as the API shows them, newest first."""
    listed: list[Any] = shop.customer.get("/api/transactions").json["transactions"]
    return listed


def test_the_money_is_in_the_wallet_at_once(shop: Shop) -> None:
    opened = shop.paid()

    response = to_wallet(shop, opened, 300.5)

    refund = response.json["data"]
    assert (response.status_code, refund["status"], refund["destination"]) == (201, "COMPLETED", "wallet")
    assert (balance(shop), shop.payment(opened)["refunded_amount"]) == (300.5, 300.5)
    assert refund["completed_at"].endswith("Z")


def test_the_entry_tells_what_it_was_for(shop: Shop) -> None:
    opened = shop.paid()
    to_wallet(shop, opened, 300)

    [entry] = entries(shop)

    assert (entry["type"], entry["amount"], entry["source"]) == ("refund", 300, "refund")
    assert entry["order_id"] == opened["order_id"]
    assert entry["metadata"] == {"payment_id": opened["payment_id"], "gateway": "razorpay"}


def test_no_gateway_is_asked(shop: Shop) -> None:
    opened = shop.paid()
    asked = len(shop.sandbox.get("requests"))

    to_wallet(shop, opened)

    assert len(shop.sandbox.get("requests")) == asked
    assert shop.refunds_at_gateway(opened) == []


def test_payment_and_order_follow(shop: Shop) -> None:
    opened = shop.paid()

    seen = []
    for amount in (400, None):
        to_wallet(shop, opened, amount)
        order = shop.order_of(opened)
        seen.append((shop.payment(opened)["status"], order["payment_status"], order["status"]))

    assert seen == [
        ("PARTIAL_REFUND", "PARTIALLY_REFUNDED", "CONFIRMED"),
        ("REFUNDED", "REFUNDED", "REFUNDED"),
    ]
    assert (order["refund_amount"], order["refunded_at"][-1]) == (1000, "Z")
    shop.assert_refunds_agree(opened)


def test_wallet_and_source_share_one_balance(shop: Shop) -> None:
    opened = shop.paid()
    shop.refund(opened, 600)

    assert refusal(to_wallet(shop, opened, 401)) == (409, "REFUND_EXCEEDS_PAYMENT")
    assert to_wallet(shop, opened, 300).status_code == 201
    assert refusal(shop.refund(opened, 101)) == (409, "REFUND_EXCEEDS_PAYMENT")
    assert shop.refund(opened).json["data"]["amount"] == 100
    assert (balance(shop), shop.refunded_at_gateway(opened)) == (300, 70_000)
    shop.assert_refunds_agree(opened)


def test_what_is_reserved_for_the_source_is_not_for_the_wallet(shop: Shop) -> None:
    opened = shop.paid()
    shop.sandbox.post("razorpay/settings", refunds="pending")
    shop.refund(opened, 700)

    assert refusal(to_wallet(shop, opened, 301)) == (409, "REFUND_EXCEEDS_PAYMENT")
    assert to_wallet(shop, opened).json["data"]["amount"] == 300
    assert refusal(to_wallet(shop, opened)) == (409, "REFUND_NOT_ALLOWED")
    shop.assert_refunds_agree(opened)


def test_the_ledger_is_whole_afterwards(shop: Shop) -> None:
    for amount_minor in (12_345, 99_900):
        opened = shop.paid(amount_minor)
        to_wallet(shop, opened, 0.01)
        to_wallet(shop, opened)

    report = shop.services.verifier.run()

    assert (report.problems, balance(shop)) == ([], Decimal("1122.45"))


def test_the_same_key_gives_back_once(shop: Shop) -> None:
    opened = shop.paid()

    first, again = [to_wallet(shop, opened, 100, key="refund-1") for _ in range(2)]

    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (balance(shop), len(entries(shop))) == (100, 1)
    assert refusal(to_wallet(shop, opened, 101, key="refund-1")) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_key_whose_worker_died_before_answering_gives_back_once(shop: Shop) -> None:
    opened = shop.paid()
    first = to_wallet(shop, opened, 100, key="refund-1")
    unanswered = {"$set": {"state": "running", "leased_until": LONG_AGO}}
    shop.database["idempotency_keys"].update_many({}, unanswered)

    again = to_wallet(shop, opened, 100, key="refund-1")

    assert (again.status_code, again.json) == (201, first.json)
    assert balance(shop) == 100


def test_what_changed_since_it_was_seen_is_not_given_back(shop: Shop) -> None:
    opened = shop.paid()
    to_wallet(shop, opened, 1)

    assert refusal(to_wallet(shop, opened, 1, refundable_amount=1000)) == (412, "REFUNDABLE_CHANGED")
    assert balance(shop) == 1


def test_money_that_came_by_paypal_comes_back_in_rupees(shop: Shop) -> None:
    opened = shop.paid(method="paypal")

    refund = to_wallet(shop, opened, 0.4)

    assert refund.status_code == 201, refund.text
    assert (balance(shop), shop.payment(opened)["refundable_amount"]) == (Decimal("0.4"), Decimal("999.6"))
    assert shop.refunds_at_gateway(opened) == []
    shop.assert_refunds_agree(opened)


def test_an_unpaid_payment_gives_nothing(shop: Shop) -> None:
    opened = shop.opened()

    assert refusal(to_wallet(shop, opened, 1)) == (409, "REFUND_NOT_ALLOWED")
    assert (balance(shop), entries(shop)) == (0, [])


def test_each_refund_leaves_one_line_in_the_trail(shop: Shop) -> None:
    opened = shop.paid()
    for _ in range(2):
        to_wallet(shop, opened, 100, key="refund-1")

    found = shop.admin.get("/api/integration/logs", query_string={"status": "REFUNDED"}).json["logs"]
    [line], [entry] = found, entries(shop)
    assert (line["kind"], line["amount"], line["gateway"]) == ("refund", 100, "razorpay")
    assert (line["payment_id"], line["order_id"]) == (opened["payment_id"], opened["order_id"])
    assert line["transaction_id"] == entry["id"]


def test_a_refund_that_is_refused_leaves_no_line(shop: Shop) -> None:
    opened = shop.paid()

    to_wallet(shop, opened, 1001)

    assert shop.database["integration_logs"].count_documents({}) == 0
