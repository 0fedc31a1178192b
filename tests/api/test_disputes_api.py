"""Disputes: what banks and PayPal want back is flagged, listed, and booked when it is lost."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import pytest

from tests.api.answers import refusal
from tests.shop import Shop

ORIGIN = 1_780_000_000
STEPS = ("created", "under_review", "action_required")


def disputed(shop: Shop, opened: Any, *kinds: str, amount_minor: int = 100_000) -> list[Any]:
    """Have a bank ask for a payment back, and give the messages about it, a minute apart."""
    paid = shop.payment(opened)["gateway_payment_id"]
    shop.sandbox.post(f"razorpay/payments/{paid}/dispute", amount=amount_minor)
    template = shop.events()[-1]
    return [
        template | {"event": f"payment.dispute.{kind}", "created_at": ORIGIN + 60 * minute}
        for minute, kind in enumerate(kinds)
    ]


def deliver(shop: Shop, events: Sequence[Any]) -> None:
    for event in events:
        assert shop.deliver(event).status_code == 200


def listed(shop: Shop) -> list[Any]:
    found: list[Any] = shop.admin.get("/api/admin/disputes").json["data"]
    return found


def flags(shop: Shop, opened: Any) -> tuple[bool, bool]:
    return shop.payment(opened)["disputed"], shop.order_of(opened)["disputed"]


def test_a_dispute_is_flagged_and_listed(shop: Shop) -> None:
    opened = shop.paid()

    deliver(shop, disputed(shop, opened, "created", amount_minor=40_000))

    [dispute] = listed(shop)
    assert (dispute["state"], dispute["amount"], dispute["currency"]) == ("open", 400, "INR")
    assert (dispute["payment_id"], dispute["order_id"]) == (opened["payment_id"], opened["order_id"])
    assert (dispute["customer_id"], dispute["phase"]) == (shop.customer.id, "chargeback")
    assert dispute["reason"] == "chargeback_authorization"
    assert dispute["respond_by"].endswith("Z")
    assert flags(shop, opened) == (True, True)


def test_the_sandboxs_own_messages_tell_the_same(shop: Shop) -> None:
    opened = shop.paid()
    paid = shop.payment(opened)["gateway_payment_id"]
    shop.sandbox.post(f"razorpay/payments/{paid}/dispute")
    shop.sandbox.post(f"razorpay/payments/{paid}/dispute-close", status="lost")

    deliver(shop, shop.events())

    assert [dispute["state"] for dispute in listed(shop)] == ["lost"]
    assert shop.payment(opened)["refundable_amount"] == 0


def test_disputes_are_for_admins_only(shop: Shop) -> None:
    assert refusal(shop.customer.get("/api/admin/disputes")) == (403, "FORBIDDEN")
    assert shop.admin.get("/api/admin/disputes").json == {"status": "success", "data": [], "total": 0}


def test_disputes_can_be_paged(shop: Shop) -> None:
    for _ in range(3):
        deliver(shop, disputed(shop, shop.paid(), "created"))

    page = shop.admin.get("/api/admin/disputes?limit=1&skip=1").json

    assert (page["total"], [one["id"] for one in page["data"]]) == (3, [listed(shop)[1]["id"]])


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_latest_word_counts_in_whatever_order_it_comes(shop: Shop, order: tuple[int, ...]) -> None:
    opened = shop.paid()
    events = disputed(shop, opened, *STEPS)

    deliver(shop, [events[place] for place in (*order, *order)])

    assert [dispute["state"] for dispute in listed(shop)] == ["action_required"]
    assert flags(shop, opened) == (True, True)


@pytest.mark.parametrize("end", ["won", "lost", "closed"])
def test_an_end_is_the_end_in_whatever_order_it_comes(shop: Shop, end: str) -> None:
    for order in permutations(range(4)):
        opened = shop.paid()
        events = disputed(shop, opened, *STEPS, end)

        deliver(shop, [events[place] for place in order])

        assert listed(shop)[0]["state"] == end
        assert flags(shop, opened) == ((True, True) if end == "lost" else (False, False))
        assert shop.payment(opened)["refunded_amount"] == (1000 if end == "lost" else 0)


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_a_loss_that_is_closed_afterwards_stays_a_loss(shop: Shop, order: tuple[int, ...]) -> None:
    opened = shop.paid()
    events = disputed(shop, opened, "lost", "closed")

    deliver(shop, [events[place] for place in order])

    assert shop.payment(opened)["refundable_amount"] == 0


def test_messages_at_the_same_time_are_all_taken(shop: Shop) -> None:
    opened = shop.paid()
    events = disputed(shop, opened, *STEPS, "lost") * 3

    with ThreadPoolExecutor(len(events)) as pool:
        answers = {answer.status_code for answer in pool.map(shop.deliver, events)}

    assert answers == {200}
    assert [dispute["state"] for dispute in listed(shop)] == ["lost"]
    assert shop.payment(opened)["refunded_amount"] == 1000


class TestLost:
    def test_money_cannot_be_refunded_again(self, shop: Shop) -> None:
        opened = shop.paid()

        deliver(shop, disputed(shop, opened, "created", "lost") * 2)

        assert shop.payment(opened)["status"] == "REFUNDED"
        assert shop.order_of(opened)["refund_amount"] == 1000
        for destination in ("source", "wallet"):
            response = shop.refund(opened, destination=destination)
            assert refusal(response) == (409, "REFUND_NOT_ALLOWED")
        [booked] = shop.admin.get(f"/api/payments/{opened['payment_id']}/refunds").json["data"]
        assert (booked["reason"], booked["amount"], booked["status"]) == ("dispute", 1000, "COMPLETED")

    def test_money_in_part_leaves_the_rest(self, shop: Shop) -> None:
        opened = shop.paid()

        deliver(shop, disputed(shop, opened, "lost", amount_minor=40_000))

        payment = shop.payment(opened)
        assert (payment["status"], payment["refundable_amount"]) == ("PARTIAL_REFUND", 600)
        assert shop.refund(opened, 600).status_code == 201

    def test_money_that_was_given_back_before_is_not_booked_twice(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.refund(opened, 600, destination="wallet")

        deliver(shop, disputed(shop, opened, "lost"))

        assert shop.payment(opened)["refunded_amount"] == 1000

    def test_money_is_gone_even_if_a_refund_under_way_fails(self, shop: Shop) -> None:
        opened = shop.paid()
        shop.sandbox.post("razorpay/settings", refunds="pending")
        refund = shop.refund(opened, 400).json["data"]
        deliver(shop, disputed(shop, opened, "lost"))
        shop.sandbox.post(f"razorpay/refunds/{refund['gateway_refund_id']}/fail")

        deliver(shop, shop.events()[-1:])

        assert shop.payment(opened)["refundable_amount"] == 0


class TestWon:
    def test_takes_the_flags_away(self, shop: Shop) -> None:
        opened = shop.paid()

        deliver(shop, disputed(shop, opened, "created", "won"))

        assert flags(shop, opened) == (False, False)
        assert shop.refund(opened).status_code == 201

    def test_leaves_the_flags_of_another_dispute(self, shop: Shop) -> None:
        opened = shop.paid()
        first = disputed(shop, opened, "created", "won")
        second = disputed(shop, opened, "created")

        deliver(shop, [first[0], *second, first[1]])

        assert {dispute["state"] for dispute in listed(shop)} == {"won", "open"}
        assert flags(shop, opened) == (True, True)


def test_a_dispute_about_somebody_elses_payment_is_kept(shop: Shop) -> None:
    [event] = disputed(shop, shop.paid(), "lost")
    event["payload"]["dispute"]["entity"]["payment_id"] = "pay_Stranger000001"
    del event["payload"]["payment"]

    deliver(shop, [event])

    [dispute] = listed(shop)
    assert (dispute["state"], dispute["gateway_payment_id"]) == ("lost", "pay_Stranger000001")
    assert (dispute["payment_id"], dispute["order_id"]) == (None, None)


def test_a_dispute_may_come_before_the_message_that_its_payment_is_paid(shop: Shop) -> None:
    opened = shop.opened()
    paid = shop.pay(opened)["razorpay_payment_id"]
    shop.sandbox.post(f"razorpay/payments/{paid}/dispute")

    deliver(shop, shop.events()[-1:])

    assert shop.payment(opened)["status"] == "COMPLETED"
    assert flags(shop, opened) == (True, True)
