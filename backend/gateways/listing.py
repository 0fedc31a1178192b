"""The frozen values in which gateways list what happened in a time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T", covariant=True)


@dataclass(frozen=True, slots=True)
class Window:
    """A time from `since`, included, to `until`, excluded; both in whole seconds, which gateways count in."""

    since: datetime
    until: datetime

    @property
    def last(self) -> datetime:
        """The last second that is part of it."""
        return self.until - timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list; `next` says where the list goes on, and None that it has ended."""

    items: tuple[T, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledRow:
    """One movement that a gateway has paid out to the shop's bank account, or kept back from it."""

    gateway: str
    entity_id: str  # The gateway's id of the payment, the refund, or whatever else it was.
    kind: str  # payment, refund, transfer, adjustment
    amount_minor: int
    credit_minor: int
    debit_minor: int
    fee_minor: int
    tax_minor: int
    currency: str
    settlement_id: str
    reference: str | None  # The UTR by which the bank account's statement knows the settlement.
    settled_at: datetime | None
    gateway_payment_id: str | None = None  # Of a refund.
    order_id: str | None = None
    receipt: str | None = None
