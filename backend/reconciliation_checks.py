"""All checks of the books, and those among them that need the ledger's own names of entries."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.db import Document
from backend.ledger.chain import entry_id
from backend.ledger.store import ENTRIES
from backend.payment_values import Purpose
from backend.reconciliation_questions import (
    NOTHING_UNDECIDED,
    ORDERS_HAVE_MONEY,
    PAID_STATES,
    PAYMENTS_HAVE_CAPTURES,
    PAYMENTS_HAVE_PAID,
    REFUNDS_ADD_UP,
    first,
    with_joined,
)
from backend.reconciliation_values import Finding, Kind


class Check(Protocol):
    """A question whose answers, if any, are faults; asked of some rows of a collection at a time."""

    @property
    def kind(self) -> Kind:
        """What a fault is called."""

    @property
    def collection(self) -> str:
        """Whose rows are asked about."""

    @property
    def waits(self) -> bool:
        """Tell whether what is young may still change by itself."""

    def broken(
        self, database: Database[Document], where: Document, session: ClientSession | None = None
    ) -> Iterator[Finding]:
        """Go through the faults among the rows that `where` names."""


@dataclass(frozen=True, slots=True)
class CapturesHaveOwners:
    """Money that was captured paid something, lies in a wallet, or waits for a decision."""

    kind: Kind = Kind.CAPTURE_WITHOUT_OWNER
    collection: str = "captures"
    waits: bool = True

    def broken(
        self, database: Database[Document], where: Document, session: ClientSession | None = None
    ) -> Iterator[Finding]:
        """Ask who owns it; money that came too late for its split order was credited under its own key."""
        is_owned = {
            "$or": [
                {"$ne": ["$exception", []]},
                {
                    "$and": [
                        {"$eq": [first("payment.gateway_payment"), "$_id"]},
                        {"$in": [first("payment.status"), PAID_STATES]},
                    ]
                },
            ]
        }
        asked = [
            {"$match": where},
            with_joined("payment", "payment_orders", "became", "_id", "status", "gateway_payment"),
            with_joined("exception", "payment_exceptions", "became", "_id", "state"),
            {"$match": {"$expr": {"$not": [is_owned]}}},
        ]
        for row in database[self.collection].aggregate(asked, session=session):
            if database[ENTRIES].find_one({"_id": entry_id(row["_id"])}, {"_id": 1}, session=session):
                continue
            facts = {"amount_minor": row["amount"], "currency": row["currency"]}
            message = "This money was captured, and nobody owns it here."
            yield Finding(kind=self.kind, subject=row["_id"], message=message, facts=facts)


@dataclass(frozen=True, slots=True)
class TopUpsAreCredited:
    """A top-up that is paid is in its wallet, once and whole."""

    kind: Kind = Kind.TOPUP_WITHOUT_CREDIT
    collection: str = "payment_orders"
    waits: bool = True

    def broken(
        self, database: Database[Document], where: Document, session: ClientSession | None = None
    ) -> Iterator[Finding]:
        """Look for the entry under the gateway payment's key."""
        paid = {"purpose": Purpose.TOPUP.value, "status": {"$in": PAID_STATES}}
        rows = list(database[self.collection].find({"$and": [where, paid]}, session=session))
        ids = [entry_id(row["gateway_payment"]) for row in rows]
        entries = database[ENTRIES].find({"_id": {"$in": ids}}, session=session)
        credited = {entry["_id"]: (entry["customer_id"], entry["amount"]) for entry in entries}
        for row in rows:
            if credited.get(entry_id(row["gateway_payment"])) != (row["customer_id"], row["amount"]):
                message = "This top-up is paid, and the wallet was not credited with just its amount."
                yield Finding(kind=self.kind, subject=row["_id"], message=message)


@dataclass(frozen=True, slots=True)
class CreditsHaveCaptures:
    """What came into a wallet from a gateway was captured there."""

    kind: Kind = Kind.CREDIT_WITHOUT_CAPTURE
    collection: str = ENTRIES
    waits: bool = True

    def broken(
        self, database: Database[Document], where: Document, session: ClientSession | None = None
    ) -> Iterator[Finding]:
        """Look for the capture that the entry's key names."""
        of_gateways = {"type": "credit", "account": {"$regex": "^gateway:"}}
        entries = list(database[self.collection].find({"$and": [where, of_gateways]}, session=session))
        keys = [entry["idempotency_key"] for entry in entries]
        captures = {
            capture["_id"]: capture
            for capture in database["captures"].find({"_id": {"$in": keys}}, session=session)
        }
        for entry in entries:
            if not _is_of(entry, captures.get(entry["idempotency_key"])):
                message = "This was credited from a gateway, and nothing of that amount was captured there."
                facts = {"amount_minor": entry["amount"], "customer_id": entry["customer_id"]}
                yield Finding(kind=self.kind, subject=entry["_id"], message=message, facts=facts)


def _is_of(entry: Document, capture: Document | None) -> bool:
    """Compare amounts where both are in one currency; otherwise the payment's rate stands in between."""
    if capture is None:
        return False
    return bool(entry["currency"] != capture["currency"] or entry["amount"] == capture["amount"])


CHECKS: tuple[Check, ...] = (
    CapturesHaveOwners(),
    PAYMENTS_HAVE_CAPTURES,
    TopUpsAreCredited(),
    CreditsHaveCaptures(),
    PAYMENTS_HAVE_PAID,
    ORDERS_HAVE_MONEY,
    REFUNDS_ADD_UP,
    NOTHING_UNDECIDED,
)
