"""What the tests of messages to customers do over and over."""

from typing import Any

from backend.outbox import AT_ONCE
from tests.shop import Shop

PHONE = "+919876543210"


def wants(shop: Shop, **preferences: Any) -> Any:
    return shop.customer.send("PUT", "/api/auth/preferences", json=preferences)


def work(shop: Shop) -> None:
    """Do what the worker does until nothing is due."""
    while shop.services.outbox.dispatch():
        pass
    while shop.services.messages.deliver():
        pass


def make_due(shop: Shop) -> None:
    """Let all waiting be over."""
    for name in ("outbox", "messages"):
        shop.database[name].update_many({"state": "PENDING"}, {"$set": {"due_at": AT_ONCE}})


def rows(shop: Shop) -> list[Any]:
    found: list[Any] = shop.admin.get("/api/admin/messages").json["data"]
    return found


def arrived(shop: Shop) -> list[Any]:
    """List what the customer's telephone has shown."""
    found: list[Any] = shop.sandbox.books()["messages"]
    return found


def agrees_to_whatsapp(shop: Shop) -> None:
    """Give the shop's customer a telephone, and their consent."""
    shop.database["customers_v2"].update_one({"_id": shop.customer.id}, {"$set": {"phone": PHONE}})
    wants(shop, whatsapp=True)
