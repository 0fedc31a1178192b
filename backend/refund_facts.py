"""Books money that was given back or taken back without us: what has happened cannot be refused."""

import logging
from datetime import UTC, datetime
from functools import partial

from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.claims import decided_anew
from backend.db import Document, in_transaction
from backend.errors import ClaimLost
from backend.exchange import share
from backend.gateways.port import GatewayRefund, RefundState
from backend.payment_events import refund_completed
from backend.payment_store import PaymentStore
from backend.payment_values import Payment, gateway_key, read_payment
from backend.refund_booking import (
    RefundBooking,
    as_it_was,
    order_refunded,
    payment_refunded,
    refund_row,
    seen_at_gateway,
)
from backend.refund_values import (
    Refund,
    RefundReason,
    RefundStatus,
    RefundWish,
    refund_id_of,
)
from backend.topup_reversals import TopUpReversals

log = logging.getLogger(__name__)

NOTES = "Made at the gateway."


class RefundFacts:
    """Refunds on the gateways' own pages and lost disputes, counted as far as there is room.

    Where others have reserved what is left, the rest is noted as a shortfall, and covered as soon as
    a reservation is given up. What is taken back of a top-up is taken out of the wallet.
    """

    def __init__(
        self, database: Database[Document], *, booking: RefundBooking, reversals: TopUpReversals
    ) -> None:
        self._database = database
        self._client = database.client
        self._payments = database["payment_orders"]
        self._refunds = database["refunds"]
        self._orders = database["orders"]
        self._store = PaymentStore(database)
        self._booking = booking
        self._reversals = reversals

    def book(self, payment_id: str, seen: GatewayRefund, *, reason: RefundReason) -> None:
        """Count what has happened, or reserve what is about to, once for each refund at a gateway."""
        decided_anew(
            partial(self._book, payment_id, seen, reason),
            too_busy="Too many refunds of this payment at once. Please try again.",
        )

    def complete(self, refund: Refund, seen: GatewayRefund) -> None:
        """Turn what was reserved into money given back, and see what there is room for then."""
        if refund.order_id is None:
            self._reversals.complete(refund, seen)
        else:
            self._booking.complete(refund, seen)
            self.cover(refund.payment_id)

    def cover(self, payment_id: str) -> None:
        """Count what found no room before, now that there may be some; a wallet is not asked again."""
        is_short = {"status": RefundStatus.COMPLETED.value, "shortfall": {"$gt": 0}, "debited": None}
        for document in self._refunds.find({"payment_id": payment_id, **is_short}, {"_id": 1}):
            in_transaction(self._client, partial(self._cover, document["_id"], payment_id))

    def _book(self, payment_id: str, seen: GatewayRefund, reason: RefundReason) -> None:
        refund_id = refund_id_of(gateway_key(seen.gateway, seen.id))
        if self._booking.find(refund_id):
            return
        payment = self._store.get(payment_id)
        fact = _fact(payment, refund_id, seen, reason)
        is_of_wallet = payment.order_id is None and fact["status"] == RefundStatus.COMPLETED
        store = self._reversals.book if is_of_wallet else self._store_fact
        try:
            store(payment, fact)
        except DuplicateKeyError:
            raise ClaimLost from None

    def _store_fact(self, payment: Payment, fact: Document) -> None:
        """Store the fact, if the payment is still as it was when the fact was measured against it."""
        amount, charge = fact["amount"], fact["charge"]
        is_done = fact["status"] == RefundStatus.COMPLETED
        counted = payment_refunded(amount, refund_charge=charge)
        reserved = {"$inc": {"refund_reserved": amount, "refund_charge": charge}}

        def write(session: ClientSession) -> None:
            guard = {"_id": payment.id, **as_it_was(payment)}
            change = counted if is_done and amount else reserved
            if self._payments.update_one(guard, change, session=session).matched_count == 0:
                raise ClaimLost
            if is_done and amount:
                self._orders.update_one({"_id": payment.order_id}, order_refunded(amount), session=session)
            self._refunds.insert_one(fact, session=session)
            if is_done:
                refund_completed(fact).write(self._database, session)

        in_transaction(self._client, write)
        if fact["shortfall"]:
            log.error("more was given back than is left", extra={"payment_id": payment.id})

    def _cover(self, refund_id: str, payment_id: str, session: ClientSession) -> None:
        """Count as much of what one refund is short of as there is room for now."""
        row = self._payments.find_one({"_id": payment_id}, session=session)
        short = self._refunds.find_one({"_id": refund_id}, session=session)
        if row is None or short is None:
            return
        payment = read_payment(row)
        amount = min(short["shortfall"], payment.refundable_minor)
        room_of_charge = payment.attempt.charge_minor - payment.refund_charge_minor
        charge = min(short["charge_shortfall"], room_of_charge)
        if amount > 0:
            moved = {"amount": amount, "shortfall": -amount, "charge": charge, "charge_shortfall": -charge}
            self._refunds.update_one({"_id": refund_id}, {"$inc": moved}, session=session)
            on_payment = payment_refunded(amount, refund_charge=charge)
            self._payments.update_one({"_id": payment_id}, on_payment, session=session)
            self._orders.update_one({"_id": payment.order_id}, order_refunded(amount), session=session)


def _fact(payment: Payment, refund_id: str, seen: GatewayRefund, reason: RefundReason) -> Document:
    """Measure in our currency what happened, against what is left of the payment."""
    amount_minor = _worth(payment, seen.amount_minor)
    booked_minor = min(amount_minor, payment.refundable_minor)
    room_minor = payment.attempt.charge_minor - payment.refund_charge_minor
    charge_minor = min(seen.amount_minor, room_minor)
    wish = RefundWish(
        payment_id=payment.id, refund_id=refund_id, amount_minor=None, reason=reason, notes=NOTES
    )
    is_done = seen.state is RefundState.PROCESSED
    return refund_row(payment, wish, booked_minor, charge_minor) | {
        "status": (RefundStatus.COMPLETED if is_done else RefundStatus.PROCESSING).value,
        "completed_at": datetime.now(UTC) if is_done else None,
        "shortfall": amount_minor - booked_minor,
        "charge_shortfall": seen.amount_minor - charge_minor,
        **seen_at_gateway(seen),
    }


def _worth(payment: Payment, charge_minor: int) -> int:
    """Tell what a part of the charge is worth; the last part is worth all that is left."""
    whole_minor = payment.attempt.charge_minor
    worth = partial(share, payment.amount_minor, whole_minor=whole_minor)
    beyond_minor = payment.refund_charge_minor + charge_minor - whole_minor
    if beyond_minor >= 0 and payment.wallet_refunded_minor == 0 and payment.refund_reserved_minor == 0:
        return payment.refundable_minor + worth(part_minor=min(beyond_minor, whole_minor))
    return worth(part_minor=min(charge_minor, whole_minor))
