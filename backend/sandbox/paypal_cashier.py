"""What happens to PayPal's orders, captures and refunds, with all that follows from it."""

from decimal import Decimal

from backend.sandbox import ids
from backend.sandbox import paypal_money as money
from backend.sandbox import paypal_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.paypal_events import announce
from backend.sandbox.paypal_saving import save_payer
from backend.sandbox.state import here


def approve(order: Document) -> None:
    """The payer agrees; no money has moved."""
    order["status"] = "APPROVED"
    order["payer"] = new_payer()
    order["payment_source"] = {"paypal": _account(order["payer"])}
    announce("CHECKOUT.ORDER.APPROVED", "checkout-order", order)


def new_payer() -> Document:
    """Make a payer, who has an account at PayPal."""
    return {
        "name": {"given_name": "Sandbox", "surname": "Payer"},
        "email_address": "payer@sandbox.example",
        "payer_id": ids.paypal_payer(),
        "address": {"country_code": "US"},
    }


def _account(payer: Document) -> Document:
    return {
        "email_address": payer["email_address"],
        "account_id": payer["payer_id"],
        "account_status": "VERIFIED",
        "name": payer["name"],
        "address": payer["address"],
    }


def has_captured_invoice(invoice_id: str | None) -> bool:
    """Tell whether a payment with this invoice has been taken before."""
    taken = here().books.paypal_captures.values()
    return invoice_id is not None and any(
        capture.get("invoice_id") == invoice_id and capture["status"] not in ("DECLINED", "FAILED")
        for capture in taken
    )


def capture_order(order: Document) -> None:
    """Take the money of every unit of an order."""
    outcome = here().books.settings["paypal_captures"].upper()
    order.update(status="COMPLETED", update_time=wire.now())
    order["payment_source"] = {"paypal": _account(order["payer"])}
    for unit in order["purchase_units"]:
        capture = _new_capture(order, unit)
        unit["payments"] = {"captures": [capture]}
        set_capture(capture, outcome)
    if outcome != "DECLINED" and here().books.paypal_pages[order["id"]]["saves"]:
        order["payment_source"]["paypal"]["attributes"] = {"vault": save_payer(order)}
    order["links"] = [wire.link(f"/v2/checkout/orders/{order['id']}", "self")]


def _new_capture(order: Document, unit: Document) -> Document:
    capture_id = ids.paypal()
    path = f"/v2/payments/captures/{capture_id}"
    capture: Document = {
        "id": capture_id,
        "status": "PENDING",
        "amount": dict(unit["amount"]),
        "final_capture": True,
        "seller_protection": {"status": "NOT_ELIGIBLE"},
        **{name: unit[name] for name in ("invoice_id", "custom_id") if name in unit},
        "supplementary_data": {"related_ids": {"order_id": order["id"]}},
        "create_time": wire.now(),
        "update_time": wire.now(),
        "links": [
            wire.link(path, "self"),
            wire.link(f"{path}/refund", "refund", "POST"),
            wire.link(f"/v2/checkout/orders/{order['id']}", "up"),
        ],
    }
    here().books.paypal_captures[capture_id] = capture
    return capture


def set_capture(capture: Document, status: str) -> None:
    """Complete, hold or decline a capture."""
    capture.update(status=status, update_time=wire.now())
    capture.pop("status_details", None)
    if status == "PENDING":
        capture["status_details"] = {"reason": "PENDING_REVIEW"}
    if status == "COMPLETED":
        capture["seller_receivable_breakdown"] = money.breakdown(capture["amount"])
    announce(f"PAYMENT.CAPTURE.{status}", "capture", capture)


def refund_capture(capture: Document, money_back: Document, sent: Document, *, status: str) -> Document:
    """Give back some or all of a capture."""
    refund = _new_refund(capture, money_back, sent)
    set_refund(refund, status)
    return refund


def _new_refund(capture: Document, money_back: Document, sent: Document) -> Document:
    refund_id = ids.paypal()
    refund: Document = {
        "id": refund_id,
        "status": "PENDING",
        "amount": money_back,
        **{name: sent[name] for name in ("invoice_id", "custom_id", "note_to_payer") if sent.get(name)},
        "seller_payable_breakdown": {},
        "create_time": wire.now(),
        "update_time": wire.now(),
        "links": [
            wire.link(f"/v2/payments/refunds/{refund_id}", "self"),
            wire.link(f"/v2/payments/captures/{capture['id']}", "up"),
        ],
    }
    here().books.paypal_refunds[refund_id] = refund
    _list_in_order(capture, refund)
    return refund


def _list_in_order(capture: Document, refund: Document) -> None:
    order = here().books.paypal_orders[capture["supplementary_data"]["related_ids"]["order_id"]]
    for unit in order["purchase_units"]:
        if capture in unit["payments"]["captures"]:
            unit["payments"].setdefault("refunds", []).append(refund)


def set_refund(refund: Document, status: str) -> None:
    """Complete a refund, let it wait or let it fail."""
    capture = capture_of(refund)
    refund.update(status=status, update_time=wire.now())
    refunded = refunded_of(capture)
    currency = capture["amount"]["currency_code"]
    refund["seller_payable_breakdown"] = {
        "gross_amount": refund["amount"],
        "paypal_fee": money.of(Decimal(0), currency),
        "net_amount": refund["amount"],
        "total_refunded_amount": money.of(refunded, currency),
    }
    is_full = refunded == money.number(capture["amount"])
    capture["status"] = "REFUNDED" if is_full else "PARTIALLY_REFUNDED" if refunded else "COMPLETED"
    capture["update_time"] = wire.now()
    if status == "COMPLETED":
        announce("PAYMENT.CAPTURE.REFUNDED", "refund", refund)


def reverse(capture: Document) -> Document:
    """PayPal takes back what is left of a capture."""
    left = money.number(capture["amount"]) - refunded_of(capture)
    amount = money.of(left, capture["amount"]["currency_code"])
    reversal = _new_refund(capture, amount, {"note_to_payer": "Payment reversed"})
    reversal["status"] = "COMPLETED"
    capture.update(status="REFUNDED", update_time=wire.now())
    announce("PAYMENT.CAPTURE.REVERSED", "refund", reversal)
    return reversal


def capture_of(refund: Document) -> Document:
    """Find the capture that a refund gives back."""
    [up] = [link["href"] for link in refund["links"] if link["rel"] == "up"]
    return here().books.paypal_captures[up.rsplit("/", 1)[-1]]


def refunded_of(capture: Document) -> Decimal:
    """Add up what was given back of a capture, and what is on its way."""
    refunds = here().books.paypal_refunds.values()
    counted = [r for r in refunds if r["status"] in ("PENDING", "COMPLETED") and capture_of(r) is capture]
    return sum((money.number(refund["amount"]) for refund in counted), Decimal(0))
