"""What Razorpay is told about an order, by us and by its Checkout in the browser."""

from typing import Any

from backend.gateways.port import Method, OrderRequest, SavedCharge
from backend.gateways.settings import RAZORPAY_URL

OFFICIAL_SCRIPT = "https://checkout.razorpay.com/v1/checkout.js"
LONGEST_NOTE = 256
MOST_NOTES = 15
LONGEST_DESCRIPTION = 255
# Up to this, in paise, cards are charged without asking their owner each time.
MANDATE = {"max_amount": 1_500_000, "frequency": "as_presented"}
# Razorpay takes the money at once if the bank agrees within half an hour. What a bank agrees to later is
# ours to capture, for five days, and goes back by itself after that.
CAPTURE = {
    "capture": "automatic",
    "capture_options": {
        "automatic_expiry_period": 30,
        "manual_expiry_period": 7200,
        "refund_speed": "normal",
    },
}

# Razorpay's name of each method that can be chosen before Checkout opens. Google Pay is a UPI app in
# India; Apple Pay comes with cards.
METHODS = {
    Method.CARD: "card",
    Method.UPI: "upi",
    Method.NETBANKING: "netbanking",
    Method.WALLET: "wallet",
    Method.GOOGLE_PAY: "upi",
    Method.APPLE_PAY: "card",
    Method.EMI: "emi",
}


def script_of(api_url: str) -> str:
    """Tell where checkout.js is; a look-alike of Razorpay brings its own."""
    return OFFICIAL_SCRIPT if api_url == RAZORPAY_URL else f"{api_url}/v1/checkout.js"


def notes(request: OrderRequest) -> dict[str, str]:
    """Give what Razorpay shall keep with the order and its payments, within its bounds."""
    ours = {"payment_id": request.payment_id, "customer_id": request.payer.customer_id}
    others = [(name, value) for name, value in request.notes.items() if name not in ours]
    kept = [*ours.items(), *others][:MOST_NOTES]
    return {name: value[:LONGEST_NOTE] for name, value in kept}


def order(request: OrderRequest) -> dict[str, Any]:
    """Give the order to open."""
    return {
        "amount": request.amount_minor,
        "currency": request.currency,
        "receipt": request.receipt,
        "notes": notes(request),
        "payment": CAPTURE,
        **(_mandate(request) if request.registers else {}),
    }


def _mandate(request: OrderRequest) -> dict[str, Any]:
    """Let the payment also register what pays it for later charges."""
    return {
        "customer_id": request.payer.gateway_customer_id,
        "method": METHODS[request.method],
        "token": MANDATE,
    }


def saved_charge(charge: SavedCharge) -> dict[str, Any]:
    """Give the payment that charges what its payer has saved."""
    return {
        "email": charge.payer.email,
        "contact": charge.payer.phone,
        "amount": charge.amount_minor,
        "currency": charge.currency,
        "order_id": charge.order_id,
        "customer_id": charge.gateway_customer_id,
        "token": charge.token,
        "recurring": "1",
        "description": charge.description[:LONGEST_DESCRIPTION],
        "notes": {"payment_id": charge.payment_id, "customer_id": charge.payer.customer_id},
    }


def upi_intent(request: OrderRequest, order_id: str) -> dict[str, Any]:
    """Give the payment whose link opens a UPI app."""
    return {
        "amount": request.amount_minor,
        "currency": request.currency,
        "order_id": order_id,
        "email": request.payer.email,
        "contact": request.payer.phone,
        "method": "upi",
        "description": request.description[:LONGEST_DESCRIPTION],
        "notes": notes(request),
        "ip": request.payer.ip,
        "user_agent": request.payer.user_agent,
        "upi": {"flow": "intent"},
    }


def options(request: OrderRequest, *, order_id: str, key: str, name: str, script: str) -> dict[str, Any]:
    """Give Checkout's options, ready for `new Razorpay(…)`, and the address of its script."""
    return {
        "script": script,
        "key": key,
        "order_id": order_id,
        "amount": request.amount_minor,
        "currency": request.currency,
        "name": name,
        "description": request.description[:LONGEST_DESCRIPTION],
        "prefill": _prefill(request),
        "notes": notes(request),
        **_only(request),
        **_saved(request),
        **({"recurring": 1} if request.registers else {}),
        **({"emi_duration": request.installments} if request.method == Method.EMI else {}),
    }


def _prefill(request: OrderRequest) -> dict[str, str]:
    payer = request.payer
    known = {
        "name": payer.name,
        "email": payer.email,
        "contact": payer.phone,
        "method": METHODS.get(request.method),
        "vpa": request.vpa,
        "bank": request.bank if request.method == Method.NETBANKING else None,
    }
    return {name: value for name, value in known.items() if value}


def _only(request: OrderRequest) -> dict[str, Any]:
    """Show the way to pay that the customer has chosen, and no other; else all that Checkout has."""
    if request.method == Method.RAZORPAY:
        return {}
    block = {"name": "Pay", "instruments": [_instrument(request)]}
    preferences = {"show_default_blocks": False}
    display = {"blocks": {"chosen": block}, "sequence": ["block.chosen"], "preferences": preferences}
    return {"config": {"display": display}}


def _instrument(request: OrderRequest) -> dict[str, Any]:
    instrument: dict[str, Any] = {"method": METHODS[request.method]}
    if request.method == Method.GOOGLE_PAY:
        instrument |= {"flows": ["intent", "qr"], "apps": ["google_pay"]}
    if request.method == Method.UPI:
        instrument |= {"flows": ["collect"] if request.vpa else ["intent", "qr"]}
    if request.method == Method.NETBANKING and request.bank:
        instrument |= {"banks": [request.bank]}
    if request.method == Method.WALLET and request.bank:
        instrument |= {"wallets": [request.bank]}
    return instrument


def _saved(request: OrderRequest) -> dict[str, Any]:
    """Let a known customer save a card, with Checkout asking for consent, or pick a saved one there."""
    customer = request.payer.gateway_customer_id
    if not customer:
        return {}
    saving: dict[str, Any] = {"customer_id": customer}
    if request.method in (Method.CARD, Method.EMI, Method.RAZORPAY):
        saving |= {"save": 1, "remember_customer": True}
    return saving
