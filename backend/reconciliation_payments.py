"""Holds the money that gateways have captured against the money that we have booked, both ways."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from backend.attempts import foreseen
from backend.db import Document
from backend.errors import AppError
from backend.gateways.errors import GatewayNotFound
from backend.gateways.listing import Page, Window
from backend.gateways.port import GatewayPayment, PaymentGateway, PaymentState
from backend.gateways.registry import Gateways
from backend.payment_outcomes import PaymentOutcomes
from backend.payment_values import gateway_key
from backend.reconciliation_values import Finding, Kind, Progress, Run

log = logging.getLogger(__name__)

BATCH = 100
T = TypeVar("T")

# Marks what its gateway has told of as well; money that it has confirmed once need not be asked for again.
CONFIRM = {"$currentDate": {"confirmed_at": True}}
UNCONFIRMED = {"confirmed_at": None}


class PaymentComparison:
    """Compares one payment at a gateway with the capture that we have of it."""

    def __init__(
        self, database: Database[Document], *, gateways: Gateways, outcomes: PaymentOutcomes
    ) -> None:
        self.captures = database["captures"]
        self._gateways = gateways
        self._outcomes = outcomes

    def look(self, key: str) -> Finding | None:
        """Ask the gateway about a payment, book what we lack, and tell what still does not fit."""
        name, id_ = key.split(":", 1)
        capture = self.captures.find_one({"_id": key})
        try:
            seen = self._gateways.get(name).fetch_payment(id_)
        except GatewayNotFound:
            seen = None
        if capture is not None:
            return self.compare(capture, seen)
        if seen is None:
            return missing_here(key, "The gateway lists this payment, and does not know it when asked.")
        return self._bring_home(key, seen)

    def compare(self, capture: Document, seen: GatewayPayment | None) -> Finding | None:
        """Tell what does not fit between our capture and what the gateway says of it now."""
        key = capture["_id"]
        ours = {"amount_minor": capture["amount"], "currency": capture["currency"]}
        if seen is None or seen.state is not PaymentState.CAPTURED:
            theirs = seen.state.value if seen else None
            message = "We have booked this money, and the gateway has not captured it."
            facts = {**ours, "state_there": theirs}
            return Finding(kind=Kind.PAYMENT_MISSING_THERE, subject=key, message=message, facts=facts)
        if not is_same_money(capture, seen):
            message = "The gateway has captured another amount than we have booked."
            there = {"amount_there_minor": seen.amount_minor, "currency_there": seen.currency}
            return Finding(kind=Kind.PAYMENT_DIFFERS, subject=key, message=message, facts={**ours, **there})
        self.captures.update_one({"_id": key, **UNCONFIRMED}, CONFIRM)
        return None

    def _bring_home(self, key: str, seen: GatewayPayment) -> Finding | None:
        """Apply captured money that nobody has told us of: it pays its order, or gets an owner otherwise."""
        if seen.state is not PaymentState.CAPTURED:
            return None
        self._outcomes.apply(self._with_payment(seen))
        if self.captures.update_one({"_id": key}, CONFIRM).matched_count == 0:
            return missing_here(key, "The gateway has captured this money, and it could not be booked.")
        log.warning("money was found that nobody had told of", extra={"gateway": seen.gateway})
        return None

    def _with_payment(self, seen: GatewayPayment) -> GatewayPayment:
        """Find whose money it is by our receipt: an order whose answer was lost has no other trace."""
        if seen.order_id is None:
            return seen
        receipt = self._gateways.get(seen.gateway).receipt_of(seen.order_id)
        payment_id, dash, _ = (receipt or "").rpartition("-")
        return replace(seen, payment_id=payment_id) if dash else seen


class ListedPayments:
    """Goes through what a gateway lists."""

    surveys: frozenset[Kind] = frozenset()

    def __init__(self, gateway: PaymentGateway, comparison: PaymentComparison) -> None:
        self.name = f"payments:{gateway.name}"
        self._gateway = gateway
        self._comparison = comparison

    def run(self, run: Run, cursor: str | None) -> Iterator[Progress]:
        """Compare page by page."""
        for page in pages(self._gateway.list_payments, run.window, cursor):
            captured = [seen for seen in page.items if seen.state is PaymentState.CAPTURED]
            yield replace(self._compared(captured), checked=len(page.items), cursor=page.next)

    def _compared(self, captured: list[GatewayPayment]) -> Progress:
        captures = self._comparison.captures
        listed = {gateway_key(seen.gateway, seen.id): seen for seen in captured}
        known = {found["_id"]: found for found in captures.find({"_id": {"$in": list(listed)}})}
        fitting = [key for key, found in known.items() if is_same_money(found, listed[key])]
        confirm(captures, [known[key] for key in fitting])
        recovered, findings = 0, []
        for key in listed.keys() - set(fitting):
            finding = tried(key, Kind.PAYMENT_MISSING_HERE, self._comparison.look)
            recovered += finding is None and captures.find_one({"_id": key}, {"_id": 1}) is not None
            findings += [finding] if finding else []
        return Progress(recovered=recovered, findings=tuple(findings))


class BookedPayments:
    """Goes through what we have booked and the gateway has not confirmed yet."""

    surveys: frozenset[Kind] = frozenset()

    def __init__(self, gateway: PaymentGateway, comparison: PaymentComparison) -> None:
        self.name = f"captures:{gateway.name}"
        self._gateway = gateway.name
        self._comparison = comparison

    def run(self, run: Run, cursor: str | None) -> Iterator[Progress]:
        """Ask about each."""
        query = {"gateway": self._gateway, "created_at": within(run.window), **UNCONFIRMED}
        while True:
            after = {"_id": {"$gt": cursor or ""}}
            found = self._comparison.captures.find({**query, **after}, {"_id": 1}).sort("_id", ASCENDING)
            keys = [document["_id"] for document in found.limit(BATCH)]
            looked = [tried(key, Kind.PAYMENT_MISSING_THERE, self._comparison.look) for key in keys]
            cursor = keys[-1] if keys else None
            yield Progress(
                checked=len(keys), findings=tuple(one for one in looked if one is not None), cursor=cursor
            )
            if len(keys) < BATCH:
                return


def pages(
    listing: Callable[[Window, str | None], Page[T]], window: Window, cursor: str | None
) -> Iterator[Page[T]]:
    """Go from page to page, starting where somebody else has stopped."""
    while True:
        page = listing(window, cursor)
        yield page
        cursor = page.next
        if cursor is None:
            return


def tried(key: str, kind: Kind, look: Callable[[str], Finding | None]) -> Finding | None:
    """Look at one thing; a failure concerns that thing, and the next run tries again."""
    try:
        return foreseen(partial(look, key))
    except AppError as error:
        return Finding(kind=kind, subject=key, message=error.message, facts=why(error))


def why(error: AppError) -> dict[str, str | None]:
    """Give a failure's code, and a gateway's own word for it."""
    return {"code": error.code, "reason": error.details.get("reason")}


def confirm(rows: Collection[Document], found: list[Document]) -> None:
    """Mark those that are not marked yet."""
    unmarked = [row["_id"] for row in found if row.get("confirmed_at") is None]
    if unmarked:
        rows.update_many({"_id": {"$in": unmarked}}, CONFIRM)


def within(window: Window) -> dict[str, datetime]:
    """Write a time as a query."""
    return {"$gte": window.since, "$lt": window.until}


def is_same_money(capture: Document, seen: GatewayPayment) -> bool:
    """Compare to the last paisa."""
    return (capture["amount"], capture["currency"]) == (seen.amount_minor, seen.currency)


def missing_here(key: str, message: str) -> Finding:
    """Say that a gateway has money of which we have no trace."""
    return Finding(kind=Kind.PAYMENT_MISSING_HERE, subject=key, message=message)
