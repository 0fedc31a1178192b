"""Customers hear of their money, by the ways they want, whatever the providers do."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from backend.outbox import AT_ONCE
from backend.sandbox import keys
from tests.shop import Shop

PHONE = "+919876543210"
WEBHOOK = "/api/webhooks/whatsapp"


@pytest.fixture(autouse=True)
def asha_reads_whatsapp(shop: Shop) -> Iterator[None]:
    """Give the shop's customer a telephone, and their consent; messages are never slowed down."""
    shop.database["customers_v2"].update_one({"_id": shop.customer.id}, {"$set": {"phone": PHONE}})
    wants(shop, whatsapp=True)
    yield
    shop.mend()


def wants(shop: Shop, **preferences: Any) -> Any:
    return shop.customer.send("PUT", "/api/auth/preferences", json=preferences)


def work(shop: Shop) -> None:
    """Do what the worker does until nothing is due."""
    while shop.services.outbox.dispatch():
        pass
    while shop.services.messages.deliver():
        pass


def make_due(shop: Shop) -> None:
    """Let all waiting be over."""
    for name in ("outbox", "messages"):
        shop.database[name].update_many({"state": "PENDING"}, {"$set": {"due_at": AT_ONCE}})


def rows(shop: Shop) -> list[Any]:
    found: list[Any] = shop.admin.get("/api/admin/messages").json["data"]
    return found


def arrived(shop: Shop) -> list[Any]:
    """List what the customer's telephone has shown."""
    found: list[Any] = shop.sandbox.books()["messages"]
    return found


def report(shop: Shop, status: str, message: Any, *, secret: str = keys.WHATSAPP_APP_SECRET) -> Any:
    """Be Meta, telling what became of a message."""
    said = {
        "id": message["provider_id"] or "wamid.1",
        "status": status,
        "timestamp": "1790000000",
        "recipient_id": PHONE[1:],
        "biz_opaque_callback_data": message["id"],
    }
    if status == "failed":
        said["errors"] = [{"code": 131026, "title": "Message undeliverable"}]
    value = {"messaging_product": "whatsapp", "statuses": [said]}
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    raw = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    signature = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}
    return shop.app.test_client().post(WEBHOOK, data=raw, headers=headers)


def test_a_paid_order_is_told_once(shop: Shop) -> None:
    opened = shop.paid()
    work(shop)
    shop.database["outbox"].update_many({}, {"$set": {"state": "PENDING", "due_at": AT_ONCE}})

    work(shop)

    [message] = arrived(shop)
    assert message["to"] == PHONE[1:]
    assert opened["order_id"] in json.dumps(message["content"])
    assert [(row["state"], row["channel"], row["type"]) for row in rows(shop)] == [
        ("SENT", "whatsapp", "order.paid")
    ]


def test_it_is_told_in_the_language_that_was_chosen(shop: Shop) -> None:
    wants(shop, language="hi")

    shop.paid()
    work(shop)

    [row] = rows(shop)
    assert row["language"] == "hi"
    assert "भुगतान" in row["text"]


def test_who_has_not_agreed_to_whatsapp_gets_none(shop: Shop) -> None:
    wants(shop, whatsapp=False)

    shop.paid()
    work(shop)

    assert arrived(shop) == rows(shop) == []


def test_payments_go_on_while_whatsapp_is_away_and_are_told_afterwards(shop: Shop) -> None:
    shop.sandbox.fault("messages", "error", times=3)
    shop.paid()

    for _ in range(3):
        work(shop)
        make_due(shop)
    waiting = rows(shop)
    work(shop)

    assert [(row["state"], row["tries"]) for row in waiting] == [("PENDING", 3)]
    assert [row["state"] for row in rows(shop)] == ["SENT"]
    assert len(arrived(shop)) == 1


def test_what_nobody_takes_ends_with_its_reason_and_can_be_sent_again(shop: Shop) -> None:
    shop.sandbox.post("whatsapp/refuse", code=131026)
    shop.paid()
    work(shop)
    [failed] = rows(shop)

    again = shop.admin.post(f"/api/admin/messages/{failed['id']}/resend")
    work(shop)

    assert failed["state"] == "FAILED"
    assert failed["error"].startswith("131026")
    assert again.json["data"]["state"] == "PENDING"
    assert [row["state"] for row in rows(shop)] == ["SENT"]


