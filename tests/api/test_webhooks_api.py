"""What Razorpay's messages do to payments, at both of their addresses."""

from typing import Any

import pytest
from pymongo.database import Database

from tests.api.answers import refusal
from tests.api.gateway_events import (
    ADDRESSES,
    answer,
    bent,
    captured,
    exceptions,
    latest,
    raw,
    signed,
    standing,
    states,
)
from tests.gateways.controls import Delivery
from tests.shop import DECLINED_CARD, Shop

Document = dict[str, Any]
LARGEST = 256 * 1024


def post(shop: Shop, path: str, delivery: Delivery) -> Any:
    return shop.app.test_client().post(path, data=delivery.raw, headers=delivery.headers)


@pytest.mark.parametrize("address", ADDRESSES)
def test_captured_money_pays_the_order_at(shop: Shop, address: str) -> None:
    opened = shop.opened()

    response = post(shop, f"{address}razorpay", signed(raw(captured(shop, opened))))

    order = shop.order_of(opened)
    assert answer(response) == (200, "ok")
    assert standing(shop, opened) == ("COMPLETED", "PAID")
    assert (order["status"], order["amount_paid"], order["amount_due"]) == ("CONFIRMED", 1000, 0)


def test_a_message_is_one_message_whichever_address_it_comes_to(
    shop: Shop, database: Database[Document]
) -> None:
    delivery = signed(raw(captured(shop, shop.opened())))

    answers = [answer(post(shop, f"{address}razorpay", delivery)) for address in ADDRESSES * 2]

    assert answers == [(200, "ok"), *[(200, "duplicate")] * 3]
    assert states(database) == ["APPLIED"]


def test_the_order_that_is_paid_pays_by_itself(shop: Shop) -> None:
    opened = shop.opened()
    shop.pay(opened)

    response = shop.deliver(latest(shop, "order.paid"))

    assert answer(response) == (200, "ok")
    assert standing(shop, opened) == ("COMPLETED", "PAID")


def test_captured_and_paid_are_the_same_money(shop: Shop, database: Database[Document]) -> None:
    opened = shop.opened()
    shop.pay(opened)
    answers = [answer(shop.deliver(event)) for event in shop.events()]

    assert set(answers) == {(200, "ok")}
    assert shop.order_of(opened)["amount_paid"] == 1000
    assert database["captures"].count_documents({}) == 1
    assert exceptions(database) == []


def test_an_authorisation_is_no_money(shop: Shop, database: Database[Document]) -> None:
    opened = shop.opened()
    shop.pay(opened, method="card", outcome="authorized")

    assert answer(shop.deliver(latest(shop, "payment.authorized"))) == (200, "ok")

    assert standing(shop, opened) == ("AUTHORIZED", "PENDING")
    assert shop.order_of(opened)["amount_paid"] == 0
    assert database["captures"].count_documents({}) == 0


def test_a_failure_fails_the_payment_until_money_comes(shop: Shop) -> None:
    opened = shop.opened()
    shop.pay(opened, card_number=DECLINED_CARD, method="card")

    assert answer(shop.deliver(latest(shop, "payment.failed"))) == (200, "ok")
    assert standing(shop, opened) == ("FAILED", "FAILED")

    assert answer(shop.deliver(captured(shop, opened))) == (200, "ok")
    assert standing(shop, opened) == ("COMPLETED", "PAID")


def test_an_old_failure_does_not_undo_a_payment(shop: Shop) -> None:
    opened = shop.opened()
    shop.pay(opened, card_number=DECLINED_CARD, method="card")
    failed = latest(shop, "payment.failed")
    shop.deliver(captured(shop, opened))

    assert answer(shop.deliver(failed)) == (200, "ok")

    assert standing(shop, opened) == ("COMPLETED", "PAID")


def test_a_kind_of_no_use_is_kept_and_ignored(shop: Shop, database: Database[Document]) -> None:
    opened = shop.opened()
    event = captured(shop, opened)
    kinds = ("payment.downtime.started", "subscription.charged", "made.up", "captured", "PAYMENT.CAPTURED")

    answers = [answer(shop.deliver(event | {"event": kind}, event_id=kind)) for kind in kinds for _ in "ab"]

    assert answers == [(200, "ignored"), (200, "duplicate")] * len(kinds)
    assert states(database) == ["IGNORED"] * len(kinds)
    assert standing(shop, opened) == ("INITIATED", "PENDING")


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("amount_mismatch", {"amount": 99_999}),
        ("amount_mismatch", {"amount": 100_001}),
        ("currency_mismatch", {"currency": "USD"}),
        ("unknown_payment", {"order_id": "order_of_somebody"}),
        ("unknown_payment", {"order_id": None, "notes": []}),
    ],
)
def test_money_that_fits_no_order_is_kept_as_an_exception(
    shop: Shop, database: Database[Document], changes: Document, reason: str
) -> None:
    opened = shop.opened()
    event = bent(captured(shop, opened), **changes)

    answers = [answer(shop.deliver(event)) for _ in range(3)]

    order = shop.order_of(opened)
    assert answers == [(200, "ok")] * 3
    assert exceptions(database) == [reason]
    assert (order["status"], order["amount_paid"]) == ("PENDING", 0)
    assert shop.payment(opened)["status"] != "COMPLETED"


