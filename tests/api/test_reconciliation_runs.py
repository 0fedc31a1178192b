"""A run keeps its place: any number may be at work, and one that died is taken up where it was."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.errors import Invalid
from backend.reconciliation import Wanted
from backend.reconciliation_runs import ReconciliationRuns
from tests.api.servers import until
from tests.reconciling import (
    LONG_AGO,
    exceptions,
    found,
    many_paid_elsewhere,
    paid_elsewhere,
    part,
    reconcile,
)
from tests.shop import Shop


class TestTwoAtOnce:
    @pytest.fixture
    def differences(self, shop: Shop) -> Iterator[list[Any]]:
        """Everything that a run can bring home."""
        opened = [shop.opened(method=method) for method in ("card", "paypal")]
        for one in opened:
            shop.pay(one)
        refunded = shop.paid()
        shop.refund_on_dashboard(refunded, 40_000)
        many_paid_elsewhere(shop, 20)
        shop.sandbox.post("razorpay/settle")
        yield [*opened, refunded]

    def test_change_nothing_twice(self, shop: Shop, differences: list[Any]) -> None:
        with ThreadPoolExecutor(4) as pool:
            reports = list(pool.map(lambda _: reconcile(shop), range(4)))

        assert {report["state"] for report in reports} == {"DONE"}
        assert shop.database["captures"].count_documents({}) == 23
        assert (len(exceptions(shop)), shop.database["refunds"].count_documents({})) == (20, 1)
        assert shop.database["settlement_rows"].count_documents({}) == 23
        assert [shop.order_of(one)["amount_paid"] for one in differences] == [1000] * 3
        shop.assert_refunds_agree(differences[-1])
        assert shop.database["reconciliation_issues"].count_documents({}) == 20

    def test_find_nothing_wrong_while_traffic_flows(self, shop: Shop) -> None:
        with ThreadPoolExecutor(4) as pool:
            reconciling = [pool.submit(reconcile, shop) for _ in range(2)]
            for _ in range(8):
                shop.refund(shop.paid(), 400)
            reports = [running.result() for running in reconciling]

        assert [report["issues"] for report in [*reports, reconcile(shop)]] == [[], [], []]


class TestARunThatWasTakenOver:
    def test_is_finished_by_whoever_took_it_over(self, shop: Shop) -> None:
        paid_elsewhere(shop)
        with slow_run(shop) as slow:
            quick: Any = shop.services.reconciliation.run()
            report: Any = slow.result()

        [left] = shop.database["reconciliation_logs"].find()
        assert left == quick == report
        assert (left["state"], part(left, "refunds:razorpay")) == ("DONE", (0, 0, 0))

    def test_is_not_written_to_by_whoever_was_only_slow(self, shop: Shop) -> None:
        with slow_run(shop) as slow:
            taken: Any = ReconciliationRuns(shop.database).take_over()
            slow.result()

        [left] = shop.database["reconciliation_logs"].find()
        assert (left["state"], left["lease"]) == ("RUNNING", taken.lease)
        assert set(left["done"]) == taken.done

    def test_is_taken_over_once(self, shop: Shop) -> None:
        shop.services.reconciliation.run()
        left = {"state": "RUNNING", "alive_at": LONG_AGO}
        shop.database["reconciliation_logs"].update_one({}, {"$set": left})
        runs = ReconciliationRuns(shop.database)

        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda _: runs.take_over(), range(8)))

        assert len([run for run in taken if run]) == 1


@contextmanager
def slow_run(shop: Shop) -> Iterator[Future[Any]]:
    """Reconcile at a gateway that is so slow that the run seems to be dead."""
    shop.sandbox.fault("^/v1/refunds$", "delay", seconds=1)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(reconcile, shop)
        until(lambda: not shop.sandbox.get("faults")["faults"], seconds=15)
        shop.database["reconciliation_logs"].update_one({}, {"$set": {"alive_at": LONG_AGO}})
        yield slow


class TestTheTimeLookedAt:
    def test_begins_a_day_before_everything_was_looked_at(self, shop: Shop) -> None:
        run = shop.services.reconciliation.run
        first, second = run(), run()

        assert first["window"]["to"] - first["window"]["from"] == timedelta(days=7)
        assert second["window"]["from"] == first["window"]["to"] - timedelta(days=1)
        age = (datetime.now(UTC) - first["window"]["to"]).total_seconds()
        assert 295 <= age <= 360

    def test_is_what_was_asked_for(self, shop: Shop) -> None:
        since, until = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 4, tzinfo=UTC)

        report = shop.services.reconciliation.run(Wanted(since=since, until=until))

        assert report["window"] == {"from": since, "to": until}

    @pytest.mark.parametrize(
        ("since", "until"), [("2026-01-04", "2026-01-02"), ("2096-01-01", None), ("2020-01-01", "2026-01-01")]
    )
    def test_must_make_sense(self, shop: Shop, since: str, until: str | None) -> None:
        moments = {"since": since, "until": until}
        wanted = {name: datetime.fromisoformat(f"{day}T00:00+00:00") for name, day in moments.items() if day}

        with pytest.raises(Invalid):
            shop.services.reconciliation.run(Wanted(**wanted))

        assert shop.database["reconciliation_logs"].count_documents({}) == 0

    def test_leaves_out_what_is_young(self, shop: Shop) -> None:
        shop.pay(opened := shop.opened())
        paid_elsewhere(shop)

        report = shop.services.reconciliation.run()

        assert (report["recovered"], exceptions(shop)) == (0, [])
        assert shop.payment(opened)["status"] == "INITIATED"


class TestWhatIsDue:
    def test_is_done_once_an_interval_however_many_ask(self, shop: Shop) -> None:
        with ThreadPoolExecutor(4) as pool:
            reports = list(pool.map(lambda _: shop.services.reconciliation.run_due(), range(4)))

        done = [report for report in reports if report]
        assert len(done) <= 2  # An hour may begin in between.
        assert shop.database["reconciliation_logs"].count_documents({}) == len(done)

    def test_is_also_what_somebody_has_left(self, shop: Shop) -> None:
        shop.services.reconciliation.run_due()
        left = {"state": "RUNNING", "alive_at": LONG_AGO, "done": []}
        shop.database["reconciliation_logs"].update_one({}, {"$set": left})

        report: Any = shop.services.reconciliation.run_due()

        assert (report["state"], "books" in report["done"]) == ("DONE", True)


def test_a_step_that_breaks_off_is_an_issue_and_the_others_are_done(shop: Shop) -> None:
    whole = shop.paid()
    shop.refund_on_dashboard(whole, 40_000)
    shop.database["wallet_transactions"].insert_one({"_id": "tx_spoilt", "amount": 1, "balance_after": 0})

    report = reconcile(shop)

    assert (report["state"], report["error"]) == ("FAILED", "Broken off: ledger. The log says more.")
    assert found(report) == [("step_failed", "ledger")]
    assert shop.order_of(whole)["refund_amount"] == 400
