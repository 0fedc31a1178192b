"""The wire format of what has happened between wallets and gateways, and of what works here."""

from typing import Any

from marshmallow import Schema, fields

from backend.integration_log import LogKind, LogStatus
from backend.schemas.fields import Amount, PageArguments, Timestamp
from backend.schemas.integration import SuccessAnswer
from backend.schemas.payments import ID
from backend.schemas.wallet import BalanceAnswer, TransactionAnswer
from backend.wallet_payment_integration import IntegrationStatus


class FiguresAnswer(Schema):
    """What has gone through a wallet."""

    total_topups = Amount()
    total_spent = Amount()
    total_refunded = Amount()
    topup_count = fields.Integer()
    payment_count = fields.Integer()
    refund_count = fields.Integer()


class StatusAnswer(SuccessAnswer):
    """A wallet, its figures, and its newest entries."""

    wallet = fields.Nested(BalanceAnswer)
    statistics = fields.Nested(FiguresAnswer)
    recent_transactions = fields.List(fields.Nested(TransactionAnswer))


class LogArguments(PageArguments):
    """Which lines of the audit trail are wanted, and which page of them."""

    customer_id = fields.String(load_default=None, validate=ID)
    payment_id = fields.String(load_default=None, validate=ID)
    order_id = fields.String(load_default=None, validate=ID)
    status = fields.Enum(LogStatus, by_value=True, load_default=None)


class LogAnswer(Schema):
    """One line of the audit trail."""

    id = fields.String(attribute="_id")
    kind = fields.String(metadata={"enum": [kind.value for kind in LogKind]})
    status = fields.String(metadata={"enum": [status.value for status in LogStatus]})
    customer_id = fields.String()
    payment_id = fields.String(allow_none=True)
    gateway_payment_id = fields.String(allow_none=True)
    order_id = fields.String(allow_none=True)
    transaction_id = fields.String(allow_none=True)
    amount = Amount()
    currency = fields.String()
    gateway = fields.String(allow_none=True)
    error = fields.String(allow_none=True)
    created_at = Timestamp()


class LogListAnswer(SuccessAnswer):
    """A page of the audit trail, newest first."""

    logs = fields.List(fields.Nested(LogAnswer))
    total = fields.Integer()


class HealthAnswer(Schema):
    """What works here, and whether the database does."""

    success = fields.Boolean()
    status = fields.String(metadata={"enum": ["ok", "degraded"]})
    features = fields.Dict(keys=fields.String(), values=fields.Boolean())
    database = fields.String(metadata={"enum": ["ok", "away"]})
    version = fields.String()


def wire_status(found: IntegrationStatus, *, is_low: bool) -> dict[str, Any]:
    """Lay out a wallet with its figures; what was taken back of top-ups was never spent."""
    wallet, undone = found.wallet, found.reversed_topups
    return {
        "success": True,
        "wallet": {
            "customer_id": wallet.customer_id,
            "balance_minor": wallet.balance_minor,
            "held_minor": wallet.held_minor,
            "available_minor": wallet.available_minor,
            "currency": wallet.currency,
            "low_balance": is_low,
        },
        "statistics": {
            "total_topups": found.topups.amount_minor - undone.amount_minor,
            "total_spent": wallet.debits.amount_minor - undone.amount_minor,
            "total_refunded": wallet.refunds.amount_minor,
            "topup_count": found.topups.count,
            "payment_count": wallet.debits.count - undone.count,
            "refund_count": wallet.refunds.count,
        },
        "recent_transactions": [entry | {"id": entry["_id"]} for entry in found.recent],
    }
