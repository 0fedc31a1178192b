"""Who may fill which wallet, with how much, and how often."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.answers import faulty_fields, refusal
from tests.api.meetings import balance, captured, initiate_topup, topup, verify_topup
from tests.api.shops import another_customer, another_shop
from tests.gateways.controls import Delivery
from tests.shop import Shop


@pytest.mark.parametrize(
    ("amount", "code"), [(9.99, "BELOW_MINIMUM"), (10_000.01, "INVALID_AMOUNT"), ("50000", "INVALID_AMOUNT")]
)
def test_too_little_and_too_much_are_refused(shop: Shop, amount: Any, code: str) -> None:
    assert refusal(initiate_topup(shop, amount)) == (400, code)
    assert shop.database["payment_orders"].count_documents({}) == 0


@pytest.mark.parametrize("amount", [10, "10.00", 10_000])
def test_the_bounds_themselves_are_taken(shop: Shop, amount: Any) -> None:
    assert initiate_topup(shop, amount).status_code == 201


def test_the_eleventh_topup_of_a_day_waits_until_midnight(shop: Shop) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = [a.result() for a in [pool.submit(initiate_topup, shop) for _ in range(14)]]

    refused = [answer for answer in answers if answer.status_code != 201]
    assert [refusal(answer) for answer in refused] == [(429, "RATE_LIMITED")] * 4
    assert 0 < int(refused[0].headers["Retry-After"]) <= 86_401
    assert shop.database["payment_orders"].count_documents({}) == 10


def test_a_topup_that_no_gateway_could_open_is_not_counted(shop: Shop) -> None:
    with another_shop(shop, topup_daily_limit=1) as strict:
        shop.sandbox.fault("/v1/orders", "error")
        failed = initiate_topup(strict)
        shop.mend()

        assert failed.status_code in (502, 503, 504), failed.text
        assert initiate_topup(strict).status_code == 201
        assert refusal(initiate_topup(strict)) == (429, "RATE_LIMITED")


def test_a_key_opens_one_topup(shop: Shop) -> None:
    first, second = initiate_topup(shop, key="one"), initiate_topup(shop, key="one")

    assert first.json == second.json
    assert second.headers["Idempotent-Replayed"] == "true"
    assert shop.database["payment_orders"].count_documents({}) == 1


def test_a_customer_fills_only_their_own_wallet(shop: Shop) -> None:
    other = another_customer(shop)
    body = {"customer_id": shop.customer.id, "amount": 100, "payment_method": "card"}

    assert refusal(other.post("/api/integration/wallet/topup/initiate", body)) == (403, "FORBIDDEN")


def test_an_unknown_customer_is_not_found(shop: Shop) -> None:
    body = {"customer_id": "cust_nobody", "amount": 100, "payment_method": "card"}

    answer = shop.admin.post("/api/integration/wallet/topup/initiate", body)

    assert refusal(answer) == (404, "CUSTOMER_NOT_FOUND")


def test_a_topup_of_somebody_else_does_not_exist(shop: Shop) -> None:
    opened, other = topup(shop), another_customer(shop)
    paid = shop.pay(opened)
    body = {
        "order_id": opened["gateway_order_id"],
        "payment_id": paid["razorpay_payment_id"],
        "signature": paid["razorpay_signature"],
    }

    verified = other.post("/api/integration/wallet/topup/verify", body)
    shown = other.get(f"/api/integration/wallet/topup/{opened['payment_order_id']}")

    assert [refusal(verified), refusal(shown)] == [(404, "PAYMENT_NOT_FOUND")] * 2


def test_an_unknown_way_to_pay_is_refused(shop: Shop) -> None:
    assert faulty_fields(initiate_topup(shop, 100, method="cash")) == {"payment_method"}


def test_the_payment_of_an_order_is_no_topup(shop: Shop) -> None:
    opened = shop.opened()

    shown = shop.customer.get(f"/api/integration/wallet/topup/{opened['payment_id']}")

    assert refusal(shown) == (404, "PAYMENT_NOT_FOUND")
    assert refusal(verify_topup(shop, opened, shop.pay(opened))) == (404, "PAYMENT_NOT_FOUND")


def test_a_topup_is_not_refunded_at_its_source(shop: Shop) -> None:
    opened = topup(shop)
    verify_topup(shop, opened, shop.pay(opened))

    refused = shop.refund({"payment_id": opened["payment_order_id"]})

    assert refusal(refused) == (409, "REFUND_NOT_ALLOWED")


def test_a_forged_message_credits_nothing(shop: Shop) -> None:
    event = captured(shop, topup(shop))
    delivery = shop.sandbox.forge("razorpay", event)
    forged = Delivery(delivery.raw, delivery.headers | {"x-razorpay-signature": "0" * 64})

    assert refusal(shop.post_webhook(forged)) == (401, "INVALID_SIGNATURE")
    assert balance(shop) == (0, 0)
