"""Controls that play PayPal's payers and back office."""

from collections.abc import Callable

from flask import Response, jsonify

from backend.sandbox import control_wire as control
from backend.sandbox import paypal_cashier as cashier
from backend.sandbox import paypal_pages as pages
from backend.sandbox.books import Document
from backend.sandbox.state import here

paypal_controls = control.control_blueprint("control_paypal", "/paypal")

_CHOICES = {"refunds": ("pending", "completed"), "captures": ("completed", "pending", "declined")}


@paypal_controls.post("/settings")
def change_settings() -> Response:
    """Say how captures and refunds end; `revoke_tokens` makes every access token invalid.

    `most_results` is how many transactions one search may find.
    """
    sent = control.body()
    if not set(sent) <= {*_CHOICES, "revoke_tokens", "most_results"}:
        control.refuse("known settings are: refunds, captures, revoke_tokens, most_results")
    if "most_results" in sent:
        here().books.settings["paypal_most_results"] = str(int(sent["most_results"]))
    for name in sent.keys() & _CHOICES.keys():
        here().books.settings[f"paypal_{name}"] = control.choice(sent, name, _CHOICES[name])
    if sent.get("revoke_tokens"):
        here().books.access_tokens.clear()
    return jsonify(here().books.settings)


@paypal_controls.post("/approve")
def approve() -> Response:
    """Act as the payer on PayPal's page, for an order or with `setup_token` for a saved account."""
    sent = control.body()
    is_approved = control.choice({"outcome": "approve"} | sent, "outcome", ("approve", "cancel")) == "approve"
    if sent.get("setup_token"):
        token = control.find(here().books.paypal_setup_tokens, str(sent["setup_token"]))
        return jsonify({"redirect": pages.decide_setup(token, is_approved=is_approved), "token": token})
    order = control.find(here().books.paypal_orders, str(sent.get("order_id")))
    if not pages.is_open(order):
        control.refuse(f"the order is {order['status']}", status=409)
    return jsonify({"redirect": pages.decide_order(order, is_approved=is_approved), "order": order})


@paypal_controls.post("/captures/<capture_id>/<action>")
def act_on_capture(capture_id: str, action: str) -> Response:
    """Let something happen to a capture."""
    capture = control.find(here().books.paypal_captures, capture_id)
    control.choice({"action": action}, "action", tuple(_CAPTURE_ACTIONS))
    _CAPTURE_ACTIONS[action](capture)
    return jsonify(capture)


@paypal_controls.post("/refunds/<refund_id>/<action>")
def act_on_refund(refund_id: str, action: str) -> Response:
    """Let a refund end."""
    refund = control.find(here().books.paypal_refunds, refund_id)
    control.choice({"action": action}, "action", ("complete", "fail"))
    if refund["status"] != "PENDING":
        control.refuse(f"the refund is {refund['status']}", status=409)
    cashier.set_refund(refund, "COMPLETED" if action == "complete" else "FAILED")
    return jsonify(refund)


def _require(capture: Document, *statuses: str) -> None:
    if capture["status"] not in statuses:
        control.refuse(f"the capture is {capture['status']}", status=409)


def _complete(capture: Document) -> None:
    _require(capture, "PENDING")
    cashier.set_capture(capture, "COMPLETED")


def _deny(capture: Document) -> None:
    _require(capture, "PENDING")
    cashier.set_capture(capture, "DECLINED")


def _reverse(capture: Document) -> None:
    _require(capture, "COMPLETED", "PARTIALLY_REFUNDED")
    cashier.reverse(capture)


_CAPTURE_ACTIONS: dict[str, Callable[[Document], None]] = {
    "complete": _complete,
    "deny": _deny,
    "reverse": _reverse,
}
