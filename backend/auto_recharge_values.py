"""What auto-recharge is: what its owner wants, what is under way, and how a charge can end."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from backend.db import Document
from backend.payment_values import PaymentStatus

MOST_DECLINES = 4  # In a row; after that it is switched off.


class Outcome(StrEnum):
    """How a charge has ended."""

    PAID = "paid"
    DECLINED = "declined"
    CALLED_OFF = "called_off"


class OffReason(StrEnum):
    """Why nothing is charged any more."""

    CUSTOMER = "customer"
    DECLINES = "declines"
    METHOD_DELETED = "method_deleted"


_S = PaymentStatus

# How a charge has ended, by its payment. What is not here is still under way.
OUTCOMES: Mapping[PaymentStatus, Outcome] = {
    _S.COMPLETED: Outcome.PAID,
    _S.PARTIAL_REFUND: Outcome.PAID,
    _S.REFUNDED: Outcome.PAID,
    _S.FAILED: Outcome.DECLINED,
    _S.EXPIRED: Outcome.DECLINED,
    _S.CANCELLED: Outcome.CALLED_OFF,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a customer wants: below the threshold, charge the amount, within caps of a UTC day and month."""

    is_on: bool
    threshold_minor: int
    amount_minor: int
    daily_cap_minor: int
    monthly_cap_minor: int
    saved_method_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The one charge under way; once `charged_at` is set it may have been sent, and is never sent again."""

    customer_id: str
    payment_id: str
    saved_method_id: str
    amount_minor: int
    charged_at: datetime | None
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What was charged, or is being charged, on the newest UTC day and in its month."""

    day: str
    day_minor: int
    month: str
    month_minor: int

    def on(self, moment: datetime) -> tuple[int, int]:
        """Tell what counts for the caps of a day and of its month."""
        is_day, is_month = self.day == f"{moment:%Y-%m-%d}", self.month == f"{moment:%Y-%m}"
        return self.day_minor if is_day else 0, self.month_minor if is_month else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """How the newest charge has ended."""

    payment_id: str
    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recharge:
    """The auto-recharge of one wallet."""

    customer_id: str
    rule: Rule
    pending: Pending | None
    spent: Spent
    next_at: datetime
    declines: int
    number: int
    off_reason: OffReason | None
    last: Last | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long to wait after a charge: a while after a good one, doubling after each that was declined."""

    cool_off: timedelta
    first_back_off: timedelta = timedelta(hours=1)
    longest_back_off: timedelta = timedelta(hours=24)


def payment_id_of(customer_id: str, number: int) -> str:
    """Name the payment of a customer's so-manieth charge."""
    digest = hashlib.sha256(f"auto-recharge:{customer_id}:{number}".encode()).hexdigest()
    return f"TOPUP-{digest[:24]}"


def read_recharge(row: Document) -> Recharge:
    """Read an auto-recharge as it is stored."""
    last, spent = row.get("last"), row["spent"]
    return Recharge(
        customer_id=row["_id"],
        rule=Rule(
            is_on=row["is_on"],
            threshold_minor=row["threshold"],
            amount_minor=row["amount"],
            daily_cap_minor=row["daily_cap"],
            monthly_cap_minor=row["monthly_cap"],
            saved_method_id=row["saved_method_id"],
        ),
        pending=read_pending(row) if row["pending"] else None,
        spent=Spent(**spent),
        next_at=row["next_at"],
        declines=row["declines"],
        number=row["number"],
        off_reason=OffReason(row["off_reason"]) if row["off_reason"] else None,
        last=Last(payment_id=last["payment_id"], outcome=Outcome(last["outcome"]), at=last["at"])
        if last
        else None,
    )


def read_pending(row: Document) -> Pending:
    """Read the charge that is under way."""
    pending = row["pending"]
    return Pending(
        customer_id=row["_id"],
        payment_id=pending["payment_id"],
        saved_method_id=pending["saved_method_id"],
        amount_minor=pending["amount"],
        charged_at=pending["charged_at"],
        due_at=pending["due_at"],
    )
