"""What a saved way to pay is, to its owner and to the gateway that keeps it."""

from dataclasses import dataclass, field
from datetime import datetime

from backend.db import Document
from backend.gateways.port import Method


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedMethod:
    """A saved way to pay, as its owner may see it."""

    id: str
    customer_id: str
    gateway: str
    type: Method
    last4: str | None
    brand: str | None
    expiry: str | None
    vpa: str | None
    email: str | None
    gateway_customer_id: str
    is_default: bool
    is_recurring: bool  # It may be charged while its owner is away.
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSecret:
    """What the gateway needs to be told to be paid by a saved method; it never leaves the server."""

    gateway: str
    token: str = field(repr=False)
    gateway_customer_id: str
    type: Method


def kept(customer_id: str, id_: str | None = None) -> Document:
    """Match what a customer has saved and not deleted."""
    one = {} if id_ is None else {"_id": id_}
    return {**one, "customer_id": customer_id, "deleted_at": None}


def read_method(row: Document) -> SavedMethod:
    """Read a method as it is stored."""
    return SavedMethod(
        id=row["_id"],
        customer_id=row["customer_id"],
        gateway=row["gateway"],
        type=Method(row["type"]),
        last4=row["last4"],
        brand=row["brand"],
        expiry=row["expiry"],
        vpa=row["vpa"],
        email=row["email"],
        gateway_customer_id=row["gateway_customer_id"],
        is_default=row["is_default"],
        is_recurring=row.get("is_recurring", False),
        created_at=row["created_at"],
    )
