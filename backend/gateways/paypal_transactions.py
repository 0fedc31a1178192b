"""The rows of PayPal's Transaction Search, read into the port's values; they say less than captures do."""

from collections.abc import Mapping

from backend.gateways.paypal_json import GATEWAY, Resource, Unreadable, money, required, text, when
from backend.gateways.port import GatewayPayment, GatewayRefund, PaymentState, RefundState

PAYMENTS = "T00"  # The group of codes for payments between accounts.
REFUNDS = frozenset({"T1106", "T1107"})  # Taken back by PayPal, or given back by the merchant.
# V: the money came, and went back later, as another row says.
PAYMENT_STATES = {
    "S": PaymentState.CAPTURED,
    "V": PaymentState.CAPTURED,
    "P": PaymentState.PENDING,
    "D": PaymentState.FAILED,
}
REFUND_STATES = {"S": RefundState.PROCESSED, "P": RefundState.PENDING}


def is_payment(row: Resource) -> bool:
    """Tell whether a row is money that came in; what we have paid out has an amount below zero."""
    return _code(row).startswith(PAYMENTS) and not _is_negative(row)


def is_refund(row: Resource) -> bool:
    """Tell whether a row is money that went back to a payer."""
    return _code(row) in REFUNDS and _is_negative(row)


def payment_in(row: Resource) -> GatewayPayment:
    """Read a payment; it goes by the id of its capture."""
    amount_minor, currency = money(row, "transaction_amount")
    is_order = text(row, "paypal_reference_id_type") == "ODR"
    return GatewayPayment(
        id=required(row, "transaction_id"),
        gateway=GATEWAY,
        order_id=text(row, "paypal_reference_id") if is_order else None,
        state=PAYMENT_STATES.get(required(row, "transaction_status"), PaymentState.CREATED),
        amount_minor=amount_minor,
        currency=currency,
        payment_id=text(row, "custom_field"),
        created_at=when(row, "transaction_initiation_date"),
    )


def refund_in(row: Resource) -> GatewayRefund:
    """Read a refund; it refers to the capture that it gives back."""
    amount_minor, currency = _lost(row)
    is_of_payment = text(row, "paypal_reference_id_type") == "TXN"
    return GatewayRefund(
        id=required(row, "transaction_id"),
        gateway=GATEWAY,
        gateway_payment_id=text(row, "paypal_reference_id") if is_of_payment else None,
        state=REFUND_STATES.get(required(row, "transaction_status"), RefundState.FAILED),
        amount_minor=amount_minor,
        currency=currency,
        refund_id=text(row, "custom_field") or text(row, "invoice_id"),
        created_at=when(row, "transaction_initiation_date"),
    )


def _code(row: Resource) -> str:
    return text(row, "transaction_event_code") or ""


def _is_negative(row: Resource) -> bool:
    return (text(row, "transaction_amount", "value") or "").startswith("-")


def _lost(row: Resource) -> tuple[int, str]:
    """Read an amount below zero as what it takes away."""
    amount = row.get("transaction_amount")
    if not isinstance(amount, Mapping):
        raise Unreadable("transaction_amount is missing")
    positive = {**amount, "value": (text(amount, "value") or "").removeprefix("-")}
    return money({"amount": positive}, "amount")
