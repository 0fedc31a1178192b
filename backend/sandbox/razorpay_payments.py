"""Razorpay's payments, as the shop's server sees them."""

from urllib.parse import urlencode

from flask import Response, jsonify

from backend.sandbox import ids
from backend.sandbox import razorpay_cashier as cashier
from backend.sandbox import razorpay_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.state import here

payments = wire.razorpay_blueprint("razorpay_payments")

_UPI_FIELDS = (
    *("amount", "currency", "order_id", "email", "contact", "method", "ip", "referer", "user_agent", "upi"),
    *("description", "notes", "customer_id", "save"),
)


@payments.get("/payments")
def list_payments() -> Response:
    """List payments."""
    return wire.collection(here().books.payments.values())


@payments.get("/payments/<payment_id>")
def get_payment(payment_id: str) -> Response:
    """Give one payment."""
    return jsonify(wire.find(here().books.payments, payment_id))


@payments.get("/payments/<payment_id>/card")
def get_payment_card(payment_id: str) -> Response:
    """Give what is known of the card that paid."""
    card = wire.find(here().books.payments, payment_id)["card"]
    if card is None:
        wire.refuse("The payment was not made with a card")
    return jsonify(card)


@payments.patch("/payments/<payment_id>")
def edit_payment(payment_id: str) -> Response:
    """Change a payment's notes."""
    payment, sent = wire.find(here().books.payments, payment_id), wire.body()
    wire.only(sent, ("notes",))
    payment["notes"] = wire.notes_of(sent)
    return jsonify(payment)


@payments.post("/payments/<payment_id>/capture")
def capture_payment(payment_id: str) -> Response:
    """Take the money of an authorised payment, all of it and once."""
    payment, sent = wire.find(here().books.payments, payment_id), wire.body()
    wire.only(sent, ("amount", "currency"))
    amount_minor = wire.amount_of(sent)
    if payment["captured"]:
        wire.refuse("This payment has already been captured")
    if payment["status"] != "authorized":
        wire.refuse("Only payments which have been authorized and not yet captured can be captured")
    if amount_minor != payment["amount"]:
        wire.refuse("Capture amount must be equal to the amount authorized", field="amount")
    if sent.get("currency", payment["currency"]) != payment["currency"]:
        wire.refuse("Payment and capture currency should be same", field="currency")
    order = here().books.orders.get(payment["order_id"])
    if order and order["status"] == "paid":
        wire.refuse("Payment cannot be captured because its order is already paid")
    cashier.capture(payment)
    return jsonify(payment)


@payments.post("/payments/validate/vpa")
def validate_vpa() -> Response:
    """Tell whose UPI id this is."""
    vpa = str(wire.body().get("vpa") or "")
    if vpa.count("@") != 1 or vpa.lower().startswith("invalid@"):
        wire.refuse("Invalid VPA. Please enter a valid Virtual Payment Address", field="vpa")
    return jsonify({"vpa": vpa, "success": True, "customer_name": "Sandbox Customer"})


@payments.post("/payments/create/upi")
def create_upi_payment() -> Response:
    """Start a UPI payment that the customer confirms in an app."""
    sent = wire.body()
    wire.only(sent, _UPI_FIELDS)
    order = wire.find(here().books.orders, str(sent.get("order_id", "")))
    _check_upi(sent, order)
    upi = sent.get("upi") or {}
    if not isinstance(upi, dict):
        wire.refuse("The upi must be an array.", field="upi")
    flow = upi.get("flow", "intent")
    if flow == "collect" and str(upi.get("vpa", "")).count("@") != 1:
        wire.refuse("The vpa field is required when flow is collect.", field="vpa")
    instrument: Document = {
        "method": "upi",
        "vpa": upi.get("vpa"),
        "upi": {"vpa": upi.get("vpa"), "flow": flow},
        "notes": wire.notes_of(sent) or order["notes"],
        **{name: sent.get(name) for name in ("email", "contact", "description", "customer_id")},
    }
    payment = cashier.new_payment(
        order, instrument, amount_minor=order["amount_due"], currency=order["currency"]
    )
    answer = {"razorpay_payment_id": payment["id"]}
    return jsonify(answer | ({"link": upi_link(payment)} if flow == "intent" else {}))


def _check_upi(sent: Document, order: Document) -> None:
    amount_minor = wire.amount_of(sent)
    for name in ("currency", "email", "contact", "method"):
        if not sent.get(name):
            wire.refuse(f"The {name} field is required.", field=name)
    if order["status"] == "paid":
        wire.refuse("Payment already done for this order.", field="order_id")
    if sent["method"] != "upi":
        wire.refuse("The selected method is invalid.", field="method")
    if (amount_minor, sent["currency"]) != (order["amount_due"], order["currency"]):
        wire.refuse(
            "Your payment amount is different from your order amount. To pay successfully, please try using "
            "right amount.",
            field="amount",
        )


def upi_link(payment: Document) -> str:
    """Give the address that opens a UPI app with everything filled in."""
    rupees, paise = divmod(payment["amount"], 100)
    fields = {
        "pa": "batua.rzp@sandbox",
        "pn": "Batua Sandbox",
        "tr": ids.digits(12),
        "tn": "razorpay",
        "am": f"{rupees}.{paise:02}",
        "cu": "INR",
        "mc": "5411",
    }
    return f"upi://pay?{urlencode(fields)}"
