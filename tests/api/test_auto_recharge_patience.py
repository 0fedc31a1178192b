"""Banks take their time and customers change their minds; money that was sent for is never lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.auto_recharges import (
    FIRST,
    PATH,
    charges,
    let_time_pass,
    payment,
    put,
    run,
    running,
    sent,
    shown,
    switched_on,
    time_is_over,
    told,
)
from tests.api.meetings import assert_whole, balance
from tests.api.servers import until
from tests.api.shops import another_shop, patient_gateways
from tests.shop import Shop

HOUR = timedelta(hours=1)
NOTHING_YET = (FIRST, 0)
FILLED = (FIRST + 500, 0)
ENOUGH_SECONDS = 2.0  # To change one's mind, on a busy machine too.


class TestBanksThatTakeTheirTime:
    def test_a_charge_that_waits_for_its_notice_is_neither_repeated_nor_given_up(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.post("razorpay/settings", recurring="created")
        for _ in range(3):
            assert run(shop) == 0
            let_time_pass(shop, timedelta(hours=12))
            time_is_over(shop, days=1)
            shop.reconcile()
        assert (payment(shop)["status"], charges(shop)) == ("INITIATED", ["created"])

        [waiting] = [p for p in shop.sandbox.books()["payments"] if p["status"] == "created"]
        shop.sandbox.post(f"razorpay/payments/{waiting['id']}/complete")
        told(shop, "payment.captured")

        assert balance(shop) == FILLED
        assert (run(shop), shown(shop)["last"]["outcome"], sent(shop)) == (1, "paid", 1)

    def test_a_charge_that_never_ends_is_given_up_after_days(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.post("razorpay/settings", recurring="created")
        run(shop)
        time_is_over(shop, days=5)
        let_time_pass(shop, HOUR)

        assert run(shop) == 0

        assert (payment(shop)["status"], shown(shop)["last"]["outcome"]) == ("EXPIRED", "declined")

    def test_money_that_comes_after_that_is_credited(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.post("razorpay/settings", recurring="created")
        run(shop)
        time_is_over(shop, days=5)
        let_time_pass(shop, HOUR)
        run(shop)

        [waiting] = [p for p in shop.sandbox.books()["payments"] if p["status"] == "created"]
        shop.sandbox.post(f"razorpay/payments/{waiting['id']}/complete")
        told(shop, "payment.captured")

        assert (balance(shop), charges(shop)) == (FILLED, ["captured"])
        assert_whole(shop)

    def test_what_is_only_authorised_is_captured(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.post("razorpay/settings", recurring="authorized")

        assert (run(shop), charges(shop), balance(shop)) == (1, ["captured"], FILLED)

    def test_a_customer_can_cancel_one_that_waits(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.post("razorpay/settings", recurring="created")
        run(shop)

        shop.customer.post(f"/api/payments/{payment(shop)['_id']}/cancel")

        assert run(shop) == 0
        found = shown(shop)
        assert (found["last"]["outcome"], found["declines"], found["spent_today"]) == ("called_off", 0, 0)


class TestChangesOfMind:
    @pytest.mark.parametrize(
        "change",
        [
            lambda shop, method_id: shop.customer.send("DELETE", PATH),
            lambda shop, method_id: put(shop, method_id, amount=50),
            lambda shop, method_id: shop.customer.send("DELETE", f"/api/payments/saved-methods/{method_id}"),
        ],
        ids=["off", "amount", "method"],
    )
    def test_one_that_comes_before_the_charge_stops_it(
        self, shop: Shop, change: Callable[[Shop, str], Any]
    ) -> None:
        method_id = switched_on(shop)
        shop.sandbox.fault("/v1/orders$", "delay", seconds=ENOUGH_SECONDS)

        with another_shop(shop, gateways=patient_gateways(shop)) as patient, running(patient):
            until(lambda: not shop.sandbox.get("faults")["faults"])
            assert change(shop, method_id).status_code == 200

        assert (charges(shop), sent(shop), balance(shop)) == ([], 0, NOTHING_YET)
        found = shown(shop)
        assert (found["pending_payment_id"], found["spent_today"], found["declines"]) == (None, 0, 0)
        assert payment(shop)["status"] == "CANCELLED"

    def test_one_that_comes_after_the_charge_does_not_lose_its_money(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.post("razorpay/settings", recurring="created")
        run(shop)
        shop.customer.send("DELETE", PATH)

        [waiting] = [p for p in shop.sandbox.books()["payments"] if p["status"] == "created"]
        shop.sandbox.post(f"razorpay/payments/{waiting['id']}/complete")
        let_time_pass(shop, HOUR)

        assert (run(shop), balance(shop)) == (1, FILLED)
        found = shown(shop)
        assert (found["enabled"], found["off_reason"], found["spent_today"]) == (False, "customer", 500)

    def test_a_method_that_is_gone_switches_it_off(self, shop: Shop) -> None:
        method_id = switched_on(shop)
        gone = {"$set": {"deleted_at": datetime.now(UTC)}, "$unset": {"token": ""}}
        shop.database["saved_payment_methods"].update_one({"_id": method_id}, gone)

        assert run(shop) == 0

        found = shown(shop)
        assert (found["enabled"], found["off_reason"], found["pending_payment_id"]) == (
            False,
            "method_deleted",
            None,
        )
        assert (found["spent_today"], charges(shop)) == (0, [])

    def test_a_customer_who_pays_by_hand_first_is_not_charged_too(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.fault("/v1/orders$", "drop_after")
        run(shop)
        shop.customer.is_given(50_000)
        shop.database["payment_orders"].update_many({}, {"$unset": {"opening_until": ""}})
        let_time_pass(shop, HOUR)

        assert (run(shop), charges(shop), shown(shop)["pending_payment_id"]) == (0, [], None)
