"""Wallets and gateways together over HTTP: top-ups, orders paid by the wallet, refunds into it."""

from importlib.metadata import version
from typing import Any

from flask import request
from pymongo.errors import PyMongoError

from backend.access import admin_only, caller
from backend.blueprint import Blueprint
from backend.gateways.port import Method
from backend.idempotency import HEADER_DOC, idempotent, movement_key
from backend.integration_log import LogFilter
from backend.order_refunds import OrderRefundWish
from backend.payment_opening import Opened
from backend.refund_values import refund_id_of
from backend.request_guards import refuse_card_data_in_body
from backend.schemas.integration import (
    OrderRefundAnswer,
    OrderRefundRequest,
    SplitOpenedAnswer,
    SplitRequest,
    ToppedUpAnswer,
    TopUpAnswer,
    TopUpOpenedAnswer,
    TopUpRequest,
    TopUpVerifyRequest,
    WalletPaymentAnswer,
    WalletPaymentRequest,
    Way,
    wire_opened,
    wire_order_refund,
    wire_topped_up,
    wire_wallet_payment,
)
from backend.schemas.integration_status import (
    HealthAnswer,
    LogArguments,
    LogListAnswer,
    StatusAnswer,
    wire_status,
)
from backend.services import services
from backend.topup_service import transaction_id_of
from backend.wallet_payment_integration import GatewayChoice, Split

integration = Blueprint(
    "integration", __name__, url_prefix="/api/integration", description="Wallets and gateways together"
)
integration.before_request(refuse_card_data_in_body)


@integration.route("/wallet/topup/initiate", methods=["POST"])
@integration.doc(parameters=[HEADER_DOC])
@idempotent
@integration.arguments(TopUpRequest)
@integration.response(201, TopUpOpenedAnswer)
def initiate_topup(body: dict[str, Any]) -> dict[str, Any]:
    """Open a payment that fills a wallet."""
    caller().check_may_act_for(body["customer_id"])
    opened = services().integration.initiate_wallet_topup_payment(
        body["customer_id"],
        body["amount"],
        _choice(body["payment_method"], registers=body["recurring"]),
        key=movement_key(),
    )
    return _opened(opened)


@integration.route("/wallet/topup/verify", methods=["POST"])
@integration.doc(parameters=[HEADER_DOC])
@idempotent
@integration.arguments(TopUpVerifyRequest)
@integration.response(200, ToppedUpAnswer)
def verify_topup(body: dict[str, Any]) -> dict[str, Any]:
    """Prove with what the gateway gave the browser that a top-up is paid; safe to repeat."""
    entry = services().integration.topups.verify(
        body["order_id"],
        owner_id=caller().owner_id,
        gateway_payment_id=body["payment_id"],
        signature=body["signature"],
    )
    return wire_topped_up(entry)


@integration.route("/wallet/topup/<string:payment_order_id>")
@integration.response(200, TopUpAnswer)
def show_topup(payment_order_id: str) -> dict[str, Any]:
    """Tell where a top-up stands, asking the gateway while it is not paid."""
    payment = services().integration.topups.follow(payment_order_id, owner_id=caller().owner_id)
    return {
        "success": True,
        "payment_order_id": payment.id,
        "status": payment.status,
        "amount": payment.amount_minor,
        "currency": payment.currency,
        "transaction_id": transaction_id_of(payment),
    }


@integration.route("/order/pay-with-wallet", methods=["POST"])
@integration.doc(parameters=[HEADER_DOC])
@idempotent
@integration.arguments(WalletPaymentRequest)
@integration.response(200, WalletPaymentAnswer)
def pay_with_wallet(body: dict[str, Any]) -> dict[str, Any]:
    """Pay an order out of the wallet; safe to repeat."""
    caller().check_may_act_for(body["customer_id"])
    entry = services().integration.link_payment_to_order(
        body["order_id"], body["customer_id"], body["amount"]
    )
    return wire_wallet_payment(entry)


@integration.route("/order/pay-split", methods=["POST"])
@integration.doc(parameters=[HEADER_DOC])
@idempotent
@integration.arguments(SplitRequest)
@integration.alt_response(200, schema=SplitOpenedAnswer)
@integration.response(201, SplitOpenedAnswer)
def pay_split(body: dict[str, Any]) -> Any:
    """Set a part aside in the wallet and open a payment of the rest; an open one is handed back with 200."""
    caller().check_may_act_for(body["customer_id"])
    split = Split(
        order_id=body["order_id"],
        customer_id=body["customer_id"],
        wallet_minor=body["wallet_amount"],
        choice=_choice(body["payment_method"]),
        key=movement_key(),
    )
    opened = services().integration.pay_split(split)
    return _opened(opened), 201 if opened.is_new else 200


@integration.route("/order/refund-to-wallet", methods=["POST"])
@integration.doc(parameters=[HEADER_DOC])
@admin_only
@idempotent
@integration.arguments(OrderRefundRequest)
@integration.response(200, OrderRefundAnswer)
def refund_to_wallet(body: dict[str, Any]) -> dict[str, Any]:
    """Give money of an order back into the wallet, whatever has paid it."""
    wish = OrderRefundWish(
        refund_id=refund_id_of(movement_key()),
        order_id=body["order_id"],
        amount_minor=body["amount"],
        reason=body["reason"],
        admin_id=caller().customer_id,
    )
    return wire_order_refund(services().integration.process_refund_to_wallet(body["customer_id"], wish))


@integration.route("/status/<string:customer_id>")
@integration.response(200, StatusAnswer)
def status(customer_id: str) -> dict[str, Any]:
    """Show a wallet with what went through it."""
    caller().check_may_act_for(customer_id)
    found = services().integration.get_integration_status(customer_id)
    return wire_status(found, is_low=services().wallets.is_low(found.wallet))


@integration.route("/logs")
@admin_only
@integration.arguments(LogArguments, location="query")
@integration.response(200, LogListAnswer)
def logs(arguments: dict[str, Any]) -> dict[str, Any]:
    """List the audit trail, newest first."""
    limit, skip = arguments.pop("limit"), arguments.pop("skip")
    found, total = services().integration.logs(LogFilter(**arguments), limit=limit, skip=skip)
    return {"success": True, "logs": found, "total": total}


@integration.route("/health")
@integration.alt_response(503, schema=HealthAnswer)
@integration.response(200, HealthAnswer)
def health() -> Any:
    """Tell what works here; 503 while the database is away."""
    try:
        is_well = services().integration.is_database_writable()
    except PyMongoError:
        is_well = False
    answer = {
        "success": is_well,
        "status": "ok" if is_well else "degraded",
        "features": services().integration.features(),
        "database": "ok" if is_well else "away",
        "version": version("batua"),
    }
    return answer, 200 if is_well else 503


def _choice(way: Way, *, registers: bool = False) -> GatewayChoice:
    agent = request.user_agent.string[:255] or None
    return GatewayChoice(
        method=Method(way.value), registers=registers, ip=request.remote_addr, user_agent=agent
    )


def _opened(opened: Opened) -> dict[str, Any]:
    key = services().gateways.get(opened.payment.attempt.gateway).public_key
    return wire_opened(opened, key=key, pay_url=services().settings.pay_url(opened.payment.id))
