"""The inbox of the gateways' messages: verified, stored, applied, marked, and applied again on demand."""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError
from pymongo.write_concern import WriteConcern

from backend.db import Document
from backend.errors import AppError, Conflict, Invalid, NotFound
from backend.field_cipher import FieldCipher, Undecryptable
from backend.gateways.errors import GatewayRefused
from backend.gateways.port import GatewayEvent
from backend.gateways.registry import Gateways
from backend.gateways.resilience import KEYS_REFUSED
from backend.metrics import WEBHOOKS
from backend.payment_values import gateway_key
from backend.turns import turns
from backend.webhook_handlers import HANDLERS, Desk

log = logging.getLogger(__name__)

# What a gateway says about a message outside of its body, without anything that opens a door.
KEPT_HEADERS = (
    "x-razorpay-event-id",
    "x-razorpay-signature",
    "paypal-transmission-id",
    "paypal-transmission-time",
    "paypal-transmission-sig",
    "paypal-cert-url",
    "paypal-auth-algo",
)


LONGEST_TYPE = 200


class EventState(StrEnum):
    """Where a stored message stands."""

    RECEIVED = "RECEIVED"
    APPLIED = "APPLIED"
    IGNORED = "IGNORED"
    FAILED = "FAILED"


class Receipt(StrEnum):
    """What the gateway is told about its message."""

    OK = "ok"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


class WebhookEventNotFound(NotFound):
    """There is no such message."""

    code, message = "WEBHOOK_EVENT_NOT_FOUND", "There is no such webhook event."


