"""The commands that set an installation up and look after it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from pymongo.database import Database

from backend import create_app, db, demo
from backend.config import Settings
from tests.api.answers import contents
from tests.api.conftest import MakeApp
from tests.api.servers import free_port
from tests.api.shops import another_shop
from tests.conftest import services_of
from tests.shop import Shop

Document = dict[str, Any]


def run(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(args=list(arguments))


def long_ago(database: Database[Document]) -> None:
    """Let all that has not ended be ten minutes old."""
    before = datetime.now(UTC) - timedelta(minutes=10)
    database["payment_orders"].update_many({}, {"$set": {"updated_at": before}})


def save_card(shop: Shop) -> None:
    """Let a customer pay, and keep the card."""
    opened = shop.opened()
    shop.verify(opened, shop.pay(opened, customer_id=opened["checkout"]["customer_id"], save=True))
    body = {"type": "card", "gateway": "razorpay", "payment_id": opened["payment_id"]}
    assert shop.customer.post("/api/payments/save-method", body).status_code == 201


def test_the_database_can_be_set_up_again_and_again(app: Flask) -> None:
    results = [run(app, "init-db") for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 0]
    assert "ready" in results[1].output


def test_the_demo_has_an_admin_customers_with_credit_and_products(
    app: Flask, database: Database[Document]
) -> None:
    result = run(app, "seed-demo")

    assert result.exit_code == 0
    assert all(login.password in result.output for login in (demo.ADMIN, *demo.CUSTOMERS))
    assert database["products"].count_documents({}) == len(demo.PRODUCTS)
    assert services_of(app).users.log_in(email=demo.ADMIN.email, password=demo.ADMIN.password)


def test_seeding_the_demo_again_gives_nothing_twice(app: Flask, database: Database[Document]) -> None:
    run(app, "seed-demo")

    result = run(app, "seed-demo")

    assert result.exit_code == 0
    assert database["customers_v2"].count_documents({}) == 1 + len(demo.CUSTOMERS)
    assert database["wallet_transactions"].count_documents({}) == len(demo.CUSTOMERS)


def test_the_demo_keeps_out_of_production(make_app: MakeApp, database: Database[Document]) -> None:
    app = make_app(environment="production")

    result = run(app, "seed-demo")

    assert result.exit_code == 1
    assert database["customers_v2"].count_documents({}) == 0


def test_an_admin_needs_an_email_that_is_one(app: Flask, database: Database[Document]) -> None:
    result = app.test_cli_runner(env={"ADMIN_PASSWORD": "a long password"}).invoke(
        args=["create-admin", "not an e-mail"]
    )

    assert result.exit_code == 1
    assert database["customers_v2"].count_documents({}) == 0


def test_reconciling_brings_home_what_was_paid_unheard(shop: Shop) -> None:
    opened = shop.opened()
    shop.pay(opened)
    long_ago(shop.database)

    result = run(shop.app, "reconcile")

    assert (result.exit_code, "issues 0" in result.output) == (0, True)
    assert "unfinished             checked 1, recovered 1" in result.output
    assert shop.payment(opened)["status"] == "COMPLETED"
    assert shop.order_of(opened)["payment_status"] == "PAID"


def test_reconciling_names_what_it_could_not_find_out(shop: Shop) -> None:
    opened = shop.opened()
    long_ago(shop.database)
    shop.sandbox.fault("^/v1/", "error", times=9)

    result = run(shop.app, "reconcile")

    [named] = [line for line in result.output.splitlines() if opened["payment_id"] in line]
    assert result.exit_code == 0
    assert "unfinished             checked 1, recovered 0, issues 1" in result.output
    assert f"unfinished {opened['payment_id']}: " in named


def test_rotating_keys_leaves_nothing_to_the_old_one(shop: Shop) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with another_shop(shop, field_encryption_keys=(old,)) as before:
        save_card(before)
        before.deliver(before.events()[-1], event_id="evt_1")

    with another_shop(shop, field_encryption_keys=(new, old)) as between:
        results = [run(between.app, "rotate-field-keys") for _ in range(2)]

    assert [result.output for result in results] == [
        "1 saved methods, 1 messages\n0 webhook endpoints\n",
        "0 saved methods, 0 messages\n0 webhook endpoints\n",
    ]
    with another_shop(shop, field_encryption_keys=(new,)) as after:
        [method] = after.customer.get("/api/payments/saved-methods").json["data"]
        shown = after.admin.get("/api/admin/webhook-events/razorpay:evt_1").json["data"]
        assert shown["body"]["event"] == shown["type"]
        assert after.customer.send("DELETE", f"/api/payments/saved-methods/{method['id']}").status_code == 200


def test_what_no_key_fits_is_left_as_it_is(shop: Shop) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with another_shop(shop, field_encryption_keys=(old,)) as before:
        save_card(before)
        before.deliver(before.events()[-1])
    stored = contents(shop.database)

    with another_shop(shop, field_encryption_keys=(new,)) as stranger:
        result = run(stranger.app, "rotate-field-keys")

    assert (result.exit_code, result.output) == (0, "0 saved methods, 0 messages\n0 webhook endpoints\n")
    assert contents(shop.database) == stored


@pytest.mark.parametrize("command", ["init-db", "verify-ledger", "reconcile", "rotate-field-keys"])
def test_a_database_that_is_away_is_named(settings: Settings, command: str) -> None:
    uri = f"mongodb://127.0.0.1:{free_port()}/?replicaSet=batua"
    app = create_app(replace(settings, mongodb_uri=uri), client=db.connect(uri))

    result = run(app, command)

    services_of(app).ledger.close()
    assert result.exit_code == 1
    assert "MongoDB does not answer" in result.output
