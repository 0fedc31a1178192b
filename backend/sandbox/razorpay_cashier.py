"""What happens to a Razorpay payment, with all that follows from it for its order."""

from typing import Any

from backend.sandbox import ids
from backend.sandbox import razorpay_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.razorpay_events import announce
from backend.sandbox.state import here

# What Razorpay keeps: 2 % and on that 18 % of tax, in hundredths of a percent of the amount.
_FEE_BASIS_POINTS, _TAX_BASIS_POINTS, _WHOLE = 236, 36, 10_000
_METHOD_FIELDS = ("card", "card_id", "bank", "wallet", "vpa", "upi", "token_id", "emi")

FAILURES: dict[str, Document] = {
    "card_declined": {
        "code": "BAD_REQUEST_ERROR",
        "description": "Your payment has been declined by the bank. Try another card or method.",
        "source": "issuer_bank",
        "step": "payment_authorization",
    },
    "insufficient_funds": {
        "code": "BAD_REQUEST_ERROR",
        "description": "Your payment could not be completed due to insufficient account balance.",
        "source": "customer",
        "step": "payment_authorization",
    },
    "incorrect_otp": {
        "code": "BAD_REQUEST_ERROR",
        "description": "Payment failed because the entered OTP was incorrect.",
        "source": "customer",
        "step": "payment_authentication",
    },
    "payment_timed_out": {
        "code": "BAD_REQUEST_ERROR",
        "description": "Payment was not completed on time.",
        "source": "customer",
        "step": "payment_authentication",
    },
    "payment_failed": {
        "code": "BAD_REQUEST_ERROR",
        "description": "Payment failed. Your account was not charged.",
        "source": "gateway",
        "step": "payment_authorization",
    },
}


def new_payment(order: Document, instrument: Document, *, amount_minor: int, currency: str) -> Document:
    """Write down a try to pay; `instrument` holds the method and what belongs to it."""
    payment: Document = {
        "id": ids.razorpay("pay"),
        "entity": "payment",
        "amount": amount_minor,
        "currency": currency,
        "status": "created",
        "order_id": order["id"],
        "invoice_id": None,
        "international": False,
        "method": instrument["method"],
        "amount_refunded": 0,
        "refund_status": None,
        "captured": False,
        "description": instrument.get("description"),
        **{name: instrument.get(name) for name in _METHOD_FIELDS},
        "email": instrument.get("email") or "void@razorpay.com",
        "contact": instrument.get("contact") or "+919999999999",
        "customer_id": instrument.get("customer_id"),
        "notes": instrument.get("notes") or [],
        "fee": None,
        "tax": None,
        **_no_error(),
        "acquirer_data": _acquirer_data(instrument["method"]),
        "created_at": wire.now(),
    }
    here().books.payments[payment["id"]] = payment
    order["attempts"] += 1
    if order["status"] == "created":
        order["status"] = "attempted"
    return payment


def authorize(payment: Document) -> None:
    """The bank has agreed; the money waits to be captured."""
    payment.update(status="authorized", **_no_error())
    announce("payment.authorized", payment=payment)


def capture(payment: Document) -> None:
    """Take the money that was authorised, and count it for the order."""
    amount_minor: int = payment["amount"]
    fee_minor = (amount_minor * _FEE_BASIS_POINTS + _WHOLE // 2) // _WHOLE
    tax_minor = (amount_minor * _TAX_BASIS_POINTS + _WHOLE // 2) // _WHOLE
    payment.update(status="captured", captured=True, fee=fee_minor, tax=tax_minor)
    order = here().books.orders.get(payment["order_id"])
    announce("payment.captured", payment=payment)
    if order is None:
        return
    order["amount_paid"] += amount_minor
    order["amount_due"] = max(0, order["amount"] - order["amount_paid"])
    if order["amount_due"] == 0 and order["status"] != "paid":
        order["status"] = "paid"
        announce("order.paid", payment=payment, order=order)


def capture_if_wanted(payment: Document) -> None:
    """Capture what the order says is captured by itself; an order that is paid takes no more."""
    order = here().books.orders.get(payment["order_id"])
    rule = here().books.order_rules.get(payment["order_id"], {"captures": True})
    if rule["captures"] and (order is None or order["status"] != "paid"):
        capture(payment)


def fail(payment: Document, reason: str) -> None:
    """The payment did not work."""
    failure = FAILURES.get(reason, FAILURES["payment_failed"])
    payment["status"] = "failed"
    payment.update({f"error_{name}": value for name, value in failure.items()})
    payment["error_reason"] = reason
    announce("payment.failed", payment=payment)


def failure_answer(payment: Document) -> Document:
    """Give what Checkout hands to the page after a failure."""
    names = ("code", "description", "source", "step", "reason")
    error: Document = {name: payment[f"error_{name}"] for name in names}
    return {"error": error | {"metadata": {"payment_id": payment["id"], "order_id": payment["order_id"]}}}


def _no_error() -> dict[str, Any]:
    return {f"error_{name}": None for name in ("code", "description", "source", "step", "reason")}


def _acquirer_data(method: str) -> Document:
    if method in ("card", "emi"):
        return {"auth_code": ids.digits(6), "rrn": ids.digits(12)}
    if method == "upi":
        return {"rrn": ids.digits(12), "upi_transaction_id": ids.digits(32)}
    return {"bank_transaction_id": ids.digits(8)} if method == "netbanking" else {"transaction_id": None}
