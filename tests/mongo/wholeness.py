"""What must hold between wallets, orders, payments, refunds and gateways, whatever has happened."""

from typing import Any

from tests.api import meetings
from tests.shop import Shop, total

PAID = ("COMPLETED", "PARTIAL_REFUND", "REFUNDED")
BEING_PAID = ("INITIATED", "AUTHORIZED")
UNDER_WAY = ("PENDING", "PROCESSING")


def rows(shop: Shop, collection: str, **query: Any) -> list[Any]:
    return list(shop.database[collection].find(query))


def assert_whole(shop: Shop) -> None:
    """Hold all the books against each other, as they must agree at any moment."""
    meetings.assert_whole(shop)
    assert_payments_pay_orders(shop)
    assert_captures_became_one_thing(shop)
    assert_holds_are_wanted(shop)
    assert_refunds_are_counted(shop)


def assert_payments_pay_orders(shop: Shop) -> None:
    """What a gateway has paid stands on the order, beside what the wallet has paid; neither stands alone."""
    for order in rows(shop, "orders"):
        payments = rows(shop, "payment_orders", order_id=order["_id"])
        paid_minor = total([payment for payment in payments if payment["status"] in PAID], "amount")
        assert order["amount_paid"] == paid_minor + order.get("paid_wallet", 0), order


def assert_captures_became_one_thing(shop: Shop) -> None:
    """Captured money has paid an order, or is in a wallet, or waits for a decision: one of them."""
    for capture in rows(shop, "captures"):
        key = capture["_id"]
        kept = [found["_id"] for found in rows(shop, "payment_exceptions") if key_of(found) == key]
        paid = rows(shop, "payment_orders", gateway_payment=key)
        topped_up, late = (
            [
                payment_of(shop, entry)
                for entry in rows(shop, "wallet_transactions", idempotency_key=key, source=source)
            ]
            for source in ("wallet_topup", "late_payment")
        )
        assert topped_up == [payment["_id"] for payment in paid if payment["purpose"] == "topup"], capture
        assert [*kept, *(payment["_id"] for payment in paid), *late] == [capture["became"]], capture


def key_of(exception: Any) -> str:
    return f"{exception['gateway']}:{exception['gateway_payment_id']}"


def payment_of(shop: Shop, entry: Any) -> str:
    """Find the payment that a gateway's money in the wallet came by, as the audit trail names it."""
    [line] = rows(shop, "integration_logs", transaction_id=entry["_id"])
    found: str = line["payment_id"]
    return found


def assert_holds_are_wanted(shop: Shop) -> None:
    """Only what somebody is paying right now keeps money of the wallet aside."""
    held = {hold["_id"] for hold in rows(shop, "wallet_holds", state="HELD")}
    being_paid = [payment for payment in rows(shop, "payment_orders") if payment["status"] in BEING_PAID]
    assert held <= {payment["attempts"][-1]["hold_id"] for payment in being_paid}


def assert_refunds_are_counted(shop: Shop) -> None:
    """Refunds add up on payments and orders, and never to more than was paid."""
    refunds = rows(shop, "refunds")
    done = [refund for refund in refunds if refund["status"] == "COMPLETED"]
    waiting = [refund for refund in refunds if refund["status"] in UNDER_WAY]
    for payment in rows(shop, "payment_orders"):
        mine, reserved = (
            total([refund for refund in some if refund["payment_id"] == payment["_id"]], "amount")
            for some in (done, waiting)
        )
        assert (payment["refunded"], payment["refund_reserved"]) == (mine, reserved)
        assert mine + reserved <= payment["amount"] if payment["status"] in PAID else not mine + reserved
    for order in rows(shop, "orders"):
        assert order["refund_amount"] == total([r for r in done if r["order_id"] == order["_id"]], "amount")
    to_wallets = [refund for refund in done if refund["destination"] == "wallet"]
    given = [entry for entry in rows(shop, "wallet_transactions") if entry["type"] == "refund"]
    assert total(given, "amount") == total(to_wallets, "amount")


def assert_gateways_agree(shop: Shop) -> None:
    """See that no captured rupee is without an owner, and that what went back is what we gave back."""
    books = shop.sandbox.books()
    captured = {f"razorpay:{payment['id']}" for payment in books["payments"] if payment["captured"]}
    captured |= {f"paypal:{capture['id']}" for capture in books["paypal_captures"]}
    assert captured == {capture["_id"] for capture in rows(shop, "captures")}
    # What went back of money that was kept as an exception is the exception's own story.
    kept = {key_of(found) for found in rows(shop, "payment_exceptions")}
    refunds = [refund for refund in books["refunds"] if f"razorpay:{refund['payment_id']}" not in kept]
    given_back = {f"razorpay:{refund['id']}" for refund in refunds}
    given_back |= {f"paypal:{refund['id']}" for refund in books["paypal_refunds"]}
    known = rows(shop, "refunds", destination="source", status="COMPLETED")
    assert given_back == {refund["gateway_refund"] for refund in known}
    assert rows(shop, "refunds", status={"$in": UNDER_WAY}) == []
