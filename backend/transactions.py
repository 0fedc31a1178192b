"""The history of wallets: pages, filters, sums and a CSV of any length."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pymongo
from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from backend.db import LONG_READ_SECONDS, Document
from backend.indexes import NEWEST_IN_WALLET, NEWEST_OF_ALL, REVERSED_IN_WALLET, SEQ_IN_WALLET, TOPUP_REVERSED
from backend.ledger.chain import TOTAL_OF_TYPE
from backend.ledger.values import EntryType, Total
from backend.money import to_text

CSV_COLUMNS = (
    "id",
    "customer_id",
    "seq",
    "type",
    "amount",
    "balance_before",
    "balance_after",
    "currency",
    "reason",
    "source",
    "order_id",
    "call_id",
    "payment_id",
    "gateway",
    "created_at",
)
MONEY_COLUMNS = ("amount", "balance_before", "balance_after")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionFilter:
    """Which entries are meant; nothing given means all of them."""

    customer_id: str | None = None
    type: EntryType | None = None
    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> Document:
        """Write the filter as a MongoDB query."""
        query: Document = {}
        if self.customer_id is not None:
            query["customer_id"] = self.customer_id
        if self.type is not None:
            query["type"] = self.type.value
        moments = {"$gte": self.since, "$lt": self.until}
        if any(moments.values()):
            query["created_at"] = {operator: moment for operator, moment in moments.items() if moment}
        return query

    @property
    def is_dated(self) -> bool:
        """Tell whether only a stretch of time is meant."""
        return self.since is not None or self.until is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionPage:
    """Some entries, newest first, and what all that match add up to."""

    entries: list[Document]
    total: int
    summary: dict[EntryType, Total] = field(default_factory=dict)


class Transactions:
    """Reads entries; every query runs on an index."""

    def __init__(self, database: Database[Document]) -> None:
        self._entries = database["wallet_transactions"]
        self._wallets = database["wallets"]

    def page(self, wanted: TransactionFilter, *, limit: int, skip: int) -> TransactionPage:
        """Read one page and the sums of everything that matches."""
        summary = self._sums_of_entries(wanted) if wanted.is_dated else self._sums_of_wallets(wanted)
        total = sum(part.count for part in summary.values())
        entries = self._find(wanted, limit=limit, skip=skip, total=total)
        return TransactionPage(entries=entries, total=total, summary=summary)

    def find(self, transaction_id: str) -> Document | None:
        """Find one entry."""
        return self._entries.find_one({"_id": transaction_id})

    def credits_of(self, customer_id: str, *, source: str) -> Total:
        """Add up a wallet's credits of one source."""
        wanted = TransactionFilter(customer_id=customer_id, type=EntryType.CREDIT)
        return self._sum(wanted.query() | {"source": source}, index=_index(wanted))

    def reversed_topups_of(self, customer_id: str) -> Total:
        """Add up what gateways have taken back of a wallet's top-ups; few are, and those have an index."""
        return self._sum({"customer_id": customer_id, "source": TOPUP_REVERSED}, index=REVERSED_IN_WALLET)

    def csv_rows(self, wanted: TransactionFilter) -> Iterator[str]:
        """Write all that match as CSV, a stretch at a time, in constant memory."""
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow(CSV_COLUMNS)
        cursor = self._entries.find(wanted.query(), sort=_order(wanted), hint=_index(wanted), batch_size=1000)
        with cursor:
            for number, entry in enumerate(cursor, start=1):
                writer.writerow(_csv_cells(entry))
                if number % 200 == 0:
                    yield _emptied(buffer)
        yield _emptied(buffer)

    def _find(self, wanted: TransactionFilter, *, limit: int, skip: int, total: int) -> list[Document]:
        query = wanted.query()
        if query.keys() == {"customer_id"}:
            # A wallet's seq has no gaps, so a page deep in the history is as near as the first one.
            newest = total - skip
            query["seq"] = {"$lte": newest, "$gt": newest - limit}
            skip = 0
        cursor = self._entries.find(query, sort=_order(wanted), hint=_index(wanted), skip=skip, limit=limit)
        return list(cursor)

    def _sums_of_wallets(self, wanted: TransactionFilter) -> dict[EntryType, Total]:
        """Add up the totals that each wallet carries, without touching the entries."""
        types = [wanted.type] if wanted.type else list(EntryType)
        if wanted.customer_id is not None:
            wallet = self._wallets.find_one({"_id": wanted.customer_id}) or {}
            return {t: _read_total(wallet.get(TOTAL_OF_TYPE[t], {})) for t in types}
        group: Document = {"_id": None}
        for name in TOTAL_OF_TYPE.values():
            group[f"{name}_count"] = {"$sum": f"${name}.count"}
            group[f"{name}_amount"] = {"$sum": f"${name}.amount"}
        with pymongo.timeout(LONG_READ_SECONDS):
            sums = next(iter(self._wallets.aggregate([{"$group": group}], hint="_id_")), {})
        return {t: _read_total(sums, prefix=f"{TOTAL_OF_TYPE[t]}_") for t in types}

    def _sum(self, query: Document, *, index: list[tuple[str, int]]) -> Total:
        group = {"_id": None, "count": {"$sum": 1}, "amount": {"$sum": "$amount"}}
        steps: list[Document] = [{"$match": query}, {"$group": group}]
        with pymongo.timeout(LONG_READ_SECONDS):
            return _read_total(next(iter(self._entries.aggregate(steps, hint=dict(index))), {}))

    def _sums_of_entries(self, wanted: TransactionFilter) -> dict[EntryType, Total]:
        group = {"_id": "$type", "count": {"$sum": 1}, "amount": {"$sum": "$amount"}}
        steps = [{"$match": wanted.query()}, {"$group": group}]
        with pymongo.timeout(LONG_READ_SECONDS):
            parts = list(self._entries.aggregate(steps, hint=dict(_index(wanted))))
        found = {EntryType(part["_id"]): _read_total(part) for part in parts}
        return {t: found.get(t, Total()) for t in EntryType if wanted.type in (None, t)}


def _order(wanted: TransactionFilter) -> list[tuple[str, int]]:
    """Sort newest first, along the index that serves the filter."""
    if wanted.customer_id is None:
        return NEWEST_OF_ALL
    if wanted.is_dated or wanted.type is not None:
        return NEWEST_IN_WALLET
    return [("seq", DESCENDING)]


def _index(wanted: TransactionFilter) -> list[tuple[str, int]]:
    """Name the index that serves the filter; the planner's own choice may read a whole wallet."""
    if wanted.customer_id is not None and wanted.type is None and not wanted.is_dated:
        return SEQ_IN_WALLET
    equal = [("customer_id", wanted.customer_id), ("type", wanted.type)]
    return [(name, ASCENDING) for name, value in equal if value is not None] + _order(wanted)


def _read_total(document: Document, *, prefix: str = "") -> Total:
    return Total(document.get(f"{prefix}count", 0), document.get(f"{prefix}amount", 0))


def _emptied(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _csv_cells(entry: Document) -> list[Any]:
    currency = entry["currency"]
    money = {name: to_text(entry[name], currency=currency) for name in MONEY_COLUMNS}
    created_at = entry["created_at"].strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    cells = {**entry["metadata"], **entry, **money, "id": entry["_id"], "created_at": created_at}
    return [_harmless(cells.get(column)) for column in CSV_COLUMNS]


def _harmless(cell: Any) -> Any:
    """Keep a spreadsheet from taking a customer's text for a formula."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell
