"""Signs what the sandbox sends, each the way its provider does."""

import base64
import hashlib
import hmac
from urllib.parse import parse_qsl

from backend.sandbox import keys


def razorpay_checkout(order_id: str, payment_id: str) -> str:
    """Sign what Checkout hands to the shop's page."""
    return _hex(keys.RAZORPAY_KEY_SECRET, f"{order_id}|{payment_id}".encode())


def razorpay_webhook(body: bytes, event_id: str) -> dict[str, str]:
    """Give the headers of a Razorpay event."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Razorpay-Webhook/v1",
        "X-Razorpay-Signature": _hex(keys.RAZORPAY_WEBHOOK_SECRET, body),
        "x-razorpay-event-id": event_id,
    }


def whatsapp_webhook(body: bytes) -> dict[str, str]:
    """Give the headers of a WhatsApp event."""
    signature = f"sha256={_hex(keys.WHATSAPP_APP_SECRET, body)}"
    return {"Content-Type": "application/json", "X-Hub-Signature-256": signature}


def twilio_webhook(url: str, body: bytes) -> dict[str, str]:
    """Give the headers of a Twilio callback, whose form fields and address are signed."""
    fields = sorted(parse_qsl(body.decode(), keep_blank_values=True))
    text = url + "".join(name + value for name, value in fields)
    digest = hmac.new(keys.TWILIO_AUTH_TOKEN.encode(), text.encode(), hashlib.sha1).digest()
    return {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": base64.b64encode(digest).decode(),
    }


def _hex(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
