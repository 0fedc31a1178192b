"""Orders that wallet and gateway pay together: never half-paid, and no money lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.answers import refusal
from tests.api.meetings import (
    assert_whole,
    balance,
    expire,
    initiate_split,
    order,
    pay_with_wallet,
    split,
    status,
)
from tests.shop import DECLINED_CARD, Shop


@pytest.fixture
def order_id(shop: Shop) -> str:
    """An order of 1000 rupees, of a customer who has 400."""
    shop.customer.is_given(40_000)
    return shop.order(100_000)


def test_the_wallets_part_is_held_and_the_rest_is_asked_of_the_gateway(shop: Shop, order_id: str) -> None:
    response = initiate_split(shop, order_id, 300)

    opened = response.json
    assert response.status_code == 201
    assert (opened["wallet_amount"], opened["gateway_amount"]) == (300, 700)
    assert (opened["checkout"]["amount"], opened["hold_id"][:5]) == (70_000, "hold_")
    assert balance(shop) == (400, 300)
    assert order(shop, order_id)["payment_status"] == "PENDING"


def test_both_parts_are_taken_together(shop: Shop, order_id: str) -> None:
    opened = split(shop, order_id, 300)

    verified = shop.verify(opened, shop.pay(opened))

    found = order(shop, order_id)
    assert (verified.json["data"]["status"], verified.json["data"]["amount"]) == ("COMPLETED", 700)
    assert (found["payment_status"], found["amount_paid"], found["wallet_amount"]) == ("PAID", 1000, 300)
    assert balance(shop) == (100, 0)
    assert_whole(shop)


def test_paypal_may_pay_the_rest(shop: Shop, order_id: str) -> None:
    opened = split(shop, order_id, "169", method="paypal")
    shop.pay(opened)

    assert shop.verify(opened).json["data"]["status"] == "COMPLETED"

    assert (opened["charge"]["amount"], opened["gateway_amount"]) == (10, 831)
    assert balance(shop) == (231, 0)
    assert_whole(shop)


def test_webhook_and_verify_at_once_take_both_parts_once(shop: Shop, order_id: str) -> None:
    opened = split(shop, order_id, 300)
    paid = shop.pay(opened)
    event = [e for e in shop.events() if e["event"] == "payment.captured"][-1]

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(shop.deliver, event) for _ in range(4)]
        jobs += [pool.submit(shop.verify, opened, paid) for _ in range(4)]
        codes = {job.result().status_code for job in jobs}

    assert (codes, balance(shop)) == ({200}, (100, 0))
    assert shop.database["payment_exceptions"].count_documents({}) == 0
    assert_whole(shop)


def test_a_declined_card_frees_the_hold(shop: Shop, order_id: str) -> None:
    opened = split(shop, order_id, 300)
    shop.pay(opened, card_number=DECLINED_CARD)

    failed = next(e for e in shop.events() if e["event"] == "payment.failed")
    shop.deliver(failed)

    assert (status(shop, opened), balance(shop)) == ("FAILED", (400, 0))
    assert order(shop, order_id)["amount_paid"] == 0


@pytest.mark.parametrize("what", ["payments/{payment_id}", "orders/{order_id}"])
def test_giving_up_frees_the_hold(shop: Shop, order_id: str, what: str) -> None:
    opened = split(shop, order_id, 300)

    cancelled = shop.customer.post(f"/api/{what.format(**opened)}/cancel")

    assert (cancelled.status_code, balance(shop)) == (200, (400, 0))


def test_a_payment_that_expires_frees_the_hold(shop: Shop, order_id: str) -> None:
    opened = split(shop, order_id, 300)
    expire(shop, opened)

    shop.reconcile()

    assert (status(shop, opened), balance(shop)) == ("EXPIRED", (400, 0))


def test_a_gateway_that_opens_nothing_frees_the_hold(shop: Shop, order_id: str) -> None:
    shop.sandbox.fault("/v1/orders", "error")

    failed = initiate_split(shop, order_id, 300, method="upi")

    assert failed.status_code in (502, 503, 504)
    assert balance(shop) == (400, 0)


def test_after_a_failed_opening_the_same_key_opens_it(shop: Shop, order_id: str) -> None:
    shop.sandbox.fault("/v1/orders", "error")
    initiate_split(shop, order_id, 300, method="upi", key="mine")
    shop.mend()

    opened = initiate_split(shop, order_id, 300, method="upi", key="mine")

    assert (opened.status_code, balance(shop)) == (201, (400, 300))


def test_asking_again_hands_back_the_same_payment(shop: Shop, order_id: str) -> None:
    first, second = initiate_split(shop, order_id, 300), initiate_split(shop, order_id, 300)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json
    assert balance(shop) == (400, 300)


def test_asking_for_another_share_while_one_is_open_is_refused(shop: Shop, order_id: str) -> None:
    split(shop, order_id, 300)

    assert refusal(initiate_split(shop, order_id, 200)) == (409, "DUPLICATE_PAYMENT")
    assert refusal(shop.initiate(order_id)) == (409, "DUPLICATE_PAYMENT")
    assert balance(shop) == (400, 300)


def test_many_requests_at_once_open_one_payment_with_one_hold(shop: Shop, order_id: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = [a.result() for a in [pool.submit(initiate_split, shop, order_id, 150) for _ in range(6)]]

    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert [answer.status_code for answer in answers].count(201) == 1
    assert balance(shop) == (400, 150)


def test_more_than_the_wallet_has_is_refused(shop: Shop, order_id: str) -> None:
    refused = initiate_split(shop, order_id, 400.5)

    details = refused.json["error"]["details"]
    assert refusal(refused) == (400, "INSUFFICIENT_BALANCE")
    assert (details["available"], details["required"]) == (400, 400.5)


@pytest.mark.parametrize("amount", [1000, 1500])
def test_the_wallets_part_must_leave_something_to_the_gateway(shop: Shop, order_id: str, amount: int) -> None:
    shop.customer.is_given(500_000)

    assert refusal(initiate_split(shop, order_id, amount)) == (400, "INVALID_AMOUNT")


def test_what_is_held_cannot_be_spent_elsewhere(shop: Shop, order_id: str) -> None:
    split(shop, order_id, 300)

    assert refusal(pay_with_wallet(shop, shop.order(20_000), 200)) == (400, "INSUFFICIENT_BALANCE")
