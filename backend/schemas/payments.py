"""The wire format of payments, refunds and saved methods."""

from typing import Any

from marshmallow import Schema, fields, validate

from backend.gateways.port import Method
from backend.gateways.registry import KNOWN
from backend.money import to_major
from backend.payment_methods import CHOOSABLE, INSTALLMENTS
from backend.payment_values import Attempt, Payment, PaymentStatus, Purpose, method_of
from backend.refund_values import Destination, RefundReason, RefundStatus
from backend.schemas.fields import Amount, ForeignAmount, GivenAmount, PageArguments, Timestamp

ID = validate.Length(1, 100)
BANK = validate.Regexp(r"[A-Za-z0-9_]{2,20}\Z")
GATEWAYS = sorted(KNOWN)


class InitiateRequest(Schema):
    """How an order is to be paid."""

    order_id = fields.String(required=True, validate=ID)
    amount = GivenAmount(required=True)
    payment_method = fields.Enum(Method, by_value=True, required=True, validate=validate.OneOf(CHOOSABLE))
    gateway = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(GATEWAYS))
    saved_method_id = fields.String(load_default=None, allow_none=True, validate=ID)
    installments = fields.Integer(load_default=1, strict=True, validate=validate.OneOf(INSTALLMENTS))
    bank = fields.String(load_default=None, allow_none=True, validate=BANK)
    vpa = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 320))
    notes = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))
    recurring = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class ChargeAnswer(Schema):
    """What the gateway charges; `rate` is what one unit of its currency costs in ours."""

    amount = ForeignAmount()
    currency = fields.String()
    rate = fields.String()


class UpiAnswer(Schema):
    """Where to pay by UPI: open the link on a phone, or show the same text as a QR code."""

    link = fields.String()
    qr = fields.String()


class InitiatedAnswer(Schema):
    """A payment that is ready to be paid, with what the browser needs for it."""

    payment_id = fields.String()
    order_id = fields.String()
    gateway_order_id = fields.String()
    amount = Amount(attribute="amount_minor")
    currency = fields.String()
    payment_method = fields.String()
    gateway = fields.String()
    charge = fields.Nested(ChargeAnswer)
    checkout_url = fields.String()
    key = fields.String()
    status = fields.Enum(PaymentStatus, by_value=True)
    expires_at = Timestamp()
    checkout = fields.Dict(keys=fields.String())
    upi = fields.Nested(UpiAnswer, allow_none=True)


class VerifyRequest(Schema):
    """What the gateway gave the browser; PayPal gives no signature."""

    gateway_payment_id = fields.String(load_default=None, allow_none=True, validate=ID)
    signature = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 512))


class AttemptAnswer(Schema):
    """One try to pay."""

    number = fields.Integer()
    gateway = fields.String()
    payment_method = fields.String(attribute="method")
    gateway_order_id = fields.String(allow_none=True)
    created_at = Timestamp()
    expires_at = Timestamp()


class PaymentErrorAnswer(Schema):
    """Why a payment did not succeed."""

    code = fields.String(allow_none=True)
    message = fields.String(allow_none=True)


class PaymentAnswer(Schema):
    """A payment and all that is known about it."""

    id = fields.String()
    payment_id = fields.String(attribute="id", dump_only=True)
    purpose = fields.Enum(Purpose, by_value=True)
    order_id = fields.String(allow_none=True)
    customer_id = fields.String()
    amount = Amount(attribute="amount_minor")
    currency = fields.String()
    status = fields.Enum(PaymentStatus, by_value=True)
    method_type = fields.String()
    gateway = fields.String()
    gateway_order_id = fields.String(allow_none=True)
    gateway_payment_id = fields.String(allow_none=True)
    charge = fields.Nested(ChargeAnswer)
    last4 = fields.String(allow_none=True)
    network = fields.String(allow_none=True)
    bank = fields.String(allow_none=True)
    vpa = fields.String(allow_none=True)
    reference = fields.String(allow_none=True)
    installments = fields.Integer()
    attempts = fields.Integer()
    attempt_history = fields.List(fields.Nested(AttemptAnswer))
    refunded_amount = Amount(attribute="refunded_minor")
    refundable_amount = Amount(attribute="refundable_minor")
    disputed = fields.Boolean(attribute="is_disputed")
    error = fields.Nested(PaymentErrorAnswer, allow_none=True)
    created_at = Timestamp()
    updated_at = Timestamp()
    completed_at = Timestamp(allow_none=True)
    expires_at = Timestamp()


