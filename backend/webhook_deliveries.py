"""One message for one endpoint, with everything that was tried; none is ever deleted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pymongo import DESCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.db import Document
from backend.errors import NotFound
from backend.notifications.webhook_sender import Reply

KEPT_ATTEMPTS = 100
BURIED_AT_ONCE = 500
ENDPOINT_DELETED = "ENDPOINT_DELETED"


class DeliveryState(StrEnum):
    """Where a message stands."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class DeliveryNotFound(NotFound):
    """There is no such delivery."""

    code, message = "WEBHOOK_DELIVERY_NOT_FOUND", "There is no such webhook delivery."


class WebhookDeliveries:
    """Stores messages and what became of them."""

    def __init__(self, database: Database[Document]) -> None:
        self._deliveries = database["webhook_deliveries"]

    def is_known(self, delivery_id: str) -> bool:
        """Tell whether a message was written before."""
        return self._deliveries.find_one({"_id": delivery_id}, {"_id": 1}) is not None

    def add(self, row: Document, session: ClientSession) -> None:
        """Store a message as part of the caller's transaction; raises DuplicateKeyError for a known one."""
        new = {"state": DeliveryState.PENDING.value, "tries": 0, "attempts": [], "delivered_at": None}
        self._deliveries.insert_one(row | new | {"created_at": datetime.now(UTC)}, session=session)

    def head(self, endpoint_id: str) -> Document | None:
        """Find the message that an endpoint is to get next."""
        return self._deliveries.find_one(_waiting(endpoint_id), sort=[("sequence", 1)])

    def get(self, delivery_id: str) -> Document:
        """Find a message."""
        row = self._deliveries.find_one({"_id": delivery_id})
        if row is None:
            raise DeliveryNotFound
        return row

    def page(
        self, endpoint_id: str, *, state: DeliveryState | None, type_: str | None, limit: int, skip: int
    ) -> tuple[list[Document], int]:
        """List the messages of an endpoint, newest first, and say how many there are."""
        query: Document = {"endpoint_id": endpoint_id}
        query |= {"state": state.value} if state else {}
        query |= {"type": type_} if type_ else {}
        newest = [("sequence", DESCENDING)]
        found = self._deliveries.find(query, {"body": 0}, sort=newest, skip=skip, limit=limit)
        return list(found), self._deliveries.count_documents(query)

    def reopen(self, delivery_id: str, session: ClientSession) -> None:
        """Let a message that has ended be sent once more, as part of the caller's transaction."""
        again = {"state": DeliveryState.PENDING.value, "is_resent": True, "reason": None}
        ended = {"_id": delivery_id, "state": {"$ne": DeliveryState.PENDING.value}}
        self._deliveries.update_one(ended, {"$set": again}, session=session)

    def delivered(self, delivery: Document, reply: Reply) -> None:
        """Note that the receiver took the message, even if somebody has given it up in the meantime."""
        now = datetime.now(UTC)
        self._note(delivery, reply, {"state": DeliveryState.DELIVERED.value, "delivered_at": now}, guard={})

    def delayed(self, delivery: Document, reply: Reply) -> None:
        """Note that the message did not arrive, and is to be tried again."""
        self._note(delivery, reply, {}, guard={"state": DeliveryState.PENDING.value})

    def given_up(self, delivery: Document, reply: Reply) -> None:
        """Note that the message will not be tried again; what has arrived before stays delivered."""
        has_arrived = delivery["delivered_at"] is not None
        state = DeliveryState.DELIVERED if has_arrived else DeliveryState.FAILED
        ended = {"state": state.value, "failed_at": datetime.now(UTC)}
        self._note(delivery, reply, ended, guard={"state": DeliveryState.PENDING.value})

    def bury(self, endpoint_id: str) -> bool:
        """End some of what waits for an endpoint that is no more, and tell whether there was any."""
        found = self._deliveries.find(_waiting(endpoint_id), {"_id": 1}, limit=BURIED_AT_ONCE)
        ids = [row["_id"] for row in found]
        ended = {
            "state": DeliveryState.FAILED.value,
            "reason": ENDPOINT_DELETED,
            "failed_at": datetime.now(UTC),
        }
        if ids:
            self._deliveries.update_many({"_id": {"$in": ids}, **_waiting(endpoint_id)}, {"$set": ended})
        return bool(ids)

    def _note(self, delivery: Document, reply: Reply, changes: Mapping[str, Any], *, guard: Document) -> None:
        attempt = {
            "at": datetime.now(UTC),
            "status": reply.status,
            "error": reply.error,
            "milliseconds": reply.milliseconds,
            "response": reply.excerpt,
        }
        change = {
            "$set": {**changes, "reason": reply.error},
            "$push": {"attempts": {"$each": [attempt], "$slice": -KEPT_ATTEMPTS}},
            "$inc": {"tries": 1},
        }
        if changes:
            change["$unset"] = {"is_resent": ""}
        self._deliveries.update_one({"_id": delivery["_id"], **guard}, change)


def _waiting(endpoint_id: str) -> Document:
    return {"endpoint_id": endpoint_id, "state": DeliveryState.PENDING.value}
