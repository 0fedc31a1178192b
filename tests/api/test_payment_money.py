"""Whether there is money, and how much, only the gateway says."""

from typing import Any

import pytest
from pymongo.database import Database

from tests.api.answers import refusal
from tests.conftest import Document
from tests.gateways.controls import HANGS_FOR_SECONDS
from tests.shop import CARD, DECLINED_CARD, Shop


def ask(shop: Shop, opened: Any) -> Any:
    """Let the server ask the gateway, and give the payment."""
    return shop.customer.get(f"/api/payments/{opened['payment_id']}/verify").json["data"]


def test_money_that_was_only_agreed_to_is_taken(shop: Shop) -> None:
    opened = shop.opened()
    agreed = shop.pay(opened, outcome="authorized")

    answer = shop.verify(opened, agreed)

    [payment] = shop.sandbox.books()["payments"]
    assert answer.json["data"]["status"] == "COMPLETED"
    assert (payment["status"], payment["captured"]) == ("captured", True)


def test_asking_takes_it_too(shop: Shop) -> None:
    opened = shop.opened()
    shop.pay(opened, outcome="authorized")

    assert ask(shop, opened)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("timeout_after", (504, "GATEWAY_TIMEOUT")),
        ("drop_after", (502, "GATEWAY_ERROR")),
        ("error", (502, "GATEWAY_ERROR")),
    ],
)
def test_money_whose_taking_was_not_answered_is_found_by_asking_later(
    shop: Shop, database: Database[Document], kind: str, told: tuple[int, str]
) -> None:
    opened = shop.opened()
    agreed = shop.pay(opened, outcome="authorized")
    shop.sandbox.fault("/capture$", kind, times=1, seconds=HANGS_FOR_SECONDS)

    answer = refusal(shop.verify(opened, agreed))

    assert (answer, shop.payment(opened)["status"]) == (told, "INITIATED")
    assert (ask(shop, opened)["status"], shop.order_of(opened)["payment_status"]) == ("COMPLETED", "PAID")
    assert database["captures"].count_documents({}) == 1


@pytest.mark.parametrize("amount", [100, 99_999, 100_001])
def test_another_amount_pays_nothing_and_is_kept(
    shop: Shop, database: Database[Document], amount: int
) -> None:
    opened = shop.opened(100_000)

    response = shop.verify(opened, shop.pay(opened, amount=amount))

    [kept] = database["payment_exceptions"].find()
    assert refusal(response) == (400, "AMOUNT_MISMATCH")
    assert (kept["reason"], kept["amount"], kept["payment_id"]) == (
        "amount_mismatch",
        amount,
        opened["payment_id"],
    )
    assert (shop.order_of(opened)["status"], shop.order_of(opened)["amount_paid"]) == ("PENDING", 0)


def test_money_that_does_not_fit_is_kept_once(shop: Shop, database: Database[Document]) -> None:
    opened = shop.opened(100_000)
    paid = shop.pay(opened, amount=500)

    answers = [refusal(shop.verify(opened, paid)) for _ in range(3)]

    assert answers == [(400, "AMOUNT_MISMATCH")] * 3
    assert database["payment_exceptions"].count_documents({}) == 1
    assert database["captures"].count_documents({}) == 1


def test_another_currency_pays_nothing(shop: Shop, database: Database[Document]) -> None:
    opened = shop.opened(100_000)

    response = shop.verify(opened, shop.pay(opened, currency="USD"))

    assert refusal(response) == (400, "AMOUNT_MISMATCH")
    assert database["payment_exceptions"].find_one({})["reason"] == "currency_mismatch"
    assert (shop.order_of(opened)["status"], shop.order_of(opened)["amount_paid"]) == ("PENDING", 0)


def test_after_money_that_does_not_fit_the_order_can_still_be_paid(shop: Shop) -> None:
    opened = shop.opened(100_000)
    shop.verify(opened, shop.pay(opened, amount=500))
    failed = shop.payment(opened)

    again = shop.initiate(opened["order_id"])

    assert (failed["status"], failed["error"]["code"]) == ("FAILED", "amount_mismatch")
    assert again.status_code == 201
    paid = shop.verify(opened, shop.pay(again.json["data"])).json["data"]
    assert (paid["status"], shop.order_of(opened)["amount_paid"]) == ("COMPLETED", 1000)


