"""The part of Razorpay that browsers talk to: Checkout's script and what it needs."""

from pathlib import Path

from flask import Blueprint, Response, jsonify, request

from backend.sandbox import razorpay_checkout
from backend.sandbox import razorpay_wire as wire
from backend.sandbox.razorpay_customers import saved_by
from backend.sandbox.state import here

public = Blueprint("razorpay_public", __name__)
public.register_error_handler(wire.RazorpayError, wire.answer_refusal)

_SCRIPT = Path(__file__).parent / "pages" / "checkout.js"
BANKS = {"HDFC": "HDFC Bank", "ICIC": "ICICI Bank", "SBIN": "State Bank of India", "UTIB": "Axis Bank"}
_WALLETS = ("mobikwik", "payzapp", "amazonpay", "freecharge")
_EMI_RATES = {"3": 12, "6": 13, "9": 14, "12": 15}
_CHOICES = (
    *("order_id", "method", "card_number", "otp", "vpa", "bank", "wallet", "emi_duration"),
    *("customer_id", "token_id", "save", "recurring", "email", "contact", "description"),
)


@public.after_request
def open_to_all_pages(response: Response) -> Response:
    """Let pages of any origin read the answers, as Razorpay does."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Headers"] = "Content-Type"
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    return response


@public.get("/v1/checkout.js")
def checkout_script() -> Response:
    """Give the script that shows Checkout."""
    return Response(_SCRIPT.read_text(), mimetype="text/javascript")


@public.get("/v1/methods")
@public.get("/methods")
def list_methods() -> Response:
    """List how one can pay."""
    if request.authorization and request.authorization.username:
        wire.require_public_key(request.authorization.username)
    else:
        wire.require_public_key(request.args.get("key_id"))
    plan = {"min_amount": 300000, "plans": _EMI_RATES}
    return jsonify(
        {
            "entity": "methods",
            "card": True,
            "debit_card": True,
            "credit_card": True,
            "card_networks": {"AMEX": 1, "MC": 1, "RUPAY": 1, "VISA": 1},
            "netbanking": BANKS,
            "wallet": dict.fromkeys(_WALLETS, True),
            "emi": True,
            "emi_plans": dict.fromkeys(BANKS, plan),
            "upi": True,
            "upi_intent": True,
            "paylater": {"lazypay": True},
        }
    )


@public.get("/v1/preferences")
def preferences() -> Response:
    """Tell Checkout about the order, and what its customer has saved."""
    wire.require_public_key(request.args.get("key_id"))
    order = wire.find(here().books.orders, request.args.get("order_id", ""))
    customer_id = request.args.get("customer_id") or order.get("customer_id") or ""
    saved = [{name: t[name] for name in ("id", "method", "card", "vpa")} for t in saved_by(customer_id)]
    shown = {name: order[name] for name in ("id", "amount_due", "currency", "status")}
    return jsonify({"order": shown, "banks": BANKS, "wallets": _WALLETS, "tokens": saved})


@public.post("/v1/payments/create/ajax")
def pay_in_browser() -> Response:
    """Take what was filled in on Checkout's page."""
    sent = wire.body()
    wire.require_public_key(sent.get("key_id"))
    return jsonify(razorpay_checkout.pay({name: sent[name] for name in _CHOICES if name in sent}))
