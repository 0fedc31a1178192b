"""Planted secrets go through everything, and are found in no log, no answer and no database."""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from flask import Flask, Response
from pymongo import MongoClient
from pymongo.database import Database

from backend import create_app, logs
from backend.config import Settings
from backend.sandbox import keys
from backend.sandbox.server import SandboxServer
from tests.api.answers import contents, refusal
from tests.api.gateway_events import captured, latest, raw, signed
from tests.conftest import QUICK_PASSWORDS, Person, services_of
from tests.gateways.controls import Controls
from tests.shop import CARD, DECLINED_CARD, Shop, quick_gateways, shop_settings

Document = dict[str, Any]
SECURITY_CODE = "cvv-731-canary"
KEYS = {
    "Razorpay's key secret": keys.RAZORPAY_KEY_SECRET,
    "Razorpay's webhook secret": keys.RAZORPAY_WEBHOOK_SECRET,
    "PayPal's client secret": keys.PAYPAL_CLIENT_SECRET,
    "a card number": CARD,
    "a card number without spaces": CARD.replace(" ", ""),
    "a security code": SECURITY_CODE,
}


@dataclass
class Watched:
    """A shop whose every word is written down, and the secrets that must not be among them."""

    shop: Shop
    log: io.StringIO
    answers: list[str]
    secrets: dict[str, str] = field(default_factory=lambda: dict(KEYS))

    def told_in(self, text: str) -> list[str]:
        return [name for name, secret in self.secrets.items() if secret in text]


@pytest.fixture
def watched(
    settings: Settings,
    sandbox_server: SandboxServer,
    sandbox: Controls,
    mongo_client: MongoClient[Document],
) -> Iterator[Watched]:
    log = io.StringIO()
    shop = replace(shop_settings(settings, sandbox_server), log_level="DEBUG")
    with redirect_stderr(log):
        app = create_app(shop, client=mongo_client, gateways=quick_gateways(shop), passwords=QUICK_PASSWORDS)
    answers = listened_to(app)
    people = [Person(app, email="asha@shop.example"), Person(app, email="o@shop.example", is_admin=True)]
    answers.clear()  # Logging in is how one gets a token.
    found = Watched(Shop(app, sandbox, *people), log, answers)
    found.secrets |= {f"token {n}": person.tokens["access"] for n, person in enumerate(people)}
    found.secrets |= {f"refresh {n}": person.tokens["refresh"] for n, person in enumerate(people)}
    found.secrets |= {"a password": people[0].password}
    yield found
    services_of(app).ledger.close()
    logs.configure("INFO")


def listened_to(app: Flask) -> list[str]:
    """Write down every answer of an application."""
    answers: list[str] = []

    @app.after_request
    def write_down(response: Response) -> Response:
        answers.append(response.get_data(as_text=True) + str(response.headers))
        return response

    return answers


