"""Wires reconciliation: which steps there are, and in which order they are done."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from pymongo.database import Database

from backend.db import Document
from backend.gateways.registry import Gateways
from backend.ledger.verify import LedgerVerifier
from backend.payment_outcomes import PaymentOutcomes
from backend.payment_sweep import PaymentSweep
from backend.reconciliation import Reconciliation
from backend.reconciliation_books import LedgerBooks, MoneyBooks
from backend.reconciliation_issues import ReconciliationIssues
from backend.reconciliation_payments import BookedPayments, ListedPayments, PaymentComparison
from backend.reconciliation_refunds import BookedRefunds, ListedRefunds, RefundComparison
from backend.reconciliation_runs import ReconciliationRuns
from backend.reconciliation_settlements import Settled, SettlementMatching
from backend.reconciliation_unfinished import Unfinished
from backend.reconciliation_values import Finding, Kind, Step
from backend.refund_service import RefundService


def wire_reconciliation(
    database: Database[Document],
    *,
    gateways: Gateways,
    outcomes: PaymentOutcomes,
    refunds: RefundService,
    sweep: PaymentSweep,
    interval_hours: int,
) -> Reconciliation:
    """Build it: what has not ended first, then the gateways' lists, then settlements, then the books."""
    payments = PaymentComparison(database, gateways=gateways, outcomes=outcomes)
    given = RefundComparison(database, gateways=gateways, refunds=refunds)
    settlements = SettlementMatching(database)
    steps: list[Step] = [Unfinished(sweep)]
    for gateway in gateways:
        steps += [ListedPayments(gateway, payments), BookedPayments(gateway, payments)]
        steps += [ListedRefunds(gateway, given), BookedRefunds(gateway, given)]
    steps += [Settled(gateway, settlements) for gateway in gateways]
    steps += [LedgerBooks(LedgerVerifier(database)), MoneyBooks(database)]
    return Reconciliation(
        runs=ReconciliationRuns(database),
        issues=ReconciliationIssues(database),
        gateways=gateways,
        steps=steps,
        looks=_looks(payments, given, settlements),
        interval=timedelta(hours=interval_hours),
    )


def _looks(
    payments: PaymentComparison, refunds: RefundComparison, settlements: SettlementMatching
) -> Mapping[Kind, Callable[[str], Finding | None]]:
    """Say how an issue is looked at again whose time is not looked at any more."""
    return {
        Kind.PAYMENT_MISSING_HERE: payments.look,
        Kind.PAYMENT_MISSING_THERE: payments.look,
        Kind.PAYMENT_DIFFERS: payments.look,
        Kind.REFUND_MISSING_HERE: refunds.look,
        Kind.REFUND_MISSING_THERE: refunds.look,
        Kind.REFUND_DIFFERS: refunds.look,
        Kind.SETTLED_UNKNOWN: settlements.look,
        Kind.SETTLED_DIFFERS: settlements.look,
    }
