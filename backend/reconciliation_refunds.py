"""Holds the refunds that gateways have made against those that we have booked, both ways."""

from collections.abc import Iterator
from dataclasses import replace

from pymongo import ASCENDING
from pymongo.database import Database

from backend.db import Document
from backend.gateways.errors import GatewayNotFound
from backend.gateways.port import GatewayRefund, PaymentGateway, RefundState
from backend.gateways.registry import Gateways
from backend.payment_values import gateway_key
from backend.reconciliation_payments import BATCH, CONFIRM, UNCONFIRMED, confirm, pages, tried, within
from backend.reconciliation_values import Finding, Kind, Progress, Run
from backend.refund_service import RefundService
from backend.refund_values import UNDER_WAY, Destination, RefundReason, RefundStatus

ENDED = (RefundState.PROCESSED, RefundState.FAILED)


class RefundComparison:
    """Compares one refund at a gateway with the row that we have of it."""

    def __init__(self, database: Database[Document], *, gateways: Gateways, refunds: RefundService) -> None:
        self.rows = database["refunds"]
        self._exceptions = database["payment_exceptions"]
        self._gateways = gateways
        self._refunds = refunds

    def look(self, key: str) -> Finding | None:
        """Ask the gateway about a refund, book what we lack, and tell what still does not fit."""
        name, id_ = key.split(":", 1)
        row = self.rows.find_one({"gateway_refund": key})
        asked = GatewayRefund(
            id=id_,
            gateway=name,
            gateway_payment_id=row["gateway_payment_id"] if row else None,
            state=RefundState.PENDING,
            amount_minor=0,
            currency="",
        )
        try:
            seen = self._gateways.get(name).fetch_refund(asked)
        except GatewayNotFound:
            return _missing_there(row, key) if row else _missing_here(key)
        return self.compare(key, seen)

    def compare(self, key: str, seen: GatewayRefund) -> Finding | None:
        """Apply what the gateway says where we do not know it yet, and tell what still does not fit."""
        row = self.find(key, seen)
        if row is None or not _is_known(row, seen):
            self._refunds.apply(seen)
            row = self.find(key, seen)
        if row is None:
            return None if seen.state is RefundState.FAILED or self._is_excepted(seen) else _missing_here(key)
        if row.get("gateway_refund") not in (None, key) or not _is_same(row, seen):
            return _differs(row, key, seen)
        self.rows.update_one({"_id": row["_id"], **UNCONFIRMED}, CONFIRM)
        return None

    def find(self, key: str, seen: GatewayRefund) -> Document | None:
        """Find our row by the gateway's id, or by our own that went along."""
        row = self.rows.find_one({"gateway_refund": key})
        if row is None and seen.refund_id:
            row = self.rows.find_one({"_id": seen.refund_id, "gateway": seen.gateway})
        return row

    def _is_excepted(self, seen: GatewayRefund) -> bool:
        """Tell whether it gives back money that we keep as an exception, which has its own list."""
        about = {"gateway": seen.gateway, "gateway_payment_id": seen.gateway_payment_id}
        return self._exceptions.find_one(about, {"_id": 1}) is not None


class ListedRefunds:
    """Goes through what a gateway lists."""

    surveys: frozenset[Kind] = frozenset()

    def __init__(self, gateway: PaymentGateway, comparison: RefundComparison) -> None:
        self.name = f"refunds:{gateway.name}"
        self._gateway = gateway
        self._comparison = comparison

    def run(self, run: Run, cursor: str | None) -> Iterator[Progress]:
        """Compare page by page."""
        for page in pages(self._gateway.list_refunds, run.window, cursor):
            yield replace(self._compared(page.items), checked=len(page.items), cursor=page.next)

    def _compared(self, listed: tuple[GatewayRefund, ...]) -> Progress:
        """Look closer at what is not known, just as it is, already."""
        rows = self._comparison.rows
        by_key = {gateway_key(seen.gateway, seen.id): seen for seen in listed}
        known = {row["gateway_refund"]: row for row in rows.find({"gateway_refund": {"$in": list(by_key)}})}
        fitting = [key for key, row in known.items() if _is_settled(row, by_key[key])]
        confirm(rows, [known[key] for key in fitting])
        recovered, findings = 0, []
        for key in by_key.keys() - set(fitting):
            before = known.get(key, {}).get("status")
            finding = tried(key, Kind.REFUND_MISSING_HERE, self._comparison.look)
            after = self._comparison.find(key, by_key[key])
            recovered += finding is None and after is not None and after["status"] != before
            findings += [finding] if finding else []
        return Progress(recovered=recovered, findings=tuple(findings))


