"""Looks after payments, refunds and messages that have not ended by themselves."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from pymongo.database import Database

from backend import db
from backend.attempts import foreseen
from backend.db import Document
from backend.errors import AppError
from backend.metrics import REFUNDS_OVERDUE
from backend.payment_inquiry import PaymentInquiry
from backend.payment_store import PaymentStore
from backend.payment_values import Payment
from backend.refund_service import RefundService
from backend.refund_values import Refund, RefundStatus
from backend.split_holds import SplitHolds
from backend.webhook_service import Receipt, WebhookInbox

log = logging.getLogger(__name__)

QUIET = timedelta(minutes=5)  # What is younger may still be under way.
REST = timedelta(hours=1)  # Payments that ended are asked about no more often: there are many, for days.
OVERDUE = "The refund has not ended in time. Ask the gateway about it."


@dataclass(slots=True, kw_only=True)
class SweepReport:
    """What a look at everything unfinished has brought."""

    checked: int = 0
    recovered: int = 0
    issues: list[dict[str, str]] = field(default_factory=list)


class PaymentSweep:
    """Asks the gateways about everything that is still open."""

    def __init__(
        self,
        database: Database[Document],
        *,
        inquiry: PaymentInquiry,
        refunds: RefundService,
        inbox: WebhookInbox,
        late_payment_days: int,
        refund_timeout_hours: int,
        holds: SplitHolds,
    ) -> None:
        self._database = database
        self._store = PaymentStore(database)
        self._inquiry = inquiry
        self._refunds = refunds
        self._inbox = inbox
        self._late = timedelta(days=late_payment_days)
        self._refund_timeout = timedelta(hours=refund_timeout_hours)
        self._holds = holds

    def run(self, *, quiet: timedelta = QUIET, go_on: Callable[[], bool] = lambda: True) -> SweepReport:
        """Look once; what fails is reported and left for the next time.

        Whatever was not asked about when it is told to stop comes first in the next round.
        """
        report = SweepReport()
        now, began = datetime.now(UTC), db.server_now(self._database)
        for id_, step in self._steps(now=now, before=now - quiet, began=began):
            report.checked += 1
            try:
                report.recovered += foreseen(step)
            except AppError as error:
                report.issues.append({"id": id_, "code": error.code, "message": error.message})
            if not go_on():
                break
        self._report_overdue(report)
        return report

    def _steps(
        self, *, now: datetime, before: datetime, began: datetime
    ) -> Iterator[tuple[str, Callable[[], bool]]]:
        """List what there is to do; each step tells whether it has brought something home."""
        for key in self._inbox.unapplied(before=before, unasked_since=began):
            yield key, partial(self._replayed, key)
        for payment in self._store.unsettled(before=before, unasked_since=began):
            yield payment.id, partial(self._settled, payment)
        late = {"since": now - self._late, "before": before, "unasked_since": began - REST}
        for payment in self._store.given_up(**late):
            yield payment.id, partial(self._asked, payment)
        for refund in self._refunds.under_way(before=before, unasked_since=began):
            yield refund.id, partial(self._followed, refund)
        for hold in self._holds.forgotten(before=before):
            yield hold["_id"], partial(self._holds.release, hold["customer_id"], hold["_id"])

    def _report_overdue(self, report: SweepReport) -> None:
        """Report refunds that should have ended, and raise the alarm once for each; they are followed on."""
        before = datetime.now(UTC) - self._refund_timeout
        for refund in self._refunds.overdue(before=before):
            report.issues.append({"id": refund.id, "code": "REFUND_OVERDUE", "message": OVERDUE})
        for refund in self._refunds.newly_overdue(before=before):
            log.error("a refund has not ended in time", extra={"refund_id": refund.id})
            REFUNDS_OVERDUE.labels(refund.gateway).inc()

    def _replayed(self, key: str) -> bool:
        return self._inbox.replay(key) is Receipt.OK

    def _settled(self, payment: Payment) -> bool:
        """Ask about a payment, and end it when its time is over."""
        is_over = payment.attempt.expires_at < datetime.now(UTC)
        asked = self._inquiry.expire(payment) if is_over else self._inquiry.ask(payment)
        return asked.is_paid

    def _asked(self, payment: Payment) -> bool:
        """Ask about a payment that was given up: its money may have come late, and unheard."""
        return self._inquiry.ask(payment).is_paid

    def _followed(self, refund: Refund) -> bool:
        return self._refunds.follow(refund).status is RefundStatus.COMPLETED
