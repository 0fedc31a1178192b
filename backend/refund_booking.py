"""Books refunds on payments and orders: reserve, then complete or give back, each in one transaction."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.db import Document, in_transaction
from backend.errors import BelowMinimum, RefundableChanged, RefundExceedsPayment, RefundNotAllowed
from backend.exchange import share
from backend.gateways.port import GatewayRefund
from backend.order_service import OrderPayment, OrderStatus
from backend.outbox import Event
from backend.payment_events import refund_completed, refund_failed
from backend.payment_store import PaymentStore
from backend.payment_values import PAID, Payment, PaymentStatus, gateway_key, read_payment
from backend.refund_values import UNDER_WAY, Refund, RefundStatus, RefundWish, read_refund, refund_sources

_LEFT = {"$subtract": ["$amount", {"$add": ["$refunded", "$refund_reserved"]}]}
_IS_PAID = {"status": {"$in": [status.value for status in PAID]}}


class RefundBooking:
    """Reserves refunds at the source, and ends them one way or the other."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._client = database.client
        self._payments = database["payment_orders"]
        self._refunds = database["refunds"]
        self._orders = database["orders"]
        self._store = PaymentStore(database)

    def find(self, refund_id: str) -> Refund | None:
        """Find a refund by our own id, if there is one."""
        document = self._refunds.find_one({"_id": refund_id})
        return read_refund(document) if document else None

    def reserve(self, wish: RefundWish) -> Refund:
        """Set the amount aside on the payment, so that no other refund can have it too."""
        while True:
            amount_minor = checked_amount(self._store.get(wish.payment_id), wish)
            reserved = self._reserve(wish, amount_minor)
            if reserved:
                return reserved

    def note(self, refund: Refund, seen: GatewayRefund | None, *, error: str | None = None) -> None:
        """Note that the gateway is at work on a refund, or may be."""
        self._refunds.update_one(
            {"_id": refund.id, "status": {"$in": UNDER_WAY}},
            {"$set": {"status": RefundStatus.PROCESSING.value, "error": error, **seen_at_gateway(seen)}},
        )

    def complete(self, refund: Refund, seen: GatewayRefund) -> None:
        """Turn what was reserved into money given back; again changes nothing."""

        def write(session: ClientSession) -> None:
            changes = {"completed_at": datetime.now(UTC), "error": None, **seen_at_gateway(seen)}
            if self._close(refund, RefundStatus.COMPLETED, changes, session):
                amount = refund.amount_minor
                counted = payment_refunded(amount, refund_reserved=-amount)
                self._payments.update_one({"_id": refund.payment_id}, counted, session=session)
                self._orders.update_one({"_id": refund.order_id}, order_refunded(amount), session=session)
                self._tell(refund_completed, refund, session)

        in_transaction(self._client, write)

    def fail(self, refund: Refund, seen: GatewayRefund | None, *, error: str | None) -> None:
        """Give back to the payment what was reserved; again changes nothing."""

        def write(session: ClientSession) -> None:
            # Without the key: should the gateway say later that it was done, it is booked as a fact.
            changes = {"error": error, **seen_at_gateway(seen), "gateway_refund": None}
            if self._close(refund, RefundStatus.FAILED, changes, session):
                given_back = {"refund_reserved": -refund.amount_minor, "refund_charge": -refund.charge_minor}
                self._payments.update_one({"_id": refund.payment_id}, {"$inc": given_back}, session=session)
                self._tell(refund_failed, refund, session)

        in_transaction(self._client, write)

    def _reserve(self, wish: RefundWish, amount_minor: int) -> Refund | None:
        documents: list[Document] = []

        def write(session: ClientSession) -> None:
            documents.clear()
            row = self._take(wish, amount_minor, session)
            if row is not None:
                payment = read_payment(row)
                charge_minor = _charge_of(payment, amount_minor)
                documents.append(refund_row(payment, wish, amount_minor, charge_minor))
                self._refunds.insert_one(documents[0], session=session)
                charged = {"$inc": {"refund_charge": charge_minor}}
                self._payments.update_one({"_id": payment.id}, charged, session=session)

        in_transaction(self._client, write)
        return read_refund(documents[0]) if documents else None

    def _take(self, wish: RefundWish, amount_minor: int, session: ClientSession) -> Document | None:
        """Reserve, unless somebody else took it meanwhile, and give the payment as it was before."""
        return self._payments.find_one_and_update(
            {"_id": wish.payment_id, **is_there(wish, amount_minor)},
            {"$inc": {"refund_reserved": amount_minor}},
            return_document=ReturnDocument.BEFORE,
            session=session,
        )

    def _tell(self, told: Callable[[Document], Event], refund: Refund, session: ClientSession) -> None:
        """Write down how a refund has ended, as its row now stands."""
        row = self._refunds.find_one({"_id": refund.id}, session=session)
        if row:
            told(row).write(self._database, session)

    def _close(self, refund: Refund, target: RefundStatus, changes: Document, session: ClientSession) -> bool:
        guard = {"_id": refund.id, "status": {"$in": refund_sources(target)}}
        change = {"$set": {"status": target.value, **changes}}
        return self._refunds.update_one(guard, change, session=session).matched_count == 1


