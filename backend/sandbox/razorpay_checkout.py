"""What a customer does inside Razorpay's Checkout, whether a browser or a test does it."""

from typing import Any

from backend.sandbox import cards, ids, signatures
from backend.sandbox import razorpay_cashier as cashier
from backend.sandbox import razorpay_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.razorpay_customers import register, save_token
from backend.sandbox.state import here

METHODS = ("card", "upi", "netbanking", "wallet", "emi", "paylater")
OUTCOMES = ("success", "failure", "authorized", "created")
LARGEST_MANDATE_MINOR = 1_500_000
_FEWEST_OTP_DIGITS = 4


def pay(wish: Document) -> Document:
    """Pay an order, and give what Checkout hands to the page."""
    order = wire.find(here().books.orders, str(wish.get("order_id", "")))
    if order["status"] == "paid":
        wire.refuse("Payment already done for this order.", field="order_id")
    if wish.get("method") not in METHODS:
        wire.refuse("The selected method is invalid.", field="method")
    if wish.get("outcome") not in (None, *OUTCOMES):
        wire.refuse("The selected outcome is invalid.", field="outcome")
    instrument, reason = _instrument(wish, order)
    payment = cashier.new_payment(
        order,
        instrument,
        amount_minor=wire.amount_of(wish) if "amount" in wish else order["amount_due"],
        currency=wish.get("currency") or order["currency"],
    )
    outcome = wish.get("outcome") or ("failure" if reason else "success")
    _settle_outcome(payment, outcome, reason or "payment_failed")
    if outcome == "failure":
        return cashier.failure_answer(payment)
    if (wish.get("save") or _registers(wish)) and payment["customer_id"] and outcome != "created":
        payment["token_id"] = payment["token_id"] or save_token(payment)["id"]
    if _registers(wish) and payment["token_id"]:
        _register(order, payment["token_id"])
    return answer(payment)


def _registers(wish: Document) -> bool:
    return str(wish.get("recurring")) in ("1", "True", "true")


def _register(order: Document, token_id: str) -> None:
    """Let the shop charge by this token, up to what its first order has said."""
    largest_minor = here().books.order_rules[order["id"]].get("max_amount", LARGEST_MANDATE_MINOR)
    register(here().books.tokens[token_id], max_amount_minor=largest_minor)


def answer(payment: Document) -> Document:
    """Give what Checkout hands to the page after a success."""
    return {
        "razorpay_payment_id": payment["id"],
        "razorpay_order_id": payment["order_id"],
        "razorpay_signature": signatures.razorpay_checkout(payment["order_id"], payment["id"]),
    }


def _settle_outcome(payment: Document, outcome: str, reason: str) -> None:
    if outcome == "failure":
        cashier.fail(payment, reason)
    elif outcome != "created":
        cashier.authorize(payment)
        if outcome == "success":
            cashier.capture_if_wanted(payment)


def _instrument(wish: Document, order: Document) -> tuple[Document, str | None]:
    """Read what the customer pays with, and why it will fail if it will."""
    method: str = wish["method"]
    instrument: Document = {"method": method, "notes": order["notes"]}
    instrument |= {name: wish.get(name) for name in ("email", "contact", "description")}
    instrument["customer_id"] = _customer(wish, order)
    token = _token(wish)
    if token:
        return instrument | from_token(token), None
    if method in ("card", "emi"):
        return _card(instrument, wish)
    if method == "upi":
        return _upi(instrument, str(wish.get("vpa") or "success@razorpay"))
    if method == "netbanking":
        return instrument | {"bank": wish.get("bank") or "HDFC"}, _asked_to_fail(wish.get("bank"))
    return instrument | {"wallet": wish.get("wallet") or "mobikwik"}, _asked_to_fail(wish.get("wallet"))


def _customer(wish: Document, order: Document) -> str | None:
    customer_id = wish.get("customer_id") or order.get("customer_id")
    if customer_id:
        wire.find(here().books.customers, str(customer_id))
    return customer_id


def _token(wish: Document) -> Document | None:
    token_id = wish.get("token_id") or wish.get("token")
    return wire.find(here().books.tokens, str(token_id)) if token_id else None


def from_token(token: Document) -> Document:
    """Say what a payment by a saved card or UPI id is made with."""
    shared = {"token_id": token["id"], "method": token["method"], "customer_id": token["customer_id"]}
    if token["method"] == "card":
        card = _card_entity(token["card"]["last4"], token["card"]["network"])
        return shared | {"card": card, "card_id": card["id"]}
    return shared | {"vpa": token["vpa"], "upi": _upi_details(token["vpa"])}


def _card(instrument: Document, wish: Document) -> tuple[Document, str | None]:
    card = cards.read(str(wish.get("card_number") or "4111111111111111"))
    if card is None:
        wire.refuse("Your card number is incorrect. Please check and try again.", field="card_number")
    otp = str(wish.get("otp") or "1234")
    reason = card.reason or (None if len(otp) >= _FEWEST_OTP_DIGITS else "incorrect_otp")
    entity = _card_entity(card.last4, card.network, is_emi=instrument["method"] == "emi")
    found = instrument | {"card": entity, "card_id": entity["id"]}
    if instrument["method"] == "emi":
        duration = wire.amount_of({"emi_duration": 3} | wish, name="emi_duration", least_minor=1)
        found |= {"bank": wish.get("bank") or "HDFC", "emi": _plan(duration), "emi_duration": duration}
    return found, reason


def _card_entity(last4: str, network: str, *, is_emi: bool = False) -> Document:
    return {
        "id": ids.razorpay("card"),
        "entity": "card",
        "name": "",
        "last4": last4,
        "network": network,
        "type": "credit",
        "issuer": "HDFC",
        "international": False,
        "emi": is_emi,
        "sub_type": "consumer",
    }


def _plan(duration: int) -> Document:
    return {"issuer": "HDFC", "type": "credit", "rate": 1500, "duration": duration}


def _upi(instrument: Document, vpa: str) -> tuple[Document, str | None]:
    if vpa.count("@") != 1:
        wire.refuse("Invalid VPA. Please enter a valid Virtual Payment Address", field="vpa")
    reason = "payment_failed" if vpa.lower().startswith("failure@") else None
    return instrument | {"vpa": vpa, "upi": _upi_details(vpa)}, reason


def _upi_details(vpa: str) -> Document:
    return {"vpa": vpa, "flow": "intent", "payer_account_type": "bank_account"}


def _asked_to_fail(name: Any) -> str | None:
    """A bank or wallet called FAIL fails."""
    return "payment_failed" if str(name).upper() == "FAIL" else None
