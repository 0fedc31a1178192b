"""Controls that play Razorpay's customers, banks and back office."""

from collections.abc import Callable

from flask import Response, jsonify

from backend.sandbox import control_wire as control
from backend.sandbox import razorpay_cashier as cashier
from backend.sandbox import razorpay_checkout, razorpay_disputes, razorpay_qr, razorpay_refunds
from backend.sandbox.books import Document
from backend.sandbox.razorpay_recurring import RECURRING_OUTCOMES
from backend.sandbox.razorpay_settlements import settle
from backend.sandbox.state import here

razorpay_controls = control.control_blueprint("control_razorpay", "/razorpay")


@razorpay_controls.post("/pay")
def pay() -> Response:
    """Act as the customer inside Checkout."""
    return jsonify(razorpay_checkout.pay(control.body()))


@razorpay_controls.post("/settings")
def change_settings() -> Response:
    """Say whether refunds are processed at once, and how charges of what was saved end."""
    sent, settings = control.body(), here().books.settings
    if "recurring" in sent:
        settings["razorpay_recurring"] = control.choice(sent, "recurring", RECURRING_OUTCOMES)
    if "refunds" in sent or "recurring" not in sent:
        settings["razorpay_refunds"] = control.choice(sent, "refunds", ("pending", "processed"))
    return jsonify(here().books.settings)


@razorpay_controls.post("/settle")
def settle_all() -> Response:
    """Pay out everything captured that is not paid out."""
    return jsonify(settle())


@razorpay_controls.post("/payments/<payment_id>/<action>")
def act_on_payment(payment_id: str, action: str) -> Response:
    """Let something happen to a payment."""
    payment = control.find(here().books.payments, payment_id)
    control.choice({"action": action}, "action", tuple(_PAYMENT_ACTIONS))
    return jsonify(_PAYMENT_ACTIONS[action](payment, control.body()))


@razorpay_controls.post("/refunds/<refund_id>/<action>")
def act_on_refund(refund_id: str, action: str) -> Response:
    """Let something happen to a refund."""
    refund = control.find(here().books.refunds, refund_id)
    control.choice({"action": action}, "action", tuple(_REFUND_ACTIONS))
    if refund["status"] != "pending" and action != "fail":
        control.refuse(f"the refund is {refund['status']}", status=409)
    if refund["status"] == "failed":
        control.refuse("the refund is failed", status=409)
    _REFUND_ACTIONS[action](refund)
    return jsonify(refund)


@razorpay_controls.post("/qr_codes/<qr_id>/pay")
def pay_qr_code(qr_id: str) -> Response:
    """Scan a QR code and pay it."""
    return jsonify(razorpay_qr.pay(control.find(here().books.qr_codes, qr_id), control.body()))


def _require_open(payment: Document, *allowed: str) -> None:
    if payment["status"] not in allowed:
        control.refuse(f"the payment is {payment['status']}", status=409)


def _authorize_late(payment: Document, sent: Document) -> Document:
    _require_open(payment, "created", "failed")
    cashier.authorize(payment)
    if sent.get("capture"):
        order = here().books.orders.get(payment["order_id"])
        if order is None or order["status"] != "paid":
            cashier.capture(payment)
    return payment


def _complete(payment: Document, _: Document) -> Document:
    """The customer confirms a payment that waits, such as a UPI intent."""
    _require_open(payment, "created")
    cashier.authorize(payment)
    cashier.capture_if_wanted(payment)
    return payment


def _fail(payment: Document, sent: Document) -> Document:
    _require_open(payment, "created", "authorized")
    cashier.fail(payment, str(sent.get("reason") or "payment_timed_out"))
    return payment


_PAYMENT_ACTIONS: dict[str, Callable[[Document, Document], Document]] = {
    "authorize-late": _authorize_late,
    "complete": _complete,
    "fail": _fail,
    "dispute": razorpay_disputes.open_dispute,
    "dispute-close": razorpay_disputes.close_dispute,
}
_REFUND_ACTIONS: dict[str, Callable[[Document], None]] = {
    "process": razorpay_refunds.process,
    "fail": razorpay_refunds.fail,
    "change-speed": razorpay_refunds.slow_down,
}
