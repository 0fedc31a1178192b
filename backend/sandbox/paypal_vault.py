"""PayPal's vault, version 3."""

from flask import Response, jsonify, request

from backend.sandbox import ids
from backend.sandbox import paypal_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.paypal_events import announce
from backend.sandbox.paypal_saving import new_payment_token, shown
from backend.sandbox.state import here

vault = wire.paypal_blueprint("paypal_vault", "/v3/vault")


@vault.post("/setup-tokens")
def create_setup_token() -> tuple[Response, int]:
    """Begin to save an account, which its owner has to approve."""
    wire.request_id(is_required=True)
    known = wire.repeated()
    if known:
        return jsonify(known), 200
    sent = wire.body()
    source = wire.part(sent, "payment_source").get("paypal")
    if not isinstance(source, dict):
        wire.invalid("MISSING_REQUIRED_PARAMETER", "/payment_source/paypal")
    token_id = ids.paypal()
    token: Document = {
        "id": token_id,
        "status": "PAYER_ACTION_REQUIRED",
        "customer": {"id": wire.part(sent, "customer").get("id") or ids.vault()[:10]},
        "payment_source": {"paypal": {"usage_type": source.get("usage_type", "MERCHANT")}},
        "links": [
            wire.link(f"/agreements/approve?approval_session_id={token_id}", "approve"),
            wire.link(f"/v3/vault/setup-tokens/{token_id}", "self"),
        ],
    }
    context = wire.part(source, "experience_context")
    here().books.paypal_pages[token_id] = {name: context.get(name) for name in ("return_url", "cancel_url")}
    here().books.paypal_setup_tokens[token_id] = token
    wire.remember("paypal_setup_tokens", token_id)
    return jsonify(token), 201


@vault.get("/setup-tokens/<token_id>")
def get_setup_token(token_id: str) -> Response:
    """Give one setup token."""
    return jsonify(wire.find(here().books.paypal_setup_tokens, token_id))


@vault.post("/payment-tokens")
def create_payment_token() -> tuple[Response, int]:
    """Save an account whose owner has approved it."""
    wire.request_id(is_required=True)
    known = wire.repeated()
    if known:
        return jsonify(shown(known)), 200
    source = wire.part(wire.body(), "payment_source", "token")
    if source.get("type") != "SETUP_TOKEN" or not source.get("id"):
        wire.invalid("MISSING_REQUIRED_PARAMETER", "/payment_source/token")
    setup = wire.find(here().books.paypal_setup_tokens, str(source["id"]))
    if setup["status"] != "APPROVED":
        wire.unprocessable("SETUP_TOKEN_NOT_APPROVED", "/payment_source/token/id")
    setup["status"] = "VAULTED"
    token = new_payment_token(setup["payer"], setup["customer"]["id"])
    wire.remember("paypal_payment_tokens", token["id"])
    return jsonify(shown(token)), 201


@vault.get("/payment-tokens")
def list_payment_tokens() -> Response:
    """List what a customer has saved."""
    customer_id = request.args.get("customer_id")
    if not customer_id:
        wire.invalid("MISSING_REQUIRED_PARAMETER", "customer_id")
    saved = here().books.paypal_payment_tokens.values()
    found = [shown(token) for token in saved if token["customer"]["id"] == customer_id]
    customer = {"id": customer_id}
    return jsonify({"customer": customer, "payment_tokens": found, "total_items": len(found), "links": []})


@vault.get("/payment-tokens/<token_id>")
def get_payment_token(token_id: str) -> Response:
    """Give one saved account."""
    return jsonify(shown(wire.find(here().books.paypal_payment_tokens, token_id)))


@vault.delete("/payment-tokens/<token_id>")
def delete_payment_token(token_id: str) -> tuple[str, int]:
    """Forget a saved account."""
    token = wire.find(here().books.paypal_payment_tokens, token_id)
    del here().books.paypal_payment_tokens[token_id]
    announce("VAULT.PAYMENT-TOKEN.DELETED", "payment_token", {"id": token["id"]})
    return "", 204
