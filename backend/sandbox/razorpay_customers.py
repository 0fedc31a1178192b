"""Razorpay's customers and what they have saved."""

from flask import Response, jsonify, request

from backend.sandbox import ids
from backend.sandbox import razorpay_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.state import here

customers = wire.razorpay_blueprint("razorpay_customers")

_TOKEN_LIFETIME_SECONDS = 5 * 365 * 24 * 3600


@customers.post("/customers")
def create_customer() -> Response:
    """Make a customer, or give the one there is when `fail_existing` is 0."""
    sent = wire.body()
    wire.only(sent, ("name", "contact", "email", "fail_existing", "gstin", "notes"))
    email, contact = sent.get("email"), sent.get("contact")
    if not email and not contact:
        wire.refuse("At least one of contact or email is required.", field="contact")
    known = [c for c in here().books.customers.values() if (c["email"], c["contact"]) == (email, contact)]
    if known:
        if str(sent.get("fail_existing", "1")) == "1":
            wire.refuse("Customer already exists for the merchant")
        return jsonify(known[0])
    customer: Document = {
        "id": ids.razorpay("cust"),
        "entity": "customer",
        "name": sent.get("name"),
        "email": email,
        "contact": contact,
        "gstin": sent.get("gstin"),
        "notes": wire.notes_of(sent),
        "created_at": wire.now(),
    }
    here().books.customers[customer["id"]] = customer
    return jsonify(customer)


@customers.get("/customers")
def list_customers() -> Response:
    """List the customers."""
    return wire.collection(here().books.customers.values())


@customers.get("/customers/<customer_id>")
def get_customer(customer_id: str) -> Response:
    """Give one customer."""
    return jsonify(wire.find(here().books.customers, customer_id))


@customers.put("/customers/<customer_id>")
def edit_customer(customer_id: str) -> Response:
    """Change a customer's name or addresses."""
    customer, sent = wire.find(here().books.customers, customer_id), wire.body()
    wire.only(sent, ("name", "contact", "email"))
    customer.update(sent)
    return jsonify(customer)


@customers.get("/customers/<customer_id>/tokens")
def list_tokens(customer_id: str) -> Response:
    """List what a customer has saved and can still use."""
    wire.find(here().books.customers, customer_id)
    return _all(saved_by(customer_id))


def _all(items: list[Document]) -> Response:
    return jsonify({"entity": "collection", "count": len(items), "items": items})


@customers.get("/customers/<customer_id>/tokens/<token_id>")
def get_token(customer_id: str, token_id: str) -> Response:
    """Give one saved card or UPI id."""
    return jsonify(_token_of(customer_id, token_id))


@customers.delete("/customers/<customer_id>/tokens/<token_id>")
def delete_token(customer_id: str, token_id: str) -> Response:
    """Forget a saved card or UPI id."""
    del here().books.tokens[_token_of(customer_id, token_id)["id"]]
    return jsonify({"deleted": True})


@customers.post("/tokens/fetch")
def fetch_token() -> Response:
    """Give a token by its id alone."""
    return jsonify(wire.find(here().books.tokens, str(wire.body().get("id", request.args.get("id", "")))))


def saved_by(customer_id: str) -> list[Document]:
    """Find what a customer has saved."""
    return [token for token in here().books.tokens.values() if token["customer_id"] == customer_id]


def _token_of(customer_id: str, token_id: str) -> Document:
    token = wire.find(here().books.tokens, token_id)
    if token["customer_id"] != customer_id:
        wire.refuse("The id provided does not exist")
    return token


def save_token(payment: Document) -> Document:
    """Save what a payment was made with for its customer; what is saved already is not saved twice."""
    card, vpa = payment["card"], payment["vpa"]
    known = [t for t in saved_by(payment["customer_id"]) if _is_same(t, card, vpa)]
    if known:
        return known[0]
    token: Document = {
        "id": ids.razorpay("token"),
        "entity": "token",
        "token": ids.razorpay("t")[2:],
        "bank": None,
        "wallet": None,
        "method": "card" if card else "upi",
        "card": _saved_card(card) if card else None,
        "vpa": vpa,
        "customer_id": payment["customer_id"],
        "recurring": False,
        "recurring_details": {"status": "not_applicable", "failure_reason": None},
        "auth_type": None,
        "mrn": None,
        "used_at": wire.now(),
        "created_at": wire.now(),
        "expired_at": wire.now() + _TOKEN_LIFETIME_SECONDS,
        "status": "active",
        "dcc_enabled": False,
        "compliant_with_tokenisation_guidelines": True,
    }
    here().books.tokens[token["id"]] = token
    return token


def register(token: Document, *, max_amount_minor: int) -> None:
    """Let the shop charge this without its owner: the first payment has proved whose it is."""
    token.update(recurring=True, recurring_details={"status": "confirmed", "failure_reason": None})
    token["max_amount"] = max_amount_minor


def _saved_card(card: Document) -> Document:
    shared = ("name", "last4", "network", "type", "issuer", "international", "emi", "sub_type")
    return (
        {"entity": "card"} | {name: card[name] for name in shared} | {"expiry_month": 12, "expiry_year": 2030}
    )


def _is_same(token: Document, card: Document | None, vpa: str | None) -> bool:
    if card is None or token["card"] is None:
        return bool(card is None and token["card"] is None and token["vpa"] == vpa)
    return bool((token["card"]["last4"], token["card"]["network"]) == (card["last4"], card["network"]))
