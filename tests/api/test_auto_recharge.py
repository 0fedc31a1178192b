"""Wallets that run low are filled from a saved card: once, within the caps, and not too often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.auto_recharge_values import payment_id_of
from tests.api.auto_recharges import (
    FIRST,
    charges,
    credited,
    let_time_pass,
    put,
    row,
    run,
    shown,
    switched_on,
)
from tests.api.meetings import assert_whole, balance
from tests.conftest import Person
from tests.shop import Shop

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def spend(shop: Shop, amount: Any, key: str | None = None) -> int:
    """Take from the wallet as an admin, and give the status."""
    body = {"amount": amount, "reason": "A call"}
    status: int = shop.admin.post(f"/api/wallet/{shop.customer.id}/debit", body, key=key).status_code
    return status


def waits(shop: Shop) -> timedelta:
    """Tell how long nothing will be charged from now on, to the minute."""
    pause: timedelta = row(shop)["next_at"] - datetime.now(UTC)
    return timedelta(minutes=round(pause / timedelta(minutes=1)))


class TestFilling:
    def test_fills_a_wallet_that_is_low(self, shop: Shop) -> None:
        switched_on(shop)

        assert run(shop) == 1

        assert (balance(shop), charges(shop)) == ((FIRST + 500, 0), ["captured"])
        found = shown(shop)
        assert (found["pending_payment_id"], found["spent_today"], found["spent_this_month"]) == (
            None,
            500,
            500,
        )
        assert found["last"]["outcome"] == "paid"
        assert waits(shop) == timedelta(minutes=10)
        assert_whole(shop)

    def test_leaves_a_wallet_alone_that_is_not_low(self, shop: Shop) -> None:
        switched_on(shop)
        shop.customer.is_given(9_000)

        assert (run(shop), charges(shop), row(shop)["number"]) == (0, [], 0)

    def test_counts_what_is_held_as_gone(self, shop: Shop) -> None:
        switched_on(shop, threshold=5)
        order_id = shop.order(30_000)
        body = {"order_id": order_id, "customer_id": shop.customer.id, "wallet_amount": 9}
        shop.customer.post("/api/integration/order/pay-split", body | {"payment_method": "card"})

        assert run(shop) == 1

    def test_is_an_ordinary_top_up_with_a_name_of_its_own(self, shop: Shop) -> None:
        switched_on(shop)
        run(shop)

        payment_id = payment_id_of(shop.customer.id, 1)
        payment = shop.customer.get(f"/api/payments/{payment_id}").json["data"]

        assert (payment["status"], payment["order_id"], payment["amount"]) == ("COMPLETED", None, 500)
        assert shown(shop)["last"]["payment_id"] == payment_id

    def test_does_not_count_as_a_top_up_by_hand(self, shop: Shop) -> None:
        switched_on(shop)
        before = list(shop.database["topup_counts"].find())

        run(shop)

        assert list(shop.database["topup_counts"].find()) == before

    def test_looks_at_the_wallet_again_after_the_claim(self, shop: Shop) -> None:
        switched_on(shop)
        shop.customer.is_given(50_000)

        assert shop.services.auto_recharge.charge(shop.customer.id) is None

        assert (row(shop)["pending"], shown(shop)["spent_today"], charges(shop)) == (None, 0, [])

    def test_a_hundred_debits_across_the_threshold_make_one_charge(self, shop: Shop) -> None:
        switched_on(shop, threshold=50)
        shop.customer.is_given(9_000)

        with ThreadPoolExecutor(16) as pool:
            debits = [pool.submit(spend, shop, 1, f"call-{number}") for number in range(100)]
            runs = [pool.submit(run, shop) for _ in range(20)]
            statuses = [debit.result() for debit in debits]
            filled = sum(one.result() for one in runs)

        filled += run(shop)
        assert (filled, statuses) == (1, [201] * 100)
        assert (charges(shop), credited(shop)) == (["captured"], 50_000)
        assert balance(shop) == (FIRST + 90 - 100 + 500, 0)
        assert_whole(shop)

    def test_one_that_fails_does_not_hold_up_the_others(self, shop: Shop) -> None:
        switched_on(shop)
        other = Shop(shop.app, shop.sandbox, Person(shop.app, email="ravi@shop.example"), shop.admin)
        switched_on(other)
        shop.database["customers_v2"].delete_one({"_id": shop.customer.id})

        assert run(shop) == 1

        assert balance(other) == (FIRST + 500, 0)


class TestCaps:
    def test_the_days_cap_is_never_passed(self, shop: Shop) -> None:
        switched_on(shop, threshold=5000, daily_cap=1200, monthly_cap=9000)

        filled = 0
        for _ in range(4):
            filled += run(shop)
            let_time_pass(shop, HOUR)

        assert (filled, charges(shop)) == (2, ["captured"] * 2)
        assert shown(shop)["spent_today"] == 1000

    def test_a_new_day_starts_from_nothing(self, shop: Shop) -> None:
        switched_on(shop, threshold=5000, daily_cap=500, monthly_cap=9000)
        run(shop)
        let_time_pass(shop, HOUR)
        assert run(shop) == 0

        shop.database["auto_recharges"].update_one({}, {"$set": {"spent.day": "2020-01-01"}})

        assert run(shop) == 1
        assert (shown(shop)["spent_today"], shown(shop)["spent_this_month"]) == (500, 1000)

    def test_the_months_cap_is_never_passed(self, shop: Shop) -> None:
        switched_on(shop, threshold=5000, daily_cap=500, monthly_cap=500)
        run(shop)
        let_time_pass(shop, HOUR)

        shop.database["auto_recharges"].update_one({}, {"$set": {"spent.day": "2020-01-01"}})
        assert run(shop) == 0
        shop.database["auto_recharges"].update_one({}, {"$set": {"spent.month": "2020-01"}})

        assert run(shop) == 1

    def test_a_full_cap_holds_up_nobody_else(self, shop: Shop) -> None:
        switched_on(shop, threshold=5000, daily_cap=500, monthly_cap=500)
        run(shop)
        let_time_pass(shop, HOUR)
        other = Shop(shop.app, shop.sandbox, Person(shop.app, email="ravi@shop.example"), shop.admin)
        switched_on(other)

        low = shop.services.auto_recharge._store.low(limit=1)

        assert low == [other.customer.id]


class TestPace:
    def test_cools_off_after_a_charge(self, shop: Shop) -> None:
        switched_on(shop, threshold=5000)
        run(shop)

        assert run(shop) == 0
        let_time_pass(shop, timedelta(minutes=9))
        assert run(shop) == 0
        let_time_pass(shop, timedelta(minutes=2))
        assert run(shop) == 1

    def test_a_change_of_mind_does_not_shorten_it(self, shop: Shop) -> None:
        method_id = switched_on(shop, threshold=5000)
        run(shop)

        put(shop, method_id, enabled=False)
        put(shop, method_id, threshold=5000)

        assert (run(shop), charges(shop)) == (0, ["captured"])

    @pytest.mark.parametrize("how", ["declined", "refused"])
    def test_backs_off_after_declines_and_gives_up(self, shop: Shop, how: str) -> None:
        switched_on(shop)
        shop.sandbox.post("razorpay/settings", recurring=how)

        pauses = []
        for _ in range(4):
            assert run(shop) == 0
            pauses.append(waits(shop))
            let_time_pass(shop, DAY)

        assert pauses == [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR]
        found = shown(shop)
        assert (found["enabled"], found["off_reason"], found["declines"]) == (False, "declines", 4)
        assert (run(shop), charges(shop)) == (0, ["failed"] * 4)
        assert (found["spent_today"], balance(shop)) == (0, (FIRST, 0))
        lines = shop.database["integration_logs"].find({"status": "FAILED"})
        assert [line["error"] for line in lines] == ["BAD_REQUEST_ERROR"] * 4

    def test_never_waits_for_longer_than_a_day(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.post("razorpay/settings", recurring="declined")
        shop.database["auto_recharges"].update_one({}, {"$set": {"declines": 60}})

        run(shop)

        assert waits(shop) == DAY

    def test_a_good_charge_forgets_the_declines(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.post("razorpay/settings", recurring="declined")
        run(shop)
        let_time_pass(shop, DAY)
        shop.sandbox.post("razorpay/settings", recurring="captured")

        assert run(shop) == 1
        assert shown(shop)["declines"] == 0

    def test_switching_it_on_again_is_a_new_start(self, shop: Shop) -> None:
        method_id = switched_on(shop)
        shop.sandbox.post("razorpay/settings", recurring="declined")
        for _ in range(4):
            run(shop)
            let_time_pass(shop, DAY)
        shop.sandbox.post("razorpay/settings", recurring="captured")

        found = put(shop, method_id).json

        assert (found["enabled"], found["off_reason"], found["declines"]) == (True, None, 0)
        assert run(shop) == 1
