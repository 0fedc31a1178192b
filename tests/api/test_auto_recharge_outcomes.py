"""Answers get lost and gateways say no; whatever happens, each charge is sent once and ends once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests

from backend.sandbox import keys
from tests.api.auto_recharges import (
    CHARGE,
    FIRST,
    charges,
    credited,
    let_time_pass,
    payment,
    row,
    run,
    running,
    sent,
    sent_once,
    shown,
    switched_on,
    time_is_over,
    told,
)
from tests.api.meetings import assert_whole, balance
from tests.api.servers import until
from tests.gateways.controls import HANGS_FOR_SECONDS, SECONDS
from tests.shop import Shop

HOUR = timedelta(hours=1)
FILLED = (FIRST + 500, 0)
ASKING = "/v1/orders/[^/]+/payments$"


class TestLostAnswers:
    @pytest.mark.parametrize("kind", ["timeout_after", "drop_after"])
    def test_the_gateway_is_asked_and_the_charge_is_not_sent_again(self, shop: Shop, kind: str) -> None:
        switched_on(shop)
        shop.sandbox.fault(CHARGE, kind, seconds=HANGS_FOR_SECONDS)

        filled = run(shop)
        let_time_pass(shop, HOUR)
        run(shop)

        assert (filled, charges(shop), balance(shop)) == (1, ["captured"], FILLED)
        assert sent_once(shop)

    def test_a_gateway_that_cannot_tell_is_asked_later(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.fault(CHARGE, "drop_after")
        shop.sandbox.fault(ASKING, "error", times=9)
        assert run(shop) == 0
        assert shown(shop)["pending_payment_id"] == payment(shop)["_id"]

        shop.mend()
        assert run(shop) == 0  # It is not time yet.
        let_time_pass(shop, HOUR)

        assert run(shop) == 1
        assert (charges(shop), balance(shop)) == (["captured"], FILLED)
        assert sent_once(shop)
        assert_whole(shop)

    @pytest.mark.parametrize("kind", ["timeout_before", "drop", "error", "html", "rate_limit"])
    def test_a_charge_that_may_never_have_arrived_is_given_up_in_time(self, shop: Shop, kind: str) -> None:
        switched_on(shop)
        shop.sandbox.fault(CHARGE, kind, seconds=HANGS_FOR_SECONDS)
        for _ in range(3):
            assert run(shop) == 0
            let_time_pass(shop, HOUR)
        assert payment(shop)["status"] == "INITIATED"

        time_is_over(shop)

        assert (run(shop), payment(shop)["status"]) == (0, "EXPIRED")
        assert sent_once(shop)
        found = shown(shop)
        assert (found["last"]["outcome"], found["declines"], found["spent_today"]) == ("declined", 1, 0)

    def test_a_message_that_comes_before_the_answer_is_enough(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.fault(CHARGE, "timeout_after", seconds=HANGS_FOR_SECONDS)

        with running(shop):
            until(lambda: charges(shop) == ["captured"])
            told(shop, "payment.captured")
            early = balance(shop)

        run(shop)
        assert (early, balance(shop), credited(shop)) == (FILLED, FILLED, 50_000)
        assert (shown(shop)["last"]["outcome"], charges(shop)) == ("paid", ["captured"])
        assert sent_once(shop)

    def test_two_who_go_on_at_once_charge_once(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.fault("/v1/orders$", "drop_after")
        run(shop)
        shop.database["payment_orders"].update_many({}, {"$unset": {"opening_until": ""}})
        let_time_pass(shop, HOUR)

        with ThreadPoolExecutor(8) as pool:
            filled = sum(pool.map(run, [shop] * 8))

        assert (filled, charges(shop), balance(shop), sent(shop)) == (1, ["captured"], FILLED, 1)


class TestGatewaysThatSayNo:
    @pytest.mark.parametrize("kind", ["error", "drop", "unauthorized"])
    def test_an_order_that_could_not_be_opened_is_opened_later(self, shop: Shop, kind: str) -> None:
        switched_on(shop)
        shop.sandbox.fault("/v1/orders$", kind)
        assert (run(shop), shown(shop)["declines"]) == (0, 0)

        let_time_pass(shop, HOUR)

        assert (run(shop), charges(shop), row(shop)["number"]) == (1, ["captured"], 1)

    def test_an_order_that_is_refused_counts_as_declined(self, shop: Shop) -> None:
        switched_on(shop)
        body = {"error": {"code": "BAD_REQUEST_ERROR", "description": "Amount exceeds maximum"}}
        shop.sandbox.fault("/v1/orders$", "error", status=400, body=body)

        assert run(shop) == 0

        assert (shown(shop)["declines"], payment(shop)["status"]) == (1, "FAILED")
        assert shown(shop)["spent_today"] == 0

    def test_refused_keys_are_not_the_customers_fault(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.fault(CHARGE, "unauthorized")
        assert (run(shop), shown(shop)["declines"], charges(shop)) == (0, 0, [])

        let_time_pass(shop, HOUR)

        assert (run(shop), charges(shop), balance(shop)) == (1, ["captured"], FILLED)

    def test_a_long_outage_is_not_the_customers_fault(self, shop: Shop) -> None:
        switched_on(shop)
        shop.sandbox.fault(CHARGE, "unauthorized")
        run(shop)
        time_is_over(shop)
        shop.reconcile()

        let_time_pass(shop, HOUR)
        assert run(shop) == 0
        found = shown(shop)
        assert (found["last"]["outcome"], found["declines"], found["spent_today"]) == ("called_off", 0, 0)

        let_time_pass(shop, HOUR)
        assert (run(shop), charges(shop)) == (1, ["captured"])

    def test_a_mandate_that_was_ended_at_the_gateway_is_a_decline(self, shop: Shop) -> None:
        switched_on(shop)
        [token] = shop.sandbox.books()["tokens"]
        requests.delete(
            f"{shop.sandbox.url}/v1/customers/{token['customer_id']}/tokens/{token['id']}",
            auth=(keys.RAZORPAY_KEY_ID, keys.RAZORPAY_KEY_SECRET),
            timeout=SECONDS,
        ).raise_for_status()

        assert run(shop) == 0

        assert (shown(shop)["declines"], payment(shop)["status"], charges(shop)) == (1, "FAILED", [])