class HistoryArguments(PageArguments):
    """Which payments are wanted, and which page of them."""

    status = fields.Enum(PaymentStatus, by_value=True, load_default=None)
    order_id = fields.String(load_default=None, validate=ID)
    customer_id = fields.String(load_default=None, validate=ID)


class RefundRequest(Schema):
    """Money to give back."""

    amount = GivenAmount(load_default=None)  # Only an absent one means all that is left.
    reason = fields.Enum(RefundReason, by_value=True, required=True)
    notes = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))
    destination = fields.Enum(Destination, by_value=True, load_default=Destination.SOURCE)
    refundable_amount = GivenAmount(load_default=None)


class RefundAnswer(Schema):
    """A refund and where it stands."""

    refund_id = fields.String(attribute="id")
    payment_id = fields.String()
    order_id = fields.String(allow_none=True)
    amount = Amount(attribute="amount_minor")
    currency = fields.String()
    shortfall = Amount(attribute="shortfall_minor")
    status = fields.Enum(RefundStatus, by_value=True)
    destination = fields.Enum(Destination, by_value=True)
    reason = fields.String()
    gateway = fields.String()
    gateway_refund_id = fields.String(allow_none=True)
    reference = fields.String(allow_none=True)
    error = fields.String(allow_none=True)
    created_at = Timestamp()
    completed_at = Timestamp(allow_none=True)


OF_PAYMENT = (
    *("id", "order_id", "customer_id", "amount_minor", "currency", "status", "gateway_payment_id"),
    *("installments", "refunded_minor", "refundable_minor", "is_disputed", "error"),
    *("created_at", "updated_at", "completed_at"),
)
PAID_WITH = ("last4", "network", "bank", "vpa", "reference")


def wire_payment(payment: Payment) -> dict[str, Any]:
    """Lay a payment out as a PaymentAnswer."""
    attempt = payment.attempt
    return {
        **{name: getattr(payment, name) for name in OF_PAYMENT},
        **{name: payment.paid_with.get(name) for name in PAID_WITH},
        "method_type": method_of(attempt, payment.paid_with.get("method")),
        "gateway": attempt.gateway,
        "gateway_order_id": attempt.gateway_order_id,
        "charge": wire_charge(attempt),
        "attempts": len(payment.attempts),
        "attempt_history": payment.attempts,
        "expires_at": attempt.expires_at,
    }


def wire_initiated(payment: Payment, *, key: str, pay_url: str) -> dict[str, Any]:
    """Lay a payment out as an InitiatedAnswer; a gateway without a page of its own is paid on ours."""
    attempt = payment.attempt
    return {
        "payment_id": payment.id,
        "order_id": payment.order_id,
        "gateway_order_id": attempt.gateway_order_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "payment_method": attempt.method.value,
        "gateway": attempt.gateway,
        "charge": wire_charge(attempt),
        "checkout_url": attempt.checkout_url or pay_url,
        "key": key,
        "status": payment.status,
        "expires_at": attempt.expires_at,
        "checkout": attempt.checkout,
        "upi": wire_upi(attempt),
    }


def wire_upi(attempt: Attempt) -> dict[str, str] | None:
    """Lay out the link to a UPI app, where there is one; it is also the text of the QR code."""
    return {"link": attempt.upi_link, "qr": attempt.upi_link} if attempt.upi_link else None


def wire_charge(attempt: Attempt) -> dict[str, Any]:
    """Say what the gateway charges, in its currency's major units."""
    return {
        "amount": to_major(attempt.charge_minor, currency=attempt.charge_currency),
        "currency": attempt.charge_currency,
        "rate": attempt.rate,
    }
