"""PayPal's captures and refunds, version 2."""

from flask import Response, jsonify

from backend.sandbox import paypal_cashier as cashier
from backend.sandbox import paypal_money as money
from backend.sandbox import paypal_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.state import here

payments = wire.paypal_blueprint("paypal_payments", "/v2/payments")

_NOT_REFUNDABLE = {
    "PENDING": "PENDING_CAPTURE",
    "REFUNDED": "CAPTURE_FULLY_REFUNDED",
    "DECLINED": "REFUND_NOT_ALLOWED",
    "FAILED": "REFUND_NOT_ALLOWED",
}


@payments.get("/captures/<capture_id>")
def get_capture(capture_id: str) -> Response:
    """Give one capture."""
    return jsonify(wire.find(here().books.paypal_captures, capture_id))


@payments.post("/captures/<capture_id>/refund")
def refund(capture_id: str) -> tuple[Response, int]:
    """Give back some or all of a capture, or show the refund that the same request has made."""
    capture = wire.find(here().books.paypal_captures, capture_id)
    known = wire.repeated()
    if known:
        return jsonify(_shown(known)), 200
    sent = wire.body()
    if capture["status"] in _NOT_REFUNDABLE:
        wire.unprocessable(_NOT_REFUNDABLE[capture["status"]])
    amount = _amount(capture, sent)
    status = here().books.settings["paypal_refunds"].upper()
    made = cashier.refund_capture(capture, amount, sent, status=status)
    wire.remember("paypal_refunds", made["id"])
    return jsonify(_shown(made)), 201


def _amount(capture: Document, sent: Document) -> Document:
    """Read how much to give back; nothing said means all that remains."""
    currency = capture["amount"]["currency_code"]
    left = money.number(capture["amount"]) - cashier.refunded_of(capture)
    if not sent.get("amount"):
        return money.of(left, currency)
    amount = money.read(sent["amount"], "/amount")
    if amount["currency_code"] != currency:
        wire.unprocessable("REFUND_CAPTURE_CURRENCY_MISMATCH", "/amount/currency_code")
    if money.number(amount) > left:
        wire.unprocessable("REFUND_AMOUNT_EXCEEDED", "/amount/value")
    return amount


def _shown(made: Document) -> Document:
    return made if wire.wants_all() else {name: made[name] for name in ("id", "status", "links")}


@payments.get("/refunds/<refund_id>")
def get_refund(refund_id: str) -> Response:
    """Give one refund."""
    return jsonify(wire.find(here().books.paypal_refunds, refund_id))