class WebhookInbox:
    """Takes each message once, however often and in whatever order it comes."""

    def __init__(
        self, database: Database[Document], *, gateways: Gateways, cipher: FieldCipher, desk: Desk
    ) -> None:
        self._events = database["webhook_events"]
        # The gateway is told "ok" only after what the message says is on the disk. Until then it sends the
        # message again, so that nobody need wait for the disk to keep the message itself.
        self._notes = self._events.with_options(write_concern=WriteConcern(w=1))
        self._gateways = gateways
        self._cipher = cipher
        self._desk = desk

    def receive(self, gateway_name: str, raw: bytes, headers: Mapping[str, str]) -> Receipt:
        """Take a message in: only the gateway's own, stored before it is applied."""
        gateway = self._gateways.get(gateway_name)
        try:
            event = gateway.read_event(raw, headers)
        except Invalid as error:
            return self._keep_unreadable(gateway_name, raw, headers, error)
        key = gateway_key(gateway_name, event.id)
        if not self._store(key, event, raw, headers):
            known = self._events.find_one({"_id": key}, {"state": 1})
            if known and known["state"] in (EventState.APPLIED, EventState.IGNORED):
                return _counted(gateway_name, Receipt.DUPLICATE)
        return _counted(gateway_name, self._apply(key, event))

    def replay(self, key: str) -> Receipt:
        """Apply a stored message again; what it did before, it does not do twice."""
        document = self.get(key)
        if "body" not in document:
            raise Conflict("This message has nothing in it that could be applied again.")
        raw = self.body(document)
        event = self._gateways.get(document["gateway"]).parse_event(raw, document["headers"])
        return self._apply(key, event)

    def get(self, key: str) -> Document:
        """Find a stored message."""
        document = self._events.find_one({"_id": key})
        if document is None:
            raise WebhookEventNotFound
        return document

    def body(self, document: Document) -> bytes:
        """Read the body of a stored message."""
        return self._cipher.decrypt(document["body"], record_id=document["_id"])

    def page(self, *, state: EventState | None, limit: int, skip: int) -> tuple[list[Document], int]:
        """List messages, newest first, and say how many there are."""
        query = {"state": state.value} if state else {}
        order = [("received_at", -1), ("_id", -1)]
        found = self._events.find(query, {"body": 0}, sort=order, skip=skip, limit=limit)
        return list(found), self._events.count_documents(query)

    def unapplied(self, *, before: datetime, unasked_since: datetime) -> Iterator[str]:
        """Give the messages that were stored and never applied."""
        waiting = {"state": EventState.RECEIVED.value, "body": {"$exists": True}}
        query = {**waiting, "received_at": {"$lt": before}}
        return (document["_id"] for document in turns(self._events, query, before=unasked_since))

    def rotate(self) -> int:
        """Encrypt every stored body with the newest key, and count those that were not."""
        return sum(
            self._rotate(document) for document in self._events.find({"body": {"$exists": True}}, {"body": 1})
        )

    def _rotate(self, document: Document) -> int:
        if self._cipher.is_newest(document["body"]):
            return 0
        try:
            change = {"$set": {"body": self._cipher.rotate(document["body"])}}
        except Undecryptable:
            log.error("a stored webhook cannot be decrypted with any key", extra={"event": document["_id"]})
            return 0
        return self._events.update_one(document, change).modified_count

    def _store(self, key: str, event: GatewayEvent, raw: bytes, headers: Mapping[str, str]) -> bool:
        document = self._document(key, event.gateway, event.type, raw, headers)
        try:
            self._notes.insert_one(document | {"event_id": event.id, "occurred_at": event.occurred_at})
        except DuplicateKeyError:
            return False
        return True

    def _document(
        self, key: str, gateway_name: str, type_: str, raw: bytes, headers: Mapping[str, str]
    ) -> Document:
        """Describe a message; its body may name customers and tokens, so it is stored encrypted."""
        return {
            "_id": key,
            "gateway": gateway_name,
            "type": type_,
            "body": self._cipher.encrypt(raw, record_id=key),
            "headers": {name: headers[name] for name in KEPT_HEADERS if name in headers},
            "state": EventState.RECEIVED.value,
            "received_at": datetime.now(UTC),
        }

    def _apply(self, key: str, event: GatewayEvent) -> Receipt:
        handler = HANDLERS[event.gateway].get(event.type)
        if handler is None:
            self._mark(key, EventState.IGNORED)
            return Receipt.IGNORED
        try:
            handler(self._desk, self._gateways.get(event.gateway), event)
        except AppError as error:
            if _may_go_better(error):
                self._mark(key, EventState.RECEIVED, error=error.message)
                raise
            self._mark(key, EventState.FAILED, error=error.message)
            log.error("a webhook could not be applied", extra={"event": key, "code": error.code})
            return Receipt.IGNORED
        self._mark(key, EventState.APPLIED)
        return Receipt.OK

    def _mark(self, key: str, state: EventState, *, error: str | None = None) -> None:
        """Note what became of a message; a late failure does not unsay that it was applied."""
        changes = {"state": state.value, "error": error, "handled_at": datetime.now(UTC)}
        guard = {} if state is EventState.APPLIED else {"state": {"$ne": EventState.APPLIED.value}}
        self._notes.update_one({"_id": key, **guard}, {"$set": changes, "$inc": {"tries": 1}})

    def _keep_unreadable(
        self, gateway_name: str, raw: bytes, headers: Mapping[str, str], error: Invalid
    ) -> Receipt:
        """Keep a genuine message that we cannot read; refusing it would end in losing all others."""
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            raise error from None
        if not isinstance(body, dict):
            raise error
        key = gateway_key(gateway_name, hashlib.sha256(raw).hexdigest())
        type_ = str(body.get("event") or body.get("event_type") or "unknown")[:LONGEST_TYPE]
        type_ = type_.encode(errors="replace").decode()
        document = self._document(key, gateway_name, type_, raw, headers)
        failed = {"state": EventState.FAILED.value, "error": error.message}
        self._events.update_one({"_id": key}, {"$setOnInsert": document | failed}, upsert=True)
        log.error("a webhook could not be read", extra={"event": key, "type": type_})
        return _counted(gateway_name, Receipt.IGNORED)


def _may_go_better(error: AppError) -> bool:
    """Tell whether the gateway should send its message again: not after a definite no."""
    if isinstance(error, GatewayRefused):
        return error.details.get("reason") == KEYS_REFUSED
    return error.status >= 500


def _counted(gateway_name: str, receipt: Receipt) -> Receipt:
    WEBHOOKS.labels(gateway_name, receipt.value).inc()
    return receipt
