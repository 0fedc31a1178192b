"""Which of Razorpay's messages are believed, and what becomes of those that cannot be read."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from pymongo import MongoClient
from pymongo.database import Database

from backend import create_app
from backend.config import Settings
from backend.sandbox import keys, signatures
from backend.sandbox.server import SandboxServer
from tests.api.answers import contents, refusal
from tests.api.gateway_events import ADDRESSES, answer, captured, raw, signature, signed, standing, states
from tests.conftest import QUICK_PASSWORDS, services_of
from tests.shop import Shop, quick_gateways, shop_settings

Document = dict[str, Any]
NEW_SECRET, OLD_SECRET = "the-new-webhook-secret", keys.RAZORPAY_WEBHOOK_SECRET
FORGED = (401, "INVALID_SIGNATURE")

MakeShopApp = Callable[..., Flask]


@pytest.fixture
def make_shop_app(
    settings: Settings, sandbox_server: SandboxServer, mongo_client: MongoClient[Document]
) -> Iterator[MakeShopApp]:
    """Make shops whose accounts differ from the usual."""
    made: list[Flask] = []

    def make(**razorpay: Any) -> Flask:
        usual = shop_settings(settings, sandbox_server)
        changed = replace(usual, razorpay=replace(usual.razorpay, **razorpay))
        made.append(
            create_app(
                changed, client=mongo_client, gateways=quick_gateways(changed), passwords=QUICK_PASSWORDS
            )
        )
        return made[-1]

    yield make
    for app in made:
        services_of(app).ledger.close()


def post(app: Flask, body: bytes, given: str | None = None, address: str = ADDRESSES[0]) -> Any:
    delivery = signed(body, given)
    return app.test_client().post(f"{address}razorpay", data=body, headers=delivery.headers)


def refusals(app: Flask, deliveries: dict[str, tuple[bytes, str | None]]) -> dict[str, tuple[int, str]]:
    """Post bodies with their signatures, and tell how each was refused."""
    return {name: refusal(post(app, body, given)) for name, (body, given) in deliveries.items()}


FORGERIES: dict[str, Callable[[bytes], str]] = {
    "empty": lambda _: "",
    "garbage": lambda _: "garbage",
    "zeros": lambda _: "0" * 64,
    "latin letters": lambda _: "\xe9" * 64,
    "digits of another script": lambda _: "\u0663".encode().decode("latin-1") * 32,
    "by another secret": lambda body: signature(body, "another-secret"),
    "by the key secret": lambda body: signature(body, keys.RAZORPAY_KEY_SECRET),
    "by no secret": lambda body: signature(body, ""),
    "upper case": lambda body: signature(body).upper(),
    "too short": lambda body: signature(body)[:-1],
    "too long": lambda body: signature(body) + "0",
    "of another scheme": lambda body: f"sha256={signature(body)}",
}
CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "one digit": lambda body: body.replace(b"100000", b"100001", 1),
    "one byte more": lambda body: body + b" ",
    "one byte less": lambda body: body[:-1],
    "written with spaces": lambda body: json.dumps(json.loads(body)).encode(),
    "sorted": lambda body: json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode(),
    "a mark in front": lambda body: b"\xef\xbb\xbf" + body,
    "nothing": lambda _: b"",
}
NO_JSON = {
    "nothing": b"",
    "words": b"not json",
    "half of it": b"{",
    "no text": b"\xff\xfe",
    "a form": b"a=1&b=2",
    "a list": b"[]",
    "null": b"null",
    "a number": b"1",
    "a text": b'"payment.captured"',
}
UNREADABLE: tuple[Document, ...] = (
    {},
    {"event": 5},
    {"event": {"$gt": ""}},
    {"event": "a null \0 character"},
    {"event": "payment.captured", "created_at": 10**30, "payload": {}},
    {"event": "payment.captured", "payload": {"payment": {"entity": {"id": "pay_1"}}}},
    {"event": "payment.captured", "payload": {"payment": {"entity": {"amount": -5, "id": "pay_1"}}}},
)


def test_a_wrong_signature_changes_nothing(shop: Shop, database: Database[Document]) -> None:
    body = raw(captured(shop, shop.opened()))
    before = contents(database)

    answers = refusals(shop.app, {name: (body, forge(body)) for name, forge in FORGERIES.items()})

    assert answers == dict.fromkeys(FORGERIES, FORGED)
    assert contents(database) == before


def test_both_addresses_look_at_the_signature(shop: Shop, database: Database[Document]) -> None:
    body = raw(captured(shop, shop.opened()))

    answers = {refusal(post(shop.app, body, "0" * 64, address)) for address in ADDRESSES}

    assert answers == {FORGED}
    assert database["webhook_events"].count_documents({}) == 0


def test_no_signature_changes_nothing(shop: Shop, database: Database[Document]) -> None:
    delivery = signed(raw(captured(shop, shop.opened())))
    del delivery.headers["x-razorpay-signature"]
    before = contents(database)

    assert refusal(shop.post_webhook(delivery)) == FORGED
    assert contents(database) == before


def test_the_signature_of_checkout_is_none_of_a_message(shop: Shop, database: Database[Document]) -> None:
    opened = shop.opened()
    event = captured(shop, opened)
    payment = event["payload"]["payment"]["entity"]

    given = signatures.razorpay_checkout(payment["order_id"], payment["id"])

    assert refusal(post(shop.app, raw(event), given)) == FORGED
    assert standing(shop, opened) == ("INITIATED", "PENDING")


def test_a_signature_is_for_these_bytes_only(shop: Shop, database: Database[Document]) -> None:
    opened = shop.opened()
    body = raw(captured(shop, opened))
    given = signature(body)

    answers = refusals(shop.app, {name: (change(body), given) for name, change in CHANGES.items()})

    assert answers == dict.fromkeys(CHANGES, FORGED)
    assert database["webhook_events"].count_documents({}) == 0
    assert standing(shop, opened) == ("INITIATED", "PENDING")


def test_while_the_secret_changes_both_are_accepted(shop: Shop, make_shop_app: MakeShopApp) -> None:
    app = make_shop_app(webhook_secrets=(NEW_SECRET, OLD_SECRET))
    body = raw(captured(shop, shop.opened()))

    new, old = (post(app, body, signature(body, secret)) for secret in (NEW_SECRET, OLD_SECRET))
    other = post(app, body, signature(body, "a-third-secret"))

    assert (answer(new), answer(old)) == ((200, "ok"), (200, "ok"))
    assert refusal(other) == FORGED


def test_a_secret_that_was_dropped_is_accepted_no_more(shop: Shop, make_shop_app: MakeShopApp) -> None:
    app = make_shop_app(webhook_secrets=(NEW_SECRET,))
    body = raw(captured(shop, shop.opened()))

    assert refusal(post(app, body, signature(body, OLD_SECRET))) == FORGED


def test_without_a_secret_nothing_is_believed(
    shop: Shop, make_shop_app: MakeShopApp, database: Database[Document]
) -> None:
    apps = [make_shop_app(webhook_secrets=()), make_shop_app(webhook_secrets=("",))]
    body = raw(captured(shop, shop.opened()))

    answers = {refusal(post(app, body, signature(body, s))) for app in apps for s in ("", OLD_SECRET)}

    assert answers == {(503, "SERVICE_UNAVAILABLE")}
    assert database["webhook_events"].count_documents({}) == 0


@pytest.mark.parametrize("sender", ["razorpay", "paypal", "google-pay"])
def test_a_gateway_that_is_not_configured_is_not_listened_to(app: Flask, sender: str) -> None:
    delivery = signed(raw({"event": "payment.captured"}))
    client = app.test_client()

    answers = {
        refusal(client.post(f"{address}{sender}", data=delivery.raw, headers=delivery.headers))
        for address in ADDRESSES
    }

    assert answers == {(503, "SERVICE_UNAVAILABLE")}


def test_a_signed_body_that_is_no_json_object_is_refused(shop: Shop, database: Database[Document]) -> None:
    answers = refusals(shop.app, {name: (body, None) for name, body in NO_JSON.items()})

    assert answers == dict.fromkeys(NO_JSON, (400, "VALIDATION_ERROR"))
    assert database["webhook_events"].count_documents({}) == 0


def test_a_signed_body_nested_beyond_reading_is_refused(shop: Shop) -> None:
    nested = {"a list": b"[" * 100_000, "an object": b'{"event":' + b"[" * 100_000}

    answers = refusals(shop.app, {name: (body, None) for name, body in nested.items()})

    assert answers == dict.fromkeys(nested, (400, "VALIDATION_ERROR"))


def test_a_genuine_message_that_cannot_be_read_is_kept(shop: Shop, database: Database[Document]) -> None:
    answers = [answer(post(shop.app, raw(event))) for event in UNREADABLE * 2]

    assert answers == [(200, "ignored")] * 2 * len(UNREADABLE)
    assert states(database) == ["FAILED"] * len(UNREADABLE)


def test_a_genuine_message_in_broken_letters_is_kept(shop: Shop, database: Database[Document]) -> None:
    broken = (b'{"event":5,"x":"\\ud800"}', b'{"event":"broken \\ud800 text"}')

    answers = [post(shop.app, body).status_code for body in broken]

    assert answers == [200, 200]
    assert states(database) == ["FAILED", "FAILED"]
