"""Orders paid out of the wallet: wholly or not at all, and once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.answers import faulty_fields, refusal
from tests.api.meetings import assert_whole, balance, captured, order, pay_with_wallet
from tests.api.shops import another_customer
from tests.shop import Shop


def test_an_order_is_paid_out_of_the_wallet(shop: Shop) -> None:
    shop.customer.is_given(100_000)
    order_id = shop.order(30_050)

    paid = pay_with_wallet(shop, order_id, 300.5)

    assert paid.status_code == 200
    assert (paid.json["success"], paid.json["amount_paid"], paid.json["remaining_balance"]) == (
        True,
        300.5,
        699.5,
    )
    assert balance(shop) == (699.5, 0)
    assert_whole(shop)


def test_the_order_tells_how_it_was_paid(shop: Shop) -> None:
    shop.customer.is_given(100_000)
    order_id = shop.order(30_000)

    paid = pay_with_wallet(shop, order_id, 300).json

    found = order(shop, order_id)
    assert (found["status"], found["payment_status"]) == ("CONFIRMED", "PAID")
    assert (found["payment_method"], found["payment_transaction_id"]) == ("wallet", paid["transaction_id"])
    assert (found["amount_paid"], found["amount_due"], found["wallet_amount"]) == (300, 0, 300)
    assert found["paid_at"] is not None


def test_the_entry_names_its_order(shop: Shop) -> None:
    shop.customer.is_given(30_000)
    order_id = shop.order(30_000)

    paid = pay_with_wallet(shop, order_id, 300).json

    entry: Any = shop.database["wallet_transactions"].find_one({"_id": paid["transaction_id"]})
    assert (entry["order_id"], entry["account"], entry["source"]) == (order_id, "orders", "purchase")


def test_too_little_balance_pays_nothing(shop: Shop) -> None:
    shop.customer.is_given(10_000)
    order_id = shop.order(30_000)

    refused = pay_with_wallet(shop, order_id, 300)

    details = refused.json["error"]["details"]
    assert refusal(refused) == (400, "INSUFFICIENT_BALANCE")
    assert (details["available"], details["required"]) == (100, 300)
    assert (order(shop, order_id)["payment_status"], balance(shop)) == ("PENDING", (100, 0))


@pytest.mark.parametrize("amount", [299.99, 300.01, 3])
def test_another_amount_than_what_is_due_is_refused(shop: Shop, amount: float) -> None:
    shop.customer.is_given(100_000)

    assert refusal(pay_with_wallet(shop, shop.order(30_000), amount)) == (400, "AMOUNT_MISMATCH")


@pytest.mark.parametrize("keys", [(None, None), ("one", "one"), ("one", "two")])
def test_paying_again_gives_the_same_answer(shop: Shop, keys: tuple[str | None, str | None]) -> None:
    shop.customer.is_given(100_000)
    order_id = shop.order(30_000)

    first, second = [pay_with_wallet(shop, order_id, 300, key=key) for key in keys]

    assert (first.status_code, first.json) == (200, second.json)
    assert balance(shop) == (700, 0)


def test_two_tabs_at_once_pay_once_and_get_the_same_answer(shop: Shop) -> None:
    shop.customer.is_given(30_000)
    order_id = shop.order(30_000)

    with ThreadPoolExecutor(8) as pool:
        tabs = [pool.submit(pay_with_wallet, shop, order_id, 300, key=f"tab {n}") for n in range(8)]
        answers = [tab.result() for tab in tabs]

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["transaction_id"] for answer in answers}) == 1
    assert_whole(shop)


def test_two_orders_share_one_balance_and_only_one_is_paid(shop: Shop) -> None:
    shop.customer.is_given(30_000)
    order_ids = [shop.order(30_000), shop.order(30_000)]

    with ThreadPoolExecutor(2) as pool:
        codes = sorted(pool.map(lambda id_: pay_with_wallet(shop, id_, 300).status_code, order_ids))

    assert (codes, balance(shop)) == ([200, 400], (0, 0))
    assert_whole(shop)


def test_an_order_paid_at_a_gateway_is_not_paid_again(shop: Shop) -> None:
    shop.customer.is_given(100_000)
    opened = shop.paid(30_000)

    refused = pay_with_wallet(shop, opened["order_id"], 300)

    assert refusal(refused) == (409, "ORDER_NOT_PAYABLE")
    assert balance(shop) == (1000, 0)


def test_a_cancelled_order_is_not_paid(shop: Shop) -> None:
    shop.customer.is_given(100_000)
    order_id = shop.order(30_000)
    shop.customer.post(f"/api/orders/{order_id}/cancel")

    assert refusal(pay_with_wallet(shop, order_id, 300)) == (409, "ORDER_NOT_PAYABLE")


def test_the_payment_that_was_open_at_a_gateway_is_cancelled(shop: Shop) -> None:
    shop.customer.is_given(100_000)
    opened = shop.opened(30_000)

    pay_with_wallet(shop, opened["order_id"], 300)

    assert shop.payment(opened)["status"] == "CANCELLED"


def test_the_wallet_and_the_gateway_at_once_pay_once_and_lose_nothing(shop: Shop) -> None:
    shop.customer.is_given(30_000)
    opened = shop.opened(30_000)
    event = captured(shop, opened)

    with ThreadPoolExecutor(2) as pool:
        by_wallet = pool.submit(pay_with_wallet, shop, opened["order_id"], 300)
        by_gateway = pool.submit(shop.deliver, event)
        codes = (by_wallet.result().status_code, by_gateway.result().status_code)

    exceptions = [e["reason"] for e in shop.database["payment_exceptions"].find()]
    outcome = (codes, balance(shop)[0], exceptions)
    assert outcome in [((200, 200), 0, ["order_not_payable"]), ((409, 200), 300, [])]
    assert_whole(shop)


def test_the_wallet_of_somebody_else_pays_nothing(shop: Shop) -> None:
    shop.customer.is_given(100_000)
    other = another_customer(shop)

    refused = pay_with_wallet(shop, shop.order(30_000), 300, person=other)

    assert refusal(refused) == (403, "FORBIDDEN")


def test_the_order_of_somebody_else_does_not_exist(shop: Shop) -> None:
    shop.customer.is_given(100_000)
    theirs = shop.order(30_000, person=another_customer(shop))

    assert refusal(pay_with_wallet(shop, theirs, 300)) == (404, "ORDER_NOT_FOUND")


def test_an_admin_may_pay_for_a_customer(shop: Shop) -> None:
    shop.customer.is_given(30_000)

    paid = pay_with_wallet(shop, shop.order(30_000), 300, person=shop.admin)

    assert (paid.status_code, balance(shop)) == (200, (0, 0))


def test_an_object_is_no_order_id(shop: Shop) -> None:
    body = {"order_id": {"$gt": ""}, "customer_id": shop.customer.id, "amount": 300}

    refused = shop.customer.post("/api/integration/order/pay-with-wallet", body)

    assert faulty_fields(refused) == {"order_id"}
