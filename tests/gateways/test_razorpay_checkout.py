"""Razorpay's Checkout is told exactly what the customer has chosen."""

from dataclasses import replace
from typing import Any

import pytest

from backend.gateways import razorpay_checkout as checkout
from backend.gateways.port import Method, OrderRequest
from tests.gateways.contract_hooks import AMOUNT_MINOR, PAYER

CARD = OrderRequest(
    payment_id="pay_internal_1",
    receipt="rcpt_1",
    amount_minor=AMOUNT_MINOR,
    currency="INR",
    method=Method.CARD,
    payer=PAYER,
    description="Order ORD-1",
)
KNOWN = replace(PAYER, gateway_customer_id="cust_1")


def options(request: OrderRequest) -> dict[str, Any]:
    return checkout.options(request, order_id="order_1", key="rzp_test_1", name="Shop", script="https://x")


def instruments(request: OrderRequest) -> Any:
    return options(request)["config"]["display"]["blocks"]["chosen"]["instruments"]


def test_checkout_knows_the_order_and_the_payer() -> None:
    told = options(CARD)

    assert (told["key"], told["order_id"], told["name"]) == ("rzp_test_1", "order_1", "Shop")
    assert (told["amount"], told["currency"]) == (AMOUNT_MINOR, "INR")
    assert told["prefill"] == {
        "name": PAYER.name,
        "email": PAYER.email,
        "contact": PAYER.phone,
        "method": "card",
    }
    assert told["notes"] == {"payment_id": "pay_internal_1", "customer_id": PAYER.customer_id}


@pytest.mark.parametrize(
    ("changes", "instrument"),
    [
        ({"method": Method.CARD}, {"method": "card"}),
        ({"method": Method.APPLE_PAY}, {"method": "card"}),
        ({"method": Method.EMI}, {"method": "emi"}),
        ({"method": Method.NETBANKING}, {"method": "netbanking"}),
        ({"method": Method.NETBANKING, "bank": "HDFC"}, {"method": "netbanking", "banks": ["HDFC"]}),
        ({"method": Method.WALLET, "bank": "mobikwik"}, {"method": "wallet", "wallets": ["mobikwik"]}),
        ({"method": Method.UPI}, {"method": "upi", "flows": ["intent", "qr"]}),
        (
            {"method": Method.GOOGLE_PAY},
            {"method": "upi", "flows": ["intent", "qr"], "apps": ["google_pay"]},
        ),
    ],
)
def test_only_the_chosen_way_to_pay_is_shown(changes: dict[str, Any], instrument: dict[str, Any]) -> None:
    request = replace(CARD, **changes)

    assert instruments(request) == [instrument]
    assert options(request)["config"]["display"]["preferences"] == {"show_default_blocks": False}


def test_where_nothing_is_chosen_checkout_opens_with_all_it_has() -> None:
    told = options(replace(CARD, method=Method.RAZORPAY, payer=KNOWN))

    assert "config" not in told
    assert "method" not in told["prefill"]
    assert (told["customer_id"], told["save"]) == ("cust_1", 1)


def test_a_customer_without_a_phone_has_none_filled_in() -> None:
    assert "contact" not in options(replace(CARD, payer=replace(PAYER, phone=None)))["prefill"]


def test_a_stranger_can_save_nothing() -> None:
    assert not {"customer_id", "save"} & set(options(CARD))


def test_a_known_customer_may_save_a_card() -> None:
    told = options(replace(CARD, payer=KNOWN))

    assert (told["customer_id"], told["save"]) == ("cust_1", 1)


def test_a_typed_upi_id_is_filled_in_and_collected_from() -> None:
    told = options(replace(CARD, method=Method.UPI, vpa="asha@okaxis"))

    instrument = told["config"]["display"]["blocks"]["chosen"]["instruments"][0]
    assert (told["prefill"]["vpa"], instrument["flows"]) == ("asha@okaxis", ["collect"])


def test_instalments_name_their_duration() -> None:
    assert options(replace(CARD, method=Method.EMI, installments=9))["emi_duration"] == 9


def test_notes_stay_within_razorpays_bounds_and_ours_are_never_lost() -> None:
    many = {"payment_id": "forged"} | {f"note_{number}": "x" * 300 for number in range(20)}

    notes = checkout.notes(replace(CARD, notes=many))

    assert (len(notes), max(map(len, notes.values()))) == (15, 256)
    assert notes["payment_id"] == "pay_internal_1"
    assert notes["customer_id"] == PAYER.customer_id


def test_a_look_alike_brings_its_own_script() -> None:
    assert checkout.script_of("https://api.razorpay.com") == checkout.OFFICIAL_SCRIPT
    assert checkout.script_of("http://127.0.0.1:1") == "http://127.0.0.1:1/v1/checkout.js"
