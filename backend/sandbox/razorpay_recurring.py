"""Razorpay's charges of what a customer has saved, while the customer is away."""

from flask import Response, jsonify

from backend.sandbox import razorpay_cashier as cashier
from backend.sandbox import razorpay_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.razorpay_checkout import answer, from_token
from backend.sandbox.state import here

recurring = wire.razorpay_blueprint("razorpay_recurring")

# How the bank takes it; "created" waits for the notice that cards need a day and a half before, and
# "refused" answers as Razorpay does where the bank says no at once.
RECURRING_OUTCOMES = ("captured", "authorized", "created", "declined", "refused")
_FIELDS = (
    *("email", "contact", "amount", "currency", "order_id", "customer_id", "token", "recurring"),
    *("description", "notes"),
)


@recurring.post("/payments/create/recurring")
def create_recurring_payment() -> Response | tuple[Response, int]:
    """Charge a token that its owner has registered for it."""
    sent = wire.body()
    wire.only(sent, _FIELDS)
    for name in ("email", "contact", "currency", "order_id", "customer_id", "token", "recurring"):
        if not sent.get(name):
            wire.refuse(f"The {name.replace('_', ' ')} field is required.", field=name)
    order = wire.find(here().books.orders, str(sent["order_id"]))
    token = _token_of(sent)
    _check(sent, order, token)
    instrument = {
        "notes": wire.notes_of(sent),
        **{name: sent.get(name) for name in ("email", "contact", "description")},
        **from_token(token),
    }
    payment = cashier.new_payment(
        order, instrument, amount_minor=order["amount_due"], currency=order["currency"]
    )
    return _ended(payment, here().books.settings["razorpay_recurring"])


def _token_of(sent: Document) -> Document:
    customer = wire.find(here().books.customers, str(sent["customer_id"]))
    token = wire.find(here().books.tokens, str(sent["token"]))
    if token["customer_id"] != customer["id"]:
        wire.refuse("The id provided does not exist")
    return token


def _check(sent: Document, order: Document, token: Document) -> None:
    amount_minor = wire.amount_of(sent)
    if order["status"] == "paid":
        wire.refuse("Payment already done for this order.", field="order_id")
    if (amount_minor, sent["currency"]) != (order["amount_due"], order["currency"]):
        wire.refuse(
            "Your payment amount is different from your order amount. To pay successfully, please try using "
            "right amount.",
            field="amount",
        )
    if str(sent["recurring"]) not in ("1", "True", "true", "preferred"):
        wire.refuse("The selected recurring is invalid.", field="recurring")
    if token["recurring_details"]["status"] != "confirmed":
        wire.refuse("The token is not confirmed for recurring payments.", field="token")
    if amount_minor > token["max_amount"]:
        wire.refuse("The amount exceeds the maximum amount of the token.", field="amount")


def _ended(payment: Document, outcome: str) -> Response | tuple[Response, int]:
    if outcome in ("declined", "refused"):
        cashier.fail(payment, "card_declined")
    elif outcome != "created":
        cashier.authorize(payment)
        if outcome == "captured":
            cashier.capture_if_wanted(payment)
    if outcome == "refused":
        return jsonify(cashier.failure_answer(payment)), 400
    return jsonify(answer(payment))
