"""What the page shows on which a customer pays at a gateway that has no page of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from backend.errors import AppError
from backend.money import to_text
from backend.payment_values import Payment, PaymentStatus

# The page is open to whoever has its address, so it tells nothing about the customer.
PRIVATE = frozenset({"script", "notes", "customer_id", "save", "remember_customer"})
PRIVATE_PREFILL = frozenset({"name", "email", "contact", "vpa"})
RAZORPAY_HOST = "checkout.razorpay.com"
RAZORPAY_ORIGINS = "https://*.razorpay.com"

WORDS: Mapping[PaymentStatus, tuple[str, str]] = {
    PaymentStatus.COMPLETED: ("Paid", "Thank you. The payment has arrived."),
    PaymentStatus.AUTHORIZED: ("On its way", "Your bank has agreed. The payment will be confirmed soon."),
    PaymentStatus.FAILED: ("Not paid", "The payment did not go through. Please start again in the shop."),
    PaymentStatus.CANCELLED: ("Cancelled", "This payment was cancelled. Nothing more is to be paid here."),
    PaymentStatus.EXPIRED: ("Too late", "The time for this payment is over. Please start again in the shop."),
    PaymentStatus.PARTIAL_REFUND: ("Refunded in part", "A part of this payment was given back."),
    PaymentStatus.REFUNDED: ("Refunded", "This payment was given back."),
}
WAITING = ("Not confirmed yet", "We have not heard of the payment yet. You can close this page.")

LATE_CREDIT = "CREDITED_TO_WALLET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a payment, in words for the customer."""

    title: str
    text: str
    due: str
    reference: str


def options_of(payment: Payment) -> dict[str, Any]:
    """Give what the gateway's script needs, and nothing that is the customer's own business."""
    options = {name: value for name, value in payment.attempt.checkout.items() if name not in PRIVATE}
    known = options.get("prefill", {})
    options["prefill"] = {name: value for name, value in known.items() if name not in PRIVATE_PREFILL}
    return options


def script_of(payment: Payment) -> str | None:
    """Tell where the gateway's script is, if it has one."""
    script: str | None = payment.attempt.checkout.get("script")
    return script


def policy_of(script: str, nonce: str) -> str:
    """Let only the gateway's script load, and it reach only its own servers."""
    parts = urlsplit(script)
    origin = f"{parts.scheme}://{parts.netloc}"
    reach = f"{origin} {RAZORPAY_ORIGINS}" if parts.hostname == RAZORPAY_HOST else origin
    return (
        f"default-src 'none'; script-src {origin} 'nonce-{nonce}'; connect-src {reach}; frame-src {reach}; "
        f"img-src {reach} data:; style-src 'unsafe-inline'; font-src {reach}; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def due_of(payment: Payment) -> str:
    """Write what is to be paid at the gateway."""
    attempt = payment.attempt
    return f"{to_text(attempt.charge_minor, currency=attempt.charge_currency)} {attempt.charge_currency}"


def result_of(payment: Payment) -> Result:
    """Say what became of a payment."""
    is_over = payment.status is PaymentStatus.INITIATED and not is_payable(payment)
    title, text = WORDS.get(PaymentStatus.EXPIRED if is_over else payment.status, WAITING)
    if payment.status is PaymentStatus.COMPLETED and payment.order_id is None:
        text = "Thank you. The money is in your wallet."
    if (payment.error or {}).get("code") == LATE_CREDIT:
        title, text = "In your wallet", "The money came too late for this order. It is in your wallet now."
    return Result(title=title, text=text, due=due_of(payment), reference=payment.id)


def problem_of(payment: Payment, problem: AppError) -> Result:
    """Say that the payment could not be confirmed, and why."""
    return Result(title="Not confirmed", text=problem.message, due=due_of(payment), reference=payment.id)


def description_of(payment: Payment) -> str:
    """Say what is paid."""
    return "Wallet top-up" if payment.order_id is None else "Your order"


def is_payable(payment: Payment) -> bool:
    """Tell whether the page should open the gateway's window."""
    return payment.status is PaymentStatus.INITIATED and payment.attempt.expires_at > datetime.now(UTC)
