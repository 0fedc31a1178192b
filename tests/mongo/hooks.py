"""A shop's own systems that hear of events, on a real database and over real connections."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from cryptography.fernet import Fernet
from pymongo.database import Database

from backend.db import Document
from backend.field_cipher import FieldCipher
from backend.merchant_webhooks import MerchantWebhooks
from backend.notifications.pinned_connection import Timeouts
from backend.notifications.webhook_sender import WebhookSender
from backend.outbox import Event, EventType
from backend.webhook_endpoints import WebhookEndpoints
from tests.gateways.local_servers import Asked, LocalServer, Reply

KEY = "tyuxlvi9Wl5e0xbWMIH_MoG6jRCsJOYzSUWEy5ScRAc="
NEW_KEY = Fernet.generate_key().decode()
# Every moment that has to do with waiting.
MOMENTS = {
    "webhook_endpoints": ("due_at", "lease_until", "failing_since", "enabled_at", "old_secrets.until"),
    "webhook_deliveries": ("created_at",),
}


class Hooks:
    """The services on one database, and what their users do."""

    def __init__(self, database: Database[Document], *keys: str, timeouts: Timeouts | None = None) -> None:
        self.database = database
        self.rows = database["webhook_deliveries"]
        sender = WebhookSender(
            allows_http=True, allows_loopback=True, timeouts=timeouts or Timeouts(whole_seconds=30)
        )
        cipher = FieldCipher(keys or (KEY,))
        self.endpoints = WebhookEndpoints(database, cipher=cipher, sender=sender)
        self.webhooks = MerchantWebhooks(database, endpoints=self.endpoints, sender=sender)

    def endpoint(self, url: str, *events: str) -> Any:
        """Add an endpoint that wants some events, or all."""
        return self.endpoints.create(url=url, events=events or ("*",), description=None)

    def row(self, endpoint: Mapping[str, Any]) -> Any:
        """Read an endpoint as it is stored."""
        return self.database["webhook_endpoints"].find_one({"_id": endpoint["_id"]})

    def happens(self, *keys: str, type_: EventType = EventType.ORDER_PAID, **data: Any) -> None:
        """Let events happen, and write down who is to hear of them."""
        for key in keys:
            self.webhooks.take(event(key, type_, **data))

    def deliver(self, most: int = 1000) -> None:
        """Send all that is due."""
        while most and self.webhooks.deliver():
            most -= 1
        assert most, "there is no end to it"

    def passes(self, **time: int) -> None:
        """Let time pass, as far as the rows know of it."""
        by = timedelta(**time) // timedelta(milliseconds=1)
        for name, fields in MOMENTS.items():
            for field in fields:
                _shift(self.database[name], field, by)

    def deliveries(self, endpoint: Mapping[str, Any]) -> list[Any]:
        """List an endpoint's messages in order."""
        return list(self.rows.find({"endpoint_id": endpoint["_id"]}, sort=[("sequence", 1)]))

    def states(self, endpoint: Mapping[str, Any]) -> list[str]:
        return [row["state"] for row in self.deliveries(endpoint)]


def event(key: str, type_: EventType = EventType.ORDER_PAID, **data: Any) -> Document:
    """Describe an event as the outbox hands it on."""
    data = data or {"order_id": key, "amount": 15_050, "currency": "INR", "method": "upi"}
    return Event(type=type_, customer_id="cust_1", key=key, data=data).document()


def heard(server: LocalServer) -> list[int]:
    """List the numbers of the messages that a server was sent."""
    return [asked.json["sequence"] for asked in server.asked]


@contextmanager
def stuck() -> Iterator[tuple[LocalServer, threading.Event]]:
    """Serve without ever answering, and tell when somebody has begun to wait."""
    waits, is_over = threading.Event(), threading.Event()

    def answer(_: Asked) -> Reply:
        waits.set()
        is_over.wait(60)
        return Reply(None)

    with LocalServer(answer) as server:
        try:
            yield server, waits
        finally:
            is_over.set()


def _shift(collection: Any, field: str, by: int) -> None:
    outer, _, inner = field.partition(".")
    if not inner:
        change = {field: {"$subtract": [f"${field}", by]}}
        collection.update_many({field: {"$type": "date"}}, [{"$set": change}])
        return
    item = {"$mergeObjects": ["$$this", {inner: {"$subtract": [f"$$this.{inner}", by]}}]}
    collection.update_many({}, [{"$set": {outer: {"$map": {"input": f"${outer}", "in": item}}}}])
