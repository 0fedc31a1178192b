"""Admins say which of the shop's own systems hear of events, and see what was sent to them."""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from standardwebhooks.webhooks import Webhook

from backend.outbox import EventType
from tests.api.answers import faulty_fields, refusal
from tests.api.conftest import MakeApp
from tests.conftest import Person, services_of
from tests.gateways.local_servers import LocalServer, Reply
from tests.mongo.hooks import event

ENDPOINTS = "/api/admin/webhook-endpoints"
NOWHERE = "https://nowhere.invalid/hooks"
ODD = {
    "no address": {"events": ["*"]},
    "an address that is none": {"url": "hooks"},
    "plain text": {"url": 5},
    "an event that does not exist": {"url": NOWHERE, "events": ["order.eaten"]},
    "no events": {"url": NOWHERE, "events": []},
    "an unknown field": {"url": NOWHERE, "secret": "whsec_mine"},
    "an operator": {"url": {"$gt": ""}},
    "a very long description": {"url": NOWHERE, "description": "x" * 201},
}
PRIVATE = (
    "https://127.0.0.1/",
    "https://localhost/",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1:8443/",
    "https://[::1]/",
    "https://[::ffff:192.168.0.1]/",
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://0/",
)


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(webhook_allow_private=True)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


def created(admin: Person, url: str = NOWHERE, **more: Any) -> Any:
    response = admin.post(ENDPOINTS, {"url": url} | more)
    assert response.status_code == 201, response.text
    return response.json["data"]


def happens(admin: Person, *keys: str) -> None:
    """Let orders be paid, and tell of them what is due."""
    for key in keys:
        admin.services.merchant_webhooks.take(event(key))
    while admin.services.merchant_webhooks.deliver():
        pass


def test_an_endpoint_is_created_with_a_secret_that_no_later_answer_shows(admin: Person) -> None:
    endpoint = created(admin, events=["order.paid", "refund.completed"], description="The ERP")

    shown = admin.get(f"{ENDPOINTS}/{endpoint['id']}")
    listed = admin.get(ENDPOINTS)

    secret = endpoint.pop("secret")
    assert secret.startswith("whsec_")
    assert secret.endswith(endpoint["secret_hint"])
    assert shown.json["data"] == listed.json["data"][0] == endpoint
    assert secret not in shown.text + listed.text
    assert (endpoint["status"], endpoint["sequence"]) == ("enabled", 0)
    assert endpoint["events"] == ["order.paid", "refund.completed"]


def test_an_endpoint_wants_everything_unless_it_says_what(admin: Person) -> None:
    assert created(admin)["events"] == ["*"]
    every = created(admin, events=[one.value for one in EventType])["events"]
    assert set(every) == {one.value for one in EventType}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_an_odd_endpoint_is_refused(admin: Person, body: Any) -> None:
    assert refusal(admin.post(ENDPOINTS, body)) == (400, "VALIDATION_ERROR")
    assert admin.get(ENDPOINTS).json["total"] == 0


@pytest.mark.parametrize("url", PRIVATE)
def test_a_private_address_is_refused_when_created_and_when_changed(make_app: MakeApp, url: str) -> None:
    owner = Person(make_app(), email="owner@shop.example", is_admin=True)
    endpoint = created(owner)

    assert faulty_fields(owner.post(ENDPOINTS, {"url": url})) == {"url"}
    changed = owner.send("PATCH", f"{ENDPOINTS}/{endpoint['id']}", json={"url": url})
    assert faulty_fields(changed) == {"url"}
    assert [row["url"] for row in owner.get(ENDPOINTS).json["data"]] == [NOWHERE]


def test_production_takes_https_only(make_app: MakeApp) -> None:
    owner = Person(make_app(environment="production"), email="owner@shop.example", is_admin=True)

    assert faulty_fields(owner.post(ENDPOINTS, {"url": "http://nowhere.invalid/"})) == {"url"}
    assert created(owner)["url"] == NOWHERE


def test_endpoints_are_listed_newest_first(admin: Person) -> None:
    ids = [created(admin)["id"] for _ in range(3)]

    page = admin.get(f"{ENDPOINTS}?limit=2&skip=1").json

    assert ([row["id"] for row in page["data"]], page["total"]) == (ids[1::-1], 3)


def test_an_endpoint_is_changed_field_by_field(admin: Person) -> None:
    endpoint = created(admin, description="The ERP")
    path = f"{ENDPOINTS}/{endpoint['id']}"

    admin.send("PATCH", path, json={"events": ["refund.failed"]})
    off = admin.send("PATCH", path, json={"enabled": False, "description": None}).json["data"]
    on = admin.send("PATCH", path, json={"enabled": True}).json["data"]

    assert (off["status"], off["disabled_reason"], off["description"]) == ("disabled", "an admin", None)
    assert (on["status"], on["disabled_reason"]) == ("enabled", None)
    assert (on["events"], on["url"]) == (["refund.failed"], NOWHERE)
    assert refusal(admin.send("PATCH", path, json={"sequence": 5})) == (400, "VALIDATION_ERROR")
    assert refusal(admin.send("PATCH", path, json={"enabled": "yes"})) == (400, "VALIDATION_ERROR")


