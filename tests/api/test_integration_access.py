"""Who may fill wallets, pay out of them, give back into them and look at all that, as one table."""

from typing import Any

import pytest
from flask import Flask

from tests.api.callers import CALLERS, Caller, Table, endpoints_under
from tests.api.meetings import pay_with_wallet, topup, verify_topup
from tests.api.shops import another_customer
from tests.shop import Shop

INTEGRATION_FAMILIES = ("/api/integration/", "/api/payment/", "/pay/")
WEBHOOKS = {"webhooks.receive_for_integration"}  # In the table of payments, with the other webhooks.
# Everything in braces is the customer's; `tea` is an order nobody has tried to pay, `paid` is paid by wallet.
#                                                        nobody customer other admin
MATRIX = """
    POST   /api/integration/wallet/topup/initiate           401  201  403  201
    POST   /api/integration/wallet/topup/verify             401  200  404  200
    GET    /api/integration/wallet/topup/{topup}            401  200  404  200
    GET    /api/integration/wallet/topup/TOPUP-nobody       401  404  404  404
    POST   /api/integration/order/pay-with-wallet           401  200  403  200
    POST   /api/integration/order/pay-split                 401  201  403  201
    POST   /api/integration/order/refund-to-wallet          401  403  403  200
    GET    /api/integration/status/{customer}               401  200  403  200
    GET    /api/integration/status/nobody                   401  403  403  404
    GET    /api/integration/logs                            401  403  403  200
    GET    /api/integration/health                          200  200  200  200
    GET    /api/payment/razorpay-key                        401  200  200  200
    POST   /api/payment/create-order                        401  201  201  201
    POST   /api/payment/verify                              401  200  404  404
    GET    /pay/{topup}                                     200  200  200  200
    GET    /pay/TOPUP-nobody                                404  404  404  404
    POST   /pay/{topup}/return                              200  200  200  200
    POST   /pay/TOPUP-nobody/return                         404  404  404  404
"""
THEIRS = {"customer_id": "{customer}"}
RETURNED = {
    "razorpay_order_id": "{gateway_order}",
    "razorpay_payment_id": "{gateway_payment}",
    "razorpay_signature": "{signature}",
}
TABLE = Table(
    MATRIX,
    bodies={
        "initiate": THEIRS | {"amount": 100, "payment_method": "card"},
        "/api/integration/wallet/topup/verify": {
            "order_id": "{gateway_order}",
            "payment_id": "{gateway_payment}",
            "signature": "{signature}",
        },
        "pay-with-wallet": THEIRS | {"order_id": "{paid}", "amount": 10},
        "pay-split": THEIRS | {"order_id": "{tea}", "wallet_amount": 1, "payment_method": "card"},
        "refund-to-wallet": THEIRS | {"order_id": "{paid}", "amount": 1, "reason": "Cold"},
        "create-order": {"amount": 100},
        "/api/payment/verify": RETURNED,
        "return": RETURNED,
    },
)


def things_of(shop: Shop) -> dict[str, str]:
    """Let the customer have one of everything."""
    opened = topup(shop)
    paid = shop.pay(opened)
    verify_topup(shop, opened, paid)
    order_id = shop.order(1_000)
    pay_with_wallet(shop, order_id, 10)
    return {
        "customer": shop.customer.id,
        "topup": opened["payment_order_id"],
        "gateway_order": opened["gateway_order_id"],
        "gateway_payment": paid["razorpay_payment_id"],
        "signature": paid["razorpay_signature"],
        "paid": order_id,
        "tea": shop.order(),
    }


@pytest.mark.parametrize("caller", CALLERS)
def test_each_caller_may_do_what_the_table_says(shop: Shop, caller: str) -> None:
    people = {"customer": shop.customer, "other": another_customer(shop), "admin": shop.admin}
    knocking = Caller(shop.app.test_client(), people.get(caller))

    told: Any = TABLE.told_to(knocking, things_of(shop))

    assert told == TABLE.promised_to(caller)


def test_the_table_has_every_route_of_its_families(app: Flask) -> None:
    assert endpoints_under(app, INTEGRATION_FAMILIES) - TABLE.endpoints(app) == WEBHOOKS
