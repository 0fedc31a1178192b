"""Wallets filled through a gateway: one credit for each captured payment, whoever tells of it first."""

import copy
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.money import MAX_BALANCE_MINOR
from tests.api.answers import refusal
from tests.api.meetings import (
    assert_whole,
    balance,
    captured,
    expire,
    status,
    topup,
    verify_topup,
)
from tests.shop import DECLINED_CARD, Shop


def follow(shop: Shop, opened: Any) -> Any:
    return shop.customer.get(f"/api/integration/wallet/topup/{opened['payment_order_id']}")


def entries(shop: Shop) -> list[Any]:
    return list(shop.database["wallet_transactions"].find())


def test_a_topup_opens_at_razorpay_with_all_that_the_browser_needs(shop: Shop) -> None:
    opened = topup(shop, 500)

    settings = shop.services.settings
    assert (opened["amount"], opened["currency"], opened["gateway"]) == (500, "INR", "razorpay")
    assert opened["payment_order_id"].startswith("TOPUP-")
    assert opened["redirect_url"] == f"{settings.public_url}/pay/{opened['payment_order_id']}"
    assert opened["key_id"] == settings.razorpay.key_id
    assert opened["checkout"]["order_id"] == opened["gateway_order_id"]


def test_a_paid_topup_is_credited_once_however_often_it_is_verified(shop: Shop) -> None:
    opened = topup(shop, 500)
    paid = shop.pay(opened)

    first, second = verify_topup(shop, opened, paid), verify_topup(shop, opened, paid)

    assert (first.status_code, first.json) == (200, second.json)
    assert (first.json["success"], first.json["wallet_balance"], first.json["amount"]) == (True, 500, 500)
    assert [entry["_id"] for entry in entries(shop)] == [first.json["transaction_id"]]
    assert_whole(shop)


def test_the_credit_names_its_payment_and_its_gateway(shop: Shop) -> None:
    opened = topup(shop)
    paid = shop.pay(opened)
    verify_topup(shop, opened, paid)

    [entry] = entries(shop)
    assert entry["idempotency_key"] == f"razorpay:{paid['razorpay_payment_id']}"
    assert (entry["account"], entry["source"], entry["type"]) == (
        "gateway:razorpay",
        "wallet_topup",
        "credit",
    )
    assert entry["metadata"]["payment_id"] == paid["razorpay_payment_id"]
    assert entry["metadata"].keys() == {"payment_id", "gateway", "webhook_timestamp"}


def test_a_message_alone_credits_the_wallet(shop: Shop) -> None:
    event = captured(shop, topup(shop, "250.50"))

    answers = [shop.deliver(event).json["status"] for _ in range(3)]

    assert (answers, balance(shop)) == (["ok"] * 3, (250.5, 0))
    assert_whole(shop)


@pytest.mark.parametrize("way", ["verify", "webhook", "poll"])
def test_each_way_of_learning_of_the_money_credits_it(shop: Shop, way: str) -> None:
    opened = topup(shop)
    paid = shop.pay(opened)
    ways = {
        "verify": lambda: verify_topup(shop, opened, paid),
        "webhook": lambda: shop.deliver(shop.events()[-1]),
        "poll": lambda: follow(shop, opened),
    }

    assert ways[way]().status_code == 200

    assert (balance(shop), status(shop, opened)) == ((500, 0), "COMPLETED")


def test_verify_webhook_and_poll_at_once_make_one_credit(shop: Shop) -> None:
    opened = topup(shop)
    paid = shop.pay(opened)
    event = [e for e in shop.events() if e["event"] == "payment.captured"][-1]
    ways = [
        lambda: verify_topup(shop, opened, paid),
        lambda: shop.deliver(event),
        lambda: follow(shop, opened),
    ]

    with ThreadPoolExecutor(12) as pool:
        answers = [a.result().status_code for a in [pool.submit(ways[n % 3]) for n in range(12)]]

    assert (set(answers), balance(shop), len(entries(shop))) == ({200}, (500, 0), 1)
    assert_whole(shop)


def test_a_paypal_topup_is_charged_in_dollars_and_credited_in_rupees(shop: Shop) -> None:
    opened = topup(shop, 831, method="paypal")
    shop.pay(opened)

    verified = verify_topup(shop, opened)

    assert opened["redirect_url"].startswith(shop.sandbox.url)
    assert (opened["charge"]["amount"], opened["charge"]["currency"]) == (10, "USD")
    assert (verified.json["amount"], verified.json["wallet_balance"]) == (831, 831)
    assert_whole(shop)


