"""Razorpay's payments, refunds, disputes, settlements and tokens in our words."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from backend.gateways.port import (
    GatewayDispute,
    GatewayPayment,
    GatewayRefund,
    GatewaySettlement,
    Method,
    PaymentState,
    RefundState,
    SavedCharge,
    SavedToken,
)

NAME = "razorpay"
Entity = Mapping[str, Any]
T = TypeVar("T")

# What is new to us is not money, and not yet lost either.
PAYMENT_STATES = {
    "created": PaymentState.CREATED,
    "authorized": PaymentState.AUTHORIZED,
    "captured": PaymentState.CAPTURED,
    "refunded": PaymentState.CAPTURED,  # The money came; how much went back is another figure.
    "failed": PaymentState.FAILED,
}
REFUND_STATES = {"processed": RefundState.PROCESSED, "failed": RefundState.FAILED}
# Where a bank statement's own number for a payment or a refund may be found, best first.
REFERENCES = ("rrn", "upi_transaction_id", "bank_transaction_id", "arn", "utr", "transaction_id", "auth_code")


LARGEST = 2**63 - 1  # More than that no database can keep.
_WRITABLE = re.compile(r"[^\x00\ud800-\udfff]+")


class Unreadable(ValueError):
    """A field is missing or of another type than documented."""


def _payment_state(entity: Entity) -> PaymentState:
    """Tell how a payment stands; one that was given back without ever being captured brought no money."""
    status = text(entity, "status")
    if status == "refunded" and entity.get("captured") is False:
        return PaymentState.FAILED
    return PAYMENT_STATES.get(status, PaymentState.CREATED)


def payment(entity: Entity) -> GatewayPayment:
    """Read a payment."""
    card, upi = part(entity, "card"), part(entity, "upi")
    return GatewayPayment(
        id=text(entity, "id"),
        gateway=NAME,
        order_id=text_or_none(entity, "order_id"),
        state=_payment_state(entity),
        amount_minor=whole(entity, "amount"),
        currency=text(entity, "currency"),
        refunded_minor=whole_or_none(entity, "amount_refunded") or 0,
        # A hint: the notes of a payment come from the browser. Only the order's id is sure.
        payment_id=text_or_none(part(entity, "notes"), "payment_id"),
        method=text_or_none(entity, "method"),
        last4=text_or_none(card, "last4"),
        network=text_or_none(card, "network"),
        bank=text_or_none(entity, "bank") or text_or_none(card, "issuer"),
        vpa=text_or_none(entity, "vpa") or text_or_none(upi, "vpa"),
        wallet=text_or_none(entity, "wallet"),
        token=text_or_none(entity, "token_id"),
        gateway_customer_id=text_or_none(entity, "customer_id"),
        installments=whole_or_none(part(entity, "emi"), "duration"),
        fee_minor=whole_or_none(entity, "fee"),
        tax_minor=whole_or_none(entity, "tax"),
        reference=_reference(entity),
        error_code=text_or_none(entity, "error_code"),
        error_text=text_or_none(entity, "error_description"),
        created_at=moment(entity, "created_at"),
    )


def charged(charge: SavedCharge, answer: Entity) -> GatewayPayment:
    """Read what a charge has begun; how it ends is told later, or when asked for."""
    return GatewayPayment(
        id=text(answer, "razorpay_payment_id"),
        gateway=NAME,
        order_id=charge.order_id,
        state=PaymentState.CREATED,
        amount_minor=charge.amount_minor,
        currency=charge.currency,
        payment_id=charge.payment_id,
    )


def refund(entity: Entity) -> GatewayRefund:
    """Read a refund; our own id is in the notes, or else the receipt."""
    return GatewayRefund(
        id=text(entity, "id"),
        gateway=NAME,
        gateway_payment_id=text_or_none(entity, "payment_id"),
        state=REFUND_STATES.get(text(entity, "status"), RefundState.PENDING),
        amount_minor=whole(entity, "amount"),
        currency=text(entity, "currency"),
        refund_id=text_or_none(part(entity, "notes"), "refund_id") or text_or_none(entity, "receipt"),
        reference=_reference(entity),
        error_text=text_or_none(entity, "error_description"),
        created_at=moment(entity, "created_at"),
    )


def dispute(entity: Entity, state: str | None = None) -> GatewayDispute:
    """Read a dispute; an event knows its state better than the entity, which stays "open" for long."""
    return GatewayDispute(
        id=text(entity, "id"),
        gateway=NAME,
        gateway_payment_id=text_or_none(entity, "payment_id"),
        state=state or text(entity, "status"),
        amount_minor=whole(entity, "amount"),
        currency=text(entity, "currency"),
        reason=text_or_none(entity, "reason_code"),
        phase=text_or_none(entity, "phase"),
        respond_by=moment(entity, "respond_by"),
    )


def settlement(entity: Entity) -> GatewaySettlement:
    """Read a settlement; Razorpay settles in rupees and does not say so."""
    return GatewaySettlement(
        id=text(entity, "id"),
        gateway=NAME,
        state=text(entity, "status"),
        amount_minor=whole(entity, "amount"),
        currency=text_or_none(entity, "currency") or "INR",
        fee_minor=whole_or_none(entity, "fees") or 0,
        tax_minor=whole_or_none(entity, "tax") or 0,
        reference=text_or_none(entity, "utr"),
        created_at=moment(entity, "created_at"),
    )


def token(entity: Entity) -> SavedToken:
    """Read a saved way to pay."""
    card = part(entity, "card")
    try:
        method = Method(text(entity, "method"))
    except ValueError as error:
        raise Unreadable("method") from error
    return SavedToken(
        token=text(entity, "id"),
        type=method,
        last4=text_or_none(card, "last4"),
        brand=text_or_none(card, "network"),
        expiry=_expiry(card) or _expiry_of(moment(entity, "expired_at")),
        vpa=_vpa(entity),
        is_recurring=text_or_none(part(entity, "recurring_details"), "status") == "confirmed",
    )


def each(read: Callable[[Entity], T], collection: Entity) -> list[T]:
    """Read everything in a list."""
    items = collection.get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Unreadable("items")
    return [read(item) for item in items]


def id_of(entity: Entity) -> str:
    """Read what something is called."""
    return text(entity, "id")


def text(entity: Entity, name: str) -> str:
    """Read a text that must be there."""
    value = text_or_none(entity, name)
    if value is None or not isinstance(entity[name], str):
        raise Unreadable(name)
    return value


def text_or_none(entity: Entity, name: str) -> str | None:
    """Read a text that may be missing; numbers where Razorpay cannot decide become text."""
    value = entity.get(name)
    if value is None or value == "" or value == {}:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(name)
    if not _WRITABLE.fullmatch(str(value)):
        raise Unreadable(name)
    return str(value)


def whole(entity: Entity, name: str) -> int:
    """Read a whole number that must be there."""
    value = whole_or_none(entity, name)
    if value is None:
        raise Unreadable(name)
    return value


def whole_or_none(entity: Entity, name: str) -> int | None:
    """Read a whole number, not negative, that may be missing."""
    value = entity.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise Unreadable(name)
    return value


def part(entity: Entity, name: str) -> Entity:
    """Read an object that may be missing; Razorpay writes an empty one as []."""
    value = entity.get(name)
    return value if isinstance(value, dict) else {}


def moment(entity: Entity, name: str) -> datetime | None:
    """Read a time in seconds since 1970."""
    seconds = whole_or_none(entity, name)
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (OverflowError, ValueError, OSError) as error:
        raise Unreadable(name) from error


def _vpa(token: Entity) -> str | None:
    """Read a UPI id, which comes in two parts, or from older accounts in one."""
    parts = part(token, "vpa")
    return f"{text(parts, 'username')}@{text(parts, 'handle')}" if parts else text_or_none(token, "vpa")


def _reference(entity: Entity) -> str | None:
    acquirer = part(entity, "acquirer_data")
    return next((found for name in REFERENCES if (found := text_or_none(acquirer, name))), None)


def _expiry(card: Entity) -> str | None:
    month, year = text_or_none(card, "expiry_month"), text_or_none(card, "expiry_year")
    return f"{month:0>2}/{year[-2:]}" if month and year else None


def _expiry_of(moment: datetime | None) -> str | None:
    return f"{moment:%m/%y}" if moment else None
