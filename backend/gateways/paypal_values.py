"""PayPal's orders, captures, refunds and saved methods, read into the port's values."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from backend.gateways.paypal_json import (
    GATEWAY,
    Resource,
    Unreadable,
    as_words,
    linked_id,
    money,
    part,
    parts,
    required,
    text,
    when,
)
from backend.gateways.port import (
    GatewayPayment,
    GatewayRefund,
    Method,
    PaymentState,
    RefundState,
    SavedToken,
)

CAPTURE_STATES = {
    "COMPLETED": PaymentState.CAPTURED,
    "PARTIALLY_REFUNDED": PaymentState.CAPTURED,
    "REFUNDED": PaymentState.CAPTURED,
    "PENDING": PaymentState.PENDING,
    "DECLINED": PaymentState.FAILED,
    "DENIED": PaymentState.FAILED,
    "FAILED": PaymentState.FAILED,
}
REFUND_STATES = {
    "COMPLETED": RefundState.PROCESSED,
    "PENDING": RefundState.PENDING,
    "CANCELLED": RefundState.FAILED,
    "FAILED": RefundState.FAILED,
}
# What an order says of a payment that has no capture; in any other status nothing was tried yet.
ORDER_STATES = {"APPROVED": PaymentState.AUTHORIZED, "VOIDED": PaymentState.FAILED}
ALREADY_CAPTURED = "ORDER_ALREADY_CAPTURED"
# The payer's bank or account said no; the payer may agree again, with other money.
DECLINED = frozenset(
    (
        *("INSTRUMENT_DECLINED", "PAYER_CANNOT_PAY", "TRANSACTION_REFUSED", "COMPLIANCE_VIOLATION"),
        *("PAYER_ACCOUNT_RESTRICTED", "PAYER_ACCOUNT_LOCKED_OR_CLOSED", "PAYER_ACTION_REQUIRED"),
        *("CARD_EXPIRED", "CARD_CLOSED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING"),
        *("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", "TRANSACTION_BLOCKED_BY_PAYEE"),
        *("TRANSACTION_LIMIT_EXCEEDED", "TRANSACTION_RECEIVING_LIMIT_EXCEEDED"),
    )
)
# From what matters least to what matters most.
_RANKS = (PaymentState.FAILED, PaymentState.AUTHORIZED, PaymentState.PENDING, PaymentState.CAPTURED)
_METHODS = frozenset(method.value for method in Method)

State = TypeVar("State")


def payments_in(order: Resource) -> list[GatewayPayment]:
    """List the captures of an order, and the agreement that waits to be captured."""
    refunds = refunds_in(order)
    found = [
        _told_by(order, unit, capture_in(capture), refunds)
        for unit in parts(order, "purchase_units")
        for capture in parts(part(unit, "payments"), "captures")
    ]
    is_live = any(payment.state != PaymentState.FAILED for payment in found)
    state = ORDER_STATES.get(text(order, "status") or "")
    return found if is_live or state is None else [*found, agreement_in(order, state)]


def best_payment_in(order: Resource) -> GatewayPayment:
    """Pick what matters most on an order: money, then what may become money, then the last failure."""
    return _best(payments_in(order)) or agreement_in(order, PaymentState.CREATED)


def captured_in(order: Resource) -> GatewayPayment:
    """Pick the capture from the answer to one; an agreement is none."""
    found = _best([payment for payment in payments_in(order) if payment.state != PaymentState.AUTHORIZED])
    if found is None:
        raise Unreadable("the capture is missing")
    return found


def _best(payments: list[GatewayPayment]) -> GatewayPayment | None:
    """Pick by rank; of equals, the last."""
    return max(reversed(payments), key=lambda payment: _RANKS.index(payment.state), default=None)


def declined(payment: GatewayPayment, issue: str) -> GatewayPayment:
    """Describe an agreement that came to nothing when it was captured."""
    return replace(payment, state=PaymentState.FAILED, error_code=issue, error_text=as_words(issue))


def agreement_in(order: Resource, state: PaymentState) -> GatewayPayment:
    """Describe the payment of an order that has no capture; it goes by the order's id."""
    unit = next(parts(order, "purchase_units"), {})
    amount_minor, currency = money(unit, "amount")
    order_id = required(order, "id")
    return GatewayPayment(
        id=order_id,
        gateway=GATEWAY,
        order_id=order_id,
        state=state,
        amount_minor=amount_minor,
        currency=currency,
        payment_id=text(unit, "custom_id"),
        method=_method_in(order),
        error_code="ORDER_VOIDED" if state == PaymentState.FAILED else None,
        created_at=when(order, "update_time") or when(order, "create_time"),
    )


