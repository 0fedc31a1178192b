"""A payment can also register the card that pays it, for charges while its owner is away."""

from typing import Any

import pytest

from tests.api.answers import faulty_fields, refusal
from tests.api.auto_recharges import registering, saved_by_paying
from tests.api.meetings import topup
from tests.shop import Shop


def test_a_top_up_registers_the_card_that_pays_it(shop: Shop) -> None:
    opened = registering(shop).json
    [customer] = shop.sandbox.books()["customers"]

    method = saved_by_paying(shop, opened)

    [order] = shop.sandbox.books()["orders"]
    assert (order["customer_id"], opened["checkout"]["recurring"]) == (customer["id"], 1)
    assert opened["checkout"]["customer_id"] == customer["id"]
    assert method["recurring"] is True


def test_a_payment_of_an_order_registers_it_too(shop: Shop) -> None:
    opened = shop.opened(recurring=True)

    assert opened["checkout"]["recurring"] == 1
    assert opened["checkout"]["customer_id"] == shop.sandbox.books()["customers"][0]["id"]


def test_a_card_that_is_only_saved_is_not_registered(shop: Shop) -> None:
    opened = topup(shop, 10, method="card")

    assert saved_by_paying(shop, opened)["recurring"] is False
    assert "recurring" not in opened["checkout"]


def test_a_saved_card_can_be_registered_later(shop: Shop) -> None:
    saved = saved_by_paying(shop, topup(shop, 10, method="card"))

    again = saved_by_paying(shop, registering(shop).json)

    assert (again["id"], again["recurring"]) == (saved["id"], True)


@pytest.mark.parametrize("method", ["upi", "netbanking", "paypal", "apple_pay"])
def test_only_cards_can_be_registered(shop: Shop, method: str) -> None:
    response = registering(shop, 100, payment_method=method)

    assert refusal(response) == (400, "INVALID_PAYMENT_METHOD")
    assert shop.database["payment_orders"].count_documents({}) == 0


def test_no_gateway_is_asked_that_could_not_charge_it_later(shop: Shop) -> None:
    order_id = shop.order()

    answers = [shop.initiate(order_id, recurring=True, gateway=name) for name in ("paypal", "razorpay")]

    assert [answer.status_code for answer in answers] == [400, 201]


def test_a_customer_whom_the_gateway_cannot_learn_of_is_told(shop: Shop) -> None:
    shop.sandbox.fault("/v1/customers$", "error", times=9)

    response = registering(shop)

    assert refusal(response) == (502, "GATEWAY_ERROR")
    assert shop.sandbox.books()["orders"] == []


@pytest.mark.parametrize("value", ["yes", 2, None, {"$gt": ""}])
def test_what_makes_no_sense_is_refused(shop: Shop, value: Any) -> None:
    assert faulty_fields(registering(shop, recurring=value)) == {"recurring"}