@pytest.mark.parametrize("amount", [100, 200_000])
def test_another_amount_that_was_only_agreed_to_is_not_taken(shop: Shop, amount: int) -> None:
    opened = shop.opened(100_000)
    agreed = shop.pay(opened, outcome="authorized", amount=amount)

    shop.verify(opened, agreed)

    [payment] = shop.sandbox.books()["payments"]
    assert payment["captured"] is False
    assert shop.order_of(opened)["payment_status"] == "PENDING"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("timeout_before", (504, "GATEWAY_TIMEOUT")),
        ("error", (502, "GATEWAY_ERROR")),
        ("html", (502, "GATEWAY_ERROR")),
        ("drop", (502, "GATEWAY_ERROR")),
        ("unauthorized", (502, "GATEWAY_ERROR")),
    ],
)
def test_a_gateway_that_fails_leaves_all_as_it_is(shop: Shop, kind: str, told: tuple[int, str]) -> None:
    opened = shop.opened()
    paid = shop.pay(opened)
    before = shop.payment(opened)
    shop.sandbox.fault("^/v1/payments/", kind, times=3, seconds=HANGS_FOR_SECONDS)

    answer = refusal(shop.verify(opened, paid))

    assert (answer, shop.payment(opened)) == (told, before)
    assert shop.order_of(opened)["payment_status"] == "PENDING"


def test_and_afterwards_the_same_signature_pays(shop: Shop) -> None:
    opened = shop.opened()
    paid = shop.pay(opened)
    shop.sandbox.fault("^/v1/payments/", "timeout_before", times=3, seconds=HANGS_FOR_SECONDS)
    first = shop.verify(opened, paid)

    again = shop.verify(opened, paid)

    assert (first.status_code, again.status_code) == (504, 200)
    assert again.json["data"]["status"] == "COMPLETED"


def test_asking_before_anything_happened_changes_nothing(shop: Shop) -> None:
    opened = shop.opened()

    assert ask(shop, opened)["status"] == "INITIATED"


def test_asking_finds_what_the_browser_never_brought(shop: Shop) -> None:
    opened = shop.opened()
    shop.pay(opened)

    assert ask(shop, opened)["status"] == "COMPLETED"
    assert shop.order_of(opened)["payment_status"] == "PAID"


def test_a_declined_card_leaves_the_order_to_be_paid_again(shop: Shop) -> None:
    opened = shop.opened()
    shop.pay(opened, card_number=DECLINED_CARD, method="card")

    failed = ask(shop, opened)

    assert (failed["status"], failed["error"]["code"]) == ("FAILED", "BAD_REQUEST_ERROR")
    assert "declined" in failed["error"]["message"]
    assert shop.order_of(opened)["payment_status"] == "FAILED"
    assert shop.initiate(opened["order_id"]).status_code == 201


def test_a_success_counts_more_than_the_declines_before_it(shop: Shop) -> None:
    opened = shop.opened()
    for number in (DECLINED_CARD, DECLINED_CARD, CARD):
        shop.pay(opened, card_number=number, method="card")

    assert ask(shop, opened)["status"] == "COMPLETED"


def test_a_payment_that_waits_for_the_customers_app_is_no_money(shop: Shop) -> None:
    opened = shop.opened(method="upi")
    shop.pay(opened, method="upi", outcome="created")

    assert ask(shop, opened)["status"] == "INITIATED"
    assert shop.order_of(opened)["payment_status"] == "PENDING"


def test_the_link_for_a_upi_app_pays_the_order(shop: Shop, database: Database[Document]) -> None:
    database["customers_v2"].update_one({"_id": shop.customer.id}, {"$set": {"phone": "+919812345678"}})
    opened = shop.opened(method="upi")
    [waiting] = shop.sandbox.books()["payments"]

    shop.sandbox.post(f"razorpay/payments/{waiting['id']}/complete")

    assert ask(shop, opened)["status"] == "COMPLETED"


def test_a_bank_that_said_no_and_then_yes_has_paid(shop: Shop) -> None:
    opened = shop.opened()
    declined = shop.pay(opened, card_number=DECLINED_CARD, method="card")
    before = ask(shop, opened)["status"]

    payment_id = declined["error"]["metadata"]["payment_id"]
    shop.sandbox.post(f"razorpay/payments/{payment_id}/authorize-late")

    assert (before, ask(shop, opened)["status"]) == ("FAILED", "COMPLETED")
    assert shop.order_of(opened)["payment_status"] == "PAID"