def capture_in(capture: Resource) -> GatewayPayment:
    """Read a capture by itself; of refunds it tells only that everything was given back."""
    amount_minor, currency = money(capture, "amount")
    status = required(capture, "status")
    state = _known(CAPTURE_STATES, status)
    why = reason_in(capture) if state in (PaymentState.FAILED, PaymentState.PENDING) else None
    return GatewayPayment(
        id=required(capture, "id"),
        gateway=GATEWAY,
        order_id=order_id_of(capture),
        state=state,
        amount_minor=amount_minor,
        currency=currency,
        refunded_minor=amount_minor if status == "REFUNDED" else 0,
        payment_id=text(capture, "custom_id"),
        fee_minor=_fee_minor(capture, currency),
        reference=text(capture, "network_transaction_reference", "id"),
        error_code=why,
        error_text=why and as_words(why),
        created_at=when(capture, "create_time"),
    )


def refund_in(refund: Resource) -> GatewayRefund:
    """Read a refund; its way up leads to the capture."""
    amount_minor, currency = money(refund, "amount")
    state = _known(REFUND_STATES, required(refund, "status"))
    why = reason_in(refund) if state == RefundState.FAILED else None
    return GatewayRefund(
        id=required(refund, "id"),
        gateway=GATEWAY,
        gateway_payment_id=linked_id(refund, "up", "captures"),
        state=state,
        amount_minor=amount_minor,
        currency=currency,
        refund_id=text(refund, "custom_id") or text(refund, "invoice_id"),
        reference=text(refund, "acquirer_reference_number"),
        error_text=why and as_words(why),
        created_at=when(refund, "create_time"),
    )


def refunds_in(order: Resource) -> list[GatewayRefund]:
    """List the refunds that an order tells of."""
    return [
        refund_in(refund)
        for unit in parts(order, "purchase_units")
        for refund in parts(part(unit, "payments"), "refunds")
    ]


def saved_token_in(token: Resource) -> SavedToken:
    """Read a way to pay from PayPal's vault."""
    card = part(token, "payment_source", "card")
    year, _, month = (text(card, "expiry") or "").partition("-")
    return SavedToken(
        token=required(token, "id"),
        type=Method.CARD if card else Method.PAYPAL,
        last4=text(card, "last_digits"),
        brand=text(card, "brand"),
        expiry=f"{month}/{year[-2:]}" if month else None,
        email=text(token, "payment_source", "paypal", "email_address"),
    )


def order_id_of(capture: Resource) -> str | None:
    """Find the order that a capture belongs to."""
    related = text(capture, "supplementary_data", "related_ids", "order_id")
    return related or linked_id(capture, "up", "orders")


def reason_in(resource: Resource) -> str | None:
    """Find PayPal's code for why something failed, or waits."""
    return text(resource, "status_details", "reason") or text(resource, "processor_response", "response_code")


def _told_by(
    order: Resource, unit: Resource, payment: GatewayPayment, refunds: list[GatewayRefund]
) -> GatewayPayment:
    """Add to a capture what only its order tells: how it was paid, and what was given back."""
    given_back = [
        refund.amount_minor
        for refund in refunds
        if refund.gateway_payment_id == payment.id and refund.state != RefundState.FAILED
    ]
    card = part(order, "payment_source", "card")
    return replace(
        payment,
        order_id=required(order, "id"),
        payment_id=payment.payment_id or text(unit, "custom_id"),
        refunded_minor=max(payment.refunded_minor, sum(given_back)),
        method=_method_in(order),
        last4=text(card, "last_digits"),
        network=text(card, "brand"),
        token=text(order, "payment_source", "paypal", "attributes", "vault", "id"),
        gateway_customer_id=text(order, "payment_source", "paypal", "attributes", "vault", "customer", "id"),
    )


def _method_in(order: Resource) -> str | None:
    return next((name for name in part(order, "payment_source") if name in _METHODS), None)


def _fee_minor(capture: Resource, currency: str) -> int | None:
    try:
        fee_minor, fee_currency = money(part(capture, "seller_receivable_breakdown"), "paypal_fee")
    except Unreadable:
        return None
    return fee_minor if fee_currency == currency else None


def _known(states: Mapping[str, State], status: str) -> State:
    try:
        return states[status]
    except KeyError:
        raise Unreadable("status is unknown") from None