def test_a_deleted_endpoint_is_kept_and_can_only_be_looked_at(admin: Person, server: LocalServer) -> None:
    endpoint = created(admin, server.url)
    happens(admin, "order_1")
    path = f"{ENDPOINTS}/{endpoint['id']}"

    answers = [admin.send("DELETE", path).json["data"] for _ in range(2)]

    assert answers[0] == answers[1] == admin.get(path).json["data"]
    assert (answers[0]["status"], admin.get(ENDPOINTS).json["total"]) == ("deleted", 0)
    assert admin.get(f"{path}/deliveries").json["total"] == 1
    for change in (
        admin.send("PATCH", path, json={"enabled": True}),
        admin.post(f"{path}/rotate-secret", {}),
        admin.post(f"{path}/test"),
    ):
        assert refusal(change) == (404, "WEBHOOK_ENDPOINT_NOT_FOUND")


def test_a_ping_tells_at_once_whether_somebody_is_there(admin: Person, server: LocalServer) -> None:
    endpoint = created(admin, server.url)
    server.answer = lambda _: Reply(b"thanks", 202)
    good = admin.post(f"{ENDPOINTS}/{endpoint['id']}/test").json["data"]
    server.answer = lambda _: Reply(b"who are you?", 401)
    bad = admin.post(f"{ENDPOINTS}/{endpoint['id']}/test").json["data"]

    asked = server.asked[0]
    read: Any = Webhook(endpoint["secret"]).verify(asked.body, dict(asked.headers))
    assert (read["type"], read["sequence"], read["data"]) == ("ping", None, {})
    assert (good["delivered"], good["status"], good["error"]) == (True, 202, None)
    assert (bad["delivered"], bad["status"], bad["error"], bad["response"]) == (
        *(False, 401, "HTTP_401"),
        "who are you?",
    )


def test_deliveries_are_listed_newest_first_with_every_try(admin: Person, server: LocalServer) -> None:
    endpoint = created(admin, server.url)
    happens(admin, "order_1")
    server.answer = lambda _: Reply(b"no", 503)
    happens(admin, "order_2")
    path = f"{ENDPOINTS}/{endpoint['id']}/deliveries"

    listed = admin.get(path).json
    pending = admin.get(f"{path}?state=PENDING&type=order.paid").json

    assert [row["sequence"] for row in listed["data"]] == [2, 1]
    assert pending["total"] == 1
    [row] = pending["data"]
    assert (row["state"], row["tries"], row["reason"]) == ("PENDING", 1, "HTTP_503")
    assert (row["attempts"][0]["status"], row["attempts"][0]["response"]) == (503, "no")
    assert admin.get(f"{path}?type=refund.failed").json["total"] == 0
    assert refusal(admin.get(f"{path}?state=LOST")) == (400, "VALIDATION_ERROR")
    assert admin.get(f"{ENDPOINTS}/{endpoint['id']}").json["data"]["last_error"] == "HTTP_503"


def test_a_delivery_is_sent_again_on_demand(admin: Person, server: LocalServer) -> None:
    endpoint = created(admin, server.url)
    happens(admin, "order_1")
    [row] = admin.get(f"{ENDPOINTS}/{endpoint['id']}/deliveries").json["data"]

    response = admin.post(f"/api/admin/webhook-deliveries/{row['id']}/resend")
    happens(admin)
    admin.send("PATCH", f"{ENDPOINTS}/{endpoint['id']}", json={"enabled": False})
    refused = admin.post(f"/api/admin/webhook-deliveries/{row['id']}/resend")

    assert (response.status_code, response.json["data"]["state"]) == (202, "PENDING")
    assert len(server.asked) == 2
    assert refusal(refused) == (409, "CONFLICT")


def test_a_new_secret_is_shown_once_and_signs_beside_the_old_one(admin: Person, server: LocalServer) -> None:
    endpoint = created(admin, server.url)
    path = f"{ENDPOINTS}/{endpoint['id']}/rotate-secret"

    rotated = admin.post(path, {"grace_hours": 1}).json["data"]
    happens(admin, "order_1")

    [asked] = server.asked
    assert rotated["secret"] != endpoint["secret"]
    for secret in (rotated["secret"], endpoint["secret"]):
        Webhook(secret).verify(asked.body, dict(asked.headers))
    for hours in (-1, 169, "1", 1.5):
        assert refusal(admin.post(path, {"grace_hours": hours})) == (400, "VALIDATION_ERROR")


def test_field_keys_are_rotated_by_command(make_app: MakeApp) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    created(Person(make_app(field_encryption_keys=(old,)), email="owner@shop.example", is_admin=True))
    app = make_app(field_encryption_keys=(new, old))

    results = [app.test_cli_runner().invoke(args=["rotate-field-keys"]).output for _ in range(2)]

    assert ["1 webhook endpoints" in result for result in results] == [True, False]
    [endpoint] = services_of(app).webhook_endpoints.page(limit=9, skip=0)[0]
    fresh = services_of(make_app(field_encryption_keys=(new,))).webhook_endpoints
    assert fresh.signing_secrets(endpoint["_id"])
