"""What the tests of events read from the outbox by themselves."""

from collections import Counter
from typing import Any

from tests.shop import Shop


def told(shop: Shop) -> list[Any]:
    """List what was written down since the shop was opened, oldest first."""
    return list(shop.database["outbox"].find({}, sort=[("created_at", 1), ("_id", 1)]))


def kinds(shop: Shop) -> dict[str, int]:
    """Count the events by their type."""
    return dict(Counter(event["type"] for event in told(shop)))


def only(shop: Shop, type_: str) -> Any:
    """Give the data of the only event of a type; it is about the customer."""
    [event] = [event for event in told(shop) if event["type"] == type_]
    assert (event["customer_id"], event["state"]) == (shop.customer.id, "PENDING")
    return event["data"]


def forget(shop: Shop) -> None:
    """Look only at what comes from now on."""
    shop.database["outbox"].delete_many({})
