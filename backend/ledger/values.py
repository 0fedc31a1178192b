"""The frozen values that the ledger takes in and gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

GENESIS_HASH = "0" * 64


class Verb(StrEnum):
    """What a posting does to a wallet."""

    CREDIT = "credit"
    DEBIT = "debit"
    REFUND = "refund"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"


class EntryType(StrEnum):
    """What an entry did to a balance."""

    CREDIT = "credit"
    DEBIT = "debit"
    REFUND = "refund"


class HoldState(StrEnum):
    """Where a hold stands; only HELD reserves money."""

    HELD = "HELD"
    CAPTURED = "CAPTURED"
    RELEASED = "RELEASED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A wish to move money, keyed so that it can happen only once.

    `account` is the other side of the movement. `amount_minor` is zero for a release, which
    frees whatever the hold reserved.
    """

    verb: Verb
    customer_id: str
    key: str
    amount_minor: int
    currency: str
    account: str
    reason: str
    source: str
    order_id: str | None = None
    call_id: str | None = None
    hold_id: str | None = None
    expires_at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Total:
    """How many entries of one type a wallet has, and what they add up to."""

    count: int = 0
    amount_minor: int = 0

    def plus(self, amount_minor: int) -> "Total":
        """Count one entry more."""
        return Total(self.count + 1, self.amount_minor + amount_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """What a customer has, as the sum of the wallet's entries and open holds."""

    customer_id: str
    currency: str
    balance_minor: int = 0
    held_minor: int = 0
    seq: int = 0
    head_hash: str = GENESIS_HASH
    credits: Total = Total()
    debits: Total = Total()
    refunds: Total = Total()
    created_at: datetime
    updated_at: datetime

    @property
    def available_minor(self) -> int:
        """What can be spent now."""
        return self.balance_minor - self.held_minor


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement between a wallet and an account; never changed, never deleted.

    The order of the fields is the order in which the hash chain reads them.
    """

    id: str
    customer_id: str
    seq: int
    type: EntryType
    amount_minor: int
    currency: str
    balance_before_minor: int
    balance_after_minor: int
    account: str
    reason: str
    source: str
    order_id: str | None
    call_id: str | None
    hold_id: str | None
    metadata: Mapping[str, Any]
    idempotency_key: str
    prev_hash: str
    created_at: datetime
    hash: str

    @property
    def signed_minor(self) -> int:
        """The change of the wallet's balance."""
        return -self.amount_minor if self.type is EntryType.DEBIT else self.amount_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Money reserved in a wallet until it is captured or released."""

    id: str
    customer_id: str
    amount_minor: int
    captured_minor: int
    currency: str
    state: HoldState
    account: str
    reason: str
    order_id: str | None
    call_id: str | None
    idempotency_key: str
    closed_by: str | None  # The key of the capture or release that ended it.
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