def texts(value: Any) -> Iterator[str]:
    """Give every name and every text of a stored document, bytes read as text."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    else:
        yield value.decode("latin-1") if isinstance(value, bytes) else str(value)


def in_database(watched: Watched, database: Database[Document]) -> list[str]:
    return watched.told_in("\n".join(texts(contents(database))))


def pay_and_give_back(watched: Watched) -> None:
    """Pay by card, with a wrong signature first, and give some of it back."""
    shop = watched.shop
    opened = shop.opened()
    shop.pay(opened, method="card", card_number=DECLINED_CARD)
    paid = shop.pay(opened)
    watched.secrets["a signature of Checkout"] = paid["razorpay_signature"]
    shop.verify(opened, paid | {"razorpay_signature": paid["razorpay_signature"][::-1]})
    assert shop.verify(opened, paid).json["data"]["status"] == "COMPLETED"
    assert shop.refund(opened, 300).status_code == 201


def save_and_use(watched: Watched) -> None:
    """Save a card, pay with it, make it the default, and let it be forgotten."""
    shop = watched.shop
    opened = shop.opened()
    shop.pay(opened, save=True, method="card", customer_id=opened["checkout"].get("customer_id"))
    [token] = shop.sandbox.books()["tokens"]
    watched.secrets["a saved token"] = token["id"]
    body = {"type": "card", "gateway": "razorpay", "token": token["id"], "last4": "1111"}
    saved = shop.customer.post("/api/payments/save-method", body).json["data"]
    shop.customer.get("/api/payments/saved-methods")
    assert shop.initiate(shop.order(), saved_method_id=saved["id"]).status_code == 201
    shop.deliver(latest(shop, "payment.captured"), event_id="evt_saved")
    assert shop.admin.get("/api/admin/webhook-events/razorpay:evt_saved").status_code == 200
    assert shop.customer.send("DELETE", f"/api/payments/saved-methods/{saved['id']}").status_code == 200


def send_card_data(watched: Watched) -> None:
    """Send what must not be sent."""
    shop = watched.shop
    card = {"number": CARD, "cvv": SECURITY_CODE, "last4": "1111"}
    save = {"type": "card", "gateway": "razorpay", "token": "t", **card}
    assert refusal(shop.customer.post("/api/payments/save-method", save)) == (400, "RAW_CARD_DATA_REJECTED")
    for notes in (CARD, CARD.replace(" ", ""), {"cvv": SECURITY_CODE}):
        refused = shop.initiate(shop.order(), notes=notes)
        assert refusal(refused) == (400, "RAW_CARD_DATA_REJECTED")


def send_messages(watched: Watched) -> None:
    """Send genuine and forged messages, and let a gateway fail in the middle of them."""
    shop = watched.shop
    delivery = signed(raw(captured(shop, shop.opened())))
    watched.secrets["a message's signature"] = delivery.headers["x-razorpay-signature"]
    shop.post_webhook(signed(delivery.raw, delivery.headers["x-razorpay-signature"][::-1]))
    shop.post_webhook(delivery)
    opened = shop.opened(method="paypal")
    shop.pay(opened)
    shop.sandbox.fault("/v2/checkout/orders", "html", times=5)
    for _ in range(2):
        shop.deliver(latest(shop, "CHECKOUT.ORDER.APPROVED", provider="paypal"), provider="paypal")
    shop.verify(opened)


@pytest.mark.parametrize("flow", [pay_and_give_back, save_and_use, send_card_data, send_messages])
def test_no_secret_is_told_by(
    watched: Watched, database: Database[Document], flow: Callable[[Watched], None]
) -> None:
    flow(watched)
    logged, answered = watched.log.getvalue(), "\n".join(watched.answers)

    found = {"logs": watched.told_in(logged), "answers": watched.told_in(answered)}
    watched.secrets.pop("a message's signature", None)  # Kept on purpose: it opens no door.
    found["database"] = in_database(watched, database)

    assert '"request"' in logged
    assert found == {"logs": [], "answers": [], "database": []}


def test_the_bodies_of_messages_are_stored_encrypted(watched: Watched, database: Database[Document]) -> None:
    shop = watched.shop
    opened = shop.opened()
    event = captured(shop, opened, email="payer@shop.example", method="card", card_number=CARD)
    shop.deliver(event, event_id="evt_1")

    [stored] = database["webhook_events"].find()

    kept = "\n".join(texts(stored))
    said = ("payer@shop.example", opened["gateway_order_id"], "100000", 'captured":true')
    assert [word for word in said if word in kept] == []
    assert shop.services.inbox.body(stored) == raw(event)


def test_the_watch_would_see_a_secret(watched: Watched, database: Database[Document]) -> None:
    watched.secrets["a canary"] = "canary-in-a-coal-mine"
    logging.getLogger("backend").debug("the canary-in-a-coal-mine sings")
    database["orders"].insert_one({"_id": "o", "items": [{"canary-in-a-coal-mine": 1}]})

    assert watched.told_in(watched.log.getvalue()) == ["a canary"]
    assert in_database(watched, database) == ["a canary"]
