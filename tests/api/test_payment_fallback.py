"""A gateway that is down does not keep a customer from paying, and nothing is ever paid twice for it."""

from typing import Any

import pytest
from pymongo.database import Database

from backend.gateways.settings import ExchangeSettings
from tests.api.answers import refusal
from tests.api.shops import another_shop, only_razorpay
from tests.conftest import Document
from tests.gateways.controls import HANGS_FOR_SECONDS
from tests.shop import Shop

ORDERS, PAYPAL_ORDERS = "^/v1/orders$", "^/v2/checkout/orders$"
FAULTS = [
    ("error", {"status": 500}, (502, "GATEWAY_ERROR")),
    ("error", {"status": 503}, (502, "GATEWAY_ERROR")),
    ("error", {"status": 400}, (502, "GATEWAY_ERROR")),
    ("error", {"status": 200, "body": {"entity": "order"}}, (502, "GATEWAY_ERROR")),
    ("error", {"status": 200, "body": "OK"}, (502, "GATEWAY_ERROR")),
    ("html", {}, (502, "GATEWAY_ERROR")),
    ("drop", {}, (502, "GATEWAY_ERROR")),
    ("rate_limit", {}, (502, "GATEWAY_ERROR")),
    ("unauthorized", {}, (502, "GATEWAY_ERROR")),
    ("timeout_before", {}, (504, "GATEWAY_TIMEOUT")),
    ("timeout_after", {}, (504, "GATEWAY_TIMEOUT")),
]
every_fault = pytest.mark.parametrize(
    ("kind", "more", "told"),
    FAULTS,
    ids=[f"{kind}-{''.join(map(str, more.values()))}" for kind, more, _ in FAULTS],
)


def only_payment(shop: Shop) -> Any:
    [payment] = shop.customer.get("/api/payments/history").json["data"]
    return payment


@every_fault
def test_a_card_is_taken_by_the_next_gateway(shop: Shop, kind: str, more: Any, told: tuple[int, str]) -> None:
    shop.sandbox.fault(ORDERS, kind, times=9, seconds=HANGS_FOR_SECONDS, **more)

    opened = shop.opened()

    assert (opened["gateway"], opened["payment_method"], opened["status"]) == ("paypal", "card", "INITIATED")
    assert opened["charge"]["currency"] == "USD"
    assert opened["checkout_url"].startswith(shop.sandbox.url)
    assert told[0] >= 500


@every_fault
def test_upi_is_not_and_the_reason_is_told(shop: Shop, kind: str, more: Any, told: tuple[int, str]) -> None:
    shop.sandbox.fault(ORDERS, kind, times=1, seconds=HANGS_FOR_SECONDS, **more)

    response = shop.initiate(shop.order(), method="upi")

    payment = only_payment(shop)
    assert refusal(response) == told
    assert (payment["status"], payment["gateway_order_id"], payment["error"]["code"]) == (
        "PENDING",
        None,
        told[1],
    )
    assert shop.sandbox.books()["paypal_orders"] == []


@every_fault
def test_the_next_request_opens_the_same_payment(
    shop: Shop, kind: str, more: Any, told: tuple[int, str]
) -> None:
    shop.sandbox.fault(ORDERS, kind, times=1, seconds=HANGS_FOR_SECONDS, **more)
    order_id = shop.order()
    failed = refusal(shop.initiate(order_id, method="upi"))
    pending = only_payment(shop)

    opened = shop.initiate(order_id, method="upi")

    assert (failed, opened.status_code) == (told, 201)
    assert opened.json["data"]["payment_id"] == pending["id"]
    assert (only_payment(shop)["status"], only_payment(shop)["attempts"]) == ("INITIATED", 1)
    assert only_payment(shop)["error"] is None


def test_a_card_that_fell_back_can_be_paid(shop: Shop) -> None:
    shop.sandbox.fault(ORDERS, "error", times=9)
    opened = shop.opened()
    shop.pay(opened)

    paid = shop.verify(opened).json["data"]

    assert (paid["status"], paid["gateway"], paid["method_type"]) == ("COMPLETED", "paypal", "card")
    assert paid["attempts"] == 1
    assert shop.order_of(opened)["payment_status"] == "PAID"


def test_the_payment_that_fell_back_is_handed_back_as_it_is(shop: Shop) -> None:
    shop.sandbox.fault(ORDERS, "error", times=1)
    opened = shop.opened()

    again = shop.initiate(opened["order_id"])

    assert (again.status_code, again.json["data"]) == (200, opened)


def test_a_payment_that_no_gateway_has_opened_can_be_asked_about(shop: Shop) -> None:
    shop.sandbox.fault(ORDERS, "error", times=1)
    shop.initiate(shop.order(), method="upi")
    path = f"/api/payments/{only_payment(shop)['id']}/verify"

    asked = shop.customer.get(path).json["data"]["status"]
    brought = shop.customer.post(path, {"gateway_payment_id": "pay_1", "signature": "x"})

    assert (asked, refusal(brought)) == ("PENDING", (400, "INVALID_SIGNATURE"))


