"""Top-ups that the gateway takes back: the wallet gives what it has, once, and the rest is shown."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.meetings import assert_whole, balance, pay_with_wallet, refund_order, topup
from tests.api.taken_back import filled, lines, lost, refunded, refunds, spend, standing
from tests.shop import Shop, total

Taking = Callable[[Shop, Any, int], Any]
WAYS: list[Taking] = [refunded, lost]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("rupees", "status"), [(500, "REFUNDED"), (200, "PARTIAL_REFUND")])
def test_what_is_taken_back_leaves_the_wallet(shop: Shop, way: Taking, rupees: int, status: str) -> None:
    opened = filled(shop, 500)

    shop.deliver(way(shop, opened, rupees * 100))

    assert balance(shop) == (500 - rupees, 0)
    assert standing(shop, opened) == (status, rupees, [0])
    assert lines(shop) == [("topup_reversed", rupees, None)]
    assert_whole(shop)


def test_the_debit_names_the_gateway_that_took_it(shop: Shop) -> None:
    opened = filled(shop)

    shop.deliver(refunded(shop, opened, 50_000))

    [_, entry] = shop.database["wallet_transactions"].find(sort=[("seq", 1)])
    [refund] = refunds(shop, opened)
    assert (entry["type"], entry["source"], entry["account"]) == (
        "debit",
        "topup_reversed",
        "gateway:razorpay",
    )
    assert entry["idempotency_key"] == refund["refund_id"]
    assert entry["metadata"]["payment_id"] == shop.payment(opened)["gateway_payment_id"]


@pytest.mark.parametrize("way", WAYS)
def test_messages_that_come_again_take_nothing_again(shop: Shop, way: Taking) -> None:
    opened = filled(shop)
    event = way(shop, opened, 20_000)

    with ThreadPoolExecutor(8) as pool:
        answers = {answer.status_code for answer in pool.map(shop.deliver, [event] * 8)}

    assert (answers, balance(shop)) == ({200}, (300, 0))
    assert (standing(shop, opened), len(lines(shop))) == (("PARTIAL_REFUND", 200, [0]), 1)
    assert_whole(shop)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("spent", [200, 500])
def test_what_was_spent_is_a_shortfall_that_an_admin_sees(
    shop: Shop, way: Taking, spent: int, caplog: pytest.LogCaptureFixture
) -> None:
    opened = filled(shop, 500)
    spend(shop, spent)

    with caplog.at_level(logging.ERROR):
        shop.deliver(way(shop, opened, 50_000))

    assert balance(shop) == (0, 0)
    assert standing(shop, opened) == ("REFUNDED", 500, [spent])
    assert lines(shop) == [("topup_reversed", 500 - spent, "WALLET_SHORT")]
    assert "a wallet is short of what was taken back" in caplog.messages
    assert_whole(shop)


@pytest.mark.parametrize("spent", [200, 500])
def test_a_wallet_that_is_filled_later_is_left_alone(shop: Shop, spent: int) -> None:
    opened = filled(shop, 500)
    spend(shop, spent)
    event = refunded(shop, opened, 50_000)
    shop.deliver(event)

    filled(shop, 300)
    shop.deliver(event)
    shop.reconcile()

    assert balance(shop) == (300, 0)
    assert standing(shop, opened) == ("REFUNDED", 500, [spent])


def test_money_that_is_held_is_not_taken(shop: Shop) -> None:
    opened = filled(shop, 500)
    body = {"customer_id": shop.customer.id, "wallet_amount": 400, "payment_method": "card"}
    shop.customer.post("/api/integration/order/pay-split", body | {"order_id": shop.order()})

    shop.deliver(refunded(shop, opened, 50_000))

    assert (balance(shop), refunds(shop, opened)[0]["shortfall"]) == ((400, 400), 400)
    assert_whole(shop)


def test_a_race_with_spending_ends_with_whole_books(shop: Shop) -> None:
    opened = filled(shop, 500)
    orders = [shop.order(10_000) for _ in range(5)]
    event = lost(shop, opened, 50_000)
    deeds: list[Callable[[], Any]] = [lambda: shop.deliver(event)] * 3
    deeds += [lambda order=order: pay_with_wallet(shop, order, 100) for order in orders]

    with ThreadPoolExecutor(8) as pool:
        answers = [answer.result() for answer in [pool.submit(deed) for deed in deeds]]

    bought = sum(answer.status_code == 200 for answer in answers[3:])
    assert {answer.status_code for answer in answers[:3]} == {200}
    assert balance(shop) == (0, 0)
    assert standing(shop, opened) == ("REFUNDED", 500, [100 * bought])
    assert_whole(shop)


def test_two_parts_are_two_debits(shop: Shop) -> None:
    opened = filled(shop, 500)
    events = [refunded(shop, opened, amount) for amount in (20_000, 30_000)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(shop.deliver, events * 2))

    assert (balance(shop), standing(shop, opened)) == ((0, 0), ("REFUNDED", 500, [0, 0]))
    assert_whole(shop)


def test_a_refund_that_is_also_lost_to_the_bank_takes_no_more_than_came(shop: Shop) -> None:
    shop.customer.is_given(70_000)
    opened = filled(shop, 500)

    shop.deliver(refunded(shop, opened, 50_000))
    shop.deliver(lost(shop, opened, 50_000))

    assert balance(shop) == (700, 0)
    assert standing(shop, opened) == ("REFUNDED", 500, [500, 0])


def test_money_that_comes_and_goes_unheard_is_found_by_asking(shop: Shop) -> None:
    opened = topup(shop, 500)
    paid = shop.pay(opened)
    shop.refund_on_dashboard(opened, 20_000, paid=paid)

    shop.reconcile()

    assert (balance(shop), len(lines(shop))) == ((300, 0), 1)
    assert_whole(shop)


class TestUnderWay:
    @pytest.fixture(autouse=True)
    def _pending(self, shop: Shop) -> None:
        shop.sandbox.post("razorpay/settings", refunds="pending")

    def begun(self, shop: Shop) -> Any:
        opened = filled(shop, 500)
        refund = shop.refund_on_dashboard(opened, 50_000)
        shop.deliver(shop.events()[-1])
        assert (balance(shop), refunds(shop, opened)[0]["status"]) == ((500, 0), "PROCESSING")
        return opened | {"refund": refund["id"]}

    def test_a_refund_is_taken_when_it_is_done(self, shop: Shop) -> None:
        opened = self.begun(shop)
        shop.sandbox.post(f"razorpay/refunds/{opened['refund']}/process")

        for _ in range(2):
            shop.deliver(shop.events()[-1])

        assert (balance(shop), standing(shop, opened)) == ((0, 0), ("REFUNDED", 500, [0]))
        assert lines(shop) == [("topup_reversed", 500, None)]
        assert_whole(shop)

    def test_a_refund_whose_end_is_not_told_is_asked_about(self, shop: Shop) -> None:
        opened = self.begun(shop)
        spend(shop, 500)
        shop.sandbox.post(f"razorpay/refunds/{opened['refund']}/process")

        shop.reconcile()

        assert (balance(shop), standing(shop, opened)) == ((0, 0), ("REFUNDED", 500, [500]))
        assert_whole(shop)

    def test_a_refund_that_fails_takes_nothing(self, shop: Shop) -> None:
        opened = self.begun(shop)
        shop.sandbox.post(f"razorpay/refunds/{opened['refund']}/fail")

        shop.deliver(shop.events()[-1])

        assert (balance(shop), shop.payment(opened)["status"]) == ((500, 0), "COMPLETED")
        assert lines(shop) == []


def test_the_figures_stay_right(shop: Shop) -> None:
    opened = filled(shop, 500)
    filled(shop, 200)
    order_id = shop.order(30_000)
    pay_with_wallet(shop, order_id, 300)
    refund_order(shop, order_id, 50)

    shop.deliver(refunded(shop, opened, 50_000))

    found = shop.customer.get(f"/api/integration/status/{shop.customer.id}").json
    assert found["wallet"]["balance"] == 0
    assert found["statistics"] == {
        "total_topups": 250,
        "total_spent": 300,
        "total_refunded": 50,
        "topup_count": 2,
        "payment_count": 1,
        "refund_count": 1,
    }


def test_the_page_of_what_was_taken_back_does_not_speak_of_the_wallet(shop: Shop) -> None:
    opened = filled(shop)
    shop.deliver(refunded(shop, opened, 50_000))

    page = shop.app.test_client().get(f"/pay/{opened['payment_id']}").text

    assert "This payment was given back." in page
    assert "in your wallet" not in page
    assert total(list(shop.database["refunds"].find()), "debited") == 50_000
