"""Razorpay's settlements and the report that says what is in them."""

from datetime import UTC, datetime, timedelta, timezone

from flask import Response, jsonify, request

from backend.sandbox import ids
from backend.sandbox import razorpay_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.razorpay_events import announce
from backend.sandbox.state import here

settlements = wire.razorpay_blueprint("razorpay_settlements")

_INDIA = timezone(timedelta(hours=5, minutes=30))
_MOST_ROWS = 1000


@settlements.get("/settlements")
def list_settlements() -> Response:
    """List settlements."""
    return wire.collection(here().books.settlements.values())


@settlements.get("/settlements/recon/combined")
def recon() -> Response:
    """List what was settled on a day or in a month of India's calendar."""
    year, month = (_calendar(name) for name in ("year", "month"))
    day = _calendar("day") if "day" in request.args else None
    rows = [row for row in here().books.settled.values() if _is_of(row["settled_at"], year, month, day)]
    return wire.collection(rows[::-1], most=_MOST_ROWS)


@settlements.get("/settlements/<settlement_id>")
def get_settlement(settlement_id: str) -> Response:
    """Give one settlement."""
    return jsonify(wire.find(here().books.settlements, settlement_id))


def _calendar(name: str) -> int:
    text = request.args.get(name, "")
    if not text.isdecimal():
        wire.refuse(f"The {name} field is required.", field=name)
    return int(text)


def _is_of(stamp: int, year: int, month: int, day: int | None) -> bool:
    date = datetime.fromtimestamp(stamp, UTC).astimezone(_INDIA)
    return (date.year, date.month) == (year, month) and day in (None, date.day)


def settle() -> Document:
    """Pay out every captured payment, less every refund, that has not been paid out before."""
    books = here().books
    paid = [p for p in books.payments.values() if p["captured"] and p["id"] not in books.settled]
    given = [r for r in books.refunds.values() if r["status"] == "processed" and r["id"] not in books.settled]
    rows = [*map(_payment_row, paid), *map(_refund_row, given)]
    settlement: Document = {
        "id": ids.razorpay("setl"),
        "entity": "settlement",
        "amount": sum(row["credit"] - row["debit"] for row in rows),
        "status": "processed",
        "fees": sum(row["fee"] for row in rows),
        "tax": sum(row["tax"] for row in rows),
        "utr": ids.digits(16),
        "created_at": wire.now(),
    }
    shared = {"settlement_id": settlement["id"], "settlement_utr": settlement["utr"]}
    for row in rows:
        books.settled[row["entity_id"]] = row | shared | {"settled_at": settlement["created_at"]}
    books.settlements[settlement["id"]] = settlement
    announce("settlement.processed", settlement=settlement)
    return settlement


def _payment_row(payment: Document) -> Document:
    net_minor = payment["amount"] - payment["fee"]
    return _row(payment, payment, "payment", credit=net_minor, fee=payment["fee"], tax=payment["tax"])


def _refund_row(refund: Document) -> Document:
    payment = here().books.payments[refund["payment_id"]]
    return _row(refund, payment, "refund", debit=refund["amount"], payment_id=payment["id"])


def _row(entity: Document, payment: Document, kind: str, **own: int | str) -> Document:
    order = here().books.orders.get(payment["order_id"], {})
    row: Document = {
        "entity_id": entity["id"],
        "type": kind,
        "debit": 0,
        "credit": 0,
        "amount": entity["amount"],
        "currency": entity["currency"],
        "fee": 0,
        "tax": 0,
        "on_hold": False,
        "settled": True,
        "created_at": entity["created_at"],
        "settled_at": 0,
        "settlement_id": None,
        "payment_id": None,
        "description": payment["description"],
        "notes": entity["notes"],
        "order_id": payment["order_id"],
        "order_receipt": order.get("receipt"),
        "method": payment["method"],
        "card_network": (payment["card"] or {}).get("network"),
        "card_type": (payment["card"] or {}).get("type"),
        "dispute_id": None,
    }
    return row | own
