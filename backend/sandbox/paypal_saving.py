"""Saves payers' PayPal accounts, so that they can pay again without PayPal's page."""

from backend.sandbox import ids
from backend.sandbox import paypal_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.paypal_events import announce
from backend.sandbox.state import here


def save_payer(order: Document) -> Document:
    """Save who has paid an order, as the order asked for."""
    token = new_payment_token(order["payer"], here().books.paypal_pages[order["id"]]["customer_id"])
    return {"id": token["id"], "status": "VAULTED", "customer": token["customer"], "links": token["links"]}


def new_payment_token(payer: Document, customer_id: str | None) -> Document:
    """Save a payer's account for a customer."""
    token_id = ids.vault()
    path = f"/v3/vault/payment-tokens/{token_id}"
    token: Document = {
        "id": token_id,
        "customer": {"id": customer_id or ids.vault()[:10]},
        "payment_source": {
            "paypal": {
                "email_address": payer["email_address"],
                "payer_id": payer["payer_id"],
                "name": payer["name"],
                "usage_type": "MERCHANT",
            }
        },
        "payer": payer,
        "links": [wire.link(path, "self"), wire.link(path, "delete", "DELETE")],
    }
    here().books.paypal_payment_tokens[token_id] = token
    announce("VAULT.PAYMENT-TOKEN.CREATED", "payment_token", shown(token))
    return token


def shown(token: Document) -> Document:
    """Give a token as PayPal shows it."""
    return {name: token[name] for name in ("id", "customer", "payment_source", "links")}
