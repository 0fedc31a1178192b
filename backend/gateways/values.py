"""The frozen values that gateways take in and give back, in words that fit every gateway."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Method(StrEnum):
    """How a customer may want to pay."""

    CARD = "card"
    UPI = "upi"
    NETBANKING = "netbanking"
    WALLET = "wallet"
    GOOGLE_PAY = "google_pay"
    APPLE_PAY = "apple_pay"
    PAYPAL = "paypal"
    EMI = "emi"
    RAZORPAY = "razorpay"  # Whatever Razorpay's Checkout offers; what it was, the paid payment tells.


class PaymentState(StrEnum):
    """What a gateway says about a payment; only CAPTURED is money."""

    CREATED = "CREATED"
    AUTHORIZED = "AUTHORIZED"  # The payer has agreed: it is ours as soon as we capture it.
    PENDING = "PENDING"  # Captured, but the gateway still checks it.
    CAPTURED = "CAPTURED"
    FAILED = "FAILED"


class RefundState(StrEnum):
    """What a gateway says about a refund."""

    PENDING = "PENDING"
    PROCESSED = "PROCESSED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who pays, as far as the gateway's page wants to know."""

    customer_id: str
    name: str
    email: str
    phone: str | None = None
    gateway_customer_id: str | None = None
    ip: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What is to be paid; `amount_minor` is in the currency that the gateway charges.

    `receipt` is ours and unique for each try, so that an order whose answer was lost is found again.
    """

    payment_id: str
    receipt: str
    amount_minor: int
    currency: str
    method: Method
    payer: Payer
    description: str
    bank: str | None = None
    installments: int = 1
    vpa: str | None = None  # A typed UPI id, where the installation still takes them.
    registers: bool = False  # The payer also allows later charges; the payer's id at the gateway is set.
    is_unattended: bool = False  # Nobody will look at a page: it is charged by what was saved.
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCharge:
    """Money to take for an open order by what its payer has saved, with nobody there to be asked."""

    payment_id: str
    order_id: str
    amount_minor: int
    currency: str
    payer: Payer
    gateway_customer_id: str
    token: str = field(repr=False)
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayOrder:
    """An order at the gateway: where the payer goes, or what the gateway's script needs there.

    `checkout` is for the browser as it is, in the gateway's own words. `upi_link` is a upi:// address
    to open on a phone or to show as a QR code, unchanged.
    """

    id: str
    checkout_url: str | None
    checkout: Mapping[str, Any]
    upi_link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPayment:
    """One payment as the gateway knows it; a PayPal order that is only approved goes by its order's id."""

    id: str
    gateway: str
    order_id: str | None
    state: PaymentState
    amount_minor: int
    currency: str
    refunded_minor: int = 0
    payment_id: str | None = None  # Ours, where the gateway gives back what we told it.
    method: str | None = None
    last4: str | None = None
    network: str | None = None
    bank: str | None = None
    vpa: str | None = None
    wallet: str | None = None
    token: str | None = None
    gateway_customer_id: str | None = None
    installments: int | None = None
    fee_minor: int | None = None
    tax_minor: int | None = None
    reference: str | None = None  # What a bank statement shows: RRN, UPI or bank transaction id.
    error_code: str | None = None
    error_text: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Money to give back; `refund_id` is ours and doubles as the gateway's idempotency key."""

    refund_id: str
    gateway_payment_id: str
    amount_minor: int
    currency: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRefund:
    """One refund as the gateway knows it."""

    id: str
    gateway: str
    gateway_payment_id: str | None
    state: RefundState
    amount_minor: int
    currency: str
    refund_id: str | None = None  # Ours, where the gateway gives back what we told it.
    reference: str | None = None
    error_text: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayDispute:
    """Money that a bank or PayPal wants back, or has taken back, from the shop."""

    id: str
    gateway: str
    gateway_payment_id: str | None
    state: str  # open, under_review, action_required, won, lost, closed, reversed
    amount_minor: int
    currency: str
    reason: str | None = None
    phase: str | None = None
    respond_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettlement:
    """Money that the gateway has sent to the shop's bank account."""

    id: str
    gateway: str
    state: str
    amount_minor: int
    currency: str
    fee_minor: int = 0
    tax_minor: int = 0
    reference: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayEvent:
    """One message of a gateway whose signature was right, with what it is about.

    `order_id` names the gateway's order where that is all the message says.
    """

    id: str
    gateway: str
    type: str
    occurred_at: datetime | None = None
    order_id: str | None = None
    payment: GatewayPayment | None = None
    refund: GatewayRefund | None = None
    dispute: GatewayDispute | None = None
    settlement: GatewaySettlement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedToken:
    """A way to pay that the gateway keeps for a customer; only the token can be charged."""

    token: str
    type: Method
    last4: str | None = None
    brand: str | None = None
    expiry: str | None = None  # MM/YY
    vpa: str | None = None
    email: str | None = None
    is_recurring: bool = False  # It may be charged without asking its owner.
