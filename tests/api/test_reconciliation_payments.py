"""Money at the gateways and money in our books are held against each other, both ways."""

from typing import Any

import pytest

from tests.reconciling import (
    asked,
    exceptions,
    forgotten,
    found,
    kinds,
    many_paid_elsewhere,
    open_issues,
    ordered_elsewhere,
    paid_elsewhere,
    part,
    reconcile,
)
from tests.shop import DECLINED_CARD, Shop


def status(shop: Shop, opened: Any) -> str:
    return str(shop.payment(opened)["status"])


@pytest.mark.parametrize("method", ["card", "paypal", "upi"])
def test_a_payment_whose_message_never_came_is_found(shop: Shop, method: str) -> None:
    opened = shop.opened(method=method)
    how = {"method": "upi", "vpa": "success@razorpay"} if method == "upi" else {}
    shop.pay(opened, **how)

    report = reconcile(shop)

    assert (status(shop, opened), shop.order_of(opened)["payment_status"]) == ("COMPLETED", "PAID")
    assert (report["state"], report["recovered"], report["issues_total"]) == ("DONE", 1, 0)


def test_a_payment_that_nobody_asks_about_any_more_is_found_in_the_list(shop: Shop) -> None:
    opened = shop.opened()
    shop.pay(opened)
    forgotten(shop, opened)

    report = reconcile(shop)

    assert (status(shop, opened), shop.order_of(opened)["payment_status"]) == ("COMPLETED", "PAID")
    assert (part(report, "unfinished"), part(report, "payments:razorpay")) == ((0, 0, 0), (1, 1, 0))
    assert reconcile(shop)["recovered"] == 0


def test_a_paypal_payment_that_nobody_asks_about_any_more_is_found_in_the_list(shop: Shop) -> None:
    opened = shop.paid(method="paypal")
    for name in ("captures", "outbox"):
        shop.database[name].delete_many({})
    back = {"$set": {"status": "CANCELLED"}, "$unset": {"gateway_payment": "", "paid_by": ""}}
    shop.database["payment_orders"].update_many({}, back)
    unpaid = {"status": "PENDING", "payment_status": "PENDING", "amount_paid": 0}
    shop.database["orders"].update_many({}, {"$set": unpaid})
    forgotten(shop, opened)

    report = reconcile(shop)

    assert status(shop, opened) == "COMPLETED"
    assert part(report, "payments:paypal") == (1, 1, 0)


def test_a_second_attempt_that_was_paid_while_the_first_had_failed_is_found(shop: Shop) -> None:
    first = shop.opened()
    shop.pay(first, method="card", card_number=DECLINED_CARD)
    shop.customer.get(f"/api/payments/{first['payment_id']}/verify")
    second = shop.initiate(first["order_id"]).json["data"]
    assert second["gateway_order_id"] != first["gateway_order_id"]
    shop.pay(second)

    reconcile(shop)

    assert (status(shop, second), shop.order_of(second)["amount_paid"]) == ("COMPLETED", 1000)


def test_a_first_attempt_that_was_paid_after_all_is_found_while_the_second_is_open(shop: Shop) -> None:
    first = shop.opened()
    shop.pay(first, method="card", card_number=DECLINED_CARD)
    shop.customer.get(f"/api/payments/{first['payment_id']}/verify")
    shop.initiate(first["order_id"])
    shop.pay(first)

    reconcile(shop)

    assert (status(shop, first), shop.order_of(first)["amount_paid"]) == ("COMPLETED", 1000)


def test_money_that_is_unknown_here_gets_an_owner_once(shop: Shop) -> None:
    paid = paid_elsewhere(shop)

    first, second = reconcile(shop), reconcile(shop)

    [exception] = exceptions(shop)
    assert (exception["gateway_payment_id"], exception["reason"]) == (paid, "unknown_payment")
    assert (part(first, "payments:razorpay"), part(second, "payments:razorpay")) == ((1, 1, 0), (1, 0, 0))
    assert part(first, "captures:razorpay") == (0, 0, 0)
    assert found(second) == [("money_undecided", exception["id"])]