def test_money_for_another_gateways_order_pays_nothing(shop: Shop, database: Database[Document]) -> None:
    opened = shop.opened(method="paypal")
    event = captured(shop, shop.opened())

    shop.deliver(bent(event, order_id=opened["gateway_order_id"]))

    assert standing(shop, opened) == ("INITIATED", "PENDING")
    assert exceptions(database) == ["unknown_payment"]


def test_a_body_replayed_under_a_hundred_invented_ids_pays_once(
    shop: Shop, database: Database[Document]
) -> None:
    opened = shop.opened()
    body = raw(captured(shop, opened))

    answers = {answer(shop.post_webhook(signed(body))) for _ in range(100)}

    assert answers == {(200, "ok")}
    assert shop.order_of(opened)["amount_paid"] == 1000
    assert [found["amount"] for found in database["captures"].find()] == [100_000]
    assert exceptions(database) == []


def test_a_message_without_an_id_is_known_by_its_bytes(shop: Shop, database: Database[Document]) -> None:
    delivery = signed(raw(captured(shop, shop.opened())))
    del delivery.headers["x-razorpay-event-id"]

    answers = [answer(shop.post_webhook(delivery)) for _ in range(2)]

    assert answers == [(200, "ok"), (200, "duplicate")]
    assert database["webhook_events"].count_documents({}) == 1


def test_one_id_at_two_gateways_is_two_messages(shop: Shop, database: Database[Document]) -> None:
    at_razorpay, at_paypal = shop.opened(), shop.opened(method="paypal")
    shop.pay(at_paypal)
    approved = latest(shop, "CHECKOUT.ORDER.APPROVED", provider="paypal")

    first = shop.deliver(captured(shop, at_razorpay), event_id=approved["id"])
    second = shop.deliver(approved, provider="paypal")

    assert (answer(first), answer(second)) == ((200, "ok"), (200, "ok"))
    assert states(database) == ["APPLIED", "APPLIED"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_known_senders_may_post(shop: Shop, database: Database[Document], address: str) -> None:
    unknown = post(shop, f"{address}stripe", signed(b"{}"))
    asked = shop.app.test_client().get(f"{address}razorpay")

    assert refusal(unknown) == (404, "NOT_FOUND")
    assert refusal(asked) == (405, "METHOD_NOT_ALLOWED")
    assert "POST" in asked.headers["Allow"]
    assert database["webhook_events"].count_documents({}) == 0


@pytest.mark.parametrize(("length", "expected"), [(LARGEST, 200), (LARGEST + 1, 413)])
def test_a_message_has_a_largest_size(
    shop: Shop, database: Database[Document], length: int, expected: int
) -> None:
    event: Document = {"event": "made.up", "payload": {}, "padding": ""}
    event["padding"] = "x" * (length - len(raw(event)))

    response = shop.post_webhook(signed(raw(event)))

    assert response.status_code == expected
    assert database["webhook_events"].count_documents({}) == (1 if expected == 200 else 0)


def test_a_refund_made_at_the_gateway_is_booked(shop: Shop) -> None:
    opened = shop.paid()
    made = shop.refund(opened, 300)
    assert made.status_code == 201, made.text

    for event in shop.events()[-2:]:
        assert answer(shop.deliver(event)) == (200, "ok")

    assert standing(shop, opened) == ("PARTIAL_REFUND", "PARTIALLY_REFUNDED")
    assert shop.payment(opened)["refunded_amount"] == 300


def test_the_old_name_of_a_refunds_end_is_understood(shop: Shop) -> None:
    shop.sandbox.post("razorpay/settings", refunds="pending")
    opened = shop.paid()
    shop.refund(opened, 300)
    [refund] = shop.sandbox.books()["refunds"]
    shop.sandbox.post(f"razorpay/refunds/{refund['id']}/process")

    ended = latest(shop, "refund.processed") | {"event": "refund.completed"}

    assert answer(shop.deliver(ended)) == (200, "ok")
    assert standing(shop, opened) == ("PARTIAL_REFUND", "PARTIALLY_REFUNDED")
