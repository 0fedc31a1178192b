"""Lets captured money pay its order, once; what fits nothing is kept as an exception."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.claims import decided_anew
from backend.db import Document
from backend.errors import ClaimLost
from backend.gateways.port import GatewayPayment
from backend.ledger import Claim, Ledger, Row
from backend.order_service import PAYABLE, OrderPayment, OrderStatus
from backend.payment_events import paid_by_gateway
from backend.payment_exceptions import ExceptionReason, PaymentExceptions, capture_document
from backend.payment_store import PaymentStore
from backend.payment_values import Attempt, Payment, PaymentStatus, Purpose, gateway_key, method_of, sources
from backend.split_holds import SplitHolds

# How one kind of attempt becomes paid. Raises Misfit, or AppliedBefore for money that was settled otherwise.
Way = Callable[[Payment, Attempt, GatewayPayment], None]


class AppliedBefore(Exception):
    """This money has become what it is already."""


class Misfit(Exception):
    """Captured money does not fit the payment it came for."""

    def __init__(self, reason: ExceptionReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class PaymentCompletion:
    """The only place where a payment becomes paid."""

    def __init__(
        self,
        database: Database[Document],
        *,
        ledger: Ledger,
        exceptions: PaymentExceptions,
        ways: Mapping[Purpose, Way],
        holds: SplitHolds,
    ) -> None:
        self._ledger = ledger
        self._captures = database["captures"]
        self._orders = database["orders"]
        self._store = PaymentStore(database)
        self._exceptions = exceptions
        self._holds = holds
        self._ways: Mapping[Purpose, Way] = {Purpose.ORDER: self._complete_order, **ways}

    def apply(self, payment: Payment | None, seen: GatewayPayment) -> bool:
        """Let captured money pay what it is for, or keep it as an exception; tell if it has paid just now."""
        try:
            if payment is None:
                raise Misfit(ExceptionReason.UNKNOWN_PAYMENT)
            attempt = fitting(payment, seen)
            self._ways[attempt.purpose](payment, attempt, seen)
            if any(tried.hold_id for tried in payment.attempts):
                self._holds.settle(payment.id)
        except AppliedBefore:
            return False
        except DuplicateKeyError:
            if not self._is_applied(seen):
                raise  # Something else was there already, and the money must not be taken for applied.
            return False
        except Misfit as misfit:
            self._exceptions.record(seen, payment, misfit.reason)
            return False
        return True

    def _complete_order(self, payment: Payment, attempt: Attempt, seen: GatewayPayment) -> None:
        """Write the money, the payment and its order together or not at all, in a batch of the ledger's."""
        claims = [completing(payment, attempt, seen), _paying(payment, attempt, seen)]
        money = Row(collection="captures", document=capture_document(seen, became=payment.id))
        rows = [money, paid_by_gateway(payment, attempt, seen).row()]

        def record() -> None:
            try:
                self._ledger.record(claims=claims, rows=rows)
            except ClaimLost:
                self._check_still_open(payment, seen)
                raise

        decided_anew(record, too_busy="Too much happens to this payment at once. Please try again.")

    def _check_still_open(self, payment: Payment, seen: GatewayPayment) -> None:
        """Tell why a claim was lost, unless that has passed already."""
        if self._is_applied(seen):
            raise AppliedBefore
        if self._store.get(payment.id).is_paid:
            raise Misfit(ExceptionReason.PAID_TWICE)
        if self._orders.find_one({"_id": payment.order_id, **PAYABLE}, {"_id": 1}) is None:
            raise Misfit(ExceptionReason.ORDER_NOT_PAYABLE)

    def _is_applied(self, seen: GatewayPayment) -> bool:
        return self._captures.find_one({"_id": gateway_key(seen.gateway, seen.id)}, {"_id": 1}) is not None


def fitting(payment: Payment, seen: GatewayPayment) -> Attempt:
    """Find the attempt that the money is for, to the last paisa."""
    attempt = payment.attempt_for(seen.gateway, seen.order_id)
    if attempt is None:
        raise Misfit(ExceptionReason.UNKNOWN_PAYMENT)
    if seen.currency != attempt.charge_currency:
        raise Misfit(ExceptionReason.CURRENCY_MISMATCH)
    if seen.amount_minor != attempt.charge_minor:
        raise Misfit(ExceptionReason.AMOUNT_MISMATCH)
    return attempt


def _paying(payment: Payment, attempt: Attempt, seen: GatewayPayment) -> Claim:
    """Let an order become paid, if it still takes money."""
    now = datetime.now(UTC)
    changes = {
        "status": OrderStatus.CONFIRMED.value,
        "payment_status": OrderPayment.PAID.value,
        "payment_method": method_of(attempt, seen.method),
        "payment_transaction_id": seen.id,
        "paid_at": now,
        "updated_at": now,
    }
    change = {"$set": changes, "$inc": {"amount_paid": attempt.amount_minor}}
    return Claim(collection="orders", id=payment.order_id or "", guard=PAYABLE, update=change)


def completing(payment: Payment, attempt: Attempt, seen: GatewayPayment) -> Claim:
    """Let a payment become paid together with a movement of the ledger, if it may still do so."""
    now = datetime.now(UTC)
    changes = {"status": PaymentStatus.COMPLETED.value, "updated_at": now, **paid(attempt, seen, now)}
    return Claim(
        collection="payment_orders",
        id=payment.id,
        guard={"status": {"$in": sources(PaymentStatus.COMPLETED)}},
        update={"$set": changes},
    )


def paid(attempt: Attempt, seen: GatewayPayment, now: datetime) -> dict[str, Any]:
    """Say what has paid, as the gateway tells it; never with a token."""
    known = {
        "method": seen.method,
        "last4": seen.last4,
        "network": seen.network,
        "bank": seen.bank,
        "vpa": seen.vpa,
        "wallet": seen.wallet,
        "reference": seen.reference,
        "fee": seen.fee_minor,
        "tax": seen.tax_minor,
        "installments": seen.installments,
    }
    return {
        "gateway_payment_id": seen.id,
        "gateway_payment": gateway_key(seen.gateway, seen.id),
        "paid_by": attempt.number,
        "purpose": attempt.purpose.value,
        "amount": attempt.amount_minor,
        "paid_with": {name: value for name, value in known.items() if value is not None},
        "error": None,
        "completed_at": now,
    }
