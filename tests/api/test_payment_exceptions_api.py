"""Captured money that fits no payment: kept once, shown to admins, settled once with a reason."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import requests

from backend.sandbox import keys
from tests.api.answers import faulty_fields, refusal
from tests.gateways.controls import SECONDS
from tests.shop import DECLINED_CARD, Shop

LIST = "/api/admin/payment-exceptions"


def deliver_all(shop: Shop) -> None:
    for event in shop.events():
        assert shop.deliver(event).status_code == 200


def wrong_amount(shop: Shop) -> Any:
    opened = shop.opened()
    return opened, shop.pay(opened, amount=50_000)


def other_currency(shop: Shop) -> Any:
    opened = shop.opened()
    return opened, shop.pay(opened, currency="USD")


def cancelled_order(shop: Shop) -> Any:
    opened = shop.opened()
    assert shop.customer.post(f"/api/orders/{opened['order_id']}/cancel").status_code == 200
    return opened, shop.pay(opened)


def paid_twice(shop: Shop) -> Any:
    first = shop.opened()
    shop.pay(first, card_number=DECLINED_CARD, method="card")
    shop.customer.get(f"/api/payments/{first['payment_id']}/verify")
    second = shop.initiate(first["order_id"]).json["data"]
    assert shop.verify(second, shop.pay(second)).status_code == 200
    return first, shop.pay(first)


def unknown_order(shop: Shop) -> Any:
    """Pay an order that somebody else has opened with the same account."""
    account = (keys.RAZORPAY_KEY_ID, keys.RAZORPAY_KEY_SECRET)
    body = {"amount": 100_000, "currency": "INR"}
    made = requests.post(f"{shop.sandbox.url}/v1/orders", json=body, auth=account, timeout=SECONDS).json()
    paid = shop.pay({"gateway": "razorpay", "gateway_order_id": made["id"]})
    return {"order_id": None, "payment_id": None}, paid


CASES = {
    "amount_mismatch": (wrong_amount, 500, "INR"),
    "currency_mismatch": (other_currency, 1000, "USD"),
    "order_not_payable": (cancelled_order, 1000, "INR"),
    "paid_twice": (paid_twice, 1000, "INR"),
    "unknown_payment": (unknown_order, 1000, "INR"),
}


def found(shop: Shop, make: Callable[[Shop], Any]) -> Any:
    """Let money arrive that fits nothing, and give the exception."""
    make(shop)
    deliver_all(shop)
    return shop.admin.get(LIST).json["data"][0]


def resolve(shop: Shop, exception: Any, resolution: str, reason: str | None = "Agreed", **more: Any) -> Any:
    key = more.pop("key", None)
    body = {"resolution": resolution} | ({} if reason is None else {"reason": reason}) | more
    return shop.admin.post(f"{LIST}/{exception['id']}/resolve", body, key=key)


def balance(shop: Shop) -> int:
    return shop.services.wallets.get_wallet(shop.customer.id).balance_minor


def state(shop: Shop, exception: Any) -> str:
    return str(shop.admin.get(f"{LIST}/{exception['id']}").json["data"]["state"])


def refunded(shop: Shop) -> int:
    return sum(refund["amount"] for refund in shop.sandbox.books()["refunds"])


class TestList:
    @pytest.mark.parametrize("reason", CASES)
    def test_shows_money_once_with_all_that_is_known(self, shop: Shop, reason: str) -> None:
        make, amount, currency = CASES[reason]
        opened, paid = make(shop)

        for _ in range(2):
            deliver_all(shop)

        answer = shop.admin.get(LIST).json
        [exception] = answer["data"]
        assert (answer["total"], exception["reason"], exception["state"]) == (1, reason, "OPEN")
        assert (exception["amount"], exception["currency"]) == (amount, currency)
        known = (exception["gateway_payment_id"], exception["gateway_order_id"])
        assert known == (paid["razorpay_payment_id"], paid["razorpay_order_id"])
        assert (exception["order_id"], exception["payment_id"]) == (opened["order_id"], opened["payment_id"])
        assert exception["customer_id"] == (shop.customer.id if opened["order_id"] else None)

    def test_can_be_paged_and_filtered_by_state(self, shop: Shop) -> None:
        for _ in range(3):
            wrong_amount(shop)
        deliver_all(shop)
        newest = shop.admin.get(LIST).json["data"]
        resolve(shop, newest[1], "dismiss")

        page = shop.admin.get(f"{LIST}?limit=1&skip=1").json
        by_state = {state: shop.admin.get(f"{LIST}?state={state}").json for state in ("OPEN", "RESOLVED")}

        assert ([one["id"] for one in page["data"]], page["total"]) == ([newest[1]["id"]], 3)
        assert [one["id"] for one in by_state["OPEN"]["data"]] == [newest[0]["id"], newest[2]["id"]]
        assert (by_state["OPEN"]["total"], by_state["RESOLVED"]["total"]) == (2, 1)
        assert refusal(shop.admin.get(f"{LIST}?state=LOST"))[0] == 400

    def test_is_for_admins_only(self, shop: Shop) -> None:
        one = f"{LIST}/{found(shop, wrong_amount)['id']}"

        for path in (LIST, one):
            assert refusal(shop.customer.get(path)) == (403, "FORBIDDEN")
        answer = shop.customer.post(f"{one}/resolve", {"resolution": "dismiss", "reason": "x"})
        assert refusal(answer) == (403, "FORBIDDEN")
        assert refusal(shop.admin.get(f"{LIST}/EXC-none")) == (404, "EXCEPTION_NOT_FOUND")


class TestCredit:
    def test_is_in_the_wallet_under_the_gateways_payment(self, shop: Shop) -> None:
        exception = found(shop, wrong_amount)

        response = resolve(shop, exception, "credit_wallet", "Paid half")

        [entry] = shop.customer.get("/api/transactions").json["transactions"]
        assert (entry["type"], entry["amount"], entry["reason"]) == ("credit", 500, "Paid half")
        known = {"payment_id": exception["gateway_payment_id"], "gateway": "razorpay"}
        assert (entry["order_id"], entry["metadata"]) == (exception["order_id"], known)
        data = response.json["data"]
        assert (data["state"], data["resolved_by"]) == ("RESOLVED", shop.admin.id)
        assert data["outcome"] == {"transaction_id": entry["id"]}
        assert shop.services.verifier.run().is_whole

    def test_happens_once_whoever_asks_at_the_same_time(self, shop: Shop) -> None:
        exception = found(shop, wrong_amount)
        asked = [partial(resolve, shop, exception, "credit_wallet", f"By {name}") for name in range(10)]

        with ThreadPoolExecutor(10) as pool:
            answers = {answer.status_code for answer in pool.map(lambda ask: ask(), asked)}

        assert answers <= {200, 409}
        assert balance(shop) == 50_000

    def test_of_money_that_is_nobodys_needs_a_customer(self, shop: Shop) -> None:
        exception = found(shop, unknown_order)

        assert refusal(resolve(shop, exception, "credit_wallet")) == (400, "VALIDATION_ERROR")
        unknown = resolve(shop, exception, "credit_wallet", customer_id="cust_nobody")
        assert refusal(unknown) == (404, "CUSTOMER_NOT_FOUND")
        right = resolve(shop, exception, "credit_wallet", customer_id=shop.customer.id)
        assert (right.status_code, balance(shop)) == (200, 100_000)

    def test_of_another_currency_is_refused_and_it_can_be_sent_back(self, shop: Shop) -> None:
        exception = found(shop, other_currency)
        assert refusal(resolve(shop, exception, "credit_wallet")) == (409, "CONFLICT")
        assert (state(shop, exception), balance(shop)) == ("OPEN", 0)
        assert resolve(shop, exception, "refund_at_source").status_code == 200
        assert refunded(shop) == 100_000


class TestRefundAtSource:
    @pytest.mark.parametrize("reason", CASES)
    def test_gives_all_of_it_back_once(self, shop: Shop, reason: str) -> None:
        make, amount, _ = CASES[reason]
        exception = found(shop, make)

        first = resolve(shop, exception, "refund_at_source", key="send-back")
        again = resolve(shop, exception, "refund_at_source", key="send-back")

        [refund] = shop.sandbox.books()["refunds"]
        assert first.json == again.json
        assert first.json["data"]["outcome"] == {"gateway_refund_id": refund["id"], "status": "PROCESSED"}
        assert (refund["amount"], refund["payment_id"]) == (amount * 100, exception["gateway_payment_id"])

    def test_that_had_no_answer_can_be_finished_and_happens_once(self, shop: Shop) -> None:
        exception = found(shop, wrong_amount)
        shop.sandbox.fault("/refund$", "drop_after", times=3)

        assert refusal(resolve(shop, exception, "refund_at_source"))[0] in (502, 504)
        assert state(shop, exception) == "RESOLVING"
        assert refusal(resolve(shop, exception, "credit_wallet")) == (409, "CONFLICT")
        assert resolve(shop, exception, "refund_at_source").status_code == 200
        assert (refunded(shop), balance(shop), state(shop, exception)) == (50_000, 0, "RESOLVED")

    def test_that_had_no_answer_is_not_forgotten_when_keys_are_refused(self, shop: Shop) -> None:
        exception = found(shop, wrong_amount)
        shop.sandbox.fault("/refund$", "drop_after", times=3)
        resolve(shop, exception, "refund_at_source")
        shop.sandbox.fault("/refund$", "unauthorized")
        resolve(shop, exception, "refund_at_source")

        resolve(shop, exception, "credit_wallet")

        assert (refunded(shop), balance(shop)) == (50_000, 0)

    def test_that_is_refused_leaves_the_decision_open(self, shop: Shop) -> None:
        exception = found(shop, wrong_amount)
        shop.sandbox.fault("/refund$", "error", status=400)

        assert refusal(resolve(shop, exception, "refund_at_source")) == (502, "GATEWAY_ERROR")
        assert resolve(shop, exception, "credit_wallet").status_code == 200
        assert (refunded(shop), balance(shop)) == (0, 50_000)

    def test_made_on_the_gateways_pages_leaves_nothing_to_credit(self, shop: Shop) -> None:
        exception = found(shop, wrong_amount)
        shop.refund_on_dashboard({}, 50_000, paid={"razorpay_payment_id": exception["gateway_payment_id"]})
        deliver_all(shop)

        resolve(shop, exception, "credit_wallet")

        assert balance(shop) == 0


class TestDecision:
    def test_needs_a_reason_and_a_known_kind(self, shop: Shop) -> None:
        exception = found(shop, wrong_amount)

        assert faulty_fields(resolve(shop, exception, "dismiss", reason=None)) == {"reason"}
        assert faulty_fields(resolve(shop, exception, "dismiss", reason=" ")) == {"reason"}
        assert faulty_fields(resolve(shop, exception, "keep")) == {"resolution"}
        assert state(shop, exception) == "OPEN"

    @pytest.mark.parametrize("first", ["dismiss", "credit_wallet", "refund_at_source"])
    @pytest.mark.parametrize("second", ["dismiss", "credit_wallet", "refund_at_source"])
    def test_is_made_once(self, shop: Shop, first: str, second: str) -> None:
        exception = found(shop, wrong_amount)
        made = resolve(shop, exception, first).json["data"]

        assert refusal(resolve(shop, exception, second)) == (409, "CONFLICT")

        deliver_all(shop)
        assert shop.admin.get(f"{LIST}/{exception['id']}").json["data"] == made
        assert balance(shop) == (50_000 if first == "credit_wallet" else 0)
        assert refunded(shop) == (50_000 if first == "refund_at_source" else 0)
