"""Refunds to which the gateway says no: it means that nothing was given back, unless it was before."""

from tests.api.test_refund_outcomes import REFUND_PATH, amounts, break_refunds, status
from tests.shop import Shop

NO = {"error": {"code": "BAD_REQUEST_ERROR", "description": "The bank takes no refunds.", "metadata": {}}}


class TestRefused:
    def test_is_completed_if_an_earlier_try_was_done_after_all(self, shop: Shop) -> None:
        opened = shop.paid()
        break_refunds(shop, "drop_after", times=3)
        refund = shop.refund(opened, 400).json["data"]
        shop.sandbox.fault(REFUND_PATH, "error", status=400, body=NO)

        report = shop.reconcile()

        assert (refund["status"], report.issues) == ("PROCESSING", [])
        assert (status(shop, refund), amounts(shop, opened)) == ("COMPLETED", (400, 600))
        shop.assert_refunds_agree(opened)

    def test_waits_where_the_gateway_does_not_tell_whether_an_earlier_try_was_done(self, shop: Shop) -> None:
        opened = shop.paid()
        break_refunds(shop, "drop_after", times=3)
        refund = shop.refund(opened, 400).json["data"]
        shop.sandbox.fault(REFUND_PATH, "error", status=400, body=NO)
        shop.sandbox.fault("/refunds$", "error", times=9)

        report = shop.reconcile()

        assert [issue["id"] for issue in report.issues] == [refund["refund_id"]]
        assert (status(shop, refund), amounts(shop, opened)) == ("PROCESSING", (0, 600))
        shop.mend()
        shop.reconcile()
        assert (status(shop, refund), shop.refunded_at_gateway(opened)) == ("COMPLETED", 40_000)

    def test_ends_where_the_gateway_knows_nothing_of_the_payment(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.sandbox.reset()

        refund = shop.refund(opened, 400).json["data"]

        assert (refund["status"], amounts(shop, opened)) == ("FAILED", (0, 1000))

    def test_says_so_and_sets_the_amount_free(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.sandbox.fault(REFUND_PATH, "error", status=400, body=NO)

        response = shop.refund(opened, 400, key="refund-1")

        told = response.json["data"]
        assert (response.status_code, told["status"]) == (201, "FAILED")
        assert (told["error"], status(shop, told)) == ("The bank takes no refunds.", "FAILED")
        assert amounts(shop, opened) == (0, 1000)

    def test_stays_refused_under_its_key_and_can_be_made_under_another(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.sandbox.fault(REFUND_PATH, "error", status=400, body=NO)
        first, again = [shop.refund(opened, 400, key="refund-1") for _ in range(2)]

        other = shop.refund(opened, 400, key="refund-2")

        assert (again.status_code, again.json["data"]["status"]) == (201, "FAILED")
        assert first.json["data"] == again.json["data"]
        assert (other.status_code, shop.refunded_at_gateway(opened)) == (201, 40_000)
        shop.assert_refunds_agree(opened)
