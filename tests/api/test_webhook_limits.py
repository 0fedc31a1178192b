"""How often an address may send forged messages, and that genuine ones are never turned away."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from pymongo import MongoClient

from backend import create_app, db
from backend.config import Settings
from backend.sandbox.server import SandboxServer
from tests.api.answers import refusal
from tests.api.contract import Contract
from tests.api.gateway_events import ADDRESSES, answer, captured, raw, signed
from tests.api.servers import free_port
from tests.conftest import QUICK_PASSWORDS, Person, services_of
from tests.gateways.controls import Controls
from tests.shop import Shop, quick_gateways, shop_settings

Document = dict[str, Any]
FORGED, TOO_MANY = (401, "INVALID_SIGNATURE"), (429, "RATE_LIMITED")
AN_HOUR = 3600

MakeShop = Callable[..., Shop]


@pytest.fixture
def make_shop(
    settings: Settings,
    sandbox_server: SandboxServer,
    sandbox: Controls,
    mongo_client: MongoClient[Document],
) -> Iterator[MakeShop]:
    """Make shops that count forged messages."""
    made: list[tuple[Flask, Contract]] = []

    def make(**changes: Any) -> Shop:
        usual = replace(shop_settings(settings, sandbox_server), ratelimit_enabled=True)
        shop = replace(usual, **changes)
        app = create_app(shop, client=mongo_client, gateways=quick_gateways(shop), passwords=QUICK_PASSWORDS)
        made.append((app, Contract(app)))
        customer = Person(app, email="asha@shop.example")
        return Shop(app, sandbox, customer, Person(app, email="owner@shop.example", is_admin=True))

    yield make
    for app, _ in made:
        services_of(app).ledger.close()
    assert [violation for _, contract in made for violation in contract.violations] == []


def forge(shop: Shop, *, at: str = "razorpay", address: str = ADDRESSES[0], ip: str = "192.0.2.1") -> Any:
    delivery = signed(raw({"event": "payment.captured"}), "0" * 64)
    client = shop.app.test_client()
    options: Any = {"headers": delivery.headers, "environ_base": {"REMOTE_ADDR": ip}}
    return client.post(f"{address}{at}", data=delivery.raw, **options)


def test_an_address_that_forges_too_often_is_told_to_wait(make_shop: MakeShop) -> None:
    shop = make_shop(webhook_failure_limit="5/hour")

    answers = [forge(shop, address=address) for address in ADDRESSES * 4]

    assert [refusal(response) for response in answers] == [FORGED] * 5 + [TOO_MANY] * 3
    assert {0 < int(response.headers["Retry-After"]) <= AN_HOUR for response in answers[5:]} == {True}


def test_a_hundred_a_minute_is_what_is_borne_unless_told_otherwise(make_shop: MakeShop) -> None:
    shop = make_shop(webhook_failure_limit=Settings().webhook_failure_limit.replace("minute", "hour"))

    answers = [refusal(forge(shop)) for _ in range(103)]

    assert answers == [FORGED] * 100 + [TOO_MANY] * 3
    assert Settings().webhook_failure_limit == "100/minute"


def test_genuine_messages_are_never_turned_away(make_shop: MakeShop) -> None:
    shop = make_shop(webhook_failure_limit="2/hour")
    opened = shop.opened()
    body = raw(captured(shop, opened))
    forged = [refusal(forge(shop, ip="127.0.0.1")) for _ in range(4)]

    answers = [answer(shop.post_webhook(signed(body))) for _ in range(10)]

    assert forged == [FORGED] * 2 + [TOO_MANY] * 2
    assert answers == [(200, "ok")] * 10
    assert refusal(forge(shop, ip="127.0.0.1")) == TOO_MANY
    assert shop.order_of(opened)["payment_status"] == "PAID"


def test_genuine_messages_do_not_count(make_shop: MakeShop) -> None:
    shop = make_shop(webhook_failure_limit="1/hour")
    body = raw({"event": "made.up", "payload": {}})

    answers = [shop.post_webhook(signed(body)).status_code for _ in range(5)]

    assert answers == [200] * 5
    assert refusal(forge(shop, ip="127.0.0.1")) == FORGED


def test_each_address_has_its_own_count(make_shop: MakeShop) -> None:
    shop = make_shop(webhook_failure_limit="1/hour")

    one = [refusal(forge(shop, ip="192.0.2.1")) for _ in range(2)]
    other = [refusal(forge(shop, ip="192.0.2.2")) for _ in range(2)]

    assert one == other == [FORGED, TOO_MANY]


def test_all_senders_share_the_count(make_shop: MakeShop) -> None:
    shop = make_shop(webhook_failure_limit="2/hour")

    answers = [refusal(forge(shop, at=sender)) for sender in ("razorpay", "paypal", "razorpay", "paypal")]

    assert answers == [FORGED] * 2 + [TOO_MANY] * 2


def test_the_limit_can_be_turned_off(make_shop: MakeShop) -> None:
    shop = make_shop(webhook_failure_limit="1/hour", ratelimit_enabled=False)

    assert [refusal(forge(shop)) for _ in range(5)] == [FORGED] * 5


def test_a_forged_message_is_one_though_it_cannot_be_counted(
    settings: Settings, sandbox_server: SandboxServer, sandbox: Controls
) -> None:
    uri = f"mongodb://127.0.0.1:{free_port()}/?replicaSet=batua"
    away = replace(shop_settings(settings, sandbox_server), ratelimit_enabled=True, mongodb_uri=uri)
    app = create_app(away, client=db.connect(uri), gateways=quick_gateways(away))
    delivery = signed(raw({"event": "payment.captured"}), "0" * 64)

    response = app.test_client().post(f"{ADDRESSES[0]}razorpay", data=delivery.raw, headers=delivery.headers)

    services_of(app).ledger.close()
    assert refusal(response) == FORGED
