"""What reconciliation finds, and how its steps tell how far they have come."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from backend.gateways.listing import Window

QUIET = timedelta(minutes=5)  # What is younger may still be under way.


class Kind(StrEnum):
    """What may be wrong; docs/reconciliation.md says what to do about each."""

    UNFINISHED = "unfinished"
    GATEWAY_AWAY = "gateway_away"
    STEP_FAILED = "step_failed"
    PAYMENT_MISSING_HERE = "payment_missing_here"
    PAYMENT_MISSING_THERE = "payment_missing_there"
    PAYMENT_DIFFERS = "payment_differs"
    REFUND_MISSING_HERE = "refund_missing_here"
    REFUND_MISSING_THERE = "refund_missing_there"
    REFUND_DIFFERS = "refund_differs"
    SETTLED_UNKNOWN = "settled_unknown"
    SETTLED_DIFFERS = "settled_differs"
    LEDGER_BROKEN = "ledger_broken"
    CAPTURE_WITHOUT_OWNER = "capture_without_owner"
    PAYMENT_WITHOUT_CAPTURE = "payment_without_capture"
    CREDIT_WITHOUT_CAPTURE = "credit_without_capture"
    TOPUP_WITHOUT_CREDIT = "topup_without_credit"
    ORDER_MONEY_DIFFERS = "order_money_differs"
    REFUNDS_DO_NOT_ADD_UP = "refunds_do_not_add_up"
    MONEY_UNDECIDED = "money_undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that does not fit; kind and subject make it the same finding in every run."""

    kind: Kind
    subject: str
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Name it, always in the same way."""
        return f"REC-{hashlib.sha256(f'{self.kind}:{self.subject}'.encode()).hexdigest()[:24]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One reconciliation: the time it looks at, and how far it has come."""

    id: str
    window: Window
    min_age: timedelta
    started_at: datetime
    lease: str
    done: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    cursor: Mapping[str, str] = field(default_factory=dict)

    def cursor_of(self, step: str) -> str | None:
        """Tell where a step that was interrupted goes on."""
        return self.cursor.get("at") if self.cursor.get("step") == step else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a step has done since it last told; `cursor` is where it would go on from."""

    checked: int = 0
    recovered: int = 0
    findings: tuple[Finding, ...] = ()
    cursor: str | None = None


class Step(Protocol):
    """A part of the work that can be taken up where it was left."""

    @property
    def name(self) -> str:
        """Its name, which is also its place in a run."""

    @property
    def surveys(self) -> frozenset[Kind]:
        """The kinds of findings of which it sees all there are: what it does not find again is gone."""

    def run(self, run: Run, cursor: str | None) -> Iterator[Progress]:
        """Do the work bit by bit; whatever it does, it may do again."""
