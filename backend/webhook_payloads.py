"""What a shop's own systems read of an event: amounts as in the rest of the API, written once."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from backend.db import Document
from backend.money import DECIMALS, to_major

# A field whose last word is one of these is an amount in minor units, with its currency beside it.
AMOUNTS = {
    "amount",
    "balance",
    "available",
    "held",
    "threshold",
    "cost",
    "fee",
    "tax",
    "due",
    "shortfall",
    "minor",
}


def event_body(event: Document, *, sequence: int) -> bytes:
    """Write the message about an event; every later try sends these same bytes."""
    data = {"customer_id": event["customer_id"], **_on_the_wire(event["data"])}
    return _body(event["type"], event["_id"], event["created_at"], sequence, data)


def ping_body(message_id: str) -> bytes:
    """Write a message that only asks whether somebody is there; it has no place in the order."""
    return _body("ping", message_id, datetime.now(UTC), None, {})


def _body(
    type_: str, message_id: str, moment: datetime, sequence: int | None, data: Mapping[str, Any]
) -> bytes:
    message = {
        "type": type_,
        "timestamp": _wire_time(moment),
        "id": message_id,
        "sequence": sequence,
        "data": data,
    }
    return orjson.dumps(message, default=_wire_time, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _on_the_wire(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Show amounts in major units; one in a currency that we cannot count in is not shown at all."""
    currency = data.get("currency")
    return {
        name.removesuffix("_minor"): _major(value, currency) if _is_amount(name, value) else value
        for name, value in data.items()
    }


def _is_amount(name: str, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and name.split("_")[-1] in AMOUNTS


def _major(minor: int, currency: Any) -> int | float | None:
    return to_major(minor, currency=currency) if currency in DECIMALS else None


def _wire_time(moment: Any) -> str:
    if not isinstance(moment, datetime):
        raise TypeError
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
