"""What only admins may see and do about gateways: messages, exceptions, disputes, settlements."""

import json
from typing import Any

from backend.access import admin_only, caller
from backend.blueprint import Blueprint
from backend.idempotency import HEADER_DOC, idempotent
from backend.logs import redact, redact_all
from backend.payment_exceptions import Decision
from backend.schemas.admin_payments import (
    DisputeAnswer,
    ExceptionAnswer,
    ExceptionArguments,
    ReplayAnswer,
    ResolveRequest,
    SettlementAnswer,
    WebhookEventAnswer,
    WebhookEventArguments,
    WebhookEventDetailAnswer,
    wire_row,
)
from backend.schemas.envelope import enveloped, listed
from backend.schemas.fields import PageArguments
from backend.services import services

admin_payments = Blueprint(
    "admin_payments", __name__, url_prefix="/api/admin", description="Administration of payments"
)

LONGEST_INTEGER = 15  # What every reader of JSON can hold.


@admin_payments.route("/webhook-events")
@admin_only
@admin_payments.arguments(WebhookEventArguments, location="query")
@admin_payments.response(200, listed(WebhookEventAnswer))
def webhook_events(arguments: dict[str, Any]) -> dict[str, Any]:
    """List the gateways' messages, newest first."""
    found, total = services().inbox.page(**arguments)
    data = [wire_row(WebhookEventAnswer, document) for document in found]
    return {"status": "success", "data": data, "total": total}


@admin_payments.route("/webhook-events/<string:event_id>")
@admin_only
@admin_payments.response(200, enveloped(WebhookEventDetailAnswer))
def webhook_event(event_id: str) -> dict[str, Any]:
    """Show a message with its body, secrets blanked out."""
    found = services().inbox.get(event_id)
    body = _readable(services().inbox.body(found)) if "body" in found else None
    return {"status": "success", "data": wire_row(WebhookEventDetailAnswer, found) | {"body": body}}


@admin_payments.route("/webhook-events/<string:event_id>/replay", methods=["POST"])
@admin_only
@admin_payments.response(200, enveloped(ReplayAnswer))
def replay_webhook_event(event_id: str) -> dict[str, Any]:
    """Apply a message again; what it did before, it does not do twice."""
    outcome = services().inbox.replay(event_id)
    return {"status": "success", "data": {"id": event_id, "outcome": outcome}}


@admin_payments.route("/payment-exceptions")
@admin_only
@admin_payments.arguments(ExceptionArguments, location="query")
@admin_payments.response(200, listed(ExceptionAnswer))
def payment_exceptions(arguments: dict[str, Any]) -> dict[str, Any]:
    """List money that fitted no payment, newest first."""
    found, total = services().exceptions.page(**arguments)
    data = [wire_row(ExceptionAnswer, document, "amount") for document in found]
    return {"status": "success", "data": data, "total": total}


@admin_payments.route("/payment-exceptions/<string:exception_id>")
@admin_only
@admin_payments.response(200, enveloped(ExceptionAnswer))
def payment_exception(exception_id: str) -> dict[str, Any]:
    """Show one of them."""
    found = services().exceptions.get(exception_id)
    return {"status": "success", "data": wire_row(ExceptionAnswer, found, "amount")}


@admin_payments.route("/payment-exceptions/<string:exception_id>/resolve", methods=["POST"])
@admin_payments.doc(parameters=[HEADER_DOC])
@admin_only
@idempotent
@admin_payments.arguments(ResolveRequest)
@admin_payments.response(200, enveloped(ExceptionAnswer))
def resolve_exception(body: dict[str, Any], exception_id: str) -> dict[str, Any]:
    """Credit the money to a wallet, send it back, or dismiss it with a reason."""
    decision = Decision(**body, admin_id=caller().customer_id)
    resolved = services().resolution.resolve(exception_id, decision)
    return {"status": "success", "data": wire_row(ExceptionAnswer, resolved, "amount")}


@admin_payments.route("/disputes")
@admin_only
@admin_payments.arguments(PageArguments, location="query")
@admin_payments.response(200, listed(DisputeAnswer))
def disputes(page: dict[str, int]) -> dict[str, Any]:
    """List disputes, newest first."""
    found, total = services().disputes.page(**page)
    data = [wire_row(DisputeAnswer, document, "amount") for document in found]
    return {"status": "success", "data": data, "total": total}


@admin_payments.route("/settlements")
@admin_only
@admin_payments.arguments(PageArguments, location="query")
@admin_payments.response(200, listed(SettlementAnswer))
def settlements(page: dict[str, int]) -> dict[str, Any]:
    """List settlements, newest first."""
    found, total = services().disputes.settlements(**page)
    data = [wire_row(SettlementAnswer, document, "amount", "fee", "tax") for document in found]
    return {"status": "success", "data": data, "total": total}


def _readable(raw: bytes) -> Any:
    """Show a body as it came, with its secrets blanked out; what our answers cannot say becomes text."""
    try:
        body = json.loads(raw, parse_float=str, parse_constant=str, parse_int=_whole_number)
        text = json.dumps(redact_all(body), ensure_ascii=False).replace("\\u0000", "")
        return json.loads(text.encode(errors="replace"))
    except (ValueError, RecursionError):
        return redact(raw.decode(errors="replace"))


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_INTEGER else digits
