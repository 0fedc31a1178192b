"""What Razorpay has paid out is matched, row by row, to the money that we have booked."""

from typing import Any

from tests.reconciling import found, open_issues, paid_elsewhere, part, reconcile
from tests.shop import Shop


def settled(shop: Shop) -> Any:
    return shop.sandbox.post("razorpay/settle")


def payment_row(shop: Shop, opened: Any) -> Any:
    return shop.database["payment_orders"].find_one({"_id": opened["payment_id"]})


def test_a_payment_knows_in_which_settlement_it_was_and_what_was_kept(shop: Shop) -> None:
    opened = shop.paid()
    settlement = settled(shop)

    report = reconcile(shop)

    told = payment_row(shop, opened)["settlement"]
    assert (told["id"], told["utr"], told["fee"], told["tax"]) == (
        settlement["id"],
        settlement["utr"],
        2_360,
        360,
    )
    assert part(report, "settlements:razorpay") == (1, 0, 0)
    [row] = shop.database["settlement_rows"].find()
    assert (row["matched_to"], row["credit"], row["fee"], row["tax"]) == ("capture", 97_640, 2_360, 360)


def test_a_refund_knows_it_too(shop: Shop) -> None:
    opened = shop.paid()
    shop.refund(opened, 400)
    settlement = settled(shop)

    reconcile(shop)

    [refund] = shop.database["refunds"].find()
    assert refund["settlement"]["utr"] == settlement["utr"]
    rows = {row["kind"]: row for row in shop.database["settlement_rows"].find()}
    assert (rows["refund"]["matched_to"], rows["refund"]["debit"]) == ("refund", 40_000)


def test_rows_are_kept_once(shop: Shop) -> None:
    for _ in range(3):
        shop.paid()
    settled(shop)

    reports = [reconcile(shop) for _ in range(2)]

    assert [part(report, "settlements:razorpay") for report in reports] == [(3, 0, 0)] * 2
    assert shop.database["settlement_rows"].count_documents({}) == 3


def test_a_row_that_fits_nothing_is_an_issue_until_it_does(shop: Shop) -> None:
    opened = shop.paid()
    settlement = settled(shop)
    hidden: Any = shop.database["captures"].find_one_and_delete({})
    shop.sandbox.fault("^/v1/payments/", "error", times=99)
    first = reconcile(shop)
    shop.mend()
    shop.database["captures"].insert_one(hidden)

    second = reconcile(shop)

    row_id = f"razorpay:{settlement['id']}:{hidden['gateway_payment_id']}"
    assert ("settled_unknown", row_id) in found(first)
    assert (second["issues"], open_issues(shop)) == ([], [])
    assert payment_row(shop, opened)["settlement"]["id"] == settlement["id"]


def test_a_row_of_another_amount_is_an_issue(shop: Shop) -> None:
    shop.paid()
    settled(shop)
    shop.database["captures"].update_one({}, {"$set": {"amount": 99_999}})

    kinds = [kind for kind, _ in found(reconcile(shop))]

    assert kinds == ["payment_differs", "payment_without_capture", "settled_differs"]


def test_money_without_a_home_is_matched_as_well(shop: Shop) -> None:
    paid_elsewhere(shop)
    settled(shop)

    kinds = [kind for kind, _ in found(reconcile(shop))]

    assert kinds == ["money_undecided"]


def test_a_settlement_that_cannot_be_read_is_an_issue(shop: Shop) -> None:
    shop.sandbox.fault("^/v1/settlements/recon", "error", times=99)

    report = reconcile(shop)

    assert found(report) == [("gateway_away", "settlements:razorpay")]
    assert "payments:razorpay" in report["done"]
