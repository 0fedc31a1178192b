"""What a refund is: its states, the moves between them, and the frozen values passed around."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend.db import Document


class RefundStatus(StrEnum):
    """Where a refund stands."""

    PENDING = "PENDING"  # Reserved, and not yet known at the gateway.
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


REFUND_TRANSITIONS: Mapping[RefundStatus, frozenset[RefundStatus]] = {
    RefundStatus.PENDING: frozenset({RefundStatus.PROCESSING, RefundStatus.COMPLETED, RefundStatus.FAILED}),
    RefundStatus.PROCESSING: frozenset({RefundStatus.COMPLETED, RefundStatus.FAILED}),
    RefundStatus.COMPLETED: frozenset(),
    RefundStatus.FAILED: frozenset(),
}
UNDER_WAY = (RefundStatus.PENDING.value, RefundStatus.PROCESSING.value)


class RefundReason(StrEnum):
    """Why money is given back."""

    CUSTOMER_REQUEST = "customer_request"
    DISPUTE = "dispute"
    DAMAGED = "damaged"
    NOT_DELIVERED = "not_delivered"
    DUPLICATE = "duplicate"
    OTHER = "other"


class Destination(StrEnum):
    """Where the money goes."""

    SOURCE = "source"
    WALLET = "wallet"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWish:
    """What an admin wants to give back; no amount means all that is left.

    `refundable_minor` is what the admin saw as left; should that have changed, nothing happens.
    """

    payment_id: str
    refund_id: str
    amount_minor: int | None
    reason: RefundReason
    destination: Destination = Destination.SOURCE
    refundable_minor: int | None = None
    notes: str | None = None
    admin_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money given back, or on its way back; `charge_minor` is its share of what the gateway charged.

    `shortfall_minor` is what a gateway has taken beyond what there was to take: the shop's loss so far.
    """

    id: str
    payment_id: str
    order_id: str | None
    customer_id: str
    amount_minor: int
    currency: str
    charge_minor: int
    charge_currency: str
    shortfall_minor: int
    status: RefundStatus
    destination: Destination
    reason: str
    notes: str | None
    gateway: str
    gateway_payment_id: str
    gateway_refund_id: str | None
    reference: str | None
    error: str | None
    created_at: datetime
    completed_at: datetime | None


def refund_id_of(key: str) -> str:
    """Derive a refund's id from the key of its request, so that a repeated request finds it again."""
    return f"REFUND-{hashlib.sha256(key.encode()).hexdigest()[:24]}"


def refund_sources(target: RefundStatus) -> list[str]:
    """Name the states from which a refund may come to this one."""
    return [status.value for status, targets in REFUND_TRANSITIONS.items() if target in targets]


def read_refund(document: Document) -> Refund:
    """Read a refund as it is stored."""
    return Refund(
        id=document["_id"],
        payment_id=document["payment_id"],
        order_id=document["order_id"],
        customer_id=document["customer_id"],
        amount_minor=document["amount"],
        currency=document["currency"],
        charge_minor=document["charge"],
        charge_currency=document["charge_currency"],
        shortfall_minor=document.get("shortfall", 0),
        status=RefundStatus(document["status"]),
        destination=Destination(document["destination"]),
        reason=document["reason"],
        notes=document.get("notes"),
        gateway=document["gateway"],
        gateway_payment_id=document["gateway_payment_id"],
        gateway_refund_id=document.get("gateway_refund_id"),
        reference=document.get("reference"),
        error=document.get("error"),
        created_at=document["created_at"],
        completed_at=document.get("completed_at"),
    )
