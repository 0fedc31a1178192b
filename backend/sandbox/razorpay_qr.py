"""Razorpay's QR codes for UPI."""

from urllib.parse import urlencode

from flask import Response, jsonify

from backend.sandbox import control_wire as control
from backend.sandbox import ids
from backend.sandbox import razorpay_cashier as cashier
from backend.sandbox import razorpay_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.razorpay_events import announce
from backend.sandbox.state import here

qr_codes = wire.razorpay_blueprint("razorpay_qr")

_FIELDS = (
    *("type", "name", "usage", "fixed_amount", "payment_amount", "description", "customer_id", "close_by"),
    "notes",
)


@qr_codes.post("/payments/qr_codes")
def create_qr_code() -> Response:
    """Make a QR code."""
    sent = wire.body()
    wire.only(sent, _FIELDS)
    if sent.get("type") != "upi_qr":
        wire.refuse("The selected type is invalid.", field="type")
    if sent.get("usage") not in ("single_use", "multiple_use"):
        wire.refuse("The selected usage is invalid.", field="usage")
    is_fixed = bool(sent.get("fixed_amount"))
    code: Document = {
        "id": ids.razorpay("qr"),
        "entity": "qr_code",
        "created_at": wire.now(),
        "name": sent.get("name"),
        "usage": sent["usage"],
        "type": "upi_qr",
        "image_url": None,
        "image_content": None,
        "payment_amount": wire.amount_of(sent, name="payment_amount") if is_fixed else None,
        "status": "active",
        "description": sent.get("description"),
        "fixed_amount": is_fixed,
        "payments_amount_received": 0,
        "payments_count_received": 0,
        "notes": wire.notes_of(sent),
        "customer_id": sent.get("customer_id"),
        "close_by": sent.get("close_by"),
        "closed_at": None,
        "close_reason": None,
    }
    code["image_content"] = _link(code)
    here().books.qr_codes[code["id"]] = code
    announce("qr_code.created", qr_code=code)
    return jsonify(code)


@qr_codes.get("/payments/qr_codes")
def list_qr_codes() -> Response:
    """List QR codes."""
    return wire.collection(here().books.qr_codes.values())


@qr_codes.get("/payments/qr_codes/<qr_id>")
def get_qr_code(qr_id: str) -> Response:
    """Give one QR code."""
    return jsonify(wire.find(here().books.qr_codes, qr_id))


@qr_codes.get("/payments/qr_codes/<qr_id>/payments")
def list_qr_payments(qr_id: str) -> Response:
    """List what was paid to a QR code."""
    wire.find(here().books.qr_codes, qr_id)
    paid = here().books.payments.values()
    return wire.collection(p for p in paid if p["acquirer_data"].get("qr_code_id") == qr_id)


@qr_codes.post("/payments/qr_codes/<qr_id>/close")
def close_qr_code(qr_id: str) -> Response:
    """Take no more payments."""
    code = wire.find(here().books.qr_codes, qr_id)
    if code["status"] == "closed":
        wire.refuse("QR code is already closed")
    _close(code, "on_demand")
    return jsonify(code)


def pay(code: Document, sent: Document) -> Document:
    """Pay a QR code, which belongs to no order."""
    if code["status"] == "closed":
        control.refuse("the QR code is closed", status=409)
    amount_minor = code["payment_amount"] or wire.amount_of(sent)
    no_order: Document = {"id": None, "attempts": 0, "status": "created"}
    instrument = {"method": "upi", "vpa": "success@razorpay", "notes": code["notes"]}
    payment = cashier.new_payment(no_order, instrument, amount_minor=amount_minor, currency="INR")
    payment["acquirer_data"]["qr_code_id"] = code["id"]
    cashier.authorize(payment)
    cashier.capture(payment)
    code["payments_amount_received"] += amount_minor
    code["payments_count_received"] += 1
    announce("qr_code.credited", payment=payment, qr_code=code)
    if code["usage"] == "single_use":
        _close(code, "paid")
    return payment


def _link(code: Document) -> str:
    """Give the upi:// address that the picture would hold."""
    fields = {"pa": "batua.rzp@sandbox", "pn": "Batua Sandbox", "tr": code["id"], "cu": "INR"}
    if code["payment_amount"]:
        rupees, paise = divmod(code["payment_amount"], 100)
        fields["am"] = f"{rupees}.{paise:02}"
    return f"upi://pay?{urlencode(fields)}"


def _close(code: Document, reason: str) -> None:
    code.update(status="closed", closed_at=wire.now(), close_reason=reason)
    announce("qr_code.closed", qr_code=code)
