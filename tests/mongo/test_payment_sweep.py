"""The sweep brings home what ended without our hearing of it, whatever fails on the way."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.shop import DECLINED_CARD, Shop


def expire(shop: Shop, opened: Any) -> None:
    """Let the time of a payment's attempts be over."""
    before = datetime.now(UTC) - timedelta(hours=2)
    change = {"$set": {"attempts.$[].expires_at": before}}
    shop.database["payment_orders"].update_one({"_id": opened["payment_id"]}, change)


def status(shop: Shop, opened: Any) -> str:
    return str(shop.payment(opened)["status"])


class TestPayments:
    @pytest.mark.parametrize("method", ["card", "paypal"])
    def test_that_were_paid_unheard_are_found(self, shop: Shop, method: str) -> None:
        opened = shop.opened(method=method)
        shop.pay(opened)

        report = shop.reconcile()

        assert (report.checked, report.recovered, report.issues) == (1, 1, [])
        assert (status(shop, opened), shop.order_of(opened)["payment_status"]) == ("COMPLETED", "PAID")

    def test_that_are_only_authorized_are_captured(self, shop: Shop) -> None:
        opened = shop.opened()
        shop.pay(opened, method="card", outcome="authorized")

        shop.reconcile()

        assert status(shop, opened) == "COMPLETED"
        assert [payment["captured"] for payment in shop.sandbox.books()["payments"]] == [True]

    def test_that_are_young_are_left_alone(self, shop: Shop) -> None:
        opened = shop.opened()
        shop.pay(opened)

        report = shop.services.payments.reconcile_payments()

        assert (report.checked, status(shop, opened)) == (0, "INITIATED")

    def test_whose_time_is_over_end(self, shop: Shop) -> None:
        opened = shop.opened()
        expire(shop, opened)

        report = shop.reconcile()

        assert (report.checked, report.recovered, status(shop, opened)) == (1, 0, "EXPIRED")
        assert shop.reconcile().recovered == 0
        assert shop.initiate(opened["order_id"]).status_code == 201

    def test_whose_time_is_over_are_asked_for_first(self, shop: Shop) -> None:
        opened = shop.opened()
        shop.pay(opened)
        expire(shop, opened)

        shop.reconcile()

        assert status(shop, opened) == "COMPLETED"

    def test_whose_time_is_over_do_not_end_while_nobody_can_be_asked(self, shop: Shop) -> None:
        opened = shop.opened()
        expire(shop, opened)
        shop.sandbox.fault("^/v1/orders", "error", times=99)

        report = shop.reconcile()

        assert [issue["id"] for issue in report.issues] == [opened["payment_id"]]
        assert status(shop, opened) == "INITIATED"

    def test_that_no_gateway_was_asked_for_end_when_their_time_is_over(self, shop: Shop) -> None:
        shop.sandbox.fault("orders$", "error", times=99)
        order_id = shop.order()
        assert shop.initiate(order_id).status_code == 502
        row: Any = shop.database["payment_orders"].find_one({"order_id": order_id})
        expire(shop, {"payment_id": row["_id"]})

        shop.reconcile()

        assert status(shop, {"payment_id": row["_id"]}) in ("EXPIRED", "FAILED")

    def test_that_failed_once_and_were_paid_unheard_are_found(self, shop: Shop) -> None:
        opened = shop.opened()
        shop.pay(opened, method="card", card_number=DECLINED_CARD)
        failed = next(event for event in shop.events() if event["event"] == "payment.failed")
        shop.deliver(failed)
        assert status(shop, opened) == "FAILED"
        shop.pay(opened)

        shop.reconcile()

        assert status(shop, opened) == "COMPLETED"


