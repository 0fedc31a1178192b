"""Reads and guarded writes of auto-recharge, all by the server's clock."""

import pymongo
from pymongo import ReturnDocument
from pymongo.database import Database

from backend.attempts import readable
from backend.auto_recharge_changes import (
    AFTER,
    LEASE_MILLISECONDS,
    MAY_BE_CLAIMED,
    NOW,
    RESTORED,
    claimed,
    wanted,
)
from backend.auto_recharge_values import (
    OUTCOMES,
    OffReason,
    Outcome,
    Pace,
    Pending,
    Recharge,
    Rule,
    payment_id_of,
    read_pending,
    read_recharge,
)
from backend.db import LONG_READ_SECONDS, Document

_IS_PENDING: Document = {"pending.payment_id": {"$gt": ""}}


class AutoRechargeStore:
    """One row a customer; a charge is claimed, sent and settled by one guarded update each."""

    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["auto_recharges"]

    def find(self, customer_id: str) -> Recharge | None:
        """Find a customer's auto-recharge."""
        row = self._rows.find_one({"_id": customer_id})
        return read_recharge(row) if row else None

    def page(self, *, limit: int, skip: int) -> tuple[list[Recharge], int]:
        """List them, the newest changed first, and say how many there are."""
        found = self._rows.find({}, sort=[("updated_at", -1), ("_id", -1)], skip=skip, limit=limit)
        return [read_recharge(row) for row in found], self._rows.count_documents({})

    def put(self, customer_id: str, rule: Rule) -> None:
        """Store what a customer wants; what is under way, and what was spent, stays as it is."""
        self._rows.update_one({"_id": customer_id}, [{"$set": wanted(rule)}], upsert=True)

    def switch_off(self, customer_id: str, reason: OffReason, *, saved_method_id: str | None = None) -> None:
        """Charge nothing any more, or nothing by that method."""
        one = {} if saved_method_id is None else {"saved_method_id": saved_method_id}
        change = {"$set": {"is_on": False, "off_reason": reason.value}, "$currentDate": {"updated_at": True}}
        self._rows.update_one({"_id": customer_id, "is_on": True, **one}, change)

    def low(self, *, limit: int) -> list[str]:
        """Name customers whose wallets have less than they want, and may be filled now."""
        available = {"$subtract": ["$wallet.balance", "$wallet.held"]}
        stages: list[Document] = [
            {"$match": MAY_BE_CLAIMED},
            {"$lookup": {"from": "wallets", "localField": "_id", "foreignField": "_id", "as": "wallet"}},
            {"$unwind": "$wallet"},
            {"$match": {"$expr": {"$lt": [available, "$threshold"]}}},
            {"$limit": limit},
            {"$project": {"_id": 1}},
        ]
        with pymongo.timeout(LONG_READ_SECONDS):
            return [row["_id"] for row in self._rows.aggregate(stages)]

    def under_way(self, *, limit: int) -> list[Pending]:
        """List charges whose payment has ended, or which it is time to look at again."""
        joined = {"from": "payment_orders", "localField": "pending.payment_id", "foreignField": "_id"}
        has_ended = {"payment.status": {"$in": [status.value for status in OUTCOMES]}}
        is_due = {"$expr": {"$lte": ["$pending.due_at", NOW]}}
        stages: list[Document] = [
            {"$match": _IS_PENDING},
            {"$lookup": joined | {"as": "payment"}},
            {"$match": {"$or": [has_ended, is_due]}},
            {"$sort": {"pending.due_at": 1}},
            {"$limit": limit},
        ]
        with pymongo.timeout(LONG_READ_SECONDS):
            return list(readable(self._rows.aggregate(stages), read_pending))

    def claim(self, customer_id: str) -> Pending | None:
        """Take the right to charge, which only one can have; its amount counts for the caps at once."""
        known = self._rows.find_one({"_id": customer_id}, {"number": 1})
        if known is None:
            return None
        number = known["number"] + 1
        guard = {"_id": customer_id, "number": known["number"], **MAY_BE_CLAIMED}
        changes = claimed(payment_id_of(customer_id, number)) | {"number": number}
        return self._changed(guard, changes)

    def look(self, pending: Pending) -> bool:
        """Take the right to look at a charge, and set the time of the next look: later the older it is."""
        age = {"$subtract": [NOW, "$pending.claimed_at"]}
        pause = {"$max": [LEASE_MILLISECONDS, {"$toLong": {"$divide": [age, 4]}}]}
        guard = _same(pending) | {"pending.due_at": pending.due_at}
        return self._changed(guard, {"pending.due_at": {"$add": [NOW, pause]}}) is not None

    def begin_charge(self, pending: Pending) -> bool:
        """Note that the charge is about to be sent, unless it was, or its owner wants something else now."""
        guard = _same(pending) | {
            "is_on": True,
            "saved_method_id": pending.saved_method_id,
            "amount": pending.amount_minor,
            "pending.charged_at": None,
        }
        due_at = {"$add": [NOW, LEASE_MILLISECONDS]}
        return self._changed(guard, {"pending.charged_at": NOW, "pending.due_at": due_at}) is not None

    def not_sent(self, pending: Pending) -> None:
        """Note that the charge never left, which only its sender can know."""
        self._rows.update_one(_same(pending), {"$set": {"pending.charged_at": None}})

    def release(self, pending: Pending) -> bool:
        """Give a claim back of which nothing was sent."""
        guard = _same(pending) | {"pending.charged_at": None}
        change = {"$set": {"pending": None, **RESTORED}}
        return self._rows.update_one(guard, [change]).matched_count == 1

    def settle(self, pending: Pending, outcome: Outcome, pace: Pace) -> bool:
        """End a charge, once."""
        last = {"payment_id": pending.payment_id, "outcome": outcome.value, "at": NOW}
        changes = {"pending": None, "last": last, **AFTER[outcome](pace)}
        return self._rows.update_one(_same(pending), [{"$set": changes}]).matched_count == 1

    def _changed(self, guard: Document, changes: Document) -> Pending | None:
        row = self._rows.find_one_and_update(guard, [{"$set": changes}], return_document=ReturnDocument.AFTER)
        return read_pending(row) if row else None


def _same(pending: Pending) -> Document:
    return {"_id": pending.customer_id, "pending.payment_id": pending.payment_id}
