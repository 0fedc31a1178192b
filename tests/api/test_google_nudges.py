"""Google's signed messages over HTTP: each is a reason to ask the payment gateway, and never money."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pymongo import MongoClient
from pymongo.database import Database

from backend import create_app
from backend.config import Settings
from backend.gateways.settings import GooglePaySettings
from backend.sandbox.server import SandboxServer
from tests.api.answers import refusal
from tests.api.contract import Contract
from tests.api.gateway_events import ADDRESSES, answer, mended, standing, states
from tests.conftest import QUICK_PASSWORDS, services_of
from tests.gateways.certificates import NOW
from tests.gateways.google_signer import MERCHANT, Google, millis
from tests.shop import DECLINED_CARD, Shop, quick_gateways, shop_settings

Document = dict[str, Any]
FORGED = (401, "INVALID_SIGNATURE")


@pytest.fixture
def google() -> Google:
    return Google()


@pytest.fixture
def shop_app(
    settings: Settings,
    sandbox_server: SandboxServer,
    mongo_client: MongoClient[Document],
    google: Google,
    tmp_path: Path,
) -> Iterator[Flask]:
    """A shop that also listens to Google."""
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(google.keys()))
    listens = GooglePaySettings(merchant_id=MERCHANT, root_keys_file=str(file))
    shop = replace(shop_settings(settings, sandbox_server), google_pay=listens)
    app = create_app(shop, client=mongo_client, gateways=quick_gateways(shop), passwords=QUICK_PASSWORDS)
    contract = Contract(app)
    yield app
    services_of(app).ledger.close()
    assert contract.violations == []


def send(shop: Shop, body: bytes, address: str = ADDRESSES[0]) -> Any:
    return shop.app.test_client().post(f"{address}google-pay", data=body)


def about(google: Google, opened: Any, nonce: str = "nonce-1", **changes: Any) -> bytes:
    """Write a message of Google's about a payment."""
    return google.raw(objectId=f"{MERCHANT}.{opened['payment_id']}", nonce=nonce, **changes)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_nudge_makes_the_shop_ask_the_gateway(shop: Shop, google: Google, address: str) -> None:
    opened = shop.opened(method="google_pay")
    shop.pay(opened, method="upi")

    assert answer(send(shop, about(google, opened), address)) == (200, "ok")

    assert standing(shop, opened) == ("COMPLETED", "PAID")


def test_a_nudge_is_never_money_by_itself(shop: Shop, google: Google, database: Database[Document]) -> None:
    opened = shop.opened(method="google_pay")

    assert answer(send(shop, about(google, opened, amount="1000.00", status="COMPLETED"))) == (200, "ok")

    assert standing(shop, opened) == ("INITIATED", "PENDING")
    assert database["captures"].count_documents({}) == 0


def test_a_nudge_brings_bad_news_too(shop: Shop, google: Google) -> None:
    opened = shop.opened()
    shop.pay(opened, method="card", card_number=DECLINED_CARD)

    assert answer(send(shop, about(google, opened))) == (200, "ok")

    assert standing(shop, opened) == ("FAILED", "FAILED")


def test_a_nonce_counts_once(shop: Shop, google: Google, database: Database[Document]) -> None:
    opened = shop.opened()
    first = answer(send(shop, about(google, opened)))
    shop.pay(opened)

    again = [answer(send(shop, about(google, opened), address)) for address in ADDRESSES]
    fresh = answer(send(shop, about(google, opened, nonce="nonce-2")))

    assert (first, again, fresh) == ((200, "ok"), [(200, "duplicate")] * 2, (200, "ok"))
    assert (standing(shop, opened), states(database)) == (("COMPLETED", "PAID"), ["APPLIED"] * 2)


def test_a_nudge_about_a_paid_payment_asks_nobody(shop: Shop, google: Google) -> None:
    opened = shop.paid()
    before = len(shop.sandbox.get("requests"))

    assert answer(send(shop, about(google, opened))) == (200, "ok")

    assert len(shop.sandbox.get("requests")) == before


def test_a_nudge_about_nothing_of_ours_is_ignored(
    shop: Shop, google: Google, database: Database[Document]
) -> None:
    names = ("3388.PAY-nobody", "PAY-nobody", "3388.", "...", "{'$gt': ''}")

    answers = [answer(send(shop, google.raw(objectId=name, nonce=name))) for name in names for _ in "ab"]

    assert answers == [(200, "ignored"), (200, "duplicate")] * len(names)
    assert states(database) == ["IGNORED"] * len(names)


def test_a_forged_nudge_asks_nobody(shop: Shop, google: Google, database: Database[Document]) -> None:
    opened = shop.opened()
    shop.pay(opened)
    asked = len(shop.sandbox.get("requests"))
    others = Google()
    changed = json.loads(about(google, opened)) | {"signedMessage": json.dumps(google.message(nonce="x"))}
    forgeries = [
        about(others, opened),
        about(replace(google, recipient="3388000000023"), opened),
        about(replace(google, sender="Somebody"), opened),
        about(replace(google, intermediate_expires=NOW.replace(year=2020)), opened),
        about(google, opened, expTimeMillis=millis(NOW.replace(year=2020))),
        json.dumps(changed).encode(),
        b"{}",
    ]

    assert {refusal(send(shop, body)) for body in forgeries} == {FORGED}
    assert (states(database), len(shop.sandbox.get("requests"))) == ([], asked)
    assert standing(shop, opened) == ("INITIATED", "PENDING")


def test_a_nudge_that_is_no_json_is_refused(shop: Shop, database: Database[Document]) -> None:
    bodies = (b"", b"nonsense", b"[]", b"\xff", b"[" * 30_000, b"[" * 100_000)

    assert {refusal(send(shop, body)) for body in bodies} == {(400, "VALIDATION_ERROR")}
    assert states(database) == []


def test_a_nudge_that_met_a_silent_gateway_works_when_it_comes_again(
    shop: Shop, google: Google, database: Database[Document]
) -> None:
    opened = shop.opened()
    shop.pay(opened)
    shop.sandbox.fault("/v1/orders", "error", status=503, times=20)
    assert send(shop, about(google, opened)).status_code >= 500
    assert states(database) == ["RECEIVED"]

    mended(shop)

    assert answer(send(shop, about(google, opened))) == (200, "ok")
    assert (standing(shop, opened), states(database)) == (("COMPLETED", "PAID"), ["APPLIED"])


def test_an_admin_may_look_at_a_nudge(shop: Shop, google: Google) -> None:
    send(shop, about(google, shop.opened()))

    shown = shop.admin.get("/api/admin/webhook-events/google-pay:nonce-1").json["data"]

    assert (shown["gateway"], shown["state"], shown["type"]) == ("google-pay", "APPLIED", "save")


def test_replaying_a_nudge_is_no_accident(shop: Shop, google: Google) -> None:
    opened = shop.opened()
    send(shop, about(google, opened))
    shop.pay(opened)

    response = shop.admin.post("/api/admin/webhook-events/google-pay:nonce-1/replay")

    assert response.status_code < 500, response.text


def test_looking_after_unapplied_messages_survives_a_nudge(
    shop: Shop, google: Google, database: Database[Document]
) -> None:
    opened = shop.opened()
    shop.pay(opened)
    send(shop, about(google, opened))
    long_ago = {"state": "RECEIVED", "received_at": NOW.replace(year=2020)}
    database["webhook_events"].update_one({}, {"$set": long_ago})

    report = shop.services.payments.reconcile_payments()

    assert report.issues == []
