"""Top-ups that PayPal takes back in dollars: the wallet gives what they are worth in rupees."""

from decimal import Decimal

import pytest

from tests.api.meetings import assert_whole, balance
from tests.api.taken_back import filled, spend, standing
from tests.api.test_paypal_refunds_api import refund_at_paypal, told
from tests.shop import Shop


@pytest.mark.parametrize(("dollars", "rupees"), [("10.00", "831"), ("4.00", "332.4")])
def test_a_refund_leaves_the_wallet_in_rupees(shop: Shop, dollars: str, rupees: str) -> None:
    opened = filled(shop, 831, method="paypal")
    refund_at_paypal(shop, opened, dollars)
    [event] = told(shop)

    answers = {shop.deliver(event, provider="paypal").status_code for _ in range(2)}

    assert (answers, balance(shop)) == ({200}, (831 - Decimal(rupees), 0))
    assert shop.payment(opened)["refunded_amount"] == Decimal(rupees)
    assert_whole(shop)


@pytest.mark.parametrize("spent", [0, 300])
def test_a_reversal_takes_what_the_wallet_has(shop: Shop, spent: int) -> None:
    opened = filled(shop, 831, method="paypal")
    if spent:
        spend(shop, spent)
    shop.sandbox.post(f"paypal/captures/{shop.payment(opened)['gateway_payment_id']}/reverse")
    [event] = told(shop, "PAYMENT.CAPTURE.REVERSED")

    answers = {shop.deliver(event, provider="paypal").status_code for _ in range(2)}

    assert (answers, balance(shop)) == ({200}, (0, 0))
    assert standing(shop, opened) == ("REFUNDED", 831, [spent])
    assert_whole(shop)