class BookedRefunds:
    """Goes through what we have counted as given back and the gateway has not confirmed yet."""

    surveys: frozenset[Kind] = frozenset()

    def __init__(self, gateway: PaymentGateway, comparison: RefundComparison) -> None:
        self.name = f"given:{gateway.name}"
        self._query = {
            "status": RefundStatus.COMPLETED.value,
            "gateway": gateway.name,
            "destination": Destination.SOURCE.value,
            "reason": {"$ne": RefundReason.DISPUTE.value},  # What a bank took back is no refund there.
            **UNCONFIRMED,
        }
        self._comparison = comparison

    def run(self, run: Run, cursor: str | None) -> Iterator[Progress]:
        """Ask about each."""
        query = {**self._query, "created_at": within(run.window)}
        while True:
            after = {"gateway_refund": {"$gt": cursor or ""}}
            found = self._comparison.rows.find({**query, **after}).sort("gateway_refund", ASCENDING)
            keys = [document["gateway_refund"] for document in found.limit(BATCH)]
            looked = [tried(key, Kind.REFUND_MISSING_THERE, self._comparison.look) for key in keys]
            cursor = keys[-1] if keys else None
            yield Progress(
                checked=len(keys), findings=tuple(one for one in looked if one is not None), cursor=cursor
            )
            if len(keys) < BATCH:
                return


def _is_known(row: Document, seen: GatewayRefund) -> bool:
    """Tell whether what the gateway says is no news: an end that we have booked, or none yet."""
    if row["status"] in UNDER_WAY:
        return seen.state is RefundState.PENDING
    return row["status"] == RefundStatus.COMPLETED.value or seen.state is not RefundState.PROCESSED


def _is_same(row: Document, seen: GatewayRefund) -> bool:
    """Compare amounts to the smallest coin, and ends; what found no room on the payment counts too."""
    charge_minor = row["charge"] + row.get("charge_shortfall", 0)
    is_amount = (charge_minor, row["charge_currency"]) == (seen.amount_minor, seen.currency)
    is_undone = row["status"] == RefundStatus.COMPLETED.value and seen.state is RefundState.FAILED
    return is_amount and not is_undone


def _is_settled(row: Document, seen: GatewayRefund) -> bool:
    is_completed = row["status"] == RefundStatus.COMPLETED.value
    return is_completed and seen.state is RefundState.PROCESSED and _is_same(row, seen)


def _missing_here(key: str) -> Finding:
    message = "The gateway has given this money back, and it could not be booked."
    return Finding(kind=Kind.REFUND_MISSING_HERE, subject=key, message=message)


def _missing_there(row: Document, key: str) -> Finding:
    message = "We have booked this refund, and the gateway does not know it."
    facts = {"refund_id": row["_id"], "amount_minor": row["charge"], "currency": row["charge_currency"]}
    return Finding(kind=Kind.REFUND_MISSING_THERE, subject=key, message=message, facts=facts)


def _differs(row: Document, key: str, seen: GatewayRefund) -> Finding:
    facts = {
        "refund_id": row["_id"],
        "gateway_refund_id": row.get("gateway_refund_id"),
        "amount_minor": row["charge"] + row.get("charge_shortfall", 0),
        "currency": row["charge_currency"],
        "amount_there_minor": seen.amount_minor,
        "currency_there": seen.currency,
        "state_there": seen.state.value,
    }
    message = "The gateway tells another id, amount or end of this refund than we have booked."
    return Finding(kind=Kind.REFUND_DIFFERS, subject=key, message=message, facts=facts)
