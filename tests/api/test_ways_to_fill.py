"""Ways to pay a top-up or the rest of a split: left to Razorpay's Checkout, or by a UPI link."""

from typing import Any

import pytest

from tests.api.answers import faulty_fields
from tests.api.meetings import order, split, topup, verify_topup
from tests.shop import Shop

METHODS_AT_RAZORPAY = [{"method": "upi", "vpa": "success@razorpay"}, {"method": "netbanking", "bank": "HDFC"}]


def split_payment(shop: Shop, *, method: str) -> Any:
    shop.customer.is_given(10_000)
    return split(shop, shop.order(30_000), 100, method=method)


def topup_payment(shop: Shop, *, method: str) -> Any:
    return topup(shop, method=method)


MAKERS = [topup_payment, split_payment]


@pytest.mark.parametrize("make", MAKERS)
def test_razorpay_means_all_that_its_checkout_offers(shop: Shop, make: Any) -> None:
    checkout = make(shop, method="razorpay")["checkout"]

    assert "config" not in checkout
    assert "method" not in checkout["prefill"]


@pytest.mark.parametrize("make", MAKERS)
def test_a_chosen_way_is_the_only_one_that_checkout_shows(shop: Shop, make: Any) -> None:
    checkout = make(shop, method="netbanking")["checkout"]

    blocks = checkout["config"]["display"]["blocks"]
    assert blocks["chosen"]["instruments"] == [{"method": "netbanking"}]


@pytest.mark.parametrize("how", METHODS_AT_RAZORPAY)
def test_what_was_paid_with_is_what_the_gateway_says(shop: Shop, how: dict[str, str]) -> None:
    opened = split_payment(shop, method="razorpay")

    shop.verify(opened, shop.pay(opened, **how))

    assert shop.payment(opened)["method_type"] == how["method"]
    assert order(shop, opened["order_id"])["payment_method"] == how["method"]


def test_a_topup_that_is_not_paid_yet_is_by_what_was_asked_for(shop: Shop) -> None:
    opened = topup(shop, method="razorpay")
    known = {"payment_id": opened["payment_order_id"]}
    before = shop.payment(known)["method_type"]

    verify_topup(shop, opened, shop.pay(opened, method="upi", vpa="success@razorpay"))

    assert (before, shop.payment(known)["method_type"]) == ("razorpay", "upi")


def test_the_payment_of_an_order_names_its_method(shop: Shop) -> None:
    assert faulty_fields(shop.initiate(shop.order(), method="razorpay")) == {"payment_method"}


@pytest.mark.parametrize("make", MAKERS)
def test_upi_comes_with_its_link(shop: Shop, make: Any) -> None:
    shop.database["customers_v2"].update_one({"_id": shop.customer.id}, {"$set": {"phone": "+919812345678"}})

    upi = make(shop, method="upi")["upi"]

    assert upi["link"].startswith("upi://pay?")
    assert upi["qr"] == upi["link"]


@pytest.mark.parametrize(
    ("method", "gateway"), [("card", "razorpay"), ("upi", "razorpay"), ("paypal", "paypal")]
)
def test_without_a_link_there_is_none(shop: Shop, method: str, gateway: str) -> None:
    """The customer has no phone number, which Razorpay wants for a link."""
    opened = topup(shop, 500, method=method)

    assert (opened["upi"], opened["gateway"]) == (None, gateway)