def test_a_request_with_a_key_may_be_repeated_after_a_failure(shop: Shop) -> None:
    shop.sandbox.fault(ORDERS, "error", times=1)
    body = {"order_id": shop.order(), "amount": 1000, "payment_method": "upi"}

    answers = [shop.customer.post("/api/payments/initiate", body, key="k-1") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [502, 201, 201]
    assert answers[2].headers["Idempotent-Replayed"] == "true"
    assert len(shop.sandbox.books()["orders"]) == 1


def test_a_gateway_that_was_named_is_the_only_one(shop: Shop) -> None:
    shop.sandbox.fault(ORDERS, "error", times=1)

    response = shop.initiate(shop.order(), gateway="razorpay")

    assert refusal(response) == (502, "GATEWAY_ERROR")
    assert shop.sandbox.books()["paypal_orders"] == []


def test_without_an_exchange_rate_there_is_no_other_gateway(shop: Shop) -> None:
    shop.sandbox.fault(ORDERS, "error", times=1)

    with another_shop(shop, exchange=ExchangeSettings()) as rupees_only:
        response = rupees_only.initiate(rupees_only.order())

    assert refusal(response) == (502, "GATEWAY_ERROR")
    assert shop.sandbox.books()["paypal_orders"] == []


def test_with_one_account_there_is_no_other_gateway(shop: Shop) -> None:
    shop.sandbox.fault(ORDERS, "timeout_before", times=1, seconds=HANGS_FOR_SECONDS)

    with another_shop(shop, gateways=only_razorpay(shop)) as small:
        response = small.initiate(small.order())

    assert refusal(response) == (504, "GATEWAY_TIMEOUT")


def test_when_all_are_down_the_last_one_is_told_of_and_nothing_is_lost(shop: Shop) -> None:
    shop.sandbox.fault(ORDERS, "error", times=1)
    shop.sandbox.fault(PAYPAL_ORDERS, "drop", times=3)
    order_id = shop.order()
    failed = refusal(shop.initiate(order_id))

    opened = shop.initiate(order_id)

    assert failed == (502, "GATEWAY_ERROR")
    assert (opened.status_code, opened.json["data"]["gateway"]) == (201, "razorpay")
    assert only_payment(shop)["attempts"] == 1


class TestAnOrderWhoseAnswerWasLost:
    @pytest.mark.parametrize("kind", ["timeout_after", "drop_after"])
    def test_is_an_orphan_at_the_gateway_and_still_one_payment(
        self, shop: Shop, database: Database[Document], kind: str
    ) -> None:
        shop.sandbox.fault(ORDERS, kind, times=1, seconds=HANGS_FOR_SECONDS)

        opened = shop.opened()

        [orphan] = shop.sandbox.books()["orders"]
        assert opened["gateway"] == "paypal"
        assert orphan["receipt"].startswith(opened["payment_id"])
        assert orphan["notes"]["payment_id"] == opened["payment_id"]
        assert database["payment_orders"].count_documents({}) == 1

    def test_is_told_apart_from_the_next_one_by_its_receipt(self, shop: Shop) -> None:
        shop.sandbox.fault(ORDERS, "timeout_after", times=1, seconds=HANGS_FOR_SECONDS)
        order_id = shop.order()
        shop.initiate(order_id, method="upi")

        opened = shop.initiate(order_id, method="upi").json["data"]

        orphan, known = shop.sandbox.books()["orders"]
        assert (known["id"], orphan["receipt"] != known["receipt"]) == (opened["gateway_order_id"], True)
        assert {orphan["receipt"][:28], known["receipt"][:28]} == {opened["payment_id"]}

    def test_is_opened_once_at_paypal_because_the_receipt_is_its_key(self, shop: Shop) -> None:
        shop.sandbox.fault(PAYPAL_ORDERS, "timeout_after", times=1, seconds=HANGS_FOR_SECONDS)

        opened = shop.opened(method="paypal")

        [order] = shop.sandbox.books()["paypal_orders"]
        assert order["id"] == opened["gateway_order_id"]


@pytest.mark.parametrize("kind", ["error", "timeout_before", "unauthorized"])
def test_a_gateway_that_cannot_introduce_a_customer_can_still_be_paid(shop: Shop, kind: str) -> None:
    shop.sandbox.fault("^/v1/customers", kind, times=3, seconds=HANGS_FOR_SECONDS)

    opened = shop.opened()

    assert (opened["gateway"], "customer_id" in opened["checkout"]) == ("razorpay", False)
    assert shop.verify(opened, shop.pay(opened)).json["data"]["status"] == "COMPLETED"
