"""The shop's orders: what was bought, at whose price, and whether it is paid."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.db import Document
from backend.errors import CustomerNotFound, Invalid, OrderNotFound, OrderNotPayable
from backend.indexes import NEWEST


class OrderStatus(StrEnum):
    """Where an order stands."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"


class OrderPayment(StrEnum):
    """Where the money of an order stands."""

    PENDING = "PENDING"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    FAILED = "FAILED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"


UNPAID = (OrderPayment.PENDING.value, OrderPayment.FAILED.value)
# An order in this state takes money; the guard of every update that pays it.
PAYABLE: Mapping[str, Any] = {"status": OrderStatus.PENDING.value, "payment_status": {"$in": UNPAID}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Some pieces of one thing, at a price that the shop has set."""

    name: str
    price_minor: int
    quantity: int
    sku: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a customer has bought."""

    id: str
    customer_id: str
    items: Sequence[Item]
    amount_minor: int
    currency: str
    status: OrderStatus
    payment_status: OrderPayment
    payment_method: str | None
    payment_transaction_id: str | None
    amount_paid_minor: int
    paid_wallet_minor: int  # The part of it that a wallet has paid.
    wallet_transaction_id: str | None
    refund_amount_minor: int
    wallet_refunded_minor: int  # The part of it that was given back for the wallet's part.
    is_disputed: bool
    paid_at: datetime | None
    refunded_at: datetime | None
    created_at: datetime

    @property
    def amount_due_minor(self) -> int:
        """What is still to be paid."""
        return self.amount_minor - self.amount_paid_minor

    def check_payable(self) -> None:
        """Refuse an order that takes no money any more."""
        if self.status is not OrderStatus.PENDING or self.payment_status.value not in UNPAID:
            raise OrderNotPayable


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders are meant; nothing given means all of them."""

    customer_id: str | None = None
    status: OrderStatus | None = None
    payment_status: OrderPayment | None = None

    def query(self) -> Document:
        """Write the filter as a MongoDB query."""
        wanted = {
            "customer_id": self.customer_id,
            "status": self.status,
            "payment_status": self.payment_status,
        }
        return {name: str(value) for name, value in wanted.items() if value is not None}


class OrderService:
    """Takes orders and tells what became of them."""

    def __init__(self, database: Database[Document], *, currency: str, max_amount_minor: int) -> None:
        self._orders = database["orders"]
        self._products = database["products"]
        self._customers = database["customers_v2"]
        self._currency = currency
        self._max_amount_minor = max_amount_minor

    def products(self, *, limit: int, skip: int) -> tuple[list[Document], int]:
        """List what the shop sells, and say how many products there are."""
        found = self._products.find(sort=[("_id", ASCENDING)], limit=limit, skip=skip)
        return list(found), self._products.count_documents({})

    def place(self, customer_id: str, wanted: Sequence[tuple[str, int]]) -> Order:
        """Order products, by sku and quantity, at the shop's own prices."""
        skus = [sku for sku, _ in wanted]
        found = {product["_id"]: product for product in self._products.find({"_id": {"$in": skus}})}
        unknown = sorted(set(skus) - found.keys())
        if unknown:
            raise Invalid("There is no such product.", skus=unknown)
        items = [
            Item(name=found[sku]["name"], price_minor=found[sku]["price"], quantity=quantity, sku=sku)
            for sku, quantity in wanted
        ]
        return self._insert(customer_id, items)

    def feed(self, customer_id: str, items: Sequence[Item]) -> Order:
        """Take an order from the shop's own back end, which names the prices."""
        return self._insert(customer_id, items)

    def get(self, order_id: str, *, owner_id: str | None) -> Order:
        """Find an order; to anybody but its owner it does not exist. No owner given means an admin asks."""
        owned = {} if owner_id is None else {"customer_id": owner_id}
        document = self._orders.find_one({"_id": order_id, **owned})
        if document is None:
            raise OrderNotFound
        return read_order(document)

    def page(self, wanted: OrderFilter, *, limit: int, skip: int) -> tuple[list[Order], int]:
        """List orders, newest first, and say how many there are."""
        query = wanted.query()
        found = self._orders.find(query, sort=NEWEST, skip=skip, limit=limit)
        return [read_order(document) for document in found], self._orders.count_documents(query)

    def cancel(self, order_id: str, session: ClientSession) -> None:
        """Cancel an unpaid order, as part of the caller's transaction; again changes nothing."""
        changes = {"status": OrderStatus.CANCELLED.value, "updated_at": datetime.now(UTC)}
        guard = {**PAYABLE, "_id": order_id}
        if self._orders.update_one(guard, {"$set": changes}, session=session).matched_count:
            return
        is_cancelled = {"_id": order_id, "status": OrderStatus.CANCELLED.value}
        if self._orders.find_one(is_cancelled, {"_id": 1}, session=session) is None:
            raise OrderNotPayable("Only an unpaid order can be cancelled.")

    def _insert(self, customer_id: str, items: Sequence[Item]) -> Order:
        if self._customers.find_one({"_id": customer_id}, {"_id": 1}) is None:
            raise CustomerNotFound
        amount_minor = sum(item.price_minor * item.quantity for item in items)
        if amount_minor > self._max_amount_minor:
            raise Invalid("The order is too large.", max_amount_minor=self._max_amount_minor)
        now = datetime.now(UTC)
        document = {
            "_id": f"ord_{uuid.uuid4().hex}",
            "customer_id": customer_id,
            "items": [_item_document(item) for item in items],
            "amount": amount_minor,
            "currency": self._currency,
            "status": OrderStatus.PENDING.value,
            "payment_status": OrderPayment.PENDING.value,
            "amount_paid": 0,
            "refund_amount": 0,
            "created_at": now,
            "updated_at": now,
        }
        self._orders.insert_one(document)
        return read_order(document)


def read_order(document: Document) -> Order:
    """Read an order as it is stored."""
    return Order(
        id=document["_id"],
        customer_id=document["customer_id"],
        items=[_read_item(item) for item in document["items"]],
        amount_minor=document["amount"],
        currency=document["currency"],
        status=OrderStatus(document["status"]),
        payment_status=OrderPayment(document["payment_status"]),
        payment_method=document.get("payment_method"),
        payment_transaction_id=document.get("payment_transaction_id"),
        amount_paid_minor=document["amount_paid"],
        paid_wallet_minor=document.get("paid_wallet", 0),
        wallet_transaction_id=document.get("wallet_transaction_id"),
        refund_amount_minor=document["refund_amount"],
        wallet_refunded_minor=document.get("wallet_refunded", 0),
        is_disputed=document.get("is_disputed", False),
        paid_at=document.get("paid_at"),
        refunded_at=document.get("refunded_at"),
        created_at=document["created_at"],
    )


def _item_document(item: Item) -> Document:
    return {"sku": item.sku, "name": item.name, "price": item.price_minor, "qty": item.quantity}


def _read_item(document: Document) -> Item:
    return Item(
        sku=document["sku"], name=document["name"], price_minor=document["price"], quantity=document["qty"]
    )
