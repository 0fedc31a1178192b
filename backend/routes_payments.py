"""Payments, refunds and saved methods over HTTP."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import request
from flask_limiter.util import get_remote_address

from backend.access import admin_only, caller
from backend.blueprint import Blueprint
from backend.extensions import limiter
from backend.idempotency import HEADER_DOC, idempotent, keep_trying, movement_key, replayable
from backend.payment_methods import EMI_FROM_MINOR
from backend.payment_service import Checkout
from backend.payment_values import Payment, PaymentFilter
from backend.refund_values import RefundWish, refund_id_of
from backend.request_guards import refuse_card_data_in_body
from backend.schemas.envelope import enveloped, listed
from backend.schemas.fields import PageArguments
from backend.schemas.payment_methods import MethodsAnswer, MethodsArguments, wire_methods
from backend.schemas.payments import (
    HistoryArguments,
    InitiatedAnswer,
    InitiateRequest,
    PaymentAnswer,
    RefundAnswer,
    RefundRequest,
    VerifyRequest,
    wire_initiated,
    wire_payment,
)
from backend.schemas.saved_methods import DeletedAnswer, SavedMethodAnswer, SaveMethodRequest
from backend.services import services

payments = Blueprint("payments", __name__, url_prefix="/api/payments", description="Payments")
refunds = Blueprint("refunds", __name__, url_prefix="/api/refunds", description="Refunds")
payments.before_request(refuse_card_data_in_body)


def _initiate_limit() -> str:
    return services().settings.payment_initiate_limit


def _addresses_are_free() -> bool:
    return not services().settings.ratelimit_enabled


@payments.route("/initiate", methods=["POST"])
@payments.doc(parameters=[HEADER_DOC])
@limiter.limit(_initiate_limit, key_func=get_remote_address, exempt_when=_addresses_are_free)
@idempotent
@payments.arguments(InitiateRequest)
@payments.alt_response(200, schema=enveloped(InitiatedAnswer))
@payments.response(201, enveloped(InitiatedAnswer))
def initiate(body: dict[str, Any]) -> Any:
    """Open a payment of an order; an open one of the same kind is handed back with 200."""
    wanted = Checkout(
        order_id=body["order_id"],
        amount_minor=body["amount"],
        method=body["payment_method"],
        owner_id=caller().owner_id,
        gateway=body["gateway"],
        saved_method_id=body["saved_method_id"],
        installments=body["installments"],
        bank=body["bank"],
        vpa=body["vpa"],
        notes=body["notes"],
        registers=body["recurring"],
        ip=request.remote_addr,
        user_agent=request.user_agent.string[:255] or None,
    )
    opened = services().payments.create_payment_order(wanted)
    key = services().gateways.get(opened.payment.attempt.gateway).public_key
    pay_url = services().settings.pay_url(opened.payment.id)
    answer = {"status": "success", "data": wire_initiated(opened.payment, key=key, pay_url=pay_url)}
    return answer, 201 if opened.is_new else 200


@payments.route("/<string:payment_id>/verify", methods=["POST"])
@payments.doc(parameters=[HEADER_DOC])
@replayable
@payments.arguments(VerifyRequest, required=False)
@payments.response(200, enveloped(PaymentAnswer))
def verify(body: dict[str, Any], payment_id: str) -> dict[str, Any]:
    """Prove with what the gateway gave the browser that a payment is paid; safe to repeat."""
    found = services().payments.verify_payment(payment_id, owner_id=caller().owner_id, **body)
    if not found.is_paid:
        keep_trying()
    return _one(found)


@payments.route("/<string:payment_id>/verify")
@payments.response(200, enveloped(PaymentAnswer))
def ask(payment_id: str) -> dict[str, Any]:
    """Ask the gateway what happened to a payment, and apply it."""
    return _one(services().payments.ask(payment_id, owner_id=caller().owner_id))


@payments.route("/<string:payment_id>")
@payments.response(200, enveloped(PaymentAnswer))
def show(payment_id: str) -> dict[str, Any]:
    """Show a payment."""
    return _one(services().payments.get(payment_id, owner_id=caller().owner_id))


@payments.route("/<string:payment_id>/cancel", methods=["POST"])
@payments.doc(parameters=[HEADER_DOC])
@idempotent
@payments.response(200, enveloped(PaymentAnswer))
def cancel(payment_id: str) -> dict[str, Any]:
    """Give a payment up that has not been paid."""
    return _one(services().payments.cancel(payment_id, owner_id=caller().owner_id))


@payments.route("/history")
@payments.arguments(HistoryArguments, location="query")
@payments.response(200, listed(PaymentAnswer))
def history(arguments: dict[str, Any]) -> dict[str, Any]:
    """List payments, newest first: a customer's own, or everybody's for an admin."""
    limit, skip = arguments.pop("limit"), arguments.pop("skip")
    arguments["customer_id"] = caller().scope(arguments["customer_id"])
    found, total = services().payments.history(PaymentFilter(**arguments), limit=limit, skip=skip)
    return {"status": "success", "data": [wire_payment(payment) for payment in found], "total": total}


@payments.route("/methods")
@payments.arguments(MethodsArguments, location="query")
@payments.response(200, enveloped(MethodsAnswer))
def methods(arguments: dict[str, Any]) -> dict[str, Any]:
    """Show what this installation can be paid with now."""
    amount_minor, currency = arguments["amount"], arguments["currency"]
    offered = services().catalogue.offered(amount_minor or EMI_FROM_MINOR, currency)
    flags = {
        "upi_collect_enabled": services().settings.upi_collect_enabled,
        "apple_pay_enabled": services().settings.apple_pay.is_configured,
    }
    wired = wire_methods(offered, amount_minor=amount_minor, currency=currency)
    return {"status": "success", "data": wired | flags}


@payments.route("/apple-pay/session", methods=["POST"])
@payments.response(200, {"type": "object"})
def apple_pay_session() -> dict[str, Any]:
    """Ask Apple for a merchant session for this shop's own address."""
    domain = urlsplit(services().settings.public_url).hostname or ""
    return {"status": "success", "data": services().apple_pay.merchant_session(domain)}


