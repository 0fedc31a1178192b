"""The wire format of auto-recharge."""

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from backend.auto_recharge_values import OffReason, Outcome, Recharge
from backend.schemas.fields import Amount, GivenAmount, Timestamp
from backend.schemas.payments import ID


class AutoRechargeRequest(Schema):
    """Below the threshold, charge the amount; never more than the caps in a UTC day and month."""

    enabled = fields.Boolean(required=True, truthy={True}, falsy={False})
    threshold = GivenAmount(required=True)
    amount = GivenAmount(required=True)
    daily_cap = GivenAmount(required=True)
    monthly_cap = GivenAmount(required=True)
    saved_method_id = fields.String(required=True, validate=ID)


class LastRechargeAnswer(Schema):
    """How the newest charge has ended."""

    payment_id = fields.String()
    outcome = fields.Enum(Outcome, by_value=True)
    at = Timestamp()


class AutoRechargeAnswer(Schema):
    """An auto-recharge, and what has come of it; without settings it was never set up."""

    customer_id = fields.String()
    enabled = fields.Boolean()
    threshold = Amount(allow_none=True)
    amount = Amount(allow_none=True)
    daily_cap = Amount(allow_none=True)
    monthly_cap = Amount(allow_none=True)
    saved_method_id = fields.String(allow_none=True)
    spent_today = Amount()
    spent_this_month = Amount()
    pending_payment_id = fields.String(allow_none=True)
    next_at = Timestamp(allow_none=True)
    declines = fields.Integer()
    off_reason = fields.Enum(OffReason, by_value=True, allow_none=True)
    last = fields.Nested(LastRechargeAnswer, allow_none=True)


def wire_nothing(customer_id: str) -> dict[str, Any]:
    """Lay out an auto-recharge that was never set up."""
    names = ("threshold", "amount", "daily_cap", "monthly_cap", "saved_method_id")
    unknown = dict.fromkeys((*names, "pending_payment_id", "next_at", "off_reason", "last"))
    none_yet = {"spent_today": 0, "spent_this_month": 0, "declines": 0}
    return {"customer_id": customer_id, "enabled": False, **none_yet, **unknown}


def wire_recharge(found: Recharge, now: datetime) -> dict[str, Any]:
    """Lay out an auto-recharge."""
    rule = found.rule
    today_minor, month_minor = found.spent.on(now)
    return {
        "customer_id": found.customer_id,
        "enabled": rule.is_on,
        "threshold": rule.threshold_minor,
        "amount": rule.amount_minor,
        "daily_cap": rule.daily_cap_minor,
        "monthly_cap": rule.monthly_cap_minor,
        "saved_method_id": rule.saved_method_id,
        "spent_today": today_minor,
        "spent_this_month": month_minor,
        "pending_payment_id": found.pending.payment_id if found.pending else None,
        "next_at": found.next_at,
        "declines": found.declines,
        "off_reason": found.off_reason,
        "last": found.last,
    }
