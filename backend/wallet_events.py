"""What a movement of a wallet tells: that money came in, or that what is left has become little."""

from collections.abc import Mapping

from backend.db import Document
from backend.ledger import Entry, Row
from backend.outbox import OUTBOX, Event, EventType

CREDIT_OF_SOURCE: Mapping[str, EventType] = {
    "wallet_topup": EventType.TOPUP_RECEIVED,
    "late_payment": EventType.LATE_PAYMENT_CREDITED,
}


def credited_row() -> Row:
    """Describe the row that is written by each entry that brings money in; its source says what it was."""

    def event(entry: Entry) -> Document:
        brought = {
            "transaction_id": entry.id,
            "amount": entry.amount_minor,
            "balance": entry.balance_after_minor,
            "currency": entry.currency,
            "source": entry.source,
            "order_id": entry.order_id,
            "gateway": entry.metadata.get("gateway"),
            "gateway_payment_id": entry.metadata.get("payment_id"),
        }
        return Event(
            type=CREDIT_OF_SOURCE.get(entry.source, EventType.WALLET_CREDITED),
            customer_id=entry.customer_id,
            key=entry.id,
            data={name: value for name, value in brought.items() if value is not None},
        ).document()

    return Row(collection=OUTBOX, add=event)


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