class TestRefunds:
    @pytest.mark.parametrize(("end", "ended"), [("process", "COMPLETED"), ("fail", "FAILED")])
    def test_that_ended_unheard_are_followed(self, shop: Shop, end: str, ended: str) -> None:
        opened = shop.paid()
        shop.sandbox.post("razorpay/settings", refunds="pending")
        refund = shop.refund(opened, 400).json["data"]
        shop.sandbox.post(f"razorpay/refunds/{refund['gateway_refund_id']}/{end}")

        report = shop.reconcile()

        assert (report.checked, report.recovered) == (1, int(ended == "COMPLETED"))
        [found] = shop.services.refunds.of_payment(opened["payment_id"])
        assert found.status == ended
        shop.assert_refunds_agree(opened)

    def test_that_were_never_sent_are_sent(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.sandbox.fault("/refund$", "unauthorized")
        assert shop.refund(opened, 400).json["data"]["status"] == "PENDING"

        report = shop.reconcile()

        assert (report.recovered, report.issues) == (1, [])
        assert shop.refunded_at_gateway(opened) == 40_000
        shop.assert_refunds_agree(opened)

    @pytest.mark.parametrize("kind", ["unauthorized", "drop", "error"])
    def test_that_cannot_be_sent_are_reported(self, shop: Shop, kind: str) -> None:
        opened = shop.paid()
        shop.sandbox.fault("/refund$", kind, times=99)
        refund = shop.refund(opened, 400).json["data"]

        report = shop.reconcile()

        assert [issue["id"] for issue in report.issues] == [refund["refund_id"]]

    def test_that_cannot_be_asked_for_are_reported(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.sandbox.post("razorpay/settings", refunds="pending")
        refund = shop.refund(opened, 400).json["data"]
        shop.sandbox.fault("^/v1/refunds/", "error", times=99)

        report = shop.reconcile()

        assert [issue["id"] for issue in report.issues] == [refund["refund_id"]]


class TestMessages:
    def test_that_were_stored_and_not_applied_are_applied(self, shop: Shop) -> None:
        opened = shop.opened(method="paypal")
        shop.pay(opened)
        [event] = shop.events("paypal")
        shop.sandbox.fault("^/v2/", "error", times=3)
        assert shop.deliver(event, provider="paypal").status_code == 502

        report = shop.reconcile()

        assert (report.issues, status(shop, opened)) == ([], "COMPLETED")
        assert shop.database["webhook_events"].count_documents({"state": "APPLIED"}) == 1

    def test_that_cannot_be_read_any_more_are_reported_and_stop_nothing(self, shop: Shop) -> None:
        opened = shop.opened()
        shop.pay(opened)
        shop.deliver({"entity": "event", "event": "payment.downtime.started", "payload": {}})
        spoilt = {"$set": {"state": "RECEIVED", "body": b"spoilt"}}
        shop.database["webhook_events"].update_many({}, spoilt)

        report = shop.reconcile()

        [message] = shop.database["webhook_events"].find()
        assert [issue["id"] for issue in report.issues] == [message["_id"]]
        assert status(shop, opened) == "COMPLETED"


class TestAll:
    def unfinished(self, shop: Shop) -> list[Any]:
        """Leave a payment at each gateway, and a refund, without an end."""
        opened = [shop.opened(method=method) for method in ("card", "paypal", "upi")]
        for one in opened:
            shop.pay(one)
        refunded = shop.paid()
        shop.sandbox.fault("/refund$", "drop_after", times=3)
        shop.refund(refunded, 400)
        return [*opened, refunded]

    def test_goes_on_when_one_gateway_fails(self, shop: Shop) -> None:
        by_card, by_paypal, by_upi, refunded = self.unfinished(shop)
        shop.sandbox.fault("^/v2/", "error", times=99)

        report = shop.reconcile()

        assert [issue["id"] for issue in report.issues] == [by_paypal["payment_id"]]
        assert [status(shop, one) for one in (by_card, by_upi)] == ["COMPLETED"] * 2
        assert (status(shop, by_paypal), status(shop, refunded)) == ("INITIATED", "PARTIAL_REFUND")

    def test_twice_at_once_changes_nothing_twice(self, shop: Shop) -> None:
        opened = self.unfinished(shop)

        with ThreadPoolExecutor(4) as pool:
            reports = list(pool.map(lambda _: shop.reconcile(), range(4)))

        assert [report.issues for report in reports] == [[]] * 4
        assert [status(shop, one) for one in opened] == ["COMPLETED"] * 3 + ["PARTIAL_REFUND"]
        assert shop.database["captures"].count_documents({}) == 4
        assert shop.admin.get("/api/admin/payment-exceptions").json["total"] == 0
        shop.assert_refunds_agree(opened[-1])

    def test_again_finds_nothing_to_do(self, shop: Shop) -> None:
        self.unfinished(shop)
        shop.reconcile()

        report = shop.reconcile()

        assert (report.checked, report.recovered, report.issues) == (0, 0, [])
