"""Tells, with the movement that does it and only then, that a balance has fallen below the threshold."""

from backend.db import Document
from backend.ledger import Entry, Row
from backend.outbox import OUTBOX, Event, EventType


def low_balance_row(threshold_minor: int) -> Row:
    """Describe the row that is written by each entry that crosses the threshold downwards."""

    def crosses(entry: Entry) -> bool:
        return entry.balance_before_minor >= threshold_minor > entry.balance_after_minor

    def event(entry: Entry) -> Document:
        return Event(
            type=EventType.LOW_BALANCE,
            customer_id=entry.customer_id,
            key=entry.id,
            data={
                "transaction_id": entry.id,
                "balance": entry.balance_after_minor,
                "threshold": threshold_minor,
                "currency": entry.currency,
            },
        ).document()

    return Row(collection=OUTBOX, only_if=crosses, add=event)
