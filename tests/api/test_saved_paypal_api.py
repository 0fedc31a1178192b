"""PayPal accounts that customers save, as PayPal's vault keeps them."""

from typing import Any

import pytest
from pymongo.database import Database

from backend.gateways.paypal_orders import vault_customer_id
from tests.api.answers import contents, refusal
from tests.api.shops import another_customer
from tests.conftest import Document, Person
from tests.gateways.paypal_hooks import PayPalHooks
from tests.shop import Shop


def vaulted(shop: Shop, person: Person) -> str:
    """Let somebody save their account with PayPal's own script, and give PayPal's token."""
    hooks, customer = PayPalHooks(), {"id": vault_customer_id(person.id)}
    wish: dict[str, object] = {"customer": customer, "payment_source": {"paypal": {}}}
    setup = hooks.vault(shop.sandbox, "setup-tokens", wish)
    shop.sandbox.post("paypal/approve", setup_token=setup)
    source = {"token": {"id": setup, "type": "SETUP_TOKEN"}}
    return hooks.vault(shop.sandbox, "payment-tokens", {"payment_source": source})


def save(person: Person, token: str, **more: Any) -> Any:
    body = {"type": "paypal", "gateway": "paypal", "token": token} | more
    return person.post("/api/payments/save-method", body)


def test_an_account_is_saved_with_what_paypal_tells_of_it(shop: Shop) -> None:
    response = save(shop.customer, vaulted(shop, shop.customer))

    method = response.json["data"]
    assert response.status_code == 201
    assert (method["type"], method["gateway"], method["email"]) == (
        "paypal",
        "paypal",
        "payer@sandbox.example",
    )
    assert (method["last4"], method["is_default"]) == (None, True)


def test_the_account_of_somebody_else_is_not(shop: Shop) -> None:
    token = vaulted(shop, another_customer(shop))

    assert refusal(save(shop.customer, token)) == (400, "INVALID_PAYMENT_METHOD")


@pytest.mark.parametrize("changes", [{"type": "card"}, {"gateway": "razorpay"}])
def test_an_account_is_no_card_and_not_at_razorpay(shop: Shop, changes: dict[str, str]) -> None:
    response = save(shop.customer, vaulted(shop, shop.customer), **changes)

    assert refusal(response) == (400, "INVALID_PAYMENT_METHOD")


def test_an_account_is_forgotten_at_paypal_too(shop: Shop) -> None:
    method = save(shop.customer, vaulted(shop, shop.customer)).json["data"]

    response = shop.customer.send("DELETE", f"/api/payments/saved-methods/{method['id']}")

    assert response.status_code == 200
    assert shop.sandbox.books()["paypal_payment_tokens"] == []


def test_paying_with_it_still_asks_the_payer_and_tells_the_token_to_nobody(
    shop: Shop, database: Database[Document]
) -> None:
    token = vaulted(shop, shop.customer)
    method = save(shop.customer, token).json["data"]

    response = shop.initiate(shop.order(), method="paypal", saved_method_id=method["id"])

    opened = response.json["data"]
    assert (opened["status"], shop.sandbox.books()["paypal_captures"]) == ("INITIATED", [])
    assert token not in response.text + repr(contents(database))
    shop.pay(opened)
    assert shop.verify(opened).json["data"]["status"] == "COMPLETED"
