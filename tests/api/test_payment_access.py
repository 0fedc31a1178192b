"""Who may do what with orders, payments and what gateways say, as one table."""

from typing import Any

import pytest
from flask import Flask

from tests.api.callers import CALLERS, Caller, Table, endpoints_under
from tests.api.shops import another_customer
from tests.shop import Shop

PAYMENT_FAMILIES = (
    *("/api/products", "/api/orders", "/api/payments", "/api/refunds", "/api/admin"),
    *("/api/webhooks", "/api/integration/webhook"),
)
# Everything in braces is the customer's; `tea` is an order nobody has tried to pay yet.
#                                                        nobody customer other admin
MATRIX = """
    GET    /api/products                                    200  200  200  200
    GET    /api/orders                                      401  200  200  200
    GET    /api/orders?customer_id={customer}               401  200  403  200
    POST   /api/orders                                      401  201  201  201
    POST   /api/orders?for=another                          401  201  403  201
    POST   /api/orders?at=a-price                           401  403  403  201
    GET    /api/orders/{tea}                                401  200  404  200
    GET    /api/orders/ord_nobody                           401  404  404  404
    POST   /api/payments/initiate                           401  201  404  201
    POST   /api/payments/initiate?again                     401  200  404  200
    POST   /api/orders/{tea}/cancel                         401  200  404  200
    POST   /api/orders/{paid_order}/cancel                  401  409  404  409
    POST   /api/orders/ord_nobody/cancel                    401  404  404  404
    GET    /api/payments/history                            401  200  200  200
    GET    /api/payments/history?customer_id={customer}     401  200  403  200
    GET    /api/payments/methods                            401  200  200  200
    POST   /api/payments/apple-pay/session                  401  503  503  503
    GET    /api/payments/saved-methods                      401  200  200  200
    POST   /api/payments/save-method                        401  201  400  400
    POST   /api/payments/saved-methods/{method}/default     401  200  404  404
    DELETE /api/payments/saved-methods/{method}             401  200  404  404
    GET    /api/payments/{open}                             401  200  404  200
    GET    /api/payments/{open}/verify                      401  200  404  200
    POST   /api/payments/{open}/verify                      401  400  404  400
    GET    /api/payments/{open}/refunds                     401  200  404  200
    POST   /api/payments/{open}/refund                      401  403  403  409
    POST   /api/payments/{open}/cancel                      401  200  404  200
    GET    /api/payments/{paid}                             401  200  404  200
    GET    /api/payments/{paid}/refunds                     401  200  404  200
    POST   /api/payments/{paid}/refund                      401  403  403  201
    POST   /api/payments/{paid}/cancel                      401  409  404  409
    GET    /api/payments/PAY-nobody                         401  404  404  404
    POST   /api/payments/PAY-nobody/refund                  401  403  403  404
    GET    /api/refunds/{refund}                            401  200  404  200
    GET    /api/refunds/REFUND-nobody                       401  404  404  404
    GET    /api/admin/auto-recharges                        401  403  403  200
    GET    /api/admin/ledger/verify                         401  403  403  200
    GET    /api/admin/jobs                                  401  403  403  200
    GET    /api/admin/webhook-events                        401  403  403  200
    GET    /api/admin/webhook-events/{event}                401  403  403  200
    GET    /api/admin/webhook-events/nobody                 401  403  403  404
    POST   /api/admin/webhook-events/{event}/replay         401  403  403  200
    POST   /api/admin/webhook-events/nobody/replay          401  403  403  404
    GET    /api/admin/payment-exceptions                    401  403  403  200
    GET    /api/admin/payment-exceptions/{exception}        401  403  403  200
    GET    /api/admin/payment-exceptions/EXC-nobody         401  403  403  404
    POST   /api/admin/payment-exceptions/{exception}/resolve 401 403  403  200
    GET    /api/admin/disputes                              401  403  403  200
    GET    /api/admin/settlements                           401  403  403  200
    GET    /api/admin/messages                              401  403  403  200
   GET    /api/admin/messages/evt_none                     401  403  403  404
   POST   /api/admin/messages/evt_none/resend              401  403  403  404
   GET    /api/webhooks/whatsapp                           403  403  403  403
   POST   /api/webhooks/whatsapp                           401  401  401  401
    POST   /api/admin/webhook-endpoints                     401  403  403  201
    GET    /api/admin/webhook-endpoints                     401  403  403  200
    GET    /api/admin/webhook-endpoints/{endpoint}          401  403  403  200
    GET    /api/admin/webhook-endpoints/we_nobody           401  403  403  404
    PATCH  /api/admin/webhook-endpoints/{endpoint}          401  403  403  200
    PATCH  /api/admin/webhook-endpoints/we_nobody           401  403  403  404
    POST   /api/admin/webhook-endpoints/{endpoint}/rotate-secret 401 403 403 200
    POST   /api/admin/webhook-endpoints/we_nobody/rotate-secret 401 403 403 404
    POST   /api/admin/webhook-endpoints/{endpoint}/test     401  403  403  200
    POST   /api/admin/webhook-endpoints/we_nobody/test      401  403  403  404
    GET    /api/admin/webhook-endpoints/{endpoint}/deliveries 401 403 403  200
    GET    /api/admin/webhook-endpoints/we_nobody/deliveries 401 403  403  404
    POST   /api/admin/webhook-deliveries/evt_1:we_1/resend  401  403  403  404
    DELETE /api/admin/webhook-endpoints/{endpoint}          401  403  403  200
    DELETE /api/admin/webhook-endpoints/we_nobody           401  403  403  404
    GET    /api/admin/reconciliation                        401  403  403  200
    GET    /api/admin/reconciliation/issues                 401  403  403  200
    POST   /api/admin/reconciliation/run                    401  403  403  200
    GET    /api/admin/reconciliation/RUN-nobody             401  403  403  404
    POST   /api/admin/reconciliation/issues/REC-nobody/resolve 401 403 403 404
    POST   /api/webhooks/razorpay                           401  401  401  401
    POST   /api/webhooks/paypal                             401  401  401  401
    POST   /api/webhooks/google-pay                         503  503  503  503
    POST   /api/webhooks/stripe                             404  404  404  404
    POST   /api/integration/webhook/razorpay                401  401  401  401
    POST   /api/integration/webhook/paypal                  401  401  401  401
    POST   /api/integration/webhook/google-pay              503  503  503  503
    POST   /api/integration/webhook/stripe                  404  404  404  404
"""
ONE_TEA = [{"sku": "TEA", "qty": 1}]
NOWHERE = "https://nowhere.invalid/"
PAY = {"order_id": "{tea}", "amount": 1000, "payment_method": "card"}
TABLE = Table(
    MATRIX,
    bodies={
        "/api/orders": {"items": ONE_TEA},
        "/api/orders?for=another": {"items": ONE_TEA, "customer_id": "{customer}"},
        "/api/orders?at=a-price": {"items": [{"name": "Tea", "price": 1, "qty": 1}]},
        "/api/payments/initiate": PAY,
        "/api/payments/initiate?again": PAY,
        "save-method": {"type": "card", "gateway": "razorpay", "token": "{token}", "last4": "1111"},
        "refund": {"reason": "other", "amount": 1},
        "resolve": {"resolution": "dismiss", "reason": "Settled by telephone"},
        "webhook-endpoints": {"url": NOWHERE},
        "/api/admin/reconciliation/issues/REC-nobody/resolve": {"reason": "Settled by telephone"},
        "/api/webhooks/razorpay": {"event": "payment.captured"},
    },
)


