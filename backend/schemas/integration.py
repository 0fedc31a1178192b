"""The wire format of top-ups, of orders paid by the wallet, and of refunds into it."""

from enum import StrEnum
from typing import Any

from marshmallow import Schema, fields, validate

from backend.db import Document
from backend.ledger import Entry
from backend.payment_opening import Opened
from backend.payment_values import PaymentStatus
from backend.schemas.fields import Amount, GivenAmount, Text, Timestamp
from backend.schemas.payments import ID, ChargeAnswer, UpiAnswer, wire_charge, wire_upi


class Way(StrEnum):
    """How the gateway's part is paid; a gateway's own name means whatever its page offers."""

    RAZORPAY = "razorpay"
    PAYPAL = "paypal"
    UPI = "upi"
    CARD = "card"
    NETBANKING = "netbanking"
    GOOGLE_PAY = "google_pay"
    APPLE_PAY = "apple_pay"


class SuccessAnswer(Schema):
    """An answer of this family."""

    success = fields.Boolean(dump_default=True, metadata={"enum": [True]})


class TopUpRequest(Schema):
    """Money that is to go into a wallet."""

    customer_id = fields.String(required=True, validate=ID)
    amount = GivenAmount(required=True)
    payment_method = fields.Enum(Way, by_value=True, required=True)
    recurring = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class OpenedAnswer(SuccessAnswer):
    """A payment that is ready to be paid, with what the browser needs for it."""

    payment_order_id = fields.String()
    gateway_order_id = fields.String()
    currency = fields.String()
    gateway = fields.String()
    charge = fields.Nested(ChargeAnswer)
    redirect_url = fields.String()
    key_id = fields.String()
    checkout = fields.Dict(keys=fields.String())
    upi = fields.Nested(UpiAnswer, allow_none=True)
    expires_at = Timestamp()


class TopUpOpenedAnswer(OpenedAnswer):
    """A top-up that is ready to be paid."""

    amount = Amount()


class TopUpVerifyRequest(Schema):
    """What the gateway gave the browser, by the gateway's ids; PayPal gives no signature."""

    payment_id = fields.String(load_default=None, allow_none=True, validate=ID)
    order_id = fields.String(required=True, validate=ID)
    signature = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 512))


class ToppedUpAnswer(SuccessAnswer):
    """A top-up that is paid; the balance is the one it has led to."""

    wallet_balance = Amount()
    transaction_id = fields.String()
    amount = Amount()


class TopUpAnswer(SuccessAnswer):
    """Where a top-up stands; the transaction is there once it is paid."""

    payment_order_id = fields.String()
    status = fields.Enum(PaymentStatus, by_value=True)
    amount = Amount()
    currency = fields.String()
    transaction_id = fields.String(allow_none=True)


class WalletPaymentRequest(Schema):
    """An order that the wallet is to pay."""

    order_id = fields.String(required=True, validate=ID)
    customer_id = fields.String(required=True, validate=ID)
    amount = GivenAmount(required=True)


class WalletPaymentAnswer(SuccessAnswer):
    """An order that the wallet has paid."""

    transaction_id = fields.String()
    amount_paid = Amount()
    remaining_balance = Amount()


class SplitRequest(Schema):
    """An order that the wallet and a gateway are to pay together."""

    order_id = fields.String(required=True, validate=ID)
    customer_id = fields.String(required=True, validate=ID)
    wallet_amount = GivenAmount(required=True)
    payment_method = fields.Enum(Way, by_value=True, required=True)


class SplitOpenedAnswer(OpenedAnswer):
    """A split payment whose gateway part is ready to be paid."""

    hold_id = fields.String()
    wallet_amount = Amount()
    gateway_amount = Amount()


class OrderRefundRequest(Schema):
    """Money of an order that is to go into the wallet."""

    order_id = fields.String(required=True, validate=ID)
    customer_id = fields.String(required=True, validate=ID)
    amount = GivenAmount(required=True)
    reason = Text(longest=500, required=True)


class OrderRefundAnswer(SuccessAnswer):
    """Money of an order that is in the wallet again."""

    transaction_id = fields.String()
    refund_amount = Amount()
    new_balance = Amount()


def wire_opened(opened: Opened, *, key: str, pay_url: str) -> dict[str, Any]:
    """Lay out an open payment; where the gateway has no page of its own, ours opens its window."""
    payment, attempt = opened.payment, opened.payment.attempt
    return {
        "success": True,
        "payment_order_id": payment.id,
        "gateway_order_id": attempt.gateway_order_id,
        "amount": attempt.amount_minor,
        "wallet_amount": attempt.wallet_minor,
        "gateway_amount": attempt.amount_minor,
        "hold_id": attempt.hold_id,
        "currency": payment.currency,
        "gateway": attempt.gateway,
        "charge": wire_charge(attempt),
        "redirect_url": attempt.checkout_url or pay_url,
        "key_id": key,
        "checkout": attempt.checkout,
        "upi": wire_upi(attempt),
        "expires_at": attempt.expires_at,
    }


def wire_wallet_payment(entry: Entry) -> dict[str, Any]:
    """Lay out an entry as the paying of an order."""
    return {
        "success": True,
        "transaction_id": entry.id,
        "amount_paid": entry.amount_minor,
        "remaining_balance": entry.balance_after_minor,
    }


def wire_order_refund(entry: Document) -> dict[str, Any]:
    """Lay out an entry as a refund."""
    return {
        "success": True,
        "transaction_id": entry["_id"],
        "refund_amount": entry["amount"],
        "new_balance": entry["balance_after"],
    }


def wire_topped_up(entry: Document) -> dict[str, Any]:
    """Lay out an entry as a top-up."""
    return {
        "success": True,
        "wallet_balance": entry["balance_after"],
        "transaction_id": entry["_id"],
        "amount": entry["amount"],
    }
