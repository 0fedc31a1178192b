"""What a payment is: its states, the moves between them, and the frozen value the services pass around."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from backend.db import Document
from backend.gateways.port import Method


class PaymentStatus(StrEnum):
    """Where a payment stands."""

    PENDING = "PENDING"  # Meant, but no gateway has an order for it yet.
    INITIATED = "INITIATED"
    AUTHORIZED = "AUTHORIZED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    PARTIAL_REFUND = "PARTIAL_REFUND"
    REFUNDED = "REFUNDED"


class Purpose(StrEnum):
    """What a payment is for."""

    ORDER = "order"
    TOPUP = "topup"
    SPLIT = "split"  # An order, of which the wallet pays a part.


_S = PaymentStatus
_MONEY_MAY_COME = {_S.AUTHORIZED, _S.COMPLETED}

# Forward only. Money that comes late, after FAILED, CANCELLED or EXPIRED, is money all the same.
TRANSITIONS: Mapping[PaymentStatus, frozenset[PaymentStatus]] = {
    _S.PENDING: frozenset(_MONEY_MAY_COME | {_S.INITIATED, _S.FAILED, _S.CANCELLED, _S.EXPIRED}),
    _S.INITIATED: frozenset(_MONEY_MAY_COME | {_S.FAILED, _S.CANCELLED, _S.EXPIRED}),
    _S.AUTHORIZED: frozenset({_S.COMPLETED, _S.FAILED, _S.EXPIRED}),
    _S.FAILED: frozenset(_MONEY_MAY_COME | {_S.PENDING}),
    _S.CANCELLED: frozenset(_MONEY_MAY_COME | {_S.PENDING}),
    _S.EXPIRED: frozenset(_MONEY_MAY_COME | {_S.PENDING}),
    _S.COMPLETED: frozenset({_S.PARTIAL_REFUND, _S.REFUNDED}),
    _S.PARTIAL_REFUND: frozenset({_S.PARTIAL_REFUND, _S.REFUNDED}),
    _S.REFUNDED: frozenset(),
}
OPEN = frozenset({_S.PENDING, _S.INITIATED, _S.AUTHORIZED})
GIVEN_UP = frozenset({_S.FAILED, _S.CANCELLED, _S.EXPIRED})
PAID = frozenset({_S.COMPLETED, _S.PARTIAL_REFUND, _S.REFUNDED})


def sources(target: PaymentStatus) -> list[str]:
    """Name the states from which a payment may come to this one."""
    return [status.value for status, targets in TRANSITIONS.items() if target in targets]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One order at one gateway that the customer could pay, and what it charges there.

    `amount_minor` is what the gateway is to bring, `wallet_minor` what the wallet adds to it out of
    the hold.
    """

    number: int
    purpose: Purpose
    gateway: str
    method: Method
    receipt: str
    amount_minor: int
    wallet_minor: int
    hold_id: str | None
    charge_minor: int
    charge_currency: str
    rate: str
    gateway_order_id: str | None
    checkout_url: str | None
    checkout: Mapping[str, Any]
    upi_link: str | None
    is_unattended: bool  # Charged while the payer was away.
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """The paying of one order, or of one top-up, over all attempts; the last attempt is the one that counts.

    `amount_minor` is the gateway's part of the attempt that has paid, or else of the last one.
    """

    id: str
    purpose: Purpose
    order_id: str | None  # A top-up has none.
    customer_id: str
    amount_minor: int
    currency: str
    status: PaymentStatus
    attempts: tuple[Attempt, ...]
    gateway_payment_id: str | None
    paid_by: int | None  # The number of the attempt that brought the money.
    paid_with: Mapping[str, Any]
    refunded_minor: int
    refund_reserved_minor: int
    wallet_refunded_minor: int  # The part of what was refunded that went into the wallet.
    refund_charge_minor: int  # What was given back, or is about to be, of what the gateway charged.
    installments: int
    error: Mapping[str, Any] | None
    is_disputed: bool
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None

    @property
    def attempt(self) -> Attempt:
        """The attempt that brought the money, or else the last one."""
        return self.attempts[self.paid_by - 1] if self.paid_by else self.attempts[-1]

    @property
    def is_open(self) -> bool:
        """Tell whether it has neither ended nor been paid."""
        return self.status in OPEN

    @property
    def is_paid(self) -> bool:
        """Tell whether its money has come, given back or not."""
        return self.status in PAID

    @property
    def refundable_minor(self) -> int:
        """What can still be given back."""
        return self.amount_minor - self.refunded_minor - self.refund_reserved_minor if self.is_paid else 0

    def attempt_for(self, gateway: str, gateway_order_id: str | None) -> Attempt | None:
        """Find the attempt that an order at a gateway belongs to."""
        for attempt in self.attempts:
            if (attempt.gateway, attempt.gateway_order_id) == (gateway, gateway_order_id):
                return attempt
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """Which payments are meant; nothing given means all of them."""

    customer_id: str | None = None
    order_id: str | None = None
    status: PaymentStatus | None = None

    def query(self) -> Document:
        """Write the filter as a MongoDB query."""
        wanted = {"customer_id": self.customer_id, "order_id": self.order_id, "status": self.status}
        return {name: str(value) for name, value in wanted.items() if value is not None}


def method_of(attempt: Attempt, told: str | None) -> str:
    """Name what an attempt is paid with: what was chosen, or what the gateway tells where nothing was."""
    return told if told and attempt.method is Method.RAZORPAY else attempt.method.value


def gateway_key(gateway: str, id_: str) -> str:
    """Name a thing at a gateway; unique over all gateways."""
    return f"{gateway}:{id_}"


def read_payment(document: Document) -> Payment:
    """Read a payment as it is stored."""
    return Payment(
        id=document["_id"],
        purpose=Purpose(document.get("purpose", Purpose.ORDER)),
        order_id=document.get("order_id"),
        customer_id=document["customer_id"],
        amount_minor=document["amount"],
        currency=document["currency"],
        status=PaymentStatus(document["status"]),
        attempts=tuple(_read_attempt({"amount": document["amount"]} | a) for a in document["attempts"]),
        gateway_payment_id=document.get("gateway_payment_id"),
        paid_by=document.get("paid_by"),
        paid_with=document.get("paid_with", {}),
        refunded_minor=document["refunded"],
        refund_reserved_minor=document["refund_reserved"],
        wallet_refunded_minor=document.get("wallet_refunded", 0),
        refund_charge_minor=document["refund_charge"],
        installments=document["installments"],
        error=document.get("error"),
        is_disputed=document.get("is_disputed", False),
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        completed_at=document.get("completed_at"),
    )


def _read_attempt(document: Document) -> Attempt:
    return Attempt(
        number=document["number"],
        purpose=Purpose(document.get("purpose", Purpose.ORDER)),
        gateway=document["gateway"],
        method=Method(document["method"]),
        receipt=document["receipt"],
        amount_minor=document["amount"],
        wallet_minor=document.get("wallet_amount", 0),
        hold_id=document.get("hold_id"),
        charge_minor=document["charge"],
        charge_currency=document["charge_currency"],
        rate=document["rate"],
        gateway_order_id=document.get("gateway_order_id"),
        checkout_url=document.get("checkout_url"),
        checkout=document.get("checkout", {}),
        upi_link=document.get("upi_link"),
        is_unattended=document.get("is_unattended", False),
        created_at=document["created_at"],
        expires_at=document["expires_at"],
    )
