"""What a customer and an admin see of all that went between wallets and gateways."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend import create_app, db
from backend.config import Settings
from tests.api.answers import faulty_fields, refusal
from tests.api.meetings import pay_with_wallet, refund_order, topup, verify_topup
from tests.api.servers import free_port
from tests.conftest import services_of
from tests.shop import Shop


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """A shop whose customer has topped up 500, paid 300, and got 100 of it back."""
    opened = topup(shop, 500)
    verify_topup(shop, opened, shop.pay(opened))
    order_id = shop.order(30_000)
    pay_with_wallet(shop, order_id, 300)
    refund_order(shop, order_id, 100)
    return shop


@pytest.fixture
def away() -> Iterator[Flask]:
    """An application whose database is not there."""
    uri = f"mongodb://127.0.0.1:{free_port()}/?replicaSet=batua&serverSelectionTimeoutMS=200"
    app = create_app(Settings(environment="test", mongodb_uri=uri), client=db.connect(uri))
    yield app
    services_of(app).ledger.close()


def logs(shop: Shop, **filters: Any) -> Any:
    return shop.admin.get("/api/integration/logs", query_string=filters).json


def test_the_status_adds_up_what_went_through_the_wallet(busy: Shop) -> None:
    found = busy.customer.get(f"/api/integration/status/{busy.customer.id}").json

    assert (found["success"], found["wallet"]["balance"], found["wallet"]["available"]) == (True, 300, 300)
    assert found["statistics"] == {
        "total_topups": 500,
        "total_spent": 300,
        "total_refunded": 100,
        "topup_count": 1,
        "payment_count": 1,
        "refund_count": 1,
    }


def test_the_status_shows_the_ten_newest_transactions(busy: Shop) -> None:
    for _ in range(9):
        busy.customer.is_given(100)

    recent = busy.customer.get(f"/api/integration/status/{busy.customer.id}").json["recent_transactions"]

    assert [entry["seq"] for entry in recent] == list(range(12, 2, -1))
    assert (recent[-1]["type"], recent[-1]["amount"]) == ("refund", 100)


def test_the_status_of_somebody_else_is_private(busy: Shop) -> None:
    refused = busy.customer.get(f"/api/integration/status/{busy.admin.id}")

    assert refusal(refused) == (403, "FORBIDDEN")
    assert busy.admin.get(f"/api/integration/status/{busy.customer.id}").status_code == 200


def test_nobody_has_no_status(shop: Shop) -> None:
    assert refusal(shop.admin.get("/api/integration/status/nobody")) == (404, "CUSTOMER_NOT_FOUND")


def test_the_trail_has_a_line_for_each_movement(busy: Shop) -> None:
    found = logs(busy)

    kinds = [(line["kind"], line["status"], line["amount"]) for line in found["logs"]]
    assert (found["success"], found["total"]) == (True, 3)
    assert kinds == [
        ("refund", "REFUNDED", 100),
        ("order_payment", "SUCCESS", 300),
        ("topup", "SUCCESS", 500),
    ]
    assert all(line["transaction_id"].startswith("tx_") for line in found["logs"])


@pytest.mark.parametrize("name", ["customer_id", "payment_id", "order_id", "gateway_payment_id"])
def test_the_trail_is_filtered(busy: Shop, name: str) -> None:
    wanted = next(line for line in logs(busy)["logs"] if line[name])
    asked = {"payment_id" if name == "gateway_payment_id" else name: wanted[name]}

    found = logs(busy, **asked)["logs"]

    assert wanted in found
    assert all(line[name] == wanted[name] for line in found)
    assert logs(busy, **dict.fromkeys(asked, "nothing"))["total"] == 0


def test_the_trail_is_filtered_by_how_it_ended(busy: Shop) -> None:
    assert [logs(busy, status=status)["total"] for status in ("SUCCESS", "REFUNDED", "FAILED")] == [2, 1, 0]


def test_a_topup_that_could_not_be_opened_leaves_a_line(shop: Shop) -> None:
    shop.sandbox.fault("/v1/orders", "error")
    body = {"customer_id": shop.customer.id, "amount": 100, "payment_method": "razorpay"}
    shop.customer.post("/api/integration/wallet/topup/initiate", body)

    [line] = logs(shop, status="FAILED")["logs"]
    assert (line["kind"], line["amount"], line["transaction_id"]) == ("topup", 100, None)
    assert line["error"]


def test_the_trail_is_for_admins(shop: Shop) -> None:
    assert refusal(shop.customer.get("/api/integration/logs")) == (403, "FORBIDDEN")


def test_an_unknown_filter_is_refused(shop: Shop) -> None:
    assert faulty_fields(shop.admin.get("/api/integration/logs?status=lost")) == {"status"}


def test_everybody_may_ask_what_works_here(shop: Shop) -> None:
    found = shop.app.test_client().get("/api/integration/health")

    assert (found.status_code, found.json["success"], found.json["status"]) == (200, True, "ok")
    assert (found.json["database"], set(found.json["features"].values())) == ("ok", {True})
    assert found.json["version"]


def test_without_a_gateway_only_the_wallet_works(api: FlaskClient) -> None:
    features = api.get("/api/integration/health").json["features"]

    assert {name for name, works in features.items() if works} == {"order_payment", "refund_to_wallet"}


def test_health_is_degraded_while_the_database_is_away(away: Flask) -> None:
    found = away.test_client().get("/api/integration/health")

    assert (found.status_code, found.json["success"], found.json["status"]) == (503, False, "degraded")
    assert (found.json["database"], found.headers["Retry-After"]) == ("away", "2")
