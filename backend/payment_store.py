"""Reads and guarded writes of the payment rows; every write names the state it starts from."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.attempts import readable
from backend.db import Document
from backend.errors import PaymentNotFound
from backend.gateways.port import GatewayOrder
from backend.indexes import NEWEST
from backend.payment_values import (
    GIVEN_UP,
    OPEN,
    Payment,
    PaymentFilter,
    PaymentStatus,
    gateway_key,
    read_payment,
    sources,
)
from backend.turns import turns

LEASE_MILLISECONDS = 60_000  # Longer than all gateways together may take to open an order.
LEASE_IS_FREE = {
    "$expr": {"$lt": [{"$ifNull": ["$opening_until", datetime(1970, 1, 1, tzinfo=UTC)]}, "$$NOW"]}
}


class PaymentStore:
    """The payment rows, one for each order."""

    def __init__(self, database: Database[Document]) -> None:
        self._payments = database["payment_orders"]

    def get(self, payment_id: str, *, owner_id: str | None = None) -> Payment:
        """Find a payment; to anybody but its owner it does not exist. No owner given means any."""
        owned = {} if owner_id is None else {"customer_id": owner_id}
        document = self._payments.find_one({"_id": payment_id, **owned})
        if document is None:
            raise PaymentNotFound
        return read_payment(document)

    def by_order(self, order_id: str) -> Payment | None:
        """Find the payment of an order."""
        return self._find({"order_id": order_id})

    def by_gateway_order(self, gateway: str, gateway_order_id: str) -> Payment | None:
        """Find the payment that an order at a gateway belongs to."""
        return self._find({"gateway_orders": gateway_key(gateway, gateway_order_id)})

    def by_gateway_payment(self, gateway: str, gateway_payment_id: str) -> Payment | None:
        """Find the payment that a payment at a gateway has paid."""
        return self._find({"gateway_payment": gateway_key(gateway, gateway_payment_id)})

    def find(self, payment_id: str) -> Payment | None:
        """Find a payment by our own id, if there is one."""
        return self._find({"_id": payment_id})

    def page(self, wanted: PaymentFilter, *, limit: int, skip: int) -> tuple[list[Payment], int]:
        """List payments, newest first, and say how many there are."""
        query = wanted.query()
        found = self._payments.find(query, sort=NEWEST, skip=skip, limit=limit)
        return [read_payment(document) for document in found], self._payments.count_documents(query)

    def unsettled(self, *, before: datetime, unasked_since: datetime) -> Iterator[Payment]:
        """Give the payments that are still open and were last touched before a moment."""
        query = {"status": {"$in": [status.value for status in OPEN]}, "updated_at": {"$lt": before}}
        return readable(turns(self._payments, query, before=unasked_since), read_payment)

    def given_up(self, *, since: datetime, before: datetime, unasked_since: datetime) -> Iterator[Payment]:
        """Give the payments that ended without money not long ago, for which some may still come."""
        query = {
            "status": {"$in": [status.value for status in GIVEN_UP]},
            "gateway_orders": {"$gt": ""},
            "updated_at": {"$gte": since, "$lt": before},
        }
        return readable(turns(self._payments, query, before=unasked_since), read_payment)

    def begin(self, document: Document) -> Payment:
        """Write down that an order is to be paid; the first one to do so decides."""
        try:
            self._payments.insert_one(document)
        except DuplicateKeyError:
            name = "order_id" if "order_id" in document else "_id"
            document = self._payments.find_one({name: document[name]}) or document
        return read_payment(document)

    def reopen(self, payment: Payment, attempt: Document) -> Payment | None:
        """Add an attempt to a payment that ended without money, unless somebody else just did."""
        is_unchanged = {"status": payment.status.value, "attempts": {"$size": len(payment.attempts)}}
        changes = {"status": PaymentStatus.PENDING.value, "updated_at": datetime.now(UTC)}
        changes |= _of_attempt(attempt)
        forgotten = dict.fromkeys(("error", "authorized_payment", "opening", "opening_until"), "")
        guard = {"_id": payment.id, **is_unchanged}
        return self._change(guard, {"$set": changes, "$push": {"attempts": attempt}, "$unset": forgotten})

    def lease(self, payment: Payment, lease: str) -> bool:
        """Take the right to open the last attempt's order at a gateway, for a while."""
        is_last = {"attempts": {"$size": len(payment.attempts)}}
        guard = {"_id": payment.id, "status": PaymentStatus.PENDING.value, **is_last, **LEASE_IS_FREE}
        until = {"$add": ["$$NOW", LEASE_MILLISECONDS]}
        change = [{"$set": {"opening": lease, "opening_until": until}}]
        return self._payments.update_one(guard, change).matched_count == 1

    def release(self, payment_id: str, lease: str, *, error: Mapping[str, Any]) -> None:
        """Give that right back, because no gateway could open an order."""
        change = {"$set": {"error": dict(error)}, "$unset": {"opening": "", "opening_until": ""}}
        self._payments.update_one({"_id": payment_id, "opening": lease}, change)

    def aim(self, payment: Payment, lease: str, attempt: Document) -> bool:
        """Write down which gateway is asked next, before it is asked."""
        guard = {"_id": payment.id, "status": PaymentStatus.PENDING.value, "opening": lease}
        changes = {f"attempts.{attempt['number'] - 1}": attempt, **_of_attempt(attempt)}
        change = {"$set": changes}
        return self._payments.update_one(guard, change).matched_count == 1

    def opened(
        self, payment: Payment, lease: str, attempt: Document, order: GatewayOrder, session: ClientSession
    ) -> bool:
        """Note the order that the gateway has opened, unless the payment was ended meanwhile."""
        place = f"attempts.{attempt['number'] - 1}"
        changes = {
            "status": PaymentStatus.INITIATED.value,
            f"{place}.gateway_order_id": order.id,
            f"{place}.checkout_url": order.checkout_url,
            f"{place}.checkout": dict(order.checkout),
            f"{place}.upi_link": order.upi_link,
            "updated_at": datetime.now(UTC),
        }
        change: Document = {
            "$set": changes,
            "$addToSet": {"gateway_orders": gateway_key(attempt["gateway"], order.id)},
            "$unset": {"opening": "", "opening_until": "", "error": ""},
        }
        guard = {"_id": payment.id, "status": PaymentStatus.PENDING.value, "opening": lease}
        return self._payments.update_one(guard, change, session=session).matched_count == 1

    def move(
        self,
        payment_id: str,
        target: PaymentStatus,
        changes: Mapping[str, Any] | None = None,
        *,
        guard: Mapping[str, Any] | None = None,
        session: ClientSession | None = None,
    ) -> Payment | None:
        """Bring a payment into another state, if it is in one from which that is allowed."""
        allowed = {"_id": payment_id, "status": {"$in": sources(target)}}
        change = {"status": target.value, "updated_at": datetime.now(UTC), **(changes or {})}
        return self._change({"$and": [allowed, guard or {}]}, {"$set": change}, session=session)

    def update(
        self, payment_id: str, guard: Mapping[str, Any], change: Document | Sequence[Document], **options: Any
    ) -> Payment | None:
        """Change a payment that meets a guard, without moving it."""
        return self._change({"_id": payment_id, **guard}, change, **options)

    def _find(self, query: Mapping[str, Any]) -> Payment | None:
        document = self._payments.find_one(query)
        return read_payment(document) if document else None

    def _change(self, guard: Mapping[str, Any], change: Any, **options: Any) -> Payment | None:
        document = self._payments.find_one_and_update(
            guard, change, return_document=ReturnDocument.AFTER, **options
        )
        return read_payment(document) if document else None


def _of_attempt(attempt: Document) -> Document:
    """Give what the payment takes over from the attempt that counts."""
    return {name: attempt[name] for name in ("purpose", "amount", "installments")}
