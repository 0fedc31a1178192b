"""Facts that somebody may want to hear, written down in the transaction of the money they are about."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.db import Document
from backend.ledger import Row

OUTBOX = "outbox"
# Due whatever the clock of the process that writes the row says: only the server's clock decides.
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)


class EventType(StrEnum):
    """What can happen."""

    WALLET_CREDITED = "wallet.credited"
    TOPUP_RECEIVED = "wallet.topped_up"
    TOPUP_REVERSED = "wallet.topup_reversed"
    LATE_PAYMENT_CREDITED = "wallet.late_payment_credited"
    LOW_BALANCE = "wallet.low_balance"
    ORDER_PAID = "order.paid"
    PAYMENT_FAILED = "payment.failed"
    REFUND_COMPLETED = "refund.completed"
    REFUND_FAILED = "refund.failed"
    DISPUTE_OPENED = "dispute.opened"
    CAMPAIGN_PAUSED = "campaign.paused"


class EventState(StrEnum):
    """Whether everybody who wants to hear of it has been told."""

    PENDING = "PENDING"
    DISPATCHED = "DISPATCHED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that has happened to a customer; `key` lets it be told only once.

    Amounts in `data` are in minor units, with their currency beside them.
    """

    type: EventType
    customer_id: str
    key: str
    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Name the event alike, however often it is written down."""
        return f"evt_{hashlib.sha256(f'{self.type}:{self.key}'.encode()).hexdigest()[:24]}"

    def row(self) -> Row:
        """Describe the row that a posting of the ledger takes along."""
        return Row(collection=OUTBOX, document=self.document())

    def write(self, database: Database[Document], session: ClientSession) -> None:
        """Write it down as part of the caller's transaction; again changes nothing."""
        new = {"$setOnInsert": self.document()}
        database[OUTBOX].update_one({"_id": self.id}, new, upsert=True, session=session)

    def document(self) -> Document:
        """Describe the event as it is stored."""
        return {
            "_id": self.id,
            "type": self.type.value,
            "customer_id": self.customer_id,
            "data": dict(self.data),
            "created_at": datetime.now(UTC),
            "state": EventState.PENDING.value,
            "due_at": AT_ONCE,
            "tries": 0,
        }