@payments.route("/<string:payment_id>/refund", methods=["POST"])
@payments.doc(parameters=[HEADER_DOC])
@admin_only
@idempotent
@payments.arguments(RefundRequest)
@payments.response(201, enveloped(RefundAnswer))
def refund(body: dict[str, Any], payment_id: str) -> dict[str, Any]:
    """Give money back, to where it came from or into the wallet."""
    wish = RefundWish(
        payment_id=payment_id,
        refund_id=refund_id_of(movement_key()),
        amount_minor=body["amount"],
        reason=body["reason"],
        destination=body["destination"],
        refundable_minor=body["refundable_amount"],
        notes=body["notes"],
        admin_id=caller().customer_id,
    )
    return {"status": "success", "data": services().payments.create_refund(wish)}


@payments.route("/<string:payment_id>/refunds")
@payments.arguments(PageArguments, location="query")
@payments.response(200, listed(RefundAnswer))
def refunds_of(page: dict[str, int], payment_id: str) -> dict[str, Any]:
    """List the refunds of a payment, newest first."""
    services().payments.get(payment_id, owner_id=caller().owner_id)
    return _page(services().refunds.of_payment(payment_id), **page)


@refunds.route("/<string:refund_id>")
@refunds.response(200, enveloped(RefundAnswer))
def show_refund(refund_id: str) -> dict[str, Any]:
    """Show a refund."""
    return {"status": "success", "data": services().refunds.get(refund_id, owner_id=caller().owner_id)}


@payments.route("/saved-methods")
@payments.arguments(PageArguments, location="query")
@payments.response(200, listed(SavedMethodAnswer))
def saved_methods(page: dict[str, int]) -> dict[str, Any]:
    """List the caller's saved ways to pay, the default one first."""
    return _page(services().payments.get_saved_methods(caller().customer_id), **page)


@payments.route("/save-method", methods=["POST"])
@payments.doc(parameters=[HEADER_DOC])
@idempotent
@payments.arguments(SaveMethodRequest)
@payments.response(201, enveloped(SavedMethodAnswer))
def save_method(body: dict[str, Any]) -> dict[str, Any]:
    """Save a way to pay by the token that the gateway gave."""
    manager, customer_id = services().payments, caller().customer_id
    token = body["token"] or manager.token_of_payment(body["payment_id"], owner_id=customer_id)
    saved = manager.save_payment_method(
        customer_id,
        gateway=body["gateway"],
        method=body["type"],
        token=token,
        set_default=body["set_default"],
    )
    return {"status": "success", "data": saved}


@payments.route("/saved-methods/<string:method_id>", methods=["DELETE"])
@payments.response(200, enveloped(DeletedAnswer))
def delete_saved_method(method_id: str) -> dict[str, Any]:
    """Forget a saved way to pay, here and at the gateway."""
    services().saved_methods.delete(caller().customer_id, method_id)
    return {"status": "success", "data": {"id": method_id, "deleted": True}}


@payments.route("/saved-methods/<string:method_id>/default", methods=["POST"])
@payments.response(200, enveloped(SavedMethodAnswer))
def make_default(method_id: str) -> dict[str, Any]:
    """Let a saved way to pay be the one that is offered first."""
    saved = services().saved_methods.make_default(caller().customer_id, method_id)
    return {"status": "success", "data": saved}


def _page(found: Sequence[Any], *, limit: int, skip: int) -> dict[str, Any]:
    return {"status": "success", "data": found[skip : skip + limit], "total": len(found)}


def _one(payment: Payment) -> dict[str, Any]:
    return {"status": "success", "data": wire_payment(payment)}
