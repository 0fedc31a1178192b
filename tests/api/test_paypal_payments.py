"""Paying by PayPal: agreed to on its page, captured by us, charged in its currency."""

from decimal import Decimal
from typing import Any

import pytest
from pymongo.database import Database

from backend.gateways.settings import ExchangeSettings
from tests.api.answers import refusal
from tests.api.shops import another_shop
from tests.conftest import Document
from tests.gateways.controls import HANGS_FOR_SECONDS
from tests.shop import Shop

CAPTURE = "^/v2/checkout/orders/.*/capture$"


def status(response: Any) -> str:
    found: str = response.json["data"]["status"]
    return found


def captures(shop: Shop) -> list[Any]:
    found: list[Any] = shop.sandbox.books()["paypal_captures"]
    return found


def test_nothing_is_paid_before_the_payer_agrees(shop: Shop) -> None:
    opened = shop.opened(method="paypal")

    answers = [status(shop.verify(opened)) for _ in range(2)]

    assert answers == ["INITIATED"] * 2
    assert captures(shop) == []
    assert shop.order_of(opened)["payment_status"] == "PENDING"


def test_what_the_payer_agreed_to_is_captured(shop: Shop) -> None:
    opened = shop.opened(method="paypal")
    shop.pay(opened)

    paid = shop.verify(opened).json["data"]

    [capture] = captures(shop)
    assert (paid["status"], paid["gateway_payment_id"]) == ("COMPLETED", capture["id"])
    assert capture["amount"] == {"currency_code": "USD", "value": "12.03"}
    assert shop.order_of(opened)["payment_transaction_id"] == capture["id"]


def test_it_is_captured_once_however_often_it_is_verified(shop: Shop, database: Database[Document]) -> None:
    opened = shop.opened(method="paypal")
    shop.pay(opened)

    first, again = (shop.verify(opened) for _ in range(2))

    assert first.json == again.json
    assert (len(captures(shop)), database["captures"].count_documents({})) == (1, 1)


def test_the_page_that_the_payer_comes_back_to_may_ask(shop: Shop) -> None:
    opened = shop.opened(method="paypal")
    shop.pay(opened)

    assert status(shop.customer.get(f"/api/payments/{opened['payment_id']}/verify")) == "COMPLETED"


def test_a_payer_who_leaves_the_page_has_not_paid(shop: Shop) -> None:
    opened = shop.opened(method="paypal")
    shop.pay(opened, outcome="cancel")

    assert status(shop.verify(opened)) == "INITIATED"
    assert captures(shop) == []


@pytest.mark.parametrize(
    ("amount_minor", "charged"), [(100_000, "12.03"), (8_310, "1"), (1, "0.01"), (99_999_999, "12033.69")]
)
def test_both_amounts_and_the_rate_are_shown(shop: Shop, amount_minor: int, charged: str) -> None:
    opened = shop.opened(amount_minor, method="paypal")
    shop.pay(opened)

    paid = shop.verify(opened).json["data"]

    assert (paid["amount"], paid["currency"]) == (Decimal(amount_minor) / 100, "INR")
    assert paid["charge"] == {"amount": Decimal(charged), "currency": "USD", "rate": "83.1"}
    assert shop.order_of(opened)["amount_paid"] == paid["amount"]


def test_a_rate_that_changes_on_the_way_does_not_change_the_payment(shop: Shop) -> None:
    opened = shop.opened(method="paypal")
    shop.pay(opened)

    with another_shop(shop, exchange=ExchangeSettings(rates=(("USD", Decimal(90)),))) as later:
        paid = later.verify(opened).json["data"]

    assert (paid["status"], paid["charge"]["amount"]) == ("COMPLETED", Decimal("12.03"))


def test_a_declined_capture_fails_the_payment(shop: Shop) -> None:
    shop.sandbox.post("paypal/settings", captures="declined")
    opened = shop.opened(method="paypal")
    shop.pay(opened)

    assert status(shop.verify(opened)) == "FAILED"
    assert shop.order_of(opened)["payment_status"] == "FAILED"


def test_after_a_declined_capture_the_order_can_be_paid_otherwise(shop: Shop) -> None:
    shop.sandbox.post("paypal/settings", captures="declined")
    opened = shop.opened(method="paypal")
    shop.pay(opened)
    shop.verify(opened)

    other = shop.initiate(opened["order_id"]).json["data"]

    assert status(shop.verify(other, shop.pay(other))) == "COMPLETED"
    assert shop.payment(opened)["gateway"] == "razorpay"