def is_there(wish: RefundWish, amount_minor: int) -> Document:
    """Guard an update by what must still be left of the payment."""
    conditions: list[Any] = [{"$gte": [_LEFT, amount_minor]}]
    if wish.amount_minor is None:
        conditions.append({"$eq": [_LEFT, amount_minor]})
    if wish.refundable_minor is not None:
        conditions.append({"$eq": [_LEFT, wish.refundable_minor]})
    return {**_IS_PAID, "$expr": {"$and": conditions}}


def as_it_was(payment: Payment) -> Document:
    """Guard an update by a payment's refunds, which must still be as they were read."""
    return {
        "refunded": payment.refunded_minor,
        "refund_reserved": payment.refund_reserved_minor,
        "refund_charge": payment.refund_charge_minor,
    }


def payment_refunded(amount_minor: int, **more: int) -> list[Document]:
    """Count a refund on its payment; `more` are further counters that change with it."""
    is_whole = {"$gte": [{"$add": ["$refunded", amount_minor]}, "$amount"]}
    counters = {"refunded": amount_minor, **more}
    added = {name: {"$add": [{"$ifNull": [f"${name}", 0]}, minor]} for name, minor in counters.items()}
    status = _either(is_whole, PaymentStatus.REFUNDED, PaymentStatus.PARTIAL_REFUND)
    return [{"$set": {"status": status, "updated_at": "$$NOW", **added}}]


def order_refunded(amount_minor: int) -> list[Document]:
    """Count a refund on its order."""
    is_whole = {"$gte": [{"$add": ["$refund_amount", amount_minor]}, "$amount"]}
    changes = {
        "status": {"$cond": [is_whole, OrderStatus.REFUNDED.value, "$status"]},
        "payment_status": _either(is_whole, OrderPayment.REFUNDED, OrderPayment.PARTIALLY_REFUNDED),
        "refund_amount": {"$add": ["$refund_amount", amount_minor]},
        "refunded_at": "$$NOW",
        "updated_at": "$$NOW",
    }
    return [{"$set": changes}]


def _either(condition: Document, then: str, otherwise: str) -> Document:
    return {"$cond": [condition, str(then), str(otherwise)]}


def checked_amount(payment: Payment, wish: RefundWish) -> int:
    """Decide how much is meant, or say why it cannot be given back."""
    left_minor = payment.refundable_minor
    if not payment.is_paid:
        raise RefundNotAllowed("Only a completed payment can be refunded.")
    if wish.refundable_minor not in (None, left_minor):
        raise RefundableChanged(refundable_minor=left_minor, currency=payment.currency)
    if wish.amount_minor is None and left_minor == 0:
        raise RefundNotAllowed("Nothing is left of this payment to refund.")
    amount_minor = left_minor if wish.amount_minor is None else wish.amount_minor
    if amount_minor > left_minor:
        raise RefundExceedsPayment(refundable_minor=left_minor, currency=payment.currency)
    return amount_minor


def _charge_of(payment: Payment, amount_minor: int) -> int:
    """Tell a refund's share of the charge; the last one takes what is left, to the smallest coin."""
    charge_minor, whole_minor = payment.attempt.charge_minor, payment.amount_minor
    left_minor = charge_minor - payment.refund_charge_minor
    before = payment.refunded_minor + payment.refund_reserved_minor
    part = share(charge_minor, part_minor=before + amount_minor, whole_minor=whole_minor)
    part -= share(charge_minor, part_minor=before, whole_minor=whole_minor)
    takes_all = before + amount_minor == whole_minor and payment.wallet_refunded_minor == 0
    found_minor = left_minor if takes_all else min(part, left_minor)
    if found_minor == 0:
        raise BelowMinimum("The refund is too small to be given back in the currency that was charged.")
    return found_minor


def refund_row(payment: Payment, wish: RefundWish, amount_minor: int, charge_minor: int) -> Document:
    """Describe a refund that has just been reserved."""
    return {
        "_id": wish.refund_id,
        "payment_id": payment.id,
        "order_id": payment.order_id,
        "customer_id": payment.customer_id,
        "amount": amount_minor,
        "currency": payment.currency,
        "charge": charge_minor,
        "charge_currency": payment.attempt.charge_currency,
        "status": RefundStatus.PENDING.value,
        "destination": wish.destination.value,
        "reason": wish.reason.value,
        "notes": wish.notes,
        "gateway": payment.attempt.gateway,
        "gateway_payment_id": payment.gateway_payment_id,
        "requested_by": wish.admin_id,
        "error": None,
        "created_at": datetime.now(UTC),
    }


def seen_at_gateway(seen: GatewayRefund | None) -> Document:
    """Note what the gateway calls the refund."""
    if seen is None:
        return {}
    return {
        "gateway_refund_id": seen.id,
        "gateway_refund": gateway_key(seen.gateway, seen.id),
        "reference": seen.reference,
    }
