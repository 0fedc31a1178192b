"""The short recharge family over HTTP: the same top-ups, through Razorpay, for the caller's own wallet."""

from typing import Any

from flask import request

from backend.access import caller
from backend.blueprint import Blueprint
from backend.gateways.port import Method
from backend.idempotency import HEADER_DOC, idempotent, movement_key
from backend.request_guards import refuse_card_data_in_body
from backend.schemas.integration import wire_topped_up
from backend.schemas.recharge import (
    RazorpayKeyAnswer,
    RechargedAnswer,
    RechargeOrderAnswer,
    RechargeRequest,
    RechargeVerifyRequest,
)
from backend.services import services
from backend.wallet_payment_integration import GatewayChoice

recharge = Blueprint(
    "recharge", __name__, url_prefix="/api/payment", description="Recharges through Razorpay"
)
recharge.before_request(refuse_card_data_in_body)


@recharge.route("/razorpay-key")
@recharge.response(200, RazorpayKeyAnswer)
def razorpay_key() -> dict[str, str]:
    """Give the key that Razorpay's Checkout needs."""
    return {"razorpay_key": services().gateways.get(Method.RAZORPAY).public_key}


@recharge.route("/create-order", methods=["POST"])
@recharge.doc(parameters=[HEADER_DOC])
@idempotent
@recharge.arguments(RechargeRequest)
@recharge.response(201, RechargeOrderAnswer)
def create_order(body: dict[str, Any]) -> dict[str, Any]:
    """Open an order at Razorpay that fills the caller's wallet."""
    choice = GatewayChoice(method=Method.RAZORPAY, ip=request.remote_addr)
    opened = services().integration.initiate_wallet_topup_payment(
        caller().customer_id, body["amount"], choice, key=movement_key()
    )
    payment = opened.payment
    return {
        "order": {
            "order_id": payment.attempt.gateway_order_id,
            "amount": payment.amount_minor,
            "amount_paise": payment.amount_minor,
            "currency": payment.currency,
        }
    }


@recharge.route("/verify", methods=["POST"])
@recharge.doc(parameters=[HEADER_DOC])
@idempotent
@recharge.arguments(RechargeVerifyRequest)
@recharge.response(200, RechargedAnswer)
def verify(body: dict[str, Any]) -> dict[str, Any]:
    """Prove that a recharge is paid; what is credited is what its order was created with."""
    entry = services().integration.topups.verify(
        body["razorpay_order_id"],
        owner_id=caller().customer_id,
        gateway_payment_id=body["razorpay_payment_id"],
        signature=body["razorpay_signature"],
    )
    return wire_topped_up(entry)
