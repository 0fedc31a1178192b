"""What PayPal is told when an order is opened, captured or given back."""

import base64
import hashlib
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from backend.gateways.port import Method, OrderRequest, RefundRequest
from backend.gateways.settings import PayPalSettings
from backend.money import to_text

LONGEST_DESCRIPTION = 127
LONGEST_NOTE = 255

Json = dict[str, Any]


def order_body(request: OrderRequest, settings: PayPalSettings) -> Json:
    """Write the order that a payer will be asked to approve."""
    unit = {
        "reference_id": request.payment_id,
        "custom_id": request.payment_id,
        "invoice_id": request.receipt,
        "description": request.description[:LONGEST_DESCRIPTION],
        "amount": _amount(request.amount_minor, request.currency),
    }
    return {
        "intent": "CAPTURE",
        "purchase_units": [unit],
        "payment_source": {"paypal": _wallet(request, settings)},
    }


def refund_body(request: RefundRequest) -> Json:
    """Write a refund that can be found again by our id."""
    return {
        "amount": _amount(request.amount_minor, request.currency),
        "custom_id": request.refund_id,
        "invoice_id": request.refund_id,
        "note_to_payer": request.reason[:LONGEST_NOTE] or "Refund",
    }


def capture_key(order_id: str, agreed_at: datetime | None) -> str:
    """Name one agreement: after a decline the payer agrees anew, and that is another capture."""
    return f"capture-{order_id}-{agreed_at:%Y%m%d%H%M%S}" if agreed_at else f"capture-{order_id}"


def vault_customer_id(customer_id: str) -> str:
    """Make the 22 characters that PayPal's vault takes for a customer's id."""
    digest = hashlib.sha256(customer_id.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def _wallet(request: OrderRequest, settings: PayPalSettings) -> Json:
    """Say what PayPal's page shows and where it sends the payer afterwards.

    No saved account goes along: PayPal would take the money at once, and then an order that got no answer
    could not be tried elsewhere.
    """
    context = {
        "return_url": _with_payment(settings.return_url, request.payment_id),
        "cancel_url": _with_payment(settings.cancel_url, request.payment_id),
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "landing_page": "GUEST_CHECKOUT" if request.method == Method.CARD else "LOGIN",
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
    }
    return {"experience_context": {name: value for name, value in context.items() if value}}


def _with_payment(url: str, payment_id: str) -> str:
    """Let our own page know which payment comes back to it."""
    if not url:
        return ""
    address = urlsplit(url)
    query = [*parse_qsl(address.query, keep_blank_values=True), ("payment_id", payment_id)]
    return urlunsplit(address._replace(query=urlencode(query)))


def _amount(amount_minor: int, currency: str) -> Json:
    return {"currency_code": currency, "value": to_text(amount_minor, currency=currency)}