@pytest.mark.parametrize("method", ["upi", "card", "netbanking", "google_pay", "apple_pay"])
def test_every_way_to_pay_fills_the_wallet(shop: Shop, method: str) -> None:
    opened = topup(shop, 100, method=method)

    verified = verify_topup(shop, opened, shop.pay(opened))

    assert (verified.status_code, verified.json["wallet_balance"]) == (200, 100)


def test_a_wrong_signature_is_refused_and_changes_nothing(shop: Shop) -> None:
    opened = topup(shop)
    paid = shop.pay(opened)

    refused = verify_topup(shop, opened, paid, signature="0" * 64)

    assert refusal(refused) == (400, "INVALID_SIGNATURE")
    assert (balance(shop), status(shop, opened)) == ((0, 0), "INITIATED")


def test_money_of_another_amount_credits_nothing_and_is_kept_as_an_exception(shop: Shop) -> None:
    opened = topup(shop)
    event = captured(shop, opened)
    event["payload"]["payment"]["entity"]["amount"] = 1_00

    shop.deliver(event)

    [kept] = shop.database["payment_exceptions"].find()
    assert (balance(shop), kept["reason"], kept["customer_id"]) == (
        (0, 0),
        "amount_mismatch",
        shop.customer.id,
    )


def test_other_money_for_the_same_topup_is_kept_as_an_exception(shop: Shop) -> None:
    event = captured(shop, topup(shop))
    other = copy.deepcopy(event)
    other["payload"]["payment"]["entity"]["id"] = "pay_other"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(shop.deliver, [event, other] * 4))

    reasons = [kept["reason"] for kept in shop.database["payment_exceptions"].find()]
    assert (reasons, balance(shop), len(entries(shop))) == (["paid_twice"], (500, 0), 1)
    assert_whole(shop)


def test_money_that_an_admin_has_credited_is_not_credited_again(shop: Shop) -> None:
    opened = topup(shop)
    event = captured(shop, opened)
    wrong = copy.deepcopy(event)
    wrong["payload"]["payment"]["entity"]["amount"] = 40_000
    shop.deliver(wrong)
    [kept] = shop.database["payment_exceptions"].find()
    decision = {"resolution": "credit_wallet", "reason": "It was 400"}
    shop.admin.post(f"/api/admin/payment-exceptions/{kept['_id']}/resolve", decision)

    shop.deliver(event)

    assert (balance(shop), len(entries(shop))) == ((400, 0), 1)
    assert_whole(shop)


def test_money_that_no_wallet_can_hold_is_kept_as_an_exception(shop: Shop) -> None:
    shop.customer.is_given(MAX_BALANCE_MINOR)

    shop.deliver(captured(shop, topup(shop)))

    [kept] = shop.database["payment_exceptions"].find()
    assert (kept["reason"], kept["amount"]) == ("wallet_refused", 50_000)


def test_money_of_another_currency_credits_nothing(shop: Shop) -> None:
    opened = topup(shop)
    event = captured(shop, opened)
    event["payload"]["payment"]["entity"]["currency"] = "USD"

    shop.deliver(event)

    assert (balance(shop), entries(shop)) == ((0, 0), [])


def test_a_declined_card_credits_nothing(shop: Shop) -> None:
    opened = topup(shop)
    shop.pay(opened, card_number=DECLINED_CARD)

    answer = follow(shop, opened).json

    assert (answer["success"], answer["transaction_id"], balance(shop)) == (True, None, (0, 0))


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_money_that_comes_after_the_end_is_still_credited(shop: Shop, end: str) -> None:
    opened = topup(shop)
    if end == "expired":
        expire(shop, opened)
        shop.reconcile()
    else:
        shop.customer.post(f"/api/payments/{opened['payment_order_id']}/cancel")
    assert status(shop, opened) == end.upper()

    shop.deliver(captured(shop, opened))

    assert (balance(shop), status(shop, opened)) == ((500, 0), "COMPLETED")


def test_a_lost_return_is_found_by_reconciliation(shop: Shop) -> None:
    opened = topup(shop)
    shop.pay(opened)

    shop.reconcile()
    shop.reconcile()

    assert (balance(shop), status(shop, opened)) == ((500, 0), "COMPLETED")
    assert_whole(shop)
