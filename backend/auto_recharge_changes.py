"""The guards and changes of auto-recharge, written for MongoDB and computed there by its clock."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from backend.auto_recharge_values import MOST_DECLINES, OffReason, Outcome, Pace, Rule
from backend.db import Document

LEASE_MILLISECONDS = 120_000  # Longer than opening and charging may take.

NOW = "$$NOW"
_DAY = {"$dateToString": {"date": NOW, "format": "%Y-%m-%d"}}
_MONTH = {"$dateToString": {"date": NOW, "format": "%Y-%m"}}
_SPENT_TODAY = {"$cond": [{"$eq": ["$spent.day", _DAY]}, "$spent.day_minor", 0]}
_SPENT_THIS_MONTH = {"$cond": [{"$eq": ["$spent.month", _MONTH]}, "$spent.month_minor", 0]}
_WITH_TODAY = {"$add": [_SPENT_TODAY, "$amount"]}
_WITH_THIS_MONTH = {"$add": [_SPENT_THIS_MONTH, "$amount"]}
MAY_BE_CLAIMED: Document = {
    "is_on": True,
    "pending": None,
    "$expr": {
        "$and": [
            {"$lte": ["$next_at", NOW]},
            {"$lte": [_WITH_TODAY, "$daily_cap"]},
            {"$lte": [_WITH_THIS_MONTH, "$monthly_cap"]},
        ]
    },
}


def claimed(payment_id: str) -> Document:
    """Claim a charge, and count it for the caps."""
    return {
        "spent": {
            "day": _DAY,
            "day_minor": _WITH_TODAY,
            "month": _MONTH,
            "month_minor": _WITH_THIS_MONTH,
        },
        "pending": {
            "payment_id": payment_id,
            "saved_method_id": "$saved_method_id",
            "amount": "$amount",
            "day": _DAY,
            "month": _MONTH,
            "charged_at": None,
            "claimed_at": NOW,
            "due_at": {"$add": [NOW, LEASE_MILLISECONDS]},
        },
    }


def wanted(rule: Rule) -> Document:
    """Store what a customer wants; after declines, another method or switching it on is a new start."""
    was_on, declines = {"$ifNull": ["$is_on", False]}, {"$ifNull": ["$declines", 0]}
    method = {"$literal": rule.saved_method_id}
    is_fresh = {"$or": [{"$not": [was_on]}, {"$ne": ["$saved_method_id", method]}]}
    was_declined = {"$and": [is_fresh, {"$gt": [declines, 0]}]}
    nothing = {"day": "", "day_minor": 0, "month": "", "month_minor": 0}
    return {
        "is_on": rule.is_on,
        "threshold": rule.threshold_minor,
        "amount": rule.amount_minor,
        "daily_cap": rule.daily_cap_minor,
        "monthly_cap": rule.monthly_cap_minor,
        "saved_method_id": method,
        "off_reason": None if rule.is_on else OffReason.CUSTOMER.value,
        "declines": {"$cond": [is_fresh, 0, declines]},
        "next_at": {"$cond": [was_declined, NOW, {"$ifNull": ["$next_at", NOW]}]},
        "number": {"$ifNull": ["$number", 0]},
        "pending": {"$ifNull": ["$pending", None]},
        "spent": {"$ifNull": ["$spent", nothing]},
        "created_at": {"$ifNull": ["$created_at", NOW]},
        "updated_at": NOW,
    }


def _given_back(period: str) -> Document:
    """Take the amount of a charge out of the sum of its own day or month, if that is still counted."""
    spent = f"$spent.{period}_minor"
    is_same = {"$eq": [f"$spent.{period}", f"$pending.{period}"]}
    return {"$cond": [is_same, {"$subtract": [spent, "$pending.amount"]}, spent]}


RESTORED: Document = {"spent.day_minor": _given_back("day"), "spent.month_minor": _given_back("month")}


def _paid(pace: Pace) -> Document:
    return {"declines": 0, "next_at": _in(pace.cool_off)}


def _declined(pace: Pace) -> Document:
    """Wait twice as long as the last time, and give up in the end."""
    declines = {"$add": ["$declines", 1]}
    first, longest = _milliseconds(pace.first_back_off), _milliseconds(pace.longest_back_off)
    wait = {"$min": [longest, {"$multiply": [first, {"$pow": [2, "$declines"]}]}]}
    gives_up = {"$and": ["$is_on", {"$gte": [declines, MOST_DECLINES]}]}
    return {
        **RESTORED,
        "declines": declines,
        "next_at": {"$add": [NOW, wait]},
        "is_on": {"$and": ["$is_on", {"$lt": [declines, MOST_DECLINES]}]},
        "off_reason": {"$cond": [gives_up, OffReason.DECLINES.value, "$off_reason"]},
    }


def _called_off(pace: Pace) -> Document:
    return {**RESTORED, "next_at": _in(pace.cool_off)}


AFTER: Mapping[Outcome, Callable[[Pace], Document]] = {
    Outcome.PAID: _paid,
    Outcome.DECLINED: _declined,
    Outcome.CALLED_OFF: _called_off,
}


def _in(pause: timedelta) -> Document:
    return {"$add": [NOW, _milliseconds(pause)]}


def _milliseconds(pause: timedelta) -> int:
    return pause // timedelta(milliseconds=1)