def test_only_what_has_failed_can_be_sent_again(shop: Shop) -> None:
    shop.paid()
    work(shop)
    [sent] = rows(shop)

    refused = shop.admin.post(f"/api/admin/messages/{sent['id']}/resend")
    unknown = shop.admin.post("/api/admin/messages/evt_none:whatsapp/resend")

    assert (refused.status_code, refused.json["error"]["code"]) == (409, "ILLEGAL_TRANSITION")
    assert (unknown.status_code, unknown.json["error"]["code"]) == (404, "MESSAGE_NOT_FOUND")


def test_a_provider_that_is_away_for_a_day_is_not_waited_for_any_longer(shop: Shop) -> None:
    shop.sandbox.fault("messages", "error")
    shop.paid()
    shop.services.outbox.dispatch()
    shop.database["messages"].update_many({}, {"$set": {"give_up_at": AT_ONCE}})

    work(shop)

    assert [row["state"] for row in rows(shop)] == ["FAILED"]


@pytest.mark.parametrize("order", [("delivered", "read"), ("read", "delivered"), ("read", "sent", "read")])
def test_reports_move_a_message_forward_in_any_order(shop: Shop, order: tuple[str, ...]) -> None:
    shop.paid()
    work(shop)
    [message] = rows(shop)

    statuses = [report(shop, status, message).status_code for status in order]

    assert statuses == [200] * len(order)
    assert [row["state"] for row in rows(shop)] == ["READ"]


def test_a_report_of_failure_ends_a_message_that_was_sent(shop: Shop) -> None:
    shop.paid()
    work(shop)
    [message] = rows(shop)

    report(shop, "failed", message)

    [failed] = rows(shop)
    assert (failed["state"], failed["error"]) == ("FAILED", "131026 Message undeliverable")


def test_a_report_about_an_earlier_try_does_not_end_the_next_one(shop: Shop) -> None:
    shop.paid()
    work(shop)
    [message] = rows(shop)
    report(shop, "failed", message)
    shop.admin.post(f"/api/admin/messages/{message['id']}/resend")

    report(shop, "failed", message)

    assert [row["state"] for row in rows(shop)] == ["PENDING"]


def test_what_was_sent_by_a_worker_that_died_is_not_sent_again(shop: Shop) -> None:
    shop.paid()
    shop.services.outbox.dispatch()
    shop.sandbox.fault("messages", "drop_after")
    shop.services.messages.deliver()
    [message] = rows(shop)
    [there] = arrived(shop)

    report(shop, "sent", message | {"provider_id": there["id"]})
    make_due(shop)
    work(shop)

    assert message["state"] == "PENDING"
    assert [row["state"] for row in rows(shop)] == ["SENT"]
    assert len(arrived(shop)) == 1


def test_nobody_but_meta_reports(shop: Shop) -> None:
    shop.paid()
    work(shop)
    [message] = rows(shop)

    forged = report(shop, "read", message, secret="guessed")

    assert (forged.status_code, forged.json["error"]["code"]) == (401, "INVALID_SIGNATURE")
    assert [row["state"] for row in rows(shop)] == ["SENT"]


def test_meta_is_told_that_the_address_is_ours(shop: Shop) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    token = {"hub.verify_token": keys.WHATSAPP_VERIFY_TOKEN}
    meta = shop.app.test_client()

    answer = meta.get(WEBHOOK, query_string=asked | token)
    stranger = meta.get(WEBHOOK, query_string=asked | {"hub.verify_token": "guessed"})

    assert (answer.status_code, answer.text, answer.mimetype) == (200, "1158201444", "text/plain")
    assert stranger.status_code == 403


def test_preferences_are_changed_one_by_one_and_remembered(shop: Shop) -> None:
    wants(shop, language="hi")
    wants(shop, email=False)

    kept = shop.customer.get("/api/auth/preferences").json

    assert kept == {"language": "hi", "email": False, "whatsapp": True}
    history: Any = shop.database["customers_v2"].find_one({"_id": shop.customer.id})
    assert [said["whatsapp"] for said in history["preference_history"]] == [True, True, True]


@pytest.mark.parametrize("body", [{"language": "fr"}, {"email": "yes"}, {"sms": True}])
def test_preferences_that_make_no_sense_are_refused(shop: Shop, body: Any) -> None:
    assert wants(shop, **body).status_code == 400
