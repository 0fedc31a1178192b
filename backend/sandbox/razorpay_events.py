"""Tells the shop what has happened at Razorpay."""

import copy
import json
from typing import Any

from backend.sandbox import keys
from backend.sandbox import razorpay_wire as wire
from backend.sandbox.state import here
from backend.sandbox.webhooks import Event


def announce(kind: str, **entities: dict[str, Any]) -> None:
    """Queue an event with a snapshot of these entities."""
    event = {
        "entity": "event",
        "account_id": keys.RAZORPAY_ACCOUNT_ID,
        "event": kind,
        "contains": list(entities),
        "payload": {name: {"entity": copy.deepcopy(entity)} for name, entity in entities.items()},
        "created_at": wire.now(),
    }
    here().webhooks.queue(Event(provider="razorpay", type=kind, body=encoded(event)))


def encoded(event: dict[str, Any]) -> bytes:
    """Write an event as the bytes that are signed."""
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
