"""Razorpay's disputes: a bank wants a payment back."""

from flask import Response, jsonify

from backend.sandbox import control_wire as control
from backend.sandbox import ids
from backend.sandbox import razorpay_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.razorpay_events import announce
from backend.sandbox.state import here

disputes = wire.razorpay_blueprint("razorpay_disputes")

_DAYS_TO_ANSWER = 7
_PHASES = ("chargeback", "fraud", "retrieval", "pre_arbitration", "arbitration")
_ENDS = ("won", "lost", "closed", "under_review", "action_required")


@disputes.get("/disputes")
def list_disputes() -> Response:
    """List disputes."""
    return wire.collection(here().books.disputes.values())


@disputes.get("/disputes/<dispute_id>")
def get_dispute(dispute_id: str) -> Response:
    """Give one dispute."""
    return jsonify(wire.find(here().books.disputes, dispute_id))


@disputes.post("/disputes/<dispute_id>/accept")
def accept_dispute(dispute_id: str) -> Response:
    """Give in: the money is lost."""
    dispute = _open(dispute_id)
    _move(dispute, "lost")
    return jsonify(dispute)


@disputes.patch("/disputes/<dispute_id>/contest")
def contest_dispute(dispute_id: str) -> Response:
    """Answer with evidence, as a draft or for review."""
    dispute, sent = _open(dispute_id), wire.body()
    dispute["evidence"] = {name: value for name, value in sent.items() if name != "action"}
    if sent.get("action") == "submit":
        _move(dispute, "under_review")
    return jsonify(dispute)


def _open(dispute_id: str) -> Document:
    dispute = wire.find(here().books.disputes, dispute_id)
    if dispute["status"] not in ("open", "action_required"):
        wire.refuse("The dispute is not open")
    return dispute


def open_dispute(payment: Document, sent: Document) -> Document:
    """A bank asks for a captured payment back."""
    if not payment["captured"]:
        control.refuse(f"the payment is {payment['status']}", status=409)
    phase = control.choice({"phase": "chargeback"} | sent, "phase", _PHASES)
    dispute: Document = {
        "id": ids.razorpay("disp"),
        "entity": "dispute",
        "payment_id": payment["id"],
        "amount": sent.get("amount") or payment["amount"],
        "currency": payment["currency"],
        "amount_deducted": 0,
        "reason_code": sent.get("reason_code") or "chargeback_authorization",
        "reason_description": "The customer does not recognise the payment",
        "respond_by": wire.now() + _DAYS_TO_ANSWER * 24 * 3600,
        "status": "open",
        "phase": phase,
        "created_at": wire.now(),
        "evidence": None,
    }
    here().books.disputes[dispute["id"]] = dispute
    announce("payment.dispute.created", payment=payment, dispute=dispute)
    return dispute


def close_dispute(payment: Document, sent: Document) -> Document:
    """Decide the latest dispute about a payment."""
    found = [d for d in here().books.disputes.values() if d["payment_id"] == payment["id"]]
    if not found:
        control.refuse("the payment has no dispute", status=404)
    if found[-1]["status"] in ("won", "lost", "closed"):
        control.refuse(f"the dispute is {found[-1]['status']}", status=409)
    _move(found[-1], control.choice(sent, "status", _ENDS))
    return found[-1]


def _move(dispute: Document, status: str) -> None:
    dispute["status"] = status
    dispute["amount_deducted"] = dispute["amount"] if status == "lost" else 0
    payment = here().books.payments[dispute["payment_id"]]
    announce(f"payment.dispute.{status}", payment=payment, dispute=dispute)
