"""The wire format of wallets and of their transactions."""

from typing import Any

from marshmallow import Schema, fields, validate

from backend.db import Document
from backend.ledger.values import EntryType
from backend.money import to_major
from backend.schemas.fields import Amount, GivenAmount, Moment, PageArguments, Text, Timestamp, wire_time


class BalanceAnswer(Schema):
    """What a customer has, and what of it can be spent."""

    customer_id = fields.String()
    balance = Amount(attribute="balance_minor")
    held = Amount(attribute="held_minor")
    available = Amount(attribute="available_minor")
    currency = fields.String()
    low_balance = fields.Boolean()


class StatisticsAnswer(Schema):
    """What a wallet has seen since it was opened."""

    total_credits = Amount()
    total_debits = Amount()
    total_refunds = Amount()
    credit_count = fields.Integer()
    debit_count = fields.Integer()
    refund_count = fields.Integer()


class WalletAnswer(BalanceAnswer):
    """A wallet with its statistics."""

    statistics = fields.Nested(StatisticsAnswer)
    created_at = Timestamp()
    updated_at = Timestamp()


class CreditRequest(Schema):
    """Money that an admin gives."""

    amount = GivenAmount(required=True)
    reason = Text(longest=500, required=True)
    source = fields.String(load_default="admin", validate=validate.OneOf(["admin", "promo", "referral"]))


class DebitRequest(CreditRequest):
    """Money that an admin takes."""


class MovementAnswer(Schema):
    """A movement that has happened."""

    transaction_id = fields.String(attribute="id")
    new_balance = Amount(attribute="balance_after_minor")


class CallRateArguments(Schema):
    """The new price of a minute."""

    rate = GivenAmount(required=True)


class CallRateAnswer(Schema):
    """What a minute costs."""

    call_rate_per_minute = Amount()


class MetadataAnswer(Schema):
    """The payment that an entry came from; who in the shop did it is nobody else's business."""

    payment_id = fields.String()
    gateway = fields.String()
    webhook_timestamp = fields.String()


SHOWN_METADATA = tuple(MetadataAnswer().fields)


class TransactionAnswer(Schema):
    """One entry of a wallet."""

    id = fields.String()
    customer_id = fields.String()
    seq = fields.Integer()
    type = fields.String(metadata={"enum": [entry_type.value for entry_type in EntryType]})
    amount = Amount()
    balance_before = Amount()
    balance_after = Amount()
    currency = fields.String()
    reason = fields.String()
    source = fields.String()
    order_id = fields.String(allow_none=True)
    call_id = fields.String(allow_none=True)
    metadata = fields.Nested(MetadataAnswer)
    created_at = Timestamp()


def wire_transaction(entry: Document) -> dict[str, Any]:
    """Write an entry as a TransactionAnswer."""
    currency = entry["currency"]
    return {
        "id": entry["_id"],
        "customer_id": entry["customer_id"],
        "seq": entry["seq"],
        "type": entry["type"],
        "amount": to_major(entry["amount"], currency=currency),
        "balance_before": to_major(entry["balance_before"], currency=currency),
        "balance_after": to_major(entry["balance_after"], currency=currency),
        "currency": currency,
        "reason": entry["reason"],
        "source": entry["source"],
        "order_id": entry["order_id"],
        "call_id": entry["call_id"],
        "metadata": {name: entry["metadata"][name] for name in SHOWN_METADATA if name in entry["metadata"]},
        "created_at": wire_time(entry["created_at"]),
    }


class TransactionListAnswer(Schema):
    """A page of entries, newest first."""

    transactions = fields.List(fields.Nested(TransactionAnswer))
    total = fields.Integer()
    summary = fields.Nested(StatisticsAnswer)


class TransactionFilterArguments(Schema):
    """Which entries are wanted."""

    transaction_type = fields.Enum(EntryType, by_value=True, load_default=None)
    since = Moment(data_key="from", load_default=None)
    until = Moment(data_key="to", is_end=True, load_default=None)
    user_id = fields.String(load_default=None, validate=validate.Length(min=1, max=100))


class TransactionListArguments(TransactionFilterArguments, PageArguments):
    """Which entries are wanted, and which page of them."""
