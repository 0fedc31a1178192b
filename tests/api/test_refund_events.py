"""Whatever becomes of a refund or a dispute leaves exactly one event, and a replay none."""

import pytest

from tests.api.meetings import refund_order, split
from tests.api.test_disputes_api import deliver, disputed
from tests.api.told import forget, kinds, only
from tests.shop import Shop


class TestRefunds:
    @pytest.mark.parametrize("destination", ["source", "wallet"])
    def test_are_told_once(self, shop: Shop, destination: str) -> None:
        opened = shop.paid()
        forget(shop)
        for _ in range(2):
            refund = shop.refund(opened, 400, destination=destination, key="back").json["data"]

        assert kinds(shop) == {"refund.completed": 1}
        assert only(shop, "refund.completed") == {
            "refund_id": refund["refund_id"],
            "order_id": opened["order_id"],
            "payment_id": opened["payment_id"],
            "amount": 40_000,
            "currency": "INR",
            "destination": destination,
            "reason": "customer_request",
        }

    def test_above_what_is_left_tell_nothing(self, shop: Shop) -> None:
        opened = shop.paid()
        forget(shop)

        assert shop.refund(opened, 4_000).status_code == 409

        assert kinds(shop) == {}

    @pytest.mark.parametrize(("end", "type_"), [("process", "completed"), ("fail", "failed")])
    def test_under_way_are_told_when_they_end(self, shop: Shop, end: str, type_: str) -> None:
        opened = shop.paid()
        forget(shop)
        shop.sandbox.post("razorpay/settings", refunds="pending")
        refund = shop.refund(opened, 400).json["data"]
        assert kinds(shop) == {}
        shop.sandbox.post(f"razorpay/refunds/{refund['gateway_refund_id']}/{end}")
        for _ in range(2):
            shop.reconcile()

        assert kinds(shop) == {f"refund.{type_}": 1}
        assert only(shop, f"refund.{type_}")["refund_id"] == refund["refund_id"]

    def test_made_on_the_gateways_own_pages_are_told_once(self, shop: Shop) -> None:
        opened = shop.paid()
        forget(shop)
        shop.refund_on_dashboard(opened, 30_000)
        event = [event for event in shop.events() if event["event"] == "refund.processed"][-1]
        for _ in range(2):
            shop.deliver(event)

        assert kinds(shop) == {"refund.completed": 1}
        assert only(shop, "refund.completed")["amount"] == 30_000

    def test_of_an_order_paid_by_both_are_told_once_and_as_a_whole(self, shop: Shop) -> None:
        shop.customer.is_given(20_000)
        order_id = shop.order(50_000)
        opened = split(shop, order_id, 200)
        shop.verify(opened, shop.pay(opened))
        forget(shop)
        for _ in range(2):
            assert refund_order(shop, order_id, 500, key="all").status_code in (200, 201)

        assert shop.database["refunds"].count_documents({}) == 2
        assert kinds(shop) == {"refund.completed": 1}
        assert only(shop, "refund.completed")["amount"] == 50_000


class TestDisputes:
    def test_are_told_once_however_many_messages_come(self, shop: Shop) -> None:
        opened = shop.paid()
        forget(shop)
        events = disputed(shop, opened, "created", "under_review", "action_required", amount_minor=40_000)
        deliver(shop, [*events, *events])

        assert kinds(shop) == {"dispute.opened": 1}
        data = only(shop, "dispute.opened")
        assert (data["payment_id"], data["order_id"]) == (opened["payment_id"], opened["order_id"])
        assert (data["amount"], data["currency"]) == (40_000, "INR")

    def test_of_strangers_tell_nothing(self, shop: Shop) -> None:
        opened = shop.paid()
        [event] = disputed(shop, opened, "created")
        forget(shop)
        event["payload"]["payment"]["entity"]["id"] = "pay_of_somebody_else"
        event["payload"]["dispute"]["entity"]["payment_id"] = "pay_of_somebody_else"
        deliver(shop, [event])

        assert shop.database["disputes"].count_documents({}) == 1
        assert kinds(shop) == {}
