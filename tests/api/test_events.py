"""Whatever happens to money leaves exactly one event, a replay none, and what was refused none."""

from tests.api.meetings import (
    captured,
    pay_with_wallet,
    split,
    topup,
    verify_topup,
)
from tests.api.told import forget, kinds, only, told
from tests.conftest import Person
from tests.shop import DECLINED_CARD, Shop


class TestWallets:
    def test_a_topup_is_told_once_by_whatever_ways_it_is_heard_of(self, shop: Shop) -> None:
        opened = topup(shop, 500)
        paid = shop.pay(opened)
        event = [event for event in shop.events() if event["event"] == "payment.captured"][-1]
        for _ in range(2):
            verify_topup(shop, opened, paid)
            shop.deliver(event)

        assert kinds(shop) == {"wallet.topped_up": 1}
        data = only(shop, "wallet.topped_up")
        [entry] = shop.database["wallet_transactions"].find()
        assert data.pop("gateway_payment_id") == paid["razorpay_payment_id"]
        assert data == {
            "transaction_id": entry["_id"],
            "amount": 50_000,
            "balance": 50_000,
            "currency": "INR",
            "source": "wallet_topup",
            "gateway": "razorpay",
        }

    def test_a_credit_by_an_admin_is_told_once(self, shop: Shop) -> None:
        credit = {"amount": 75, "reason": "Welcome"}
        for _ in range(2):
            shop.admin.post(f"/api/wallet/{shop.customer.id}/credit", credit, key="welcome")

        assert kinds(shop) == {"wallet.credited": 1}
        assert only(shop, "wallet.credited")["amount"] == 7_500

    def test_a_debit_across_the_threshold_is_told_once(self, shop: Shop) -> None:
        shop.customer.is_given(10_000)
        forget(shop)
        debit = {"amount": 90, "reason": "Tea"}
        for _ in range(2):
            shop.admin.post(f"/api/wallet/{shop.customer.id}/debit", debit, key="tea")
        refused = shop.admin.post(f"/api/wallet/{shop.customer.id}/debit", debit, key="more")

        assert refused.status_code == 400
        assert kinds(shop) == {"wallet.low_balance": 1}
        assert only(shop, "wallet.low_balance")["balance"] == 1_000


class TestOrders:
    def test_paid_at_a_gateway_are_told_once(self, shop: Shop) -> None:
        opened = shop.opened()
        paid = shop.pay(opened)
        event = [event for event in shop.events() if event["event"] == "payment.captured"][-1]
        for _ in range(2):
            shop.deliver(event)
            shop.verify(opened, paid)

        assert kinds(shop) == {"order.paid": 1}
        assert only(shop, "order.paid") == {
            "order_id": opened["order_id"],
            "payment_id": opened["payment_id"],
            "gateway": "razorpay",
            "gateway_payment_id": paid["razorpay_payment_id"],
            "method": "card",
            "amount": 100_000,
            "wallet_amount": 0,
            "currency": "INR",
        }

    def test_paid_by_the_wallet_are_told_once(self, shop: Shop) -> None:
        shop.customer.is_given(100_000)
        forget(shop)
        order_id = shop.order(50_000)
        for _ in range(2):
            assert pay_with_wallet(shop, order_id, 500).status_code == 200

        assert kinds(shop) == {"order.paid": 1}
        data = only(shop, "order.paid")
        assert (data["order_id"], data["method"], data["amount"]) == (order_id, "wallet", 50_000)

    def test_that_the_wallet_cannot_pay_tell_nothing(self, shop: Shop) -> None:
        assert pay_with_wallet(shop, shop.order(50_000), 500).status_code == 400

        assert kinds(shop) == {}

    def test_paid_by_both_are_told_once_and_as_a_whole(self, shop: Shop) -> None:
        shop.customer.is_given(100_000)
        forget(shop)
        opened = split(shop, shop.order(100_000), 300)
        event = captured(shop, opened)
        for _ in range(2):
            shop.deliver(event)

        assert kinds(shop) == {"order.paid": 1}
        data = only(shop, "order.paid")
        assert (data["amount"], data["wallet_amount"], data["method"]) == (100_000, 30_000, "card")

    def test_whose_money_came_too_late_tell_of_the_credit_and_nothing_else(self, shop: Shop) -> None:
        shop.customer.is_given(40_000)
        opened = split(shop, shop.order(100_000), 300)
        shop.customer.post(f"/api/payments/{opened['payment_id']}/cancel")
        pay_with_wallet(shop, shop.order(40_000), 400)
        forget(shop)
        event = captured(shop, opened)
        for _ in range(2):
            shop.deliver(event)

        assert kinds(shop) == {"wallet.late_payment_credited": 1}
        assert only(shop, "wallet.late_payment_credited")["amount"] == 70_000

    def test_paid_with_money_that_fits_nothing_tell_nothing_more(self, shop: Shop) -> None:
        opened = shop.paid()
        event = [event for event in shop.events() if event["event"] == "payment.captured"][-1]
        event["payload"]["payment"]["entity"]["id"] = "pay_other"
        shop.deliver(event)

        assert shop.database["payment_exceptions"].count_documents({}) == 1
        assert kinds(shop) == {"order.paid": 1}
        assert only(shop, "order.paid")["payment_id"] == opened["payment_id"]


def test_a_payment_that_fails_is_told_once_for_each_attempt(shop: Shop) -> None:
    order_id = shop.order()
    for _ in range(2):
        opened = shop.initiate(order_id).json["data"]
        shop.pay(opened, method="card", card_number=DECLINED_CARD)
        event = [event for event in shop.events() if event["event"] == "payment.failed"][-1]
        for _ in range(2):
            shop.deliver(event)

    assert kinds(shop) == {"payment.failed": 2}
    assert [event["data"]["attempt"] for event in told(shop)] == [1, 2]
    assert told(shop)[0]["data"]["error_code"]


def test_people_who_sign_up_and_look_around_leave_nothing(shop: Shop) -> None:
    somebody = Person(shop.app, email="ravi@shop.example")
    somebody.get("/api/wallet/balance")
    shop.opened()

    assert kinds(shop) == {}
