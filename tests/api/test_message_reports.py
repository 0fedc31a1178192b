"""What Meta reports about messages is believed only from Meta, and moves them only forward."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from backend.sandbox import keys
from tests.api.messaging import PHONE, agrees_to_whatsapp, arrived, make_due, rows, work
from tests.shop import Shop

WEBHOOK = "/api/webhooks/whatsapp"


@pytest.fixture(autouse=True)
def asha_reads_whatsapp(shop: Shop) -> Iterator[None]:
    agrees_to_whatsapp(shop)
    yield
    shop.mend()


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