def things_of(shop: Shop) -> dict[str, str]:
    """Let the customer have one of everything."""
    database = shop.services.client[shop.services.settings.mongodb_db]
    database["products"].insert_one({"_id": "TEA", "name": "Tea", "price": 100, "currency": "INR"})
    paid = shop.paid()
    shop.deliver(shop.events()[-1])
    shop.verify(strange := shop.opened(), shop.pay(strange, amount=500))
    token = saved_token(shop)
    body = {"type": "card", "gateway": "razorpay", "token": token, "last4": "1111"}
    return {
        "customer": shop.customer.id,
        "tea": shop.order(),
        "open": shop.opened()["payment_id"],
        "paid": paid["payment_id"],
        "paid_order": paid["order_id"],
        "refund": shop.refund(paid, 1).json["data"]["refund_id"],
        "token": token,
        "method": shop.customer.post("/api/payments/save-method", body).json["data"]["id"],
        "event": shop.admin.get("/api/admin/webhook-events").json["data"][0]["id"],
        "endpoint": endpoint_of(shop),
        "exception": shop.admin.get("/api/admin/payment-exceptions").json["data"][0]["id"],
    }


def endpoint_of(shop: Shop) -> str:
    """Let one of the shop's own systems hear of events."""
    created = shop.admin.post("/api/admin/webhook-endpoints", {"url": NOWHERE})
    id_: str = created.json["data"]["id"]
    return id_


def saved_token(shop: Shop) -> str:
    """Save a card at the gateway, and give its token."""
    opened = shop.opened()
    shop.pay(opened, customer_id=opened["checkout"]["customer_id"], save=True)
    token: str = shop.sandbox.books()["tokens"][0]["id"]
    return token


@pytest.mark.parametrize("caller", CALLERS)
def test_each_caller_may_do_what_the_table_says(shop: Shop, caller: str) -> None:
    people = {"customer": shop.customer, "other": another_customer(shop), "admin": shop.admin}
    knocking = Caller(shop.app.test_client(), people.get(caller))

    told: Any = TABLE.told_to(knocking, things_of(shop))

    assert told == TABLE.promised_to(caller)


def test_the_table_has_every_route_of_its_families(app: Flask) -> None:
    assert endpoints_under(app, PAYMENT_FAMILIES) - TABLE.endpoints(app) == set()
