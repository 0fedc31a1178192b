"""One order is paid by one payment, however often and at how many places it is tried."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from tests.api.answers import refusal
from tests.api.shops import another_shop, patient_gateways
from tests.conftest import Document
from tests.shop import DECLINED_CARD, Shop


def ask(shop: Shop, opened: Any) -> Any:
    """Let the server ask the gateway, and give the status of the payment."""
    return shop.customer.get(f"/api/payments/{opened['payment_id']}/verify").json["data"]["status"]


def fail(shop: Shop, opened: Any) -> None:
    """Let the bank say no."""
    shop.pay(opened, method="card", card_number=DECLINED_CARD)
    assert ask(shop, opened) == "FAILED"


def cancel(shop: Shop, opened: Any) -> None:
    response = shop.customer.post(f"/api/payments/{opened['payment_id']}/cancel")
    assert response.json["data"]["status"] == "CANCELLED"


def let_time_pass(database: Database[Document], opened: Any) -> None:
    """Put the end of every attempt into the past."""
    past = {"attempts.$[].expires_at": datetime.now(UTC) - timedelta(seconds=1)}
    database["payment_orders"].update_one({"_id": opened["payment_id"]}, {"$set": past})


class TestAnOpenAttempt:
    @pytest.mark.parametrize("method", ["card", "paypal"])
    def test_is_handed_back(self, shop: Shop, database: Database[Document], method: str) -> None:
        opened = shop.opened(method=method)

        again = shop.initiate(opened["order_id"], method=method)

        assert (again.status_code, again.json["data"]) == (200, opened)
        assert database["payment_orders"].count_documents({}) == 1

    def test_is_handed_back_when_its_gateway_is_named(self, shop: Shop) -> None:
        opened = shop.opened()

        again = shop.initiate(opened["order_id"], gateway="razorpay")

        assert (again.status_code, again.json["data"]) == (200, opened)
        assert len(shop.sandbox.books()["orders"]) == 1

    @pytest.mark.parametrize("other", [{"method": "upi"}, {"method": "paypal"}, {"gateway": "paypal"}])
    def test_stands_in_the_way_of_another_one(self, shop: Shop, other: dict[str, str]) -> None:
        opened = shop.opened()

        response = shop.initiate(opened["order_id"], **other)

        details = response.json["error"]["details"]
        assert refusal(response) == (409, "DUPLICATE_PAYMENT")
        assert (details["payment_id"], details["gateway"]) == (opened["payment_id"], "razorpay")
        assert shop.sandbox.books()["paypal_orders"] == []

    def test_makes_way_once_it_is_cancelled(self, shop: Shop) -> None:
        opened = shop.opened()
        cancel(shop, opened)

        again = shop.initiate(opened["order_id"], method="paypal")

        assert (again.status_code, again.json["data"]["gateway"]) == (201, "paypal")
        assert shop.payment(opened)["attempts"] == 2


class TestAnotherAttempt:
    @pytest.mark.parametrize("end", [fail, cancel])
    def test_may_follow_one_that_ended(self, shop: Shop, end: Any) -> None:
        opened = shop.opened()
        end(shop, opened)

        again = shop.initiate(opened["order_id"])

        data, history = again.json["data"], shop.payment(opened)["attempt_history"]
        assert (again.status_code, data["payment_id"], data["status"]) == (
            201,
            opened["payment_id"],
            "INITIATED",
        )
        assert data["gateway_order_id"] != opened["gateway_order_id"]
        assert [tried["gateway_order_id"] for tried in history] == [
            opened["gateway_order_id"],
            data["gateway_order_id"],
        ]

    def test_tells_nothing_of_the_error_before(self, shop: Shop) -> None:
        opened = shop.opened()
        fail(shop, opened)
        before = (shop.payment(opened)["error"]["code"], shop.order_of(opened)["payment_status"])

        shop.initiate(opened["order_id"])

        assert before == ("BAD_REQUEST_ERROR", "FAILED")
        assert (shop.payment(opened)["error"], shop.order_of(opened)["payment_status"]) == (None, "PENDING")

    @pytest.mark.parametrize("end", [fail, cancel])
    def test_is_refused_after_the_last(self, shop: Shop, end: Any) -> None:
        opened = shop.opened()
        for _ in range(2):
            end(shop, opened)
            opened = shop.initiate(opened["order_id"]).json["data"]
        end(shop, opened)

        response = shop.initiate(opened["order_id"])

        assert refusal(response) == (429, "MAX_ATTEMPTS_EXCEEDED")
        assert int(response.headers["Retry-After"]) > 0
        assert (shop.payment(opened)["attempts"], len(shop.sandbox.books()["orders"])) == (3, 3)

    def test_is_allowed_as_often_as_the_installation_says(self, shop: Shop) -> None:
        with another_shop(shop, payment_max_attempts=1) as strict:
            opened = strict.opened()
            cancel(strict, opened)

            response = strict.initiate(opened["order_id"])

        assert refusal(response) == (429, "MAX_ATTEMPTS_EXCEEDED")

    def test_that_is_the_last_can_still_be_paid(self, shop: Shop) -> None:
        with another_shop(shop, payment_max_attempts=1) as strict:
            opened = strict.opened()
            fail(strict, opened)
            strict.pay(opened)

            assert ask(strict, opened) == "COMPLETED"


class TestTime:
    def test_ends_an_attempt_that_nobody_paid(self, shop: Shop, database: Database[Document]) -> None:
        opened = shop.opened()
        let_time_pass(database, opened)

        again = shop.initiate(opened["order_id"], method="upi")

        assert (again.status_code, again.json["data"]["payment_id"]) == (201, opened["payment_id"])
        assert again.json["data"]["gateway_order_id"] != opened["gateway_order_id"]
        assert shop.payment(opened)["attempts"] == 2

    def test_does_not_end_one_that_was_paid_meanwhile(self, shop: Shop, database: Database[Document]) -> None:
        opened = shop.opened()
        shop.pay(opened)
        let_time_pass(database, opened)

        response = shop.initiate(opened["order_id"])

        assert refusal(response) == (409, "ORDER_NOT_PAYABLE")
        assert shop.payment(opened)["status"] == "COMPLETED"
        assert shop.order_of(opened)["payment_status"] == "PAID"
        assert len(shop.sandbox.books()["orders"]) == 1

    def test_does_not_end_one_of_which_the_gateway_cannot_be_asked(
        self, shop: Shop, database: Database[Document]
    ) -> None:
        opened = shop.opened()
        let_time_pass(database, opened)
        shop.sandbox.fault("/payments$", "error", times=9)

        response = shop.initiate(opened["order_id"])

        assert refusal(response) == (502, "GATEWAY_ERROR")
        assert (shop.payment(opened)["status"], shop.payment(opened)["attempts"]) == ("INITIATED", 1)

    def test_counts_expired_attempts_like_others(self, shop: Shop, database: Database[Document]) -> None:
        opened = shop.opened()
        for _ in range(3):
            let_time_pass(database, opened)
            response = shop.initiate(opened["order_id"])

        assert refusal(response) == (429, "MAX_ATTEMPTS_EXCEEDED")
        assert shop.payment(opened)["status"] == "EXPIRED"


class TestManyAtOnce:
    @pytest.fixture
    def shop(self, shop: Shop) -> Iterator[Shop]:
        """The shop, with gateways that may take their time while everybody knocks."""
        with another_shop(shop, gateways=patient_gateways(shop)) as patient:
            yield patient

    def test_open_one_order_at_the_gateway(self, shop: Shop, database: Database[Document]) -> None:
        order_id = shop.order()

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: shop.initiate(order_id), range(20)))

        codes = sorted(answer.status_code for answer in answers)
        opened = {a.json["data"]["gateway_order_id"] for a in answers if a.status_code in (200, 201)}
        assert codes.count(201) == 1
        assert set(codes) <= {200, 201, 409}
        assert len(opened) == len(shop.sandbox.books()["orders"]) == 1
        assert database["payment_orders"].count_documents({}) == 1

    def test_reopen_it_once(self, shop: Shop) -> None:
        opened = shop.opened()
        fail(shop, opened)

        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda _: shop.initiate(opened["order_id"]), range(10)))

        codes = [answer.status_code for answer in answers]
        assert codes.count(201) == 1
        assert set(codes) <= {200, 201, 409}
        assert (shop.payment(opened)["attempts"], len(shop.sandbox.books()["orders"])) == (2, 2)

    def test_by_different_ways_open_one_way(self, shop: Shop) -> None:
        order_id, ways = shop.order(), ["card", "paypal", "upi", "netbanking"] * 3

        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda way: shop.initiate(order_id, method=way), ways))

        books = shop.sandbox.books()
        assert [answer.status_code for answer in answers].count(201) == 1
        assert len(books["orders"]) + len(books["paypal_orders"]) == 1

    def test_with_one_key_are_told_the_same(self, shop: Shop) -> None:
        body = {"order_id": shop.order(), "amount": 1000, "payment_method": "card"}

        first, again = [shop.customer.post("/api/payments/initiate", body, key="k-1") for _ in range(2)]

        assert (again.status_code, again.json) == (201, first.json)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert refusal(shop.customer.post("/api/payments/initiate", body | {"bank": "SBIN"}, key="k-1")) == (
            422,
            "IDEMPOTENCY_KEY_REUSED",
        )
