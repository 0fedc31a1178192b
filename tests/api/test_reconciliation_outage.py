"""A gateway that does not answer is an issue of the run, and everything else is reconciled all the same."""

from typing import Any

from backend.gateways.registry import Gateways
from tests.api.shops import another_shop
from tests.reconciling import found, open_issues, reconcile
from tests.shop import Shop


def status(shop: Shop, opened: Any) -> str:
    return str(shop.payment(opened)["status"])


class TestAGatewayThatIsAway:
    def test_is_an_issue_and_the_other_one_is_reconciled(self, shop: Shop) -> None:
        opened = shop.opened(method="paypal")
        shop.pay(opened)
        shop.sandbox.fault("^/v1/(payments|refunds|settlements|orders)", "error", times=999)

        report = reconcile(shop)

        away = [f"{what}:razorpay" for what in ("payments", "refunds", "settlements")]
        assert found(report) == [("gateway_away", step) for step in away]
        assert (report["state"], report["failed"], status(shop, opened)) == ("DONE", away, "COMPLETED")

    def test_says_why_where_it_refuses_us(self, shop: Shop) -> None:
        shop.sandbox.fault("^/v1/reporting", "unauthorized", times=99)

        reconcile(shop)

        told = [(one["subject"], one["facts"]["reason"]) for one in open_issues(shop)]
        assert sorted(told) == [(f"{what}:paypal", "authentication") for what in ("payments", "refunds")]

    def test_is_no_issue_any_more_when_it_answers_again(self, shop: Shop) -> None:
        shop.sandbox.fault("^/v1/payments", "error", times=999)
        reconcile(shop)
        shop.mend()

        report = reconcile(shop)

        assert (report["issues"], open_issues(shop)) == ([], [])

    def test_is_looked_at_from_where_it_was_last_listed(self, shop: Shop) -> None:
        run = shop.services.reconciliation.run
        whole = run()
        shop.sandbox.fault("^/v1/payments", "error", times=999)
        run()
        shop.mend()

        report = run()

        assert (whole["window"]["to"] - report["window"]["from"]).total_seconds() == 24 * 3600

    def test_together_with_all_others_leaves_nothing_reconciled(self, shop: Shop) -> None:
        shop.sandbox.fault("^/v[12]/", "error", times=999)

        report = reconcile(shop)

        assert (report["state"], report["error"]) == ("FAILED", "No payment gateway answers.")
        assert "books" in report["done"]

    def test_is_not_missed_where_nobody_has_an_account(self, shop: Shop) -> None:
        with another_shop(shop, gateways=Gateways([])) as without:
            report = reconcile(without)

        assert (report["state"], report["done"]) == ("DONE", ["unfinished", "ledger", "books"])
