"""Books money that was given back or taken back without us: what has happened cannot be refused."""

from contextlib import suppress
from functools import partial

from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.db import Document, in_transaction
from backend.exchange import share
from backend.payment_store import PaymentStore
from backend.payment_values import Payment, read_payment
from backend.refund_booking import RefundBooking, order_refunded, payment_refunded, refund_row
from backend.refund_values import (
    Refund,
    RefundReason,
    RefundStatus,
    RefundWish,
    refund_id_of,
)


class RefundFacts:
    """Refunds on the gateways' own pages and lost disputes, counted as far as there is room.

    Where others have reserved what is left, the rest is noted as a shortfall, and covered as soon as
    a reservation is given up.
    """

    def __init__(self, database: Database[Document], *, booking: RefundBooking) -> None:
        self._client = database.client
        self._payments = database["payment_orders"]
        self._refunds = database["refunds"]
        self._orders = database["orders"]
        self._store = PaymentStore(database)
        self._booking = booking

    def book(self, payment_id: str, key: str, *, charge_minor: int, reason: RefundReason) -> Refund:
        """Reserve what has happened, once for each key."""
        wish = RefundWish(
            payment_id=payment_id,
            refund_id=refund_id_of(key),
            amount_minor=None,
            reason=reason,
            notes="Made at the gateway.",
        )
        while (found := self._booking.find(wish.refund_id)) is None:
            payment = self._store.get(payment_id)
            with suppress(DuplicateKeyError):
                self._reserve(payment, _fact(payment, wish, charge_minor))
        return found

    def cover(self, payment_id: str) -> None:
        """Count what found no room before, now that there may be some."""
        is_short = {"status": RefundStatus.COMPLETED.value, "shortfall": {"$gt": 0}}
        for document in self._refunds.find({"payment_id": payment_id, **is_short}, {"_id": 1}):
            in_transaction(self._client, partial(self._cover, document["_id"], payment_id))

    def _reserve(self, payment: Payment, fact: Document) -> None:
        """Store the fact, if the payment is still as it was when the fact was measured against it."""
        as_it_was = {
            "refunded": payment.refunded_minor,
            "refund_reserved": payment.refund_reserved_minor,
            "refund_charge": payment.refund_charge_minor,
        }
        reserved = {"$inc": {"refund_reserved": fact["amount"], "refund_charge": fact["charge"]}}

        def write(session: ClientSession) -> None:
            guard = {"_id": payment.id, **as_it_was}
            if self._payments.update_one(guard, reserved, session=session).matched_count:
                self._refunds.insert_one(fact, session=session)

        in_transaction(self._client, write)

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


def _fact(payment: Payment, wish: RefundWish, charge_minor: int) -> Document:
    """Measure in our currency what happened, against what is left of the payment."""
    amount_minor = _worth(payment, charge_minor)
    booked_minor = min(amount_minor, payment.refundable_minor)
    booked_charge_minor = min(charge_minor, payment.attempt.charge_minor - payment.refund_charge_minor)
    short = {
        "shortfall": amount_minor - booked_minor,
        "charge_shortfall": charge_minor - booked_charge_minor,
    }
    return refund_row(payment, wish, booked_minor, booked_charge_minor) | short


def _worth(payment: Payment, charge_minor: int) -> int:
    """Tell what a part of the charge is worth; the last part is worth all that is left."""
    whole_minor = payment.attempt.charge_minor
    is_last = payment.refund_charge_minor + charge_minor >= whole_minor
    if is_last and payment.wallet_refunded_minor == 0 and payment.refund_reserved_minor == 0:
        return payment.refundable_minor
    part_minor = min(charge_minor, whole_minor)
    return share(payment.amount_minor, part_minor=part_minor, whole_minor=whole_minor)
