"""Razorpay's refunds."""

import hashlib
import json
import re

from flask import Response, jsonify, request

from backend.sandbox import ids
from backend.sandbox import razorpay_wire as wire
from backend.sandbox.books import Document, Done
from backend.sandbox.razorpay_events import announce
from backend.sandbox.state import here

refunds = wire.razorpay_blueprint("razorpay_refunds")

_KEY = re.compile(r"[A-Za-z0-9_-]{10,}")
_FIELDS = ("amount", "speed", "notes", "receipt", "reverse_all")
_NOT_INSTANT = ("emi", "paylater", "cardless_emi")


@refunds.post("/payments/<payment_id>/refund")
def refund_payment(payment_id: str) -> Response:
    """Give back some or all of a captured payment."""
    sent = wire.body()
    wire.only(sent, _FIELDS)
    return _once(payment_id, sent)


@refunds.post("/refunds")
def create_refund() -> Response:
    """Do the same with the payment named in the body."""
    sent = wire.body()
    wire.only(sent, (*_FIELDS, "payment_id"))
    return _once(str(sent.pop("payment_id", "")), sent)


def _once(payment_id: str, sent: Document) -> Response:
    """Make a refund, or give the one that the same key has made."""
    payment = wire.find(here().books.payments, payment_id)
    key = request.headers.get("X-Refund-Idempotency")
    if key is None:
        return jsonify(_refund(payment, sent))
    if not _KEY.fullmatch(key):
        wire.refuse("The idempotency key must have at least 10 characters of A-Z, a-z, 0-9, - and _")
    print_ = hashlib.sha256(json.dumps([payment_id, sent], sort_keys=True).encode()).hexdigest()
    done = here().books.done.get(("razorpay", key))
    if done and done.fingerprint != print_:
        wire.refuse("Different request body sent for the same idempotency key")
    if done:
        return jsonify(here().books.refunds[done.id])
    refund = _refund(payment, sent)
    here().books.done["razorpay", key] = Done(fingerprint=print_, shelf="refunds", id=refund["id"])
    return jsonify(refund)


def _refund(payment: Document, sent: Document) -> Document:
    if not payment["captured"]:
        wire.refuse("The payment status should be captured for action to be taken")
    left_minor = payment["amount"] - payment["amount_refunded"]
    if left_minor == 0:
        wire.refuse("The payment has been fully refunded already")
    amount_minor = wire.amount_of(sent) if "amount" in sent else left_minor
    if amount_minor > left_minor:
        wire.refuse("The total refund amount is greater than the refund payment amount", field="amount")
    if sent.get("speed", "normal") not in ("normal", "optimum"):
        wire.refuse("The selected speed is invalid.", field="speed")
    refund = _new_refund(payment, sent, amount_minor=amount_minor)
    count_refunded(payment, amount_minor)
    announce("refund.created", refund=refund, payment=payment)
    if here().books.settings["razorpay_refunds"] == "processed":
        process(refund)
    return refund


def _new_refund(payment: Document, sent: Document, *, amount_minor: int) -> Document:
    refund: Document = {
        "id": ids.razorpay("rfnd"),
        "entity": "refund",
        "amount": amount_minor,
        "currency": payment["currency"],
        "payment_id": payment["id"],
        "notes": wire.notes_of(sent),
        "receipt": wire.receipt_of(sent),
        "acquirer_data": {"arn": None},
        "created_at": wire.now(),
        "batch_id": None,
        "status": "pending",
        "speed_processed": "normal",
        "speed_requested": sent.get("speed", "normal"),
    }
    if refund["speed_requested"] == "optimum" and payment["method"] not in _NOT_INSTANT:
        refund["speed_processed"] = "instant"
    here().books.refunds[refund["id"]] = refund
    return refund


def count_refunded(payment: Document, amount_minor: int) -> None:
    """Count a refund, or with a negative amount one that failed, on its payment."""
    payment["amount_refunded"] += amount_minor
    refunded_minor = payment["amount_refunded"]
    is_full = refunded_minor == payment["amount"]
    payment["refund_status"] = "full" if is_full else "partial" if refunded_minor else None
    payment["status"] = "refunded" if is_full else "captured"


def process(refund: Document) -> None:
    """The bank has given the money back."""
    name = "rrn" if refund["speed_processed"] == "instant" else "arn"
    refund.update(status="processed", acquirer_data={name: ids.digits(12)})
    announce("refund.processed", refund=refund, payment=here().books.payments[refund["payment_id"]])


def fail(refund: Document) -> None:
    """The bank could not give the money back, so it is the shop's again."""
    payment = here().books.payments[refund["payment_id"]]
    refund.update(status="failed", speed_processed=None)
    count_refunded(payment, -refund["amount"])
    announce("refund.failed", refund=refund, payment=payment)


def slow_down(refund: Document) -> None:
    """A refund that was to be instant takes the normal way."""
    refund["speed_processed"] = "normal"
    payment = here().books.payments[refund["payment_id"]]
    announce("refund.speed_changed", refund=refund, payment=payment)


@refunds.get("/payments/<payment_id>/refunds")
def list_payment_refunds(payment_id: str) -> Response:
    """List the refunds of one payment."""
    wire.find(here().books.payments, payment_id)
    return wire.collection(r for r in here().books.refunds.values() if r["payment_id"] == payment_id)


@refunds.get("/payments/<payment_id>/refunds/<refund_id>")
def get_payment_refund(payment_id: str, refund_id: str) -> Response:
    """Give one refund of one payment."""
    refund = wire.find(here().books.refunds, refund_id)
    if refund["payment_id"] != payment_id:
        wire.refuse("The id provided does not exist")
    return jsonify(refund)


@refunds.get("/refunds")
def list_refunds() -> Response:
    """List refunds."""
    return wire.collection(here().books.refunds.values())


@refunds.get("/refunds/<refund_id>")
def get_refund(refund_id: str) -> Response:
    """Give one refund."""
    return jsonify(wire.find(here().books.refunds, refund_id))


@refunds.patch("/refunds/<refund_id>")
def edit_refund(refund_id: str) -> Response:
    """Change a refund's notes."""
    refund, sent = wire.find(here().books.refunds, refund_id), wire.body()
    wire.only(sent, ("notes",))
    refund["notes"] = wire.notes_of(sent)
    return jsonify(refund)
