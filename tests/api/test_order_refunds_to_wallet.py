"""Orders given back into the wallet: whatever has paid them, never more than was paid, and so often only."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.answers import faulty_fields, refusal
from tests.api.meetings import assert_whole, balance, order, pay_with_wallet, refund_order, split
from tests.api.shops import another_customer, another_shop
from tests.shop import Shop, total


def paid_by_wallet(shop: Shop, amount_minor: int = 50_000) -> str:
    shop.customer.is_given(amount_minor)
    order_id = shop.order(amount_minor)
    assert pay_with_wallet(shop, order_id, amount_minor / 100).status_code == 200
    return order_id


def paid_by_gateway(shop: Shop, amount_minor: int = 50_000) -> str:
    order_id: str = shop.paid(amount_minor)["order_id"]
    return order_id


def paid_by_both(shop: Shop, amount_minor: int = 50_000) -> str:
    """Let the wallet pay 200 of it."""
    shop.customer.is_given(20_000)
    order_id = shop.order(amount_minor)
    opened = split(shop, order_id, 200)
    assert shop.verify(opened, shop.pay(opened)).json["data"]["status"] == "COMPLETED"
    return order_id


WAYS = {"wallet": paid_by_wallet, "gateway": paid_by_gateway, "both": paid_by_both}
every_way = pytest.mark.parametrize("way", WAYS)


def rows(shop: Shop, order_id: str) -> list[Any]:
    return list(shop.database["refunds"].find({"order_id": order_id}, sort=[("_id", 1)]))


def state(shop: Shop, order_id: str) -> tuple[str, str, float]:
    found = order(shop, order_id)
    return found["status"], found["payment_status"], found["refund_amount"]


@every_way
def test_the_whole_amount_back_makes_the_order_refunded(shop: Shop, way: str) -> None:
    order_id = WAYS[way](shop)

    answer = refund_order(shop, order_id, 500)

    assert answer.status_code == 200, answer.text
    assert (answer.json["success"], answer.json["refund_amount"], answer.json["new_balance"]) == (
        True,
        500,
        500,
    )
    assert state(shop, order_id) == ("REFUNDED", "REFUNDED", 500)
    assert total(rows(shop, order_id), "amount") == 50_000
    assert_whole(shop)


@every_way
def test_less_makes_it_partially_refunded(shop: Shop, way: str) -> None:
    order_id = WAYS[way](shop)

    answer = refund_order(shop, order_id, 120.5)

    assert (answer.json["new_balance"], state(shop, order_id)) == (
        120.5,
        ("CONFIRMED", "PARTIALLY_REFUNDED", 120.5),
    )
    assert_whole(shop)


@every_way
def test_more_than_was_paid_is_refused(shop: Shop, way: str) -> None:
    order_id = WAYS[way](shop)
    refund_order(shop, order_id, 400)

    refused = refund_order(shop, order_id, 100.5)

    assert refusal(refused) == (409, "REFUND_EXCEEDS_PAYMENT")
    assert (refused.json["error"]["details"]["refundable"], balance(shop)) == (100, (400, 0))


def test_the_wallets_part_goes_back_first_and_then_the_gateways(shop: Shop) -> None:
    order_id = paid_by_both(shop)

    refund_order(shop, order_id, 150)
    refund_order(shop, order_id, 100)

    drawn = [
        (row["gateway"], row["amount"]) for row in shop.database["refunds"].find(sort=[("created_at", 1)])
    ]
    payment: Any = shop.database["payment_orders"].find_one({"order_id": order_id})
    assert sorted(drawn) == [("razorpay", 5_000), ("wallet", 5_000), ("wallet", 15_000)]
    assert (payment["refunded"], payment["status"], balance(shop)) == (5_000, "PARTIAL_REFUND", (250, 0))
    assert_whole(shop)


@every_way
def test_refunds_at_once_never_give_back_more_than_was_paid(shop: Shop, way: str) -> None:
    order_id = WAYS[way](shop)

    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(refund_order, shop, order_id, 200) for _ in range(6)]
        codes = sorted(job.result().status_code for job in jobs)

    assert (codes, balance(shop)) == ([200, 200, 409, 409, 409, 409], (400, 0))
    assert_whole(shop)


@pytest.mark.parametrize("way", ["gateway", "both"])
def test_what_is_refunded_at_the_source_is_not_refunded_again(shop: Shop, way: str) -> None:
    order_id = WAYS[way](shop)
    payment: Any = shop.database["payment_orders"].find_one({"order_id": order_id})
    shop.refund({"payment_id": payment["_id"]}, 250)

    refused = refund_order(shop, order_id, 250.5)

    assert refusal(refused) == (409, "REFUND_EXCEEDS_PAYMENT")
    assert refund_order(shop, order_id, 250).status_code == 200
    assert refusal(shop.refund({"payment_id": payment["_id"]})) == (409, "REFUND_NOT_ALLOWED")
    assert_whole(shop)


def test_a_split_is_refunded_at_the_source_only_as_far_as_the_gateway_paid(shop: Shop) -> None:
    order_id = paid_by_both(shop)
    payment: Any = shop.database["payment_orders"].find_one({"order_id": order_id})

    refused = shop.refund({"payment_id": payment["_id"]}, 300.5)
    refunded = shop.refund({"payment_id": payment["_id"]})

    assert refusal(refused) == (409, "REFUND_EXCEEDS_PAYMENT")
    assert (refunded.json["data"]["amount"], state(shop, order_id)[1]) == (300, "PARTIALLY_REFUNDED")


def test_the_sixth_refund_of_an_order_is_refused(shop: Shop) -> None:
    order_id = paid_by_wallet(shop)
    for _ in range(5):
        assert refund_order(shop, order_id, 10).status_code == 200

    refused = refund_order(shop, order_id, 10)

    assert refusal(refused) == (409, "REFUND_NOT_ALLOWED")
    assert (refused.json["error"]["details"], balance(shop)) == ({"limit": 5}, (50, 0))


def test_no_more_refunds_than_allowed_even_at_once(shop: Shop) -> None:
    order_id = paid_by_wallet(shop)

    with another_shop(shop, refunds_per_order=2) as strict, ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(refund_order, strict, order_id, 10) for _ in range(6)]
        codes = sorted(job.result().status_code for job in jobs)

    assert (codes, balance(shop)) == ([200, 200, 409, 409, 409, 409], (20, 0))


def test_a_refund_over_both_parts_counts_as_one(shop: Shop) -> None:
    order_id = paid_by_both(shop)

    with another_shop(shop, refunds_per_order=2) as strict:
        codes = [refund_order(strict, order_id, amount).status_code for amount in (250, 100, 50)]

    assert codes == [200, 200, 409]


def test_a_key_refunds_once(shop: Shop) -> None:
    order_id = paid_by_wallet(shop)

    first, second = [refund_order(shop, order_id, 100, key="one") for _ in range(2)]

    assert (first.json, balance(shop)) == (second.json, (100, 0))
    assert len(rows(shop, order_id)) == 1


def test_an_order_that_was_not_paid_is_not_refunded(shop: Shop) -> None:
    assert refusal(refund_order(shop, shop.order(50_000), 500)) == (409, "REFUND_NOT_ALLOWED")


def test_the_refund_can_be_looked_at(shop: Shop) -> None:
    order_id = paid_by_wallet(shop)
    refund_order(shop, order_id, 500)
    [row] = rows(shop, order_id)

    shown = shop.customer.get(f"/api/refunds/{row['_id']}").json["data"]

    assert (shown["status"], shown["destination"], shown["gateway"]) == ("COMPLETED", "wallet", "wallet")
    assert (shown["order_id"], shown["amount"]) == (order_id, 500)


def test_the_order_must_be_that_customers(shop: Shop) -> None:
    order_id, other = paid_by_wallet(shop), another_customer(shop)

    answers = [refund_order(shop, order_id, 1, customer_id=id_) for id_ in (other.id, "cust_nobody")]

    assert [refusal(a) for a in answers] == [(404, "ORDER_NOT_FOUND"), (404, "CUSTOMER_NOT_FOUND")]


def test_only_an_admin_gives_money_back(shop: Shop) -> None:
    body = {"order_id": "x", "customer_id": shop.customer.id, "amount": 1, "reason": "Please"}

    refused = shop.customer.post("/api/integration/order/refund-to-wallet", body)

    assert refusal(refused) == (403, "FORBIDDEN")


def test_a_reason_is_needed(shop: Shop) -> None:
    assert faulty_fields(refund_order(shop, "x", 1, reason="")) == {"reason"}
