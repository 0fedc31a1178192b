"""Razorpay's orders."""

from typing import Any

from flask import Response, jsonify, request

from backend.sandbox import ids
from backend.sandbox import razorpay_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.state import here

orders = wire.razorpay_blueprint("razorpay_orders")

CURRENCIES = frozenset(
    {"INR", "USD", "EUR", "GBP", "SGD", "AED", "AUD", "CAD", "JPY", "HKD", "CHF", "MYR"}
    | {"NZD", "SEK", "SAR", "THB", "ZAR", "QAR", "KWD"}
)
_FIELDS = (
    *("amount", "currency", "receipt", "notes", "partial_payment", "first_payment_min_amount", "offers"),
    *("offer_id", "discount", "customer_id", "payment", "payment_capture", "method", "token"),
    *("bank_account", "transfers", "checkout_config_id", "customer_details", "line_items"),
)
_LEAST_EXPIRY_MINUTES = 12


@orders.post("/orders")
def create_order() -> Response:
    """Make an order."""
    sent = wire.body()
    wire.only(sent, _FIELDS)
    amount_minor = wire.amount_of(sent)
    order: Document = {
        "id": ids.razorpay("order"),
        "entity": "order",
        "amount": amount_minor,
        "amount_paid": 0,
        "amount_due": amount_minor,
        "currency": currency_of(sent),
        "receipt": wire.receipt_of(sent),
        "offer_id": next(iter(_offers(sent)), None),
        "status": "created",
        "attempts": 0,
        "notes": wire.notes_of(sent),
        "created_at": wire.now(),
    }
    if sent.get("customer_id"):
        order["customer_id"] = wire.find(here().books.customers, str(sent["customer_id"]))["id"]
    here().books.order_rules[order["id"]] = {
        "order_id": order["id"],
        "captures": _captures_itself(sent),
        "partial": bool(sent.get("partial_payment")),
        **_mandate(sent),
    }
    here().books.orders[order["id"]] = order
    return jsonify(order)


def _mandate(sent: Document) -> Document:
    """Read up to what the first payment lets later ones go."""
    token = sent.get("token") or {}
    if not isinstance(token, dict):
        wire.refuse("The token must be an array.", field="token")
    if not token:
        return {}
    if not sent.get("customer_id"):
        wire.refuse("The customer id field is required.", field="customer_id")
    return {"max_amount": wire.amount_of({"max_amount": 1_500_000} | token, name="max_amount")}


def currency_of(sent: Document) -> str:
    """Read a currency that Razorpay takes."""
    currency = sent.get("currency")
    if not currency:
        wire.refuse("The currency field is required.", field="currency")
    if not isinstance(currency, str) or currency not in CURRENCIES:
        wire.refuse("Currency is not supported", field="currency")
    return currency


def _offers(sent: Document) -> list[Any]:
    offers = sent.get("offers") or []
    if not isinstance(offers, list):
        wire.refuse("The offers must be an array.", field="offers")
    return offers


def _captures_itself(sent: Document) -> bool:
    payment = sent.get("payment") or {}
    if not isinstance(payment, dict):
        wire.refuse("The payment must be an array.", field="payment")
    if "payment_capture" in sent:
        return sent["payment_capture"] in (1, True, "1", "true")
    capture = payment.get("capture", "automatic")
    if capture not in ("automatic", "manual"):
        wire.refuse("The selected capture is invalid.", field="payment.capture")
    options = payment.get("capture_options") or {}
    if not isinstance(options, dict):
        wire.refuse("The capture options must be an array.", field="payment.capture_options")
    expiry = options.get("automatic_expiry_period", _LEAST_EXPIRY_MINUTES)
    if not isinstance(expiry, int) or expiry < _LEAST_EXPIRY_MINUTES:
        wire.refuse(
            f"The automatic expiry period must be at least {_LEAST_EXPIRY_MINUTES}.",
            field="automatic_expiry_period",
        )
    return bool(capture == "automatic")


@orders.get("/orders")
def list_orders() -> Response:
    """List orders, all or those with a receipt."""
    receipt = request.args.get("receipt")
    authorized = request.args.get("authorized")
    found = here().books.orders.values()
    if authorized is not None:
        tried = {p["order_id"] for p in here().books.payments.values() if p["status"] == "authorized"}
        found_ids = tried if authorized == "1" else set(here().books.orders) - tried
        return wire.collection(o for o in found if o["id"] in found_ids and receipt in (None, o["receipt"]))
    return wire.collection(order for order in found if receipt in (None, order["receipt"]))


@orders.get("/orders/<order_id>")
def get_order(order_id: str) -> Response:
    """Give one order."""
    return jsonify(wire.find(here().books.orders, order_id))


@orders.get("/orders/<order_id>/payments")
def get_order_payments(order_id: str) -> Response:
    """List every try to pay an order, in the order of time as Razorpay does."""
    wire.find(here().books.orders, order_id)
    tries = [p for p in here().books.payments.values() if p["order_id"] == order_id]
    return jsonify({"entity": "collection", "count": len(tries), "items": tries})


@orders.patch("/orders/<order_id>")
def edit_order(order_id: str) -> Response:
    """Change an order's notes, which is all that can be changed."""
    order, sent = wire.find(here().books.orders, order_id), wire.body()
    wire.only(sent, ("notes",))
    order["notes"] = wire.notes_of(sent)
    return jsonify(order)