def test_money_on_an_order_whose_opening_got_no_answer_is_told_by_our_receipt(shop: Shop) -> None:
    opened = shop.opened(method="paypal")
    orphan = ordered_elsewhere(shop, receipt=f"{opened['payment_id']}-0a1b2c3d")
    shop.pay(orphan)

    reconcile(shop)

    [exception] = exceptions(shop)
    assert (exception["payment_id"], exception["order_id"]) == (opened["payment_id"], opened["order_id"])
    assert exception["customer_id"] == shop.customer.id
    assert status(shop, opened) == "INITIATED"


def test_an_amount_that_is_not_what_was_asked_for_is_reported_and_credits_nothing(shop: Shop) -> None:
    opened = shop.opened()
    shop.pay(opened, amount=50_000)

    reconcile(shop)

    [exception] = exceptions(shop)
    [issue] = open_issues(shop)
    assert (exception["reason"], exception["amount"]) == ("amount_mismatch", 500)
    assert (issue["kind"], issue["subject"]) == ("money_undecided", exception["id"])
    order = shop.order_of(opened)
    assert (order["payment_status"], order["amount_paid"]) == ("FAILED", 0)
    assert shop.database["wallet_transactions"].count_documents({}) == 0


@pytest.mark.parametrize(("field", "value"), [("amount", 99_999), ("currency", "USD")])
def test_a_capture_that_differs_from_the_gateways_is_reported(shop: Shop, field: str, value: Any) -> None:
    shop.paid()
    shop.database["captures"].update_one({}, {"$set": {field: value}})

    report = reconcile(shop)

    key = shop.database["captures"].distinct("_id")[0]
    assert ("payment_differs", key) in found(report)
    [issue] = [one for one in open_issues(shop) if one["kind"] == "payment_differs"]
    assert issue["facts"] | {f"{field}_minor" if field == "amount" else field: value} == issue["facts"]
    assert issue["facts"]["amount_there_minor"] == 100_000


def booked_without_money(shop: Shop) -> str:
    """Book a payment that its gateway never heard of."""
    opened = shop.paid()
    invented = "razorpay:pay_Invented000000"
    capture: Any = shop.database["captures"].find_one_and_delete({})
    shop.database["captures"].insert_one({**capture, "_id": invented})
    change = {"gateway_payment": invented, "gateway_payment_id": "pay_Invented000000"}
    shop.database["payment_orders"].update_one({"_id": opened["payment_id"]}, {"$set": change})
    return invented


def test_money_that_we_have_booked_and_the_gateway_does_not_know_is_reported(shop: Shop) -> None:
    invented = booked_without_money(shop)

    assert ("payment_missing_there", invented) in found(reconcile(shop))


def test_money_that_the_gateway_has_confirmed_is_not_asked_for_again(shop: Shop) -> None:
    for method in ("card", "paypal"):
        shop.paid(method=method)
    reconcile(shop)
    shop.sandbox.fault("^/v1/payments/pay_|^/v2/", "error", times=99)

    report = reconcile(shop)

    assert (report["issues"], report["state"]) == ([], "DONE")


def test_a_long_list_is_reconciled_page_by_page(shop: Shop) -> None:
    paid = many_paid_elsewhere(shop, 250)

    report = reconcile(shop)

    owned = shop.database["payment_exceptions"].distinct("gateway_payment_id")
    assert (part(report, "payments:razorpay"), sorted(owned)) == ((250, 250, 0), sorted(paid))
    skipped = [query.split("skip=")[1].split("&")[0] for query in asked(shop, "/v1/payments")]
    assert skipped == ["0", "100", "200"]
    assert (report["issues_total"], len(report["issues"])) == (250, 100)


def test_one_payment_that_cannot_be_asked_for_does_not_keep_the_others(shop: Shop) -> None:
    first, second = paid_elsewhere(shop), paid_elsewhere(shop)
    shop.sandbox.fault(f"^/v1/payments/{first}", "error", times=99)

    report = reconcile(shop)

    assert ("payment_missing_here", f"razorpay:{first}") in found(report)
    assert [one["gateway_payment_id"] for one in exceptions(shop)] == [second]
    shop.mend()
    reconcile(shop)
    assert kinds(shop) == ["money_undecided"] * 2