class TestACaptureThatPayPalStillChecks:
    @pytest.fixture
    def opened(self, shop: Shop) -> Any:
        shop.sandbox.post("paypal/settings", captures="pending")
        opened = shop.opened(method="paypal")
        shop.pay(opened)
        assert status(shop.verify(opened)) == "AUTHORIZED"
        return opened

    def test_is_no_money_yet(self, shop: Shop, opened: Any) -> None:
        assert shop.order_of(opened)["payment_status"] == "PENDING"
        assert status(shop.verify(opened)) == "AUTHORIZED"

    def test_is_money_once_paypal_is_content(self, shop: Shop, opened: Any) -> None:
        shop.sandbox.post(f"paypal/captures/{captures(shop)[0]['id']}/complete")

        assert status(shop.verify(opened)) == "COMPLETED"
        assert shop.order_of(opened)["payment_status"] == "PAID"

    def test_fails_when_paypal_is_not(self, shop: Shop, opened: Any) -> None:
        shop.sandbox.post(f"paypal/captures/{captures(shop)[0]['id']}/deny")

        assert status(shop.verify(opened)) == "FAILED"
        assert shop.order_of(opened)["payment_status"] == "FAILED"

    def test_stands_in_the_way_of_paying_otherwise(self, shop: Shop, opened: Any) -> None:
        assert refusal(shop.initiate(opened["order_id"])) == (409, "DUPLICATE_PAYMENT")

    def test_cannot_be_given_up(self, shop: Shop, opened: Any) -> None:
        response = shop.customer.post(f"/api/payments/{opened['payment_id']}/cancel")

        assert refusal(response) == (409, "ILLEGAL_TRANSITION")
        assert shop.payment(opened)["status"] == "AUTHORIZED"


class TestACaptureThatGoesWrong:
    @pytest.mark.parametrize(
        ("kind", "told"),
        [
            ("error", (502, "GATEWAY_ERROR")),
            ("html", (502, "GATEWAY_ERROR")),
            ("drop", (502, "GATEWAY_ERROR")),
        ],
    )
    def test_changes_nothing_and_may_be_tried_again(
        self, shop: Shop, kind: str, told: tuple[int, str]
    ) -> None:
        opened = shop.opened(method="paypal")
        shop.pay(opened)
        shop.sandbox.fault(CAPTURE, kind, times=3, seconds=HANGS_FOR_SECONDS)

        answer = refusal(shop.verify(opened))

        assert (answer, shop.payment(opened)["status"]) == (told, "INITIATED")
        assert status(shop.verify(opened)) == "COMPLETED"
        assert len(captures(shop)) == 1

    def test_changes_nothing_when_paypal_is_silent(self, shop: Shop) -> None:
        opened = shop.opened(method="paypal")
        shop.pay(opened)
        shop.sandbox.fault(CAPTURE, "timeout_before", times=3, seconds=HANGS_FOR_SECONDS)

        # The first try may still be at work when the next one comes, and then PayPal says so.
        silent = shop.verify(opened)

        assert silent.status_code in (502, 504)
        assert (shop.payment(opened)["status"], captures(shop)) == ("INITIATED", [])

    @pytest.mark.parametrize("kind", ["timeout_after", "drop_after"])
    def test_is_not_done_twice_when_only_the_answer_was_lost(self, shop: Shop, kind: str) -> None:
        opened = shop.opened(method="paypal")
        shop.pay(opened)
        shop.sandbox.fault(CAPTURE, kind, times=1, seconds=HANGS_FOR_SECONDS)

        assert status(shop.verify(opened)) == "COMPLETED"
        assert len(captures(shop)) == 1

    def test_with_a_no_can_end_well_later(self, shop: Shop) -> None:
        opened = shop.opened(method="paypal")
        shop.pay(opened)
        shop.sandbox.fault(CAPTURE, "error", status=422, times=1)
        before = status(shop.verify(opened))

        assert (before, status(shop.verify(opened))) == ("AUTHORIZED", "COMPLETED")

    def test_with_a_no_can_end_badly_later(self, shop: Shop) -> None:
        opened = shop.opened(method="paypal")
        shop.pay(opened)
        shop.sandbox.fault(CAPTURE, "error", status=422, times=1)
        before = status(shop.verify(opened))
        shop.sandbox.post("paypal/settings", captures="declined")

        assert (before, status(shop.verify(opened))) == ("AUTHORIZED", "FAILED")
        assert shop.initiate(opened["order_id"]).status_code == 201


class TestWhatTheBrowserSays:
    def test_cannot_point_at_the_payment_of_another_order(self, shop: Shop) -> None:
        opened, cheap = shop.opened(method="paypal"), shop.opened(100, method="paypal")
        shop.pay(cheap)
        shop.verify(cheap)
        body = {"gateway_payment_id": captures(shop)[0]["id"], "signature": "anything"}

        response = shop.customer.post(f"/api/payments/{opened['payment_id']}/verify", body)

        assert refusal(response) == (400, "INVALID_SIGNATURE")
        assert shop.payment(opened)["status"] == "INITIATED"

    @pytest.mark.parametrize("id_", ["nonsense", "../../v1/oauth2/token", "5O190127TN364715T", "pay_1"])
    def test_cannot_make_up_a_signature(self, shop: Shop, id_: str) -> None:
        opened = shop.opened(method="paypal")
        body = {"gateway_payment_id": id_, "signature": "anything"}

        response = shop.customer.post(f"/api/payments/{opened['payment_id']}/verify", body)

        assert refusal(response) == (400, "INVALID_SIGNATURE")
        assert shop.payment(opened)["status"] == "INITIATED"

    def test_may_name_the_order_it_comes_back_with(self, shop: Shop) -> None:
        opened = shop.opened(method="paypal")
        shop.pay(opened)
        body = {"gateway_payment_id": opened["gateway_order_id"]}

        response = shop.customer.post(f"/api/payments/{opened['payment_id']}/verify", body)

        assert status(response) == "COMPLETED"
