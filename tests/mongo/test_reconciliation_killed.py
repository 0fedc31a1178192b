"""A reconciliation that is killed is taken up by the next one, at the step and the page where it was."""

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from pymongo import MongoClient

from backend import create_app
from backend.config import Settings
from backend.sandbox import keys
from backend.sandbox.server import SandboxServer
from tests.api.servers import until
from tests.conftest import QUICK_PASSWORDS, Document, Person, services_of
from tests.gateways.controls import Controls
from tests.reconciling import LONG_AGO, asked, paid_elsewhere, part
from tests.shop import DECLINED_CARD, Shop, quick_gateways, shop_settings

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def shop(
    settings: Settings, sandbox_server: SandboxServer, sandbox: Controls, mongo_client: MongoClient[Document]
) -> Iterator[Shop]:
    own = shop_settings(settings, sandbox_server)
    app: Flask = create_app(own, client=mongo_client, gateways=quick_gateways(own), passwords=QUICK_PASSWORDS)
    customer = Person(app, email="asha@shop.example")
    yield Shop(app, sandbox, customer, Person(app, email="owner@shop.example", is_admin=True))
    services_of(app).ledger.close()


def environment(shop: Shop) -> dict[str, str]:
    settings = shop.services.settings
    return {
        "MONGODB_URI": settings.mongodb_uri,
        "MONGODB_DB": settings.mongodb_db,
        "RAZORPAY_KEY_ID": keys.RAZORPAY_KEY_ID,
        "RAZORPAY_KEY_SECRET": keys.RAZORPAY_KEY_SECRET,
        "RAZORPAY_WEBHOOK_SECRET": keys.RAZORPAY_WEBHOOK_SECRET,
        "RAZORPAY_API_URL": shop.sandbox.url,
        "PAYPAL_CLIENT_ID": keys.PAYPAL_CLIENT_ID,
        "PAYPAL_CLIENT_SECRET": keys.PAYPAL_CLIENT_SECRET,
        "PAYPAL_API_URL": shop.sandbox.url,
    }


def killed_at(shop: Shop, spawn: Start, path: str) -> Any:
    """Kill the command while a gateway is answering it, and give the report that it leaves behind."""
    shop.sandbox.fault(path, "delay", seconds=3)
    process = spawn("-m", "flask", "--app", "wsgi", "reconcile", "--min-age", "0", **environment(shop))
    until(lambda: process.poll() is not None or not shop.sandbox.get("faults")["faults"], seconds=30)
    process.kill()
    assert process.wait() == -9, process.communicate()
    [halfway] = shop.database["reconciliation_logs"].find()
    assert halfway["state"] == "RUNNING"
    return halfway


def taken_up(shop: Shop) -> Any:
    """Let some minutes pass, and reconcile."""
    shop.database["reconciliation_logs"].update_many({}, {"$set": {"alive_at": LONG_AGO}})
    return shop.services.reconciliation.run()


def test_it_goes_on_at_the_step_where_it_was(shop: Shop, spawn: Start) -> None:
    opened = shop.opened()
    shop.pay(opened)
    paid_elsewhere(shop)
    halfway = killed_at(shop, spawn, "^/v1/refunds$")
    assert halfway["done"] == ["unfinished", "payments:razorpay", "captures:razorpay"]
    listed = asked(shop, "/v1/payments")

    report = taken_up(shop)

    assert (report["_id"], report["state"], report["issues_total"]) == (halfway["_id"], "DONE", 1)
    assert part(report, "unfinished") == part(halfway, "unfinished") == (1, 1, 0)
    assert asked(shop, "/v1/payments") == listed
    assert {"refunds:razorpay", "payments:paypal", "books"} < set(report["done"])


def test_it_goes_on_at_the_page_where_it_was(shop: Shop, spawn: Start) -> None:
    oldest = paid_elsewhere(shop)  # It is on the last of three pages.
    opened = shop.opened()
    for _ in range(209):
        shop.pay(opened, card_number=DECLINED_CARD, method="card")

    halfway = killed_at(shop, spawn, f"^/v1/payments/{oldest}$")
    before = len(asked(shop, "/v1/payments"))
    report = taken_up(shop)

    assert halfway["cursor"] == {"step": "payments:razorpay", "at": "200"}
    [query] = asked(shop, "/v1/payments")[before:]
    assert "skip=200" in query
    assert part(report, "payments:razorpay")[0] == 210
    assert shop.database["payment_exceptions"].distinct("gateway_payment_id") == [oldest]


def test_one_that_is_alive_is_left_alone(shop: Shop, spawn: Start) -> None:
    halfway = killed_at(shop, spawn, "^/v1/refunds$")

    report: Any = shop.services.reconciliation.run()

    assert (report["state"], report["_id"] == halfway["_id"]) == ("DONE", False)
    assert shop.database["reconciliation_logs"].count_documents({"state": "RUNNING"}) == 1
