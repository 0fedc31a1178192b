"""Keeps what gateways report about disputes and settlements, and flags whom a dispute concerns."""

import logging
from datetime import UTC, datetime
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.db import Document, in_transaction
from backend.gateways.port import GatewayDispute, GatewaySettlement
from backend.indexes import NEWEST
from backend.metrics import DISPUTES
from backend.payment_events import dispute_opened
from backend.payment_store import PaymentStore
from backend.payment_values import Payment, gateway_key

log = logging.getLogger(__name__)

ENDED = frozenset({"won", "lost", "closed", "reversed"})
HARMLESS = frozenset({"won", "closed"})  # The shop keeps the money.
TAKEN = frozenset({"lost", "reversed"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DisputeService:
    """The disputes and settlements of all gateways, each as its latest message tells it."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._client = database.client
        self._disputes = database["disputes"]
        self._settlements = database["settlements"]
        self._payments = database["payment_orders"]
        self._orders = database["orders"]
        self._customers = database["customers_v2"]
        self._store = PaymentStore(database)

    def record(self, seen: GatewayDispute, *, occurred_at: datetime | None) -> Payment | None:
        """Note how a dispute stands, whatever order its messages come in, and give its payment."""
        found = self._payment_of(seen)

        def write(session: ClientSession) -> bool:
            is_news = self._note(seen, found, occurred_at or _EPOCH, session)
            if is_news and found:
                self._flag(found, session)
                if seen.state not in HARMLESS:
                    dispute_opened(found, seen).write(self._database, session)
            return is_news

        news: list[bool] = []
        in_transaction(self._client, lambda session: news.append(write(session)))
        if news[-1]:
            DISPUTES.labels(seen.gateway, seen.state).inc()
            log.error("dispute", extra={"dispute_id": seen.id, "gateway": seen.gateway, "state": seen.state})
        return found

    def settle(self, seen: GatewaySettlement) -> None:
        """Note a settlement."""
        changes = {
            "gateway": seen.gateway,
            "state": seen.state,
            "amount": seen.amount_minor,
            "currency": seen.currency,
            "fee": seen.fee_minor,
            "tax": seen.tax_minor,
            "reference": seen.reference,
            "settled_at": seen.created_at,
        }
        self._settlements.update_one(
            {"_id": gateway_key(seen.gateway, seen.id)},
            {"$set": changes, "$setOnInsert": {"settlement_id": seen.id, "created_at": datetime.now(UTC)}},
            upsert=True,
        )

    def has_taken(self, gateway: str, gateway_payment_id: str) -> bool:
        """Tell whether a dispute has taken a payment's money back."""
        taken = {"gateway": gateway, "gateway_payment_id": gateway_payment_id, "state": {"$in": list(TAKEN)}}
        return self._disputes.find_one(taken, {"_id": 1}) is not None

    def page(self, *, limit: int, skip: int) -> tuple[list[Document], int]:
        """List disputes, newest first, and say how many there are."""
        found = self._disputes.find({}, sort=NEWEST, skip=skip, limit=limit)
        return list(found), self._disputes.count_documents({})

    def settlements(self, *, limit: int, skip: int) -> tuple[list[Document], int]:
        """List settlements, newest first, and say how many there are."""
        found = self._settlements.find({}, sort=NEWEST, skip=skip, limit=limit)
        return list(found), self._settlements.count_documents({})

    def _payment_of(self, seen: GatewayDispute) -> Payment | None:
        if seen.gateway_payment_id is None:
            return None
        return self._store.by_gateway_payment(seen.gateway, seen.gateway_payment_id)

    def _note(
        self, seen: GatewayDispute, found: Payment | None, as_of: datetime, session: ClientSession
    ) -> bool:
        """Keep the latest word: an end outweighs what led to it, and later outweighs earlier."""
        key = gateway_key(seen.gateway, seen.id)
        about = {
            "gateway": seen.gateway,
            "dispute_id": seen.id,
            "gateway_payment_id": seen.gateway_payment_id,
            "rank": -1,
            "as_of": _EPOCH,
            "created_at": datetime.now(UTC),
        }
        self._disputes.update_one({"_id": key}, {"$setOnInsert": about}, upsert=True, session=session)
        rank = int(seen.state in ENDED)
        older = [{"rank": {"$lt": rank}}, {"rank": rank, "as_of": {"$lt": as_of}}]
        changes: dict[str, Any] = {
            "rank": rank,
            "as_of": as_of,
            "state": seen.state,
            "phase": seen.phase,
            "reason": seen.reason,
            "amount": seen.amount_minor,
            "currency": seen.currency,
            "respond_by": seen.respond_by,
            "payment_id": found.id if found else None,
            "order_id": found.order_id if found else None,
            "customer_id": found.customer_id if found else None,
        }
        noted = self._disputes.update_one({"_id": key, "$or": older}, {"$set": changes}, session=session)
        return noted.modified_count == 1

    def _flag(self, payment: Payment, session: ClientSession) -> None:
        """Flag payment and order while any dispute threatens them, and the customer for good."""
        threatening = {"payment_id": payment.id, "state": {"$nin": list(HARMLESS)}}
        is_disputed = self._disputes.find_one(threatening, {"_id": 1}, session=session) is not None
        change = {"$set": {"is_disputed": is_disputed}}
        self._payments.update_one({"_id": payment.id}, change, session=session)
        self._orders.update_one({"_id": payment.order_id}, change, session=session)
        self._customers.update_one(
            {"_id": payment.customer_id}, {"$set": {"has_disputed": True}}, session=session
        )
