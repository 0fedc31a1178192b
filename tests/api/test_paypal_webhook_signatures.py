"""Which messages are believed to be PayPal's, and meant for this shop."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from pymongo import MongoClient
from pymongo.database import Database

from backend import create_app
from backend.config import Settings
from backend.gateways.paypal_gateway import PayPalGateway
from backend.gateways.registry import Gateways
from backend.sandbox.server import SandboxServer
from tests.api.answers import refusal
from tests.api.gateway_events import answer, approved, mended, post, sent, standing, states
from tests.conftest import QUICK_PASSWORDS, services_of
from tests.gateways.controls import Delivery, quick_line
from tests.gateways.local_servers import LocalServer, Reply
from tests.shop import Shop, shop_settings

Document = dict[str, Any]
FORGED = (401, "INVALID_SIGNATURE")
WRONG = (
    ("paypal-transmission-id", "another-transmission"),
    ("paypal-transmission-time", "2026-01-01T00:00:00Z"),
    ("paypal-transmission-time", "yesterday"),
    ("paypal-transmission-sig", "Z2FyYmFnZQ=="),
    ("paypal-transmission-sig", "\xe9"),
    ("paypal-auth-algo", "SHA1withRSA"),
)
CERTIFICATES = "/v1/notifications/certs/CERT-1"

MakeShopApp = Callable[..., Flask]


@pytest.fixture
def make_shop_app(
    settings: Settings, sandbox_server: SandboxServer, mongo_client: MongoClient[Document]
) -> Iterator[MakeShopApp]:
    """Make shops with another subscription at PayPal, or another idea of what time it is."""
    made: list[Flask] = []

    def make(*, fast: timedelta = timedelta(0), **paypal: Any) -> Flask:
        usual = shop_settings(settings, sandbox_server)
        changed = replace(usual, paypal=replace(usual.paypal, **paypal))
        line = quick_line("paypal")
        gateway = PayPalGateway(changed.paypal, line=line, now=lambda: datetime.now(UTC) + fast)
        made.append(
            create_app(changed, client=mongo_client, gateways=Gateways([gateway]), passwords=QUICK_PASSWORDS)
        )
        return made[-1]

    yield make
    for app in made:
        services_of(app).ledger.close()


def test_a_message_for_another_subscription_is_not_ours(
    shop: Shop, make_shop_app: MakeShopApp, database: Database[Document]
) -> None:
    approved(shop)
    delivery = sent(shop)

    assert refusal(post(make_shop_app(webhook_id="WH-ANOTHER"), delivery)) == FORGED
    assert refusal(post(make_shop_app(webhook_id=""), delivery)) == (503, "SERVICE_UNAVAILABLE")
    assert states(database) == []


def test_a_transmission_counts_for_some_days(shop: Shop, make_shop_app: MakeShopApp) -> None:
    approved(shop)
    delivery = sent(shop)
    clocks = {
        timedelta(days=4, minutes=1): 401,
        timedelta(minutes=-11): 401,
        timedelta(days=3, hours=23): 200,
        timedelta(minutes=-9): 200,
    }

    answers = {fast: post(make_shop_app(fast=fast), delivery).status_code for fast in clocks}

    assert answers == clocks


def test_every_header_is_signed_or_looked_at(shop: Shop, database: Database[Document]) -> None:
    approved(shop)
    delivery = sent(shop)
    changes = [{name: value} for name, value in WRONG]
    removals = [{name: ""} for name in delivery.headers if name.startswith("paypal-")]

    for change in changes + removals:
        changed = Delivery(delivery.raw, delivery.headers | change)
        assert (change, refusal(post(shop.app, changed))) == (change, FORGED)

    assert (len(removals), states(database)) == (5, [])


def test_a_changed_body_is_not_paypals(shop: Shop, database: Database[Document]) -> None:
    approved(shop)
    delivery = sent(shop)

    for body in (delivery.raw + b" ", delivery.raw.replace(b"APPROVED", b"COMPLETE"), b""):
        assert refusal(post(shop.app, Delivery(body, delivery.headers))) == FORGED

    assert states(database) == []


def test_a_certificate_is_fetched_from_paypal_only(shop: Shop, database: Database[Document]) -> None:
    approved(shop)
    delivery = sent(shop)
    ours, path = shop.sandbox.url, CERTIFICATES

    with LocalServer(lambda _: Reply(b"")) as other:
        host = other.url.removeprefix("http://")
        for url in (
            other.url + path,
            f"{ours}@{host}{path}",
            f"https://api.paypal.com@{host}{path}",
            f"https://api.paypal.com.{host}{path}",
            f"{ours}/../..//{host}{path}",
            f"{ours}{path}/../../../sandbox/books",
            "file:///etc/passwd",
            "http://169.254.169.254/latest/meta-data",
        ):
            headers = delivery.headers | {"paypal-cert-url": url}
            assert refusal(post(shop.app, Delivery(delivery.raw, headers))) == FORGED
        assert other.asked == []
    assert states(database) == []


def test_paypal_can_be_asked_whether_it_has_sent_a_message(
    shop: Shop, make_shop_app: MakeShopApp, database: Database[Document]
) -> None:
    opened = approved(shop)
    app = make_shop_app(verifies_by_postback=True)
    delivery = sent(shop)

    changed = post(app, Delivery(delivery.raw.replace(b"1.0", b"1.1", 1), delivery.headers))
    genuine = post(app, delivery)

    assert (refusal(changed), answer(genuine)) == (FORGED, (200, "ok"))
    assert standing(shop, opened) == ("COMPLETED", "PAID")


def test_while_paypal_serves_no_certificate_its_messages_have_to_wait(
    shop: Shop, database: Database[Document]
) -> None:
    opened = approved(shop)
    delivery = sent(shop)
    shop.sandbox.fault("/v1/notifications/certs", "error", status=503, times=20)

    early = post(shop.app, delivery)
    mended(shop)
    later = post(shop.app, delivery)

    assert refusal(early)[0] in (502, 503, 504)
    assert answer(later) == (200, "ok")
    assert standing(shop, opened) == ("COMPLETED", "PAID")
