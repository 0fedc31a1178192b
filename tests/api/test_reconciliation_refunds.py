"""Refunds at the gateways and refunds in our books are held against each other, both ways."""

from typing import Any

import pytest

from tests.reconciling import exceptions, found, open_issues, paid_elsewhere, part, reconcile
from tests.shop import Shop


def row_of(shop: Shop) -> Any:
    [row] = shop.database["refunds"].find()
    return row


def test_a_refund_on_the_dashboard_is_booked_once(shop: Shop) -> None:
    opened = shop.paid()
    made = shop.refund_on_dashboard(opened, 40_000)

    first, second = reconcile(shop), reconcile(shop)

    assert (part(first, "refunds:razorpay"), part(second, "refunds:razorpay")) == ((1, 1, 0), (1, 0, 0))
    assert (row_of(shop)["gateway_refund_id"], row_of(shop)["status"]) == (made["id"], "COMPLETED")
    assert (shop.payment(opened)["status"], shop.order_of(opened)["refund_amount"]) == ("PARTIAL_REFUND", 400)
    shop.assert_refunds_agree(opened)


def test_a_reversal_by_paypal_is_booked_once(shop: Shop) -> None:
    opened = shop.paid(method="paypal")
    capture = shop.payment(opened)["gateway_payment_id"]
    shop.sandbox.post(f"paypal/captures/{capture}/reverse")

    first, second = reconcile(shop), reconcile(shop)

    assert (part(first, "refunds:paypal"), part(second, "refunds:paypal")) == ((1, 1, 0), (1, 0, 0))
    assert (shop.payment(opened)["status"], shop.order_of(opened)["refund_amount"]) == ("REFUNDED", 1000)


@pytest.mark.parametrize("method", ["card", "paypal"])
@pytest.mark.parametrize(("end", "ended"), [("well", "COMPLETED"), ("badly", "FAILED")])
def test_a_refund_that_is_stuck_ends(shop: Shop, method: str, end: str, ended: str) -> None:
    opened = shop.paid(method=method)
    gateway = "paypal" if method == "paypal" else "razorpay"
    shop.sandbox.post(f"{gateway}/settings", refunds="pending")
    refund = shop.refund(opened, 400).json["data"]
    assert refund["status"] == "PROCESSING"
    how = {"well": {"razorpay": "process", "paypal": "complete"}, "badly": {}}[end].get(gateway, "fail")
    shop.sandbox.post(f"{gateway}/refunds/{refund['gateway_refund_id']}/{how}")

    report = reconcile(shop)

    assert (row_of(shop)["status"], report["issues_total"]) == (ended, 0)
    shop.assert_refunds_agree(opened)


def test_a_refund_whose_answer_was_lost_is_found_by_our_own_id(shop: Shop) -> None:
    opened = shop.paid()
    shop.sandbox.fault("/refund$", "drop_after", times=3)
    shop.refund(opened, 400)
    shop.mend()

    report = reconcile(shop)

    assert (row_of(shop)["status"], report["issues_total"]) == ("COMPLETED", 0)
    assert shop.refunded_at_gateway(opened) == 40_000
    shop.assert_refunds_agree(opened)


def test_a_refund_that_failed_after_we_had_booked_it_is_reported(shop: Shop) -> None:
    opened = shop.paid()
    refund = shop.refund(opened, 400).json["data"]
    shop.sandbox.post(f"razorpay/refunds/{refund['gateway_refund_id']}/fail")

    report = reconcile(shop)

    assert found(report) == [("refund_differs", f"razorpay:{refund['gateway_refund_id']}")]
    [issue] = open_issues(shop)
    assert issue["facts"]["state_there"] == "FAILED"


def test_a_refund_of_another_amount_is_reported(shop: Shop) -> None:
    opened = shop.paid()
    shop.refund(opened, 400)
    shop.database["refunds"].update_one({}, {"$set": {"charge": 39_999}})

    report = reconcile(shop)

    assert [kind for kind, _ in found(report)] == ["refund_differs"]


def test_a_refund_that_the_gateway_does_not_know_is_reported(shop: Shop) -> None:
    opened = shop.paid()
    shop.refund(opened, 400)
    invented = {"gateway_refund": "razorpay:rfnd_Invented00000", "gateway_refund_id": "rfnd_Invented00000"}
    shop.database["refunds"].update_one({}, {"$set": invented})

    report = reconcile(shop)

    [made] = shop.refunds_at_gateway(opened)
    assert found(report) == [
        ("refund_differs", f"razorpay:{made['id']}"),
        ("refund_missing_there", "razorpay:rfnd_Invented00000"),
    ]


def test_a_refund_of_money_that_is_an_exception_settles_it(shop: Shop) -> None:
    paid = paid_elsewhere(shop)
    shop.refund_on_dashboard(None, 100_000, paid={"razorpay_payment_id": paid})

    report = reconcile(shop)

    [exception] = exceptions(shop)
    assert (exception["state"], exception["resolution"]) == ("RESOLVED", "refund_at_source")
    assert report["issues"] == []


def test_refunds_that_cannot_be_listed_are_an_issue(shop: Shop) -> None:
    shop.sandbox.fault("^/v1/refunds$", "html", times=99)

    assert found(reconcile(shop)) == [("gateway_away", "refunds:razorpay")]


def test_a_refund_that_cannot_be_asked_for_is_an_issue_until_it_can(shop: Shop) -> None:
    opened = shop.paid()
    made = shop.refund_on_dashboard(opened, 40_000)
    shop.sandbox.fault("^/v1/refunds/rfnd", "error", times=99)

    first = reconcile(shop)
    shop.mend()
    second = reconcile(shop)

    assert found(first) == [("refund_missing_here", f"razorpay:{made['id']}")]
    assert (second["issues"], open_issues(shop)) == ([], [])
    shop.assert_refunds_agree(opened)
