"""The audit trail of what went between wallets, gateways and orders."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from pymongo.database import Database

from backend.db import Document
from backend.indexes import NEWEST
from backend.ledger import Row

LOGS = "integration_logs"


class LogKind(StrEnum):
    """What happened."""

    TOPUP = "topup"
    TOPUP_REVERSED = "topup_reversed"
    ORDER_PAYMENT = "order_payment"
    SPLIT_PAYMENT = "split_payment"
    LATE_CREDIT = "late_credit"
    REFUND = "refund"


class LogStatus(StrEnum):
    """How it ended."""

    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    REFUNDED = "REFUNDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of the trail."""

    kind: LogKind
    customer_id: str
    amount_minor: int
    currency: str
    status: LogStatus = LogStatus.SUCCESS
    payment_id: str | None = None
    gateway_payment_id: str | None = None
    order_id: str | None = None
    transaction_id: str | None = None
    gateway: str | None = None
    error: str | None = None

    def row(self) -> Row:
        """Write the line so that it is committed together with the money."""
        return Row(
            collection=LOGS,
            document={
                "_id": f"log_{uuid.uuid4().hex}",
                "kind": self.kind.value,
                "status": self.status.value,
                "customer_id": self.customer_id,
                "payment_id": self.payment_id,
                "gateway_payment_id": self.gateway_payment_id,
                "order_id": self.order_id,
                "transaction_id": self.transaction_id,
                "amount": self.amount_minor,
                "currency": self.currency,
                "gateway": self.gateway,
                "error": self.error,
                "created_at": datetime.now(UTC),
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which lines are meant; nothing given means all of them. A payment goes by our id or the gateway's."""

    customer_id: str | None = None
    payment_id: str | None = None
    order_id: str | None = None
    status: LogStatus | None = None

    def query(self) -> Document:
        """Write the filter as a MongoDB query."""
        wanted = {"customer_id": self.customer_id, "order_id": self.order_id, "status": self.status}
        query: Document = {name: str(value) for name, value in wanted.items() if value is not None}
        if self.payment_id is not None:
            query["$or"] = [{"payment_id": self.payment_id}, {"gateway_payment_id": self.payment_id}]
        return query


class IntegrationLog:
    """Reads the trail, and notes what moved no money."""

    def __init__(self, database: Database[Document]) -> None:
        self._logs = database[LOGS]

    def note(self, happening: Happening) -> None:
        """Write a line about something that did not come to be."""
        self._logs.insert_one(dict(happening.row().document))

    def page(self, wanted: LogFilter, *, limit: int, skip: int) -> tuple[list[Document], int]:
        """List lines, newest first, and say how many there are."""
        query = wanted.query()
        found = self._logs.find(query, sort=NEWEST, skip=skip, limit=limit)
        return list(found), self._logs.count_documents(query)
