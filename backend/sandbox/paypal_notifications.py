"""PayPal's signing certificates and its own check of an event's signature."""

import base64
import binascii
from typing import Any

from cryptography.exceptions import InvalidSignature
from flask import Blueprint, Response, abort, jsonify, request

from backend.sandbox import keys
from backend.sandbox import paypal_wire as wire
from backend.sandbox.paypal_certificates import signed_message
from backend.sandbox.state import here

certificates = Blueprint("paypal_certificates", __name__, url_prefix="/v1/notifications")
notifications = wire.paypal_blueprint("paypal_notifications", "/v1/notifications")

_FIELDS = ("auth_algo", "cert_url", "transmission_id", "transmission_sig", "transmission_time", "webhook_id")
_EVENT = b'"webhook_event":'


@certificates.get("/certs/<certificate_id>")
def get_certificate(certificate_id: str) -> Response:
    """Give the certificate that signs events, with its chain."""
    if certificate_id != here().certificates.id:
        abort(404)
    return Response(here().certificates.chain, mimetype="application/x-pem-file")


@notifications.post("/verify-webhook-signature")
def verify_signature() -> Response:
    """Tell whether an event is genuine; its bytes must be those that were sent."""
    sent = wire.body()
    for name in (*_FIELDS, "webhook_event"):
        if not sent.get(name):
            wire.invalid("MISSING_REQUIRED_PARAMETER", f"/{name}")
    is_genuine = sent["webhook_id"] == keys.PAYPAL_WEBHOOK_ID and _is_signed(sent, _event_bytes())
    return jsonify({"verification_status": "SUCCESS" if is_genuine else "FAILURE"})


def _is_signed(sent: dict[str, Any], body: bytes) -> bool:
    message = signed_message(sent["transmission_id"], sent["transmission_time"], sent["webhook_id"], body)
    try:
        signature = base64.b64decode(str(sent["transmission_sig"]), validate=True)
        here().certificates.verify(signature, message)
    except (binascii.Error, InvalidSignature):
        return False
    return True


def _event_bytes() -> bytes:
    """Cut the event out of the request as it stands there, be it the last field or not."""
    text = request.get_data(cache=True)
    start = text.find(_EVENT)
    if start < 0:
        wire.invalid("MALFORMED_REQUEST_JSON", "/webhook_event")
    event = text[start + len(_EVENT) :].strip()
    return _object_at_start(event)


def _object_at_start(text: bytes) -> bytes:
    depth, is_text, is_escaped = 0, False, False
    for place, sign in enumerate(text):
        if is_text:
            is_escaped, is_text = sign == ord("\\") and not is_escaped, sign != ord('"') or is_escaped
        elif sign == ord('"'):
            is_text = True
        elif sign in b"{[":
            depth += 1
        elif sign in b"}]":
            depth -= 1
            if depth == 0:
                return text[: place + 1]
    return text
