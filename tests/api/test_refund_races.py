"""Refunds of one payment that meet: many at once, by several ways, and those made on the gateway's pages."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice, permutations
from typing import Any

import pytest

from backend.refund_values import Destination, RefundReason, RefundWish
from tests.shop import Shop

AT_ONCE = 30


def at_once(actions: list[Callable[[], Any]]) -> list[Any]:
    """Do everything at the same time, and give the answers in the same order."""
    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(lambda action: action(), actions))


def racing(shop: Shop, opened: Any, *ways: dict[str, Any]) -> list[Any]:
    """Make refunds by all these ways in turn, all at the same time."""
    return at_once([partial(shop.refund, opened, **way) for way in islice(cycle(ways), AT_ONCE)])


def given_back(shop: Shop, opened: Any) -> tuple[Any, int, int]:
    """Tell what the payment says was given back, what went to the wallet, and what to the source."""
    wallet = shop.services.wallets.get_wallet(shop.customer.id).balance_minor
    return shop.payment(opened)["refunded_amount"] * 100, wallet, shop.refunded_at_gateway(opened)


def refund_events(shop: Shop) -> list[Any]:
    return [event for event in shop.events() if event["event"].startswith("refund.")]


SOURCE, WALLET = {"amount": 70}, {"amount": 70, "destination": "wallet"}


class TestAtOnce:
    @pytest.mark.parametrize(
        "ways", [(SOURCE,), (WALLET,), (SOURCE, WALLET)], ids=["source", "wallet", "all"]
    )
    def test_parts_never_exceed_the_payment(self, shop: Shop, ways: tuple[dict[str, Any], ...]) -> None:
        opened = shop.paid()

        answers = racing(shop, opened, *ways)

        made = [answer.json["data"]["amount"] for answer in answers if answer.status_code == 201]
        refunded, to_wallet, to_source = given_back(shop, opened)
        assert refunded == to_wallet + to_source == sum(made) * 100 <= 100_000
        assert {answer.status_code for answer in answers} <= {201, 409, 503}
        shop.assert_refunds_agree(opened)

    def test_parts_never_exceed_the_payment_while_the_gateway_takes_its_time(self, shop: Shop) -> None:
        shop.sandbox.post("razorpay/settings", refunds="pending")
        for _ in range(4):
            opened = shop.paid()

            racing(shop, opened, SOURCE, WALLET)

            shop.assert_refunds_agree(opened)

    @pytest.mark.parametrize("destination", Destination)
    def test_one_wish_carried_out_by_many_is_one_refund(self, shop: Shop, destination: Destination) -> None:
        opened = shop.paid()
        wish = RefundWish(
            payment_id=opened["payment_id"],
            refund_id="REFUND-000000000000000000000001",
            amount_minor=7_000,
            reason=RefundReason.OTHER,
            destination=destination,
        )

        made = at_once([partial(shop.services.refunds.create, wish)] * 10)

        assert {refund.id for refund in made} == {wish.refund_id}
        assert given_back(shop, opened)[0] == sum(given_back(shop, opened)[1:]) == 7_000
        shop.assert_refunds_agree(opened)

    @pytest.mark.parametrize("ways", [("source",), ("wallet",), ("source", "wallet")], ids="-".join)
    def test_nothing_is_refused_that_would_fit(self, shop: Shop, ways: tuple[str, ...]) -> None:
        opened = shop.paid(AT_ONCE * 1_000)

        answers = racing(shop, opened, *({"amount": 10, "destination": way} for way in ways))

        assert Counter(answer.status_code for answer in answers) == {201: AT_ONCE}
        assert shop.payment(opened)["status"] == "REFUNDED"
        shop.assert_refunds_agree(opened)

    def test_wholes_and_parts_never_exceed_the_payment(self, shop: Shop) -> None:
        opened = shop.paid()

        racing(shop, opened, {}, SOURCE, {"destination": "wallet"}, WALLET, {"amount": 999})

        refunded, to_wallet, to_source = given_back(shop, opened)
        assert refunded == to_wallet + to_source <= 100_000
        shop.assert_refunds_agree(opened)

    def test_one_key_gives_back_once(self, shop: Shop) -> None:
        for number, way in enumerate((SOURCE, WALLET)):
            opened = shop.paid()

            answers = at_once([partial(shop.refund, opened, key=f"key-{number}", **way)] * 20)

            assert {answer.status_code for answer in answers} <= {201, 409}
            made = {a.json["data"]["refund_id"] for a in answers if a.status_code == 201}
            assert len(made) == 1
            assert shop.payment(opened)["refunded_amount"] == 70
            shop.assert_refunds_agree(opened)

    def test_one_payment_that_was_seen_whole_is_given_back_once(self, shop: Shop) -> None:
        opened = shop.paid()

        answers = racing(shop, opened, {"amount": 100, "refundable_amount": 1000})

        assert [answer.status_code for answer in answers].count(201) == 1
        assert shop.refunded_at_gateway(opened) == 10_000

    def test_refunds_and_those_on_the_gateways_pages_never_exceed_the_payment(self, shop: Shop) -> None:
        opened = shop.paid()
        for _ in range(5):
            shop.refund_on_dashboard(opened, 10_000)
        tellings = [partial(shop.deliver, event) for event in refund_events(shop)]

        answers = at_once([*tellings, *[partial(shop.refund, opened, 70, destination="wallet")] * 20])

        assert {answer.status_code for answer in answers[: len(tellings)]} == {200}
        refunded, to_wallet, to_source = given_back(shop, opened)
        assert (to_source, refunded <= 100_000) == (50_000, True)
        assert to_wallet % 7_000 == 0
        shop.assert_refunds_agree(opened)

    def test_the_end_of_a_refund_told_by_everybody_is_booked_once(self, shop: Shop) -> None:
        shop.sandbox.post("razorpay/settings", refunds="pending")
        opened = shop.paid()
        made = [shop.refund(opened, 100).json["data"] for _ in range(3)]
        for refund in made:
            shop.sandbox.post(f"razorpay/refunds/{refund['gateway_refund_id']}/process")
        tellings = [partial(shop.deliver, event) for event in refund_events(shop) * 2]
        found = [shop.services.refunds.get(refund["refund_id"], owner_id=None) for refund in made]

        at_once([*tellings, *[partial(shop.services.refunds.follow, refund) for refund in found * 2]])

        assert shop.payment(opened)["refunded_amount"] == 300
        shop.assert_refunds_agree(opened)


class TestOnTheGatewaysPages:
    @pytest.mark.parametrize("order", sorted(set(permutations((0, 0, 1, 1)))))
    def test_a_refund_is_booked_once(self, shop: Shop, order: tuple[int, ...]) -> None:
        opened = shop.paid()
        shop.refund_on_dashboard(opened, 40_000)
        events = refund_events(shop)

        for place in order:
            assert shop.deliver(events[place]).status_code == 200

        [refund] = shop.admin.get(f"/api/payments/{opened['payment_id']}/refunds").json["data"]
        assert (refund["status"], refund["amount"], refund["reason"]) == ("COMPLETED", 400, "other")
        assert shop.order_of(opened)["refund_amount"] == 400
        shop.assert_refunds_agree(opened)

    @pytest.mark.parametrize("order", list(permutations((0, 1))))
    def test_a_refund_that_fails_leaves_everything_refundable(
        self, shop: Shop, order: tuple[int, ...]
    ) -> None:
        opened = shop.paid()
        shop.sandbox.post("razorpay/settings", refunds="pending")
        refund = shop.refund_on_dashboard(opened, 40_000)
        shop.sandbox.post(f"razorpay/refunds/{refund['id']}/fail")
        events = refund_events(shop)

        for place in order:
            shop.deliver(events[place])
        shop.reconcile()

        assert shop.payment(opened)["refundable_amount"] == 1000
        shop.assert_refunds_agree(opened)

    def test_a_refund_may_be_told_before_the_payment_it_belongs_to(self, shop: Shop) -> None:
        opened = shop.opened()
        shop.refund_on_dashboard(opened, 40_000, paid=shop.pay(opened))

        for event in refund_events(shop)[::-1]:
            assert shop.deliver(event).status_code == 200

        payment = shop.payment(opened)
        assert (payment["status"], payment["refunded_amount"]) == ("PARTIAL_REFUND", 400)
        shop.assert_refunds_agree(opened)

    def test_a_refund_of_somebody_elses_payment_is_none_of_ours(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.refund_on_dashboard(opened, 40_000)
        event = refund_events(shop)[-1]
        event["payload"]["refund"]["entity"]["payment_id"] = "pay_Stranger000001"
        del event["payload"]["payment"]

        assert shop.deliver(event).status_code == 200
        assert shop.database["refunds"].count_documents({}) == 0

    def test_more_than_is_left_is_booked_as_far_as_it_goes(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.refund(opened, 600, destination="wallet")
        shop.refund_on_dashboard(opened, 100_000)

        for event in refund_events(shop):
            assert shop.deliver(event).status_code == 200

        payment = shop.payment(opened)
        assert (payment["status"], payment["refunded_amount"]) == ("REFUNDED", 1000)

    def test_a_refund_of_the_same_amount_as_one_without_an_answer_is_another(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.sandbox.fault("/refund$", "drop_after", times=3)
        shop.refund(opened, 400)
        shop.refund_on_dashboard(opened, 40_000)

        for event in refund_events(shop)[::-1]:
            shop.deliver(event)

        assert shop.payment(opened)["refunded_amount"] == 800
        shop.assert_refunds_agree(opened)

    def test_a_whole_refund_ends_one_that_waits(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.sandbox.fault("/refund$", "unauthorized")
        shop.refund(opened, 600)
        shop.refund_on_dashboard(opened, 100_000)

        for event in refund_events(shop):
            shop.deliver(event)
        shop.reconcile()

        assert shop.payment(opened)["refunded_amount"] == 1000
        shop.assert_refunds_agree(opened)
