"""Messages to customers over HTTP: what admins see of them, and what WhatsApp reports about them."""

from typing import Any

from flask import Response, request

from backend.access import admin_only
from backend.blueprint import Blueprint
from backend.gateways.errors import WebhookSignatureInvalid
from backend.idempotency import HEADER_DOC, idempotent
from backend.message_service import MessageFilter
from backend.notifications import whatsapp_callbacks as whatsapp
from backend.rate_limits import count_forgery
from backend.schemas.admin_payments import wire_row
from backend.schemas.envelope import enveloped, listed
from backend.schemas.errors import ErrorAnswer
from backend.schemas.messages import MessageAnswer, MessageArguments
from backend.schemas.webhooks import WebhookAnswer
from backend.services import services
from backend.webhook_service import Receipt

messages = Blueprint("messages", __name__, url_prefix="/api", description="Messages to customers")


@messages.route("/admin/messages")
@admin_only
@messages.arguments(MessageArguments, location="query")
@messages.response(200, listed(MessageAnswer))
def list_messages(arguments: dict[str, Any]) -> dict[str, Any]:
    """List messages, newest first."""
    limit, skip = arguments.pop("limit"), arguments.pop("skip")
    found, total = services().messages.page(MessageFilter(**arguments), limit=limit, skip=skip)
    return {"status": "success", "data": [wire_row(MessageAnswer, row) for row in found], "total": total}


@messages.route("/admin/messages/<string:message_id>")
@admin_only
@messages.response(200, enveloped(MessageAnswer))
def show_message(message_id: str) -> dict[str, Any]:
    """Show one message."""
    return {"status": "success", "data": wire_row(MessageAnswer, services().messages.get(message_id))}


@messages.route("/admin/messages/<string:message_id>/resend", methods=["POST"])
@messages.doc(parameters=[HEADER_DOC])
@admin_only
@idempotent
@messages.response(200, enveloped(MessageAnswer))
def resend_message(message_id: str) -> dict[str, Any]:
    """Let a message that has failed be tried again."""
    return {"status": "success", "data": wire_row(MessageAnswer, services().messages.resend(message_id))}


@messages.route("/webhooks/whatsapp", methods=["GET"])
@messages.alt_response(403, schema=ErrorAnswer)
@messages.response(200, {"type": "string"}, content_type="text/plain")
def answer_challenge() -> Response:
    """Prove to Meta that this address is ours."""
    token = services().settings.whatsapp.verify_token
    return Response(whatsapp.verify_challenge(request.args, verify_token=token), mimetype="text/plain")


@messages.route("/webhooks/whatsapp", methods=["POST"])
@messages.response(200, WebhookAnswer)
def receive_reports() -> dict[str, Any]:
    """Note what became of messages, as Meta reports it."""
    raw = request.get_data(cache=True)
    try:
        secret = services().settings.whatsapp.app_secret
        whatsapp.check_signature(raw, request.headers.get(whatsapp.SIGNATURE), secret)
    except WebhookSignatureInvalid:
        count_forgery()
        raise
    for status in whatsapp.statuses(raw):
        services().messages.note(status)
    return {"status": Receipt.OK}
