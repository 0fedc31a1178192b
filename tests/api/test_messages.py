"""Customers hear of their money, by the ways they want, whatever the providers do."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from backend.outbox import AT_ONCE
from tests.api.messaging import PHONE, agrees_to_whatsapp, arrived, make_due, rows, wants, work
from tests.shop import Shop


@pytest.fixture(autouse=True)
def asha_reads_whatsapp(shop: Shop) -> Iterator[None]:
    agrees_to_whatsapp(shop)
    yield
    shop.mend()


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
