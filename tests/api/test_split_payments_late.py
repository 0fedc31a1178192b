"""What becomes of a split payment whose money comes late, or whose hold was freed or forgotten."""

import copy
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.meetings import assert_whole, balance, captured, order, pay_with_wallet, split, status
from tests.shop import Shop


@pytest.fixture
def order_id(shop: Shop) -> str:
    """An order of 1000 rupees, of a customer who has 400."""
    shop.customer.is_given(40_000)
    return shop.order(100_000)


def late_credits(shop: Shop) -> list[tuple[str, int]]:
    query = {"source": "late_payment"}
    return [(e["idempotency_key"], e["amount"]) for e in shop.database["wallet_transactions"].find(query)]


def test_late_money_pays_the_order_if_the_wallet_still_can(shop: Shop, order_id: str) -> None:
    opened = split(shop, order_id, 300)
    shop.customer.post(f"/api/payments/{opened['payment_id']}/cancel")

    event = captured(shop, opened)
    for _ in range(3):
        shop.deliver(event)

    assert (order(shop, order_id)["payment_status"], balance(shop)) == ("PAID", (100, 0))
    assert_whole(shop)


def test_late_money_goes_into_the_wallet_if_the_wallet_cannot(shop: Shop, order_id: str) -> None:
    opened = split(shop, order_id, 300)
    shop.customer.post(f"/api/payments/{opened['payment_id']}/cancel")
    pay_with_wallet(shop, shop.order(40_000), 400)

    event = captured(shop, opened)
    for _ in range(3):
        shop.deliver(event)

    key = f"razorpay:{event['payload']['payment']['entity']['id']}"
    assert (order(shop, order_id)["payment_status"], balance(shop)) == ("PENDING", (700, 0))
    assert late_credits(shop) == [(key, 70_000)]
    assert shop.database["integration_logs"].count_documents({"kind": "late_credit"}) == 1
    assert_whole(shop)


def test_other_money_for_the_same_split_is_kept_as_an_exception(shop: Shop, order_id: str) -> None:
    event = captured(shop, split(shop, order_id, 300))
    other = copy.deepcopy(event)
    other["payload"]["payment"]["entity"]["id"] = "pay_other"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(shop.deliver, [event, other] * 4))

    reasons = [kept["reason"] for kept in shop.database["payment_exceptions"].find()]
    assert (reasons, balance(shop)) == (["paid_twice"], (100, 0))
    assert shop.database["captures"].count_documents({}) == 2
    assert_whole(shop)


def test_after_a_late_credit_the_order_can_be_paid_anew(shop: Shop, order_id: str) -> None:
    opened = split(shop, order_id, 300)
    shop.customer.post(f"/api/payments/{opened['payment_id']}/cancel")
    pay_with_wallet(shop, shop.order(40_000), 400)
    shop.deliver(captured(shop, opened))

    again = split(shop, order_id, 700)
    shop.verify(again, shop.pay(again))

    assert (order(shop, order_id)["payment_status"], balance(shop)) == ("PAID", (0, 0))
    assert_whole(shop)


def test_late_money_of_an_earlier_attempt_is_judged_by_that_attempt(shop: Shop, order_id: str) -> None:
    first = shop.initiate(order_id).json["data"]
    shop.customer.post(f"/api/payments/{first['payment_id']}/cancel")
    split(shop, order_id, 300)

    shop.deliver(captured(shop, first))

    found = order(shop, order_id)
    assert (found["payment_status"], found["amount_paid"], found["wallet_amount"]) == ("PAID", 1000, 0)
    assert (shop.payment(first)["amount"], balance(shop)) == (1000, (400, 0))
    assert_whole(shop)


def test_the_whole_by_wallet_and_both_parts_at_once_pay_once(shop: Shop, order_id: str) -> None:
    event = captured(shop, split(shop, order_id, 300))
    shop.customer.is_given(100_000)

    with ThreadPoolExecutor(2) as pool:
        whole = pool.submit(pay_with_wallet, shop, order_id, 1000)
        parts = pool.submit(shop.deliver, event)
        codes = (whole.result().status_code, parts.result().status_code)

    reasons = [kept["reason"] for kept in shop.database["payment_exceptions"].find()]
    outcome = (codes, balance(shop), reasons)
    assert outcome in [((200, 200), (400, 0), ["order_not_payable"]), ((409, 200), (1100, 0), [])]
    assert_whole(shop)


def test_late_money_and_another_order_share_one_balance(shop: Shop, order_id: str) -> None:
    opened = split(shop, order_id, 300)
    shop.customer.post(f"/api/payments/{opened['payment_id']}/cancel")
    event, other = captured(shop, opened), shop.order(40_000)

    with ThreadPoolExecutor(2) as pool:
        late, paid = pool.submit(shop.deliver, event), pool.submit(pay_with_wallet, shop, other, 400)
        codes = (late.result().status_code, paid.result().status_code)

    assert (codes, balance(shop)) in [((200, 200), (700, 0)), ((200, 400), (100, 0))]
    assert_whole(shop)


def test_money_that_does_not_fit_pays_nothing_and_frees_the_hold(shop: Shop, order_id: str) -> None:
    opened = split(shop, order_id, 300)
    event = captured(shop, opened)
    event["payload"]["payment"]["entity"]["amount"] = 100_000

    shop.deliver(event)

    [kept] = shop.database["payment_exceptions"].find()
    assert (kept["reason"], balance(shop)) == ("amount_mismatch", (400, 0))
    assert order(shop, order_id)["amount_paid"] == 0


def test_the_wallet_may_pay_the_whole_while_a_split_is_open(shop: Shop, order_id: str) -> None:
    opened = split(shop, order_id, 300)
    shop.customer.is_given(100_000)

    assert pay_with_wallet(shop, order_id, 1000).status_code == 200

    assert (status(shop, opened), balance(shop)) == ("CANCELLED", (400, 0))


def test_a_hold_that_nobody_remembers_is_freed(shop: Shop, order_id: str) -> None:
    found = shop.services.orders.get(order_id, owner_id=None)
    holds = shop.services.payments._holds
    opened: Any = split(shop, shop.order(50_000), 100)
    holds.place(found, 20_000, key="lost", expires_at=found.created_at)
    shop.database["wallet_holds"].update_many({}, {"$set": {"updated_at": found.created_at}})
    shop.database["wallet_holds"].update_many(
        {}, [{"$set": {"updated_at": {"$subtract": ["$updated_at", 900_000]}}}]
    )

    shop.reconcile()

    assert (status(shop, opened), balance(shop)) == ("INITIATED", (400, 100))
