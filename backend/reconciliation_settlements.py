"""Matches what gateways have paid out to the bank, row by row, to the money that we have booked."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace

from pymongo import UpdateOne
from pymongo.database import Database

from backend.db import Document
from backend.gateways.listing import SettledRow
from backend.gateways.port import PaymentGateway
from backend.payment_values import gateway_key
from backend.reconciliation_payments import pages
from backend.reconciliation_values import Finding, Kind, Progress, Run


class SettlementMatching:
    """Keeps the rows of all settlements, and tells payments and refunds in which they were."""

    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["settlement_rows"]
        self._captures = database["captures"]
        self._refunds = database["refunds"]
        self._disputes = database["disputes"]
        self._payments = database["payment_orders"]

    def match(self, rows: Iterable[SettledRow]) -> list[Finding]:
        """Keep each row once, with what it was matched to, and tell what fits nothing."""
        documents = [_document(row) for row in rows]
        ours = self._ours(documents)
        found = [self._matched(document, ours) for document in documents]
        if documents:
            self._rows.bulk_write([_upsert(document) for document in documents], ordered=False)
            self._tell(documents)
        return [finding for finding in found if finding is not None]

    def look(self, row_id: str) -> Finding | None:
        """Try again to match a row."""
        document = self._rows.find_one({"_id": row_id})
        if document is None:
            return None
        finding = self._matched(document, self._ours([document]))
        self._rows.bulk_write([_upsert(document)])
        self._tell([document])
        return finding

    def _ours(self, documents: list[Document]) -> dict[str, Document]:
        """Find what the rows are about: captures, refunds and disputes, by the gateway's key."""
        keys = [document["key"] for document in documents]
        refunds = self._refunds.find({"gateway_refund": {"$in": keys}})
        return {
            **{refund["gateway_refund"]: _as_refund(refund) for refund in refunds},
            **{found["_id"]: _as_dispute(found) for found in self._disputes.find({"_id": {"$in": keys}})},
            **{found["_id"]: _as_capture(found) for found in self._captures.find({"_id": {"$in": keys}})},
        }

    def _matched(self, document: Document, ours: dict[str, Document]) -> Finding | None:
        match = ours.get(document["key"])
        document["matched_to"] = match["what"] if match else None
        if match is None:
            message = f"The gateway has settled a {document['kind']} that we know nothing of."
            return _finding(Kind.SETTLED_UNKNOWN, document, message)
        if (match["amount"], match["currency"]) != (document["amount"], document["currency"]):
            message = f"The gateway has settled another amount of this {document['kind']} than was booked."
            facts = {"booked_minor": match["amount"], "booked_currency": match["currency"]}
            return _finding(Kind.SETTLED_DIFFERS, document, message, **facts)
        return None

    def _tell(self, documents: list[Document]) -> None:
        """Write on payments and refunds in which settlement they were, and what the gateway has kept."""
        of_captures = [d for d in documents if d["matched_to"] == "capture"]
        of_refunds = [d for d in documents if d["matched_to"] == "refund"]
        if of_captures:
            self._payments.bulk_write([_told("gateway_payment", d) for d in of_captures], ordered=False)
        if of_refunds:
            self._refunds.bulk_write([_told("gateway_refund", d) for d in of_refunds], ordered=False)


class Settled:
    """Goes through what a gateway has settled on the days of the window."""

    surveys: frozenset[Kind] = frozenset()

    def __init__(self, gateway: PaymentGateway, matching: SettlementMatching) -> None:
        self.name = f"settlements:{gateway.name}"
        self._gateway = gateway
        self._matching = matching

    def run(self, run: Run, cursor: str | None) -> Iterator[Progress]:
        """Match page by page."""
        for page in pages(self._gateway.list_settled, run.window, cursor):
            findings = tuple(self._matching.match(page.items))
            yield replace(Progress(findings=findings), checked=len(page.items), cursor=page.next)


def _document(row: SettledRow) -> Document:
    """Write a row; one entity may be in several settlements, and in each but once."""
    values = {name.removesuffix("_minor"): value for name, value in asdict(row).items()}
    key = gateway_key(row.gateway, row.entity_id)
    return {"_id": f"{row.gateway}:{row.settlement_id}:{row.entity_id}", "key": key, **values}


def _upsert(document: Document) -> UpdateOne:
    values = {name: value for name, value in document.items() if name not in ("_id", "created_at")}
    once = {"created_at": document["settled_at"]}
    return UpdateOne({"_id": document["_id"]}, {"$set": values, "$setOnInsert": once}, upsert=True)


def _told(field: str, document: Document) -> UpdateOne:
    settlement = {
        "id": document["settlement_id"],
        "utr": document["reference"],
        "fee": document["fee"],
        "tax": document["tax"],
        "settled_at": document["settled_at"],
    }
    return UpdateOne({field: document["key"]}, {"$set": {"settlement": settlement}})


def _as_capture(found: Document) -> Document:
    return {"what": "capture", "amount": found["amount"], "currency": found["currency"]}


def _as_refund(found: Document) -> Document:
    amount = found["charge"] + found.get("charge_shortfall", 0)
    return {"what": "refund", "amount": amount, "currency": found["charge_currency"]}


def _as_dispute(found: Document) -> Document:
    return {"what": "dispute", "amount": found["amount"], "currency": found["currency"]}


def _finding(kind: Kind, document: Document, message: str, **more: object) -> Finding:
    facts = {
        "entity_id": document["entity_id"],
        "settlement_id": document["settlement_id"],
        "amount_minor": document["amount"],
        "currency": document["currency"],
        **more,
    }
    return Finding(kind=kind, subject=document["_id"], message=message, facts=facts)
