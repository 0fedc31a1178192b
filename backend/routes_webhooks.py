"""The gateways' webhooks over HTTP: signed, stored, applied."""

from typing import Any

from flask import request

from backend.blueprint import Blueprint
from backend.errors import NotFound
from backend.gateways.errors import WebhookSignatureInvalid
from backend.rate_limits import count_forgery
from backend.schemas.webhooks import WebhookAnswer
from backend.services import services

webhooks = Blueprint("webhooks", __name__, url_prefix="/api", description="Messages of the gateways")

GOOGLE_PAY = "google-pay"
SENDERS = ("razorpay", "paypal", GOOGLE_PAY)


@webhooks.route("/webhooks/<string:sender>", methods=["POST"])
@webhooks.response(200, WebhookAnswer)
def receive(sender: str) -> dict[str, Any]:
    """Take in a gateway's message; 2xx means that it is stored and applied."""
    return _received(sender)


@webhooks.route("/integration/webhook/<string:sender>", methods=["POST"])
@webhooks.response(200, WebhookAnswer)
def receive_for_integration(sender: str) -> dict[str, Any]:
    """Take in a gateway's message at its other address."""
    return _received(sender)


def _received(sender: str) -> dict[str, Any]:
    if sender not in SENDERS:
        raise NotFound
    raw = request.get_data(cache=True)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        if sender == GOOGLE_PAY:
            return {"status": services().nudges.receive(raw)}
        return {"status": services().payments.process_webhook(sender, raw, headers)}
    except WebhookSignatureInvalid:
        count_forgery()
        raise
