"""What must be true between captures, payments, orders and refunds, each as one question to the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.db import Document
from backend.ledger.store import ENTRIES
from backend.order_service import OrderPayment
from backend.payment_exceptions import ExceptionState
from backend.payment_values import PAID
from backend.reconciliation_values import Finding, Kind
from backend.refund_values import UNDER_WAY, RefundStatus

PAID_STATES = sorted(status.value for status in PAID)
ORDER_PAID_STATES = [
    state.value for state in (OrderPayment.PAID, OrderPayment.PARTIALLY_REFUNDED, OrderPayment.REFUNDED)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A check that one aggregation answers: `stages` leave only what is wrong."""

    kind: Kind
    collection: str
    message: str
    only: Document
    stages: tuple[Document, ...]
    waits: bool = True

    def broken(
        self, database: Database[Document], where: Document, session: ClientSession | None = None
    ) -> Iterator[Finding]:
        """Ask, and name what is wrong."""
        asked = [{"$match": {"$and": [where, self.only]}}, *self.stages, {"$project": {"_id": 1}}]
        for row in database[self.collection].aggregate(asked, session=session):
            yield Finding(kind=self.kind, subject=row["_id"], message=self.message)


def with_joined(name: str, collection: str, local: str, foreign: str, *fields: str) -> Document:
    """Join some fields of what a row names in another collection."""
    return {
        "$lookup": {
            "from": collection,
            "localField": local,
            "foreignField": foreign,
            "pipeline": [{"$project": dict.fromkeys(fields, 1)}],
            "as": name,
        }
    }


def first(path: str) -> Document:
    """Give a field of the first joined row."""
    return {"$arrayElemAt": [f"${path}", 0]}


def _or_zero(value: Any) -> Document:
    return {"$ifNull": [value, 0]}


def _sum(rows: str, states: list[str]) -> Document:
    """Add up the amounts of the joined rows that are in some states."""
    wanted = {"$filter": {"input": f"${rows}", "cond": {"$in": ["$$this.status", states]}}}
    return {"$sum": {"$map": {"input": wanted, "in": "$$this.amount"}}}


_PAYING_ATTEMPT = {"$arrayElemAt": ["$attempts", {"$subtract": ["$paid_by", 1]}]}
_BY_GATEWAY = {"$cond": [{"$in": [first("payment.status"), PAID_STATES]}, first("payment.amount"), 0]}
_BY_WALLET = _or_zero("$paid_wallet")

PAYMENTS_HAVE_CAPTURES = Question(
    kind=Kind.PAYMENT_WITHOUT_CAPTURE,
    collection="payment_orders",
    message="This payment is paid, and no capture of just its amount belongs to it.",
    only={"status": {"$in": PAID_STATES}},
    stages=(
        with_joined("capture", "captures", "gateway_payment", "_id", "amount", "currency", "became"),
        {"$set": {"paying": _PAYING_ATTEMPT, "capture": first("capture")}},
        {
            "$match": {
                "$expr": {
                    "$or": [
                        {"$ne": ["$capture.amount", "$paying.charge"]},
                        {"$ne": ["$capture.currency", "$paying.charge_currency"]},
                        {"$ne": ["$capture.became", "$_id"]},
                    ]
                }
            }
        },
    ),
)
PAYMENTS_HAVE_PAID = Question(
    kind=Kind.ORDER_MONEY_DIFFERS,
    collection="payment_orders",
    message="This payment is paid, and its order is not.",
    only={"status": {"$in": PAID_STATES}, "order_id": {"$gt": ""}},
    stages=(
        with_joined("order", "orders", "order_id", "_id", "payment_status"),
        {"$match": {"order.payment_status": {"$nin": ORDER_PAID_STATES}}},
    ),
)
ORDERS_HAVE_MONEY = Question(
    kind=Kind.ORDER_MONEY_DIFFERS,
    collection="orders",
    message="What this order says was paid is not what gateway and wallet have brought.",
    only={"$or": [{"payment_status": {"$in": ORDER_PAID_STATES}}, {"amount_paid": {"$ne": 0}}]},
    stages=(
        with_joined("payment", "payment_orders", "_id", "order_id", "status", "amount"),
        with_joined("entry", ENTRIES, "wallet_transaction_id", "_id", "amount"),
        {
            "$match": {
                "$expr": {
                    "$or": [
                        {"$not": [{"$in": ["$payment_status", ORDER_PAID_STATES]}]},
                        {"$ne": ["$amount_paid", "$amount"]},
                        {"$ne": ["$amount_paid", {"$add": [_BY_GATEWAY, _BY_WALLET]}]},
                        {"$ne": [_BY_WALLET, _or_zero(first("entry.amount"))]},
                        {"$gt": ["$refund_amount", "$amount_paid"]},
                    ]
                }
            }
        },
    ),
)
REFUNDS_ADD_UP = Question(
    kind=Kind.REFUNDS_DO_NOT_ADD_UP,
    collection="payment_orders",
    message="What was refunded or reserved of this payment is not what its refunds come to, or too much.",
    only={"status": {"$in": PAID_STATES}},
    stages=(
        with_joined("refund", "refunds", "_id", "payment_id", "status", "amount"),
        {
            "$match": {
                "$expr": {
                    "$or": [
                        {"$ne": ["$refunded", _sum("refund", [RefundStatus.COMPLETED.value])]},
                        {"$ne": ["$refund_reserved", _sum("refund", list(UNDER_WAY))]},
                        {"$gt": [{"$add": ["$refunded", "$refund_reserved"]}, "$amount"]},
                    ]
                }
            }
        },
    ),
)
NOTHING_UNDECIDED = Question(
    kind=Kind.MONEY_UNDECIDED,
    collection="payment_exceptions",
    message="This money fitted nothing and waits for an admin's decision.",
    only={"state": {"$ne": ExceptionState.RESOLVED.value}},
    stages=(),
    waits=False,
)
