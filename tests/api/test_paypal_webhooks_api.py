"""What PayPal's messages do: they are reasons to ask PayPal, and what it answers counts."""

from typing import Any

import pytest
from pymongo.database import Database

from tests.api.answers import refusal
from tests.api.gateway_events import (
    answer,
    approved,
    exceptions,
    latest,
    mended,
    post,
    sent,
    standing,
    states,
    with_checksum_of,
)
from tests.gateways.controls import Delivery
from tests.shop import Shop

Document = dict[str, Any]


def told(shop: Shop, event: Document, **changes: Any) -> tuple[int, str]:
    """Deliver a message of PayPal's, changed before it was signed, and give the answer."""
    return answer(shop.deliver(event | changes, provider="paypal"))


def made(shop: Shop, kind: str) -> Document:
    return latest(shop, kind, provider="paypal")


def test_an_approval_makes_the_server_take_the_money(shop: Shop) -> None:
    opened = approved(shop)

    answers = [told(shop, made(shop, "CHECKOUT.ORDER.APPROVED")) for _ in range(2)]

    [capture] = shop.sandbox.books()["paypal_captures"]
    assert answers == [(200, "ok"), (200, "duplicate")]
    assert capture["status"] == "COMPLETED"
    assert standing(shop, opened) == ("COMPLETED", "PAID")


def test_a_completed_capture_pays_once(shop: Shop, database: Database[Document]) -> None:
    opened = approved(shop)
    shop.verify(opened)
    completed = made(shop, "PAYMENT.CAPTURE.COMPLETED")

    answers = [told(shop, completed, id=f"WH-{number}") for number in range(5)]

    assert answers == [(200, "ok")] * 5
    assert standing(shop, opened) == ("COMPLETED", "PAID")
    assert (database["captures"].count_documents({}), exceptions(database)) == (1, [])


@pytest.mark.parametrize("kind", ["CHECKOUT.ORDER.COMPLETED", "CHECKOUT.PAYMENT-APPROVAL.REVERSED"])
def test_a_word_about_an_order_is_a_reason_to_ask(shop: Shop, kind: str) -> None:
    opened = approved(shop)

    assert told(shop, made(shop, "CHECKOUT.ORDER.APPROVED"), event_type=kind) == (200, "ok")

    assert standing(shop, opened) == ("COMPLETED", "PAID")


def test_money_that_waits_is_no_money_yet(shop: Shop) -> None:
    opened = approved(shop, captures="pending")
    told(shop, made(shop, "CHECKOUT.ORDER.APPROVED"))
    assert told(shop, made(shop, "PAYMENT.CAPTURE.PENDING")) == (200, "ok")
    assert standing(shop, opened) == ("AUTHORIZED", "PENDING")

    [capture] = shop.sandbox.books()["paypal_captures"]
    shop.sandbox.post(f"paypal/captures/{capture['id']}/complete")

    assert told(shop, made(shop, "PAYMENT.CAPTURE.COMPLETED")) == (200, "ok")
    assert standing(shop, opened) == ("COMPLETED", "PAID")


@pytest.mark.parametrize("kind", ["PAYMENT.CAPTURE.DECLINED", "PAYMENT.CAPTURE.DENIED"])
def test_money_that_waited_may_be_declined(shop: Shop, kind: str) -> None:
    opened = approved(shop, captures="pending")
    shop.verify(opened)
    [capture] = shop.sandbox.books()["paypal_captures"]
    shop.sandbox.post(f"paypal/captures/{capture['id']}/deny")

    assert told(shop, made(shop, "PAYMENT.CAPTURE.DECLINED"), event_type=kind) == (200, "ok")

    assert standing(shop, opened) == ("FAILED", "FAILED")


def test_a_capture_is_declined_at_once(shop: Shop) -> None:
    opened = approved(shop, captures="declined")

    assert told(shop, made(shop, "CHECKOUT.ORDER.APPROVED")) == (200, "ok")

    assert standing(shop, opened) == ("FAILED", "FAILED")


def test_a_claim_that_pending_money_has_come_is_not_believed(shop: Shop) -> None:
    opened = approved(shop, captures="pending")
    told(shop, made(shop, "CHECKOUT.ORDER.APPROVED"))
    pending = made(shop, "PAYMENT.CAPTURE.PENDING")

    claim = pending["resource"] | {"status": "COMPLETED"}
    assert told(shop, pending, event_type="PAYMENT.CAPTURE.COMPLETED", resource=claim) == (200, "ok")

    assert standing(shop, opened) == ("AUTHORIZED", "PENDING")


def test_a_claim_about_a_capture_that_paypal_does_not_know_is_kept(
    shop: Shop, database: Database[Document]
) -> None:
    paid = approved(shop)
    shop.verify(paid)
    unpaid = shop.opened(method="paypal")
    completed = made(shop, "PAYMENT.CAPTURE.COMPLETED")
    related = {"related_ids": {"order_id": unpaid["gateway_order_id"]}}
    claim = completed["resource"] | {"id": "NOBODYS0CAPTURE00", "supplementary_data": related}

    assert told(shop, completed, id="WH-CLAIM", resource=claim) == (200, "ignored")

    assert standing(shop, unpaid) == ("INITIATED", "PENDING")
    assert (states(database), exceptions(database)) == (["FAILED"], [])


def test_a_capture_pays_the_order_that_paypal_names(shop: Shop, database: Database[Document]) -> None:
    paid = approved(shop)
    shop.verify(paid)
    unpaid = shop.opened(method="paypal")
    completed = made(shop, "PAYMENT.CAPTURE.COMPLETED")
    related = {"related_ids": {"order_id": unpaid["gateway_order_id"]}}
    claim = completed["resource"] | {"custom_id": unpaid["payment_id"], "supplementary_data": related}

    assert told(shop, completed, id="WH-CLAIM", resource=claim) == (200, "ok")

    assert standing(shop, unpaid) == ("INITIATED", "PENDING")
    assert (database["captures"].count_documents({}), exceptions(database)) == (1, [])


def test_a_body_with_the_checksum_of_a_genuine_one_pays_nothing(shop: Shop) -> None:
    paid = approved(shop)
    shop.verify(paid)
    unpaid = shop.opened(method="paypal")
    genuine = sent(shop, completed := made(shop, "PAYMENT.CAPTURE.COMPLETED"))
    related = {"related_ids": {"order_id": unpaid["gateway_order_id"]}}
    claim = completed["resource"] | {"id": "FORGED0CAPTURE000", "supplementary_data": related}
    body = with_checksum_of(genuine.raw, completed | {"id": "WH-FORGED", "resource": claim})

    response = post(shop.app, Delivery(body, genuine.headers))

    assert answer(response) == (200, "ignored")
    assert standing(shop, unpaid) == ("INITIATED", "PENDING")


def test_a_body_with_the_checksum_of_a_genuine_one_takes_nothing_back(shop: Shop) -> None:
    opened = approved(shop)
    shop.verify(opened)
    genuine = sent(shop, completed := made(shop, "PAYMENT.CAPTURE.COMPLETED"))
    reversed_ = completed | {"id": "WH-FORGED", "event_type": "PAYMENT.CAPTURE.REVERSED"}
    body = with_checksum_of(genuine.raw, reversed_)

    post(shop.app, Delivery(body, genuine.headers))

    assert standing(shop, opened) == ("COMPLETED", "PAID")


def test_a_body_with_the_checksum_of_a_genuine_one_loses_no_dispute(shop: Shop) -> None:
    opened = approved(shop)
    shop.verify(opened)
    genuine = sent(shop, completed := made(shop, "PAYMENT.CAPTURE.COMPLETED"))
    lost = completed | {"id": "WH-FORGED", "event_type": "CUSTOMER.DISPUTE.RESOLVED"}
    lost["resource"] = {
        "dispute_id": "PP-D-1",
        "status": "RESOLVED",
        "dispute_outcome": {"outcome_code": "RESOLVED_BUYER_FAVOUR"},
        "dispute_amount": completed["resource"]["amount"],
        "disputed_transactions": [{"seller_transaction_id": completed["resource"]["id"]}],
    }

    post(shop.app, Delivery(with_checksum_of(genuine.raw, lost), genuine.headers))

    assert standing(shop, opened) == ("COMPLETED", "PAID")


def test_money_that_paypal_took_back_is_given_back(shop: Shop) -> None:
    opened = approved(shop)
    shop.verify(opened)
    [capture] = shop.sandbox.books()["paypal_captures"]
    shop.sandbox.post(f"paypal/captures/{capture['id']}/reverse")
    reversed_ = made(shop, "PAYMENT.CAPTURE.REVERSED")

    answers = [told(shop, reversed_, id=f"WH-{number}") for number in range(2)]

    assert answers == [(200, "ok")] * 2
    assert standing(shop, opened) == ("REFUNDED", "REFUNDED")


@pytest.mark.parametrize("kind", ["drop", "html", "unauthorized"])
def test_while_paypal_does_not_answer_its_messages_are_kept(
    shop: Shop, database: Database[Document], kind: str
) -> None:
    opened = approved(shop)
    delivery = sent(shop, made(shop, "CHECKOUT.ORDER.APPROVED"))
    shop.sandbox.fault("/v2/", kind, times=30)

    early = post(shop.app, delivery)
    kept = states(database)
    mended(shop)
    later = [answer(post(shop.app, delivery)) for _ in range(2)]

    assert (refusal(early)[0] in (502, 503, 504), kept) == (True, ["RECEIVED"])
    assert later == [(200, "ok"), (200, "duplicate")]
    assert standing(shop, opened) == ("COMPLETED", "PAID")


def test_a_capture_whose_answer_is_lost_is_taken_once(shop: Shop) -> None:
    opened = approved(shop)
    shop.sandbox.fault("/capture$", "drop_after", times=1)

    told(shop, made(shop, "CHECKOUT.ORDER.APPROVED"))

    assert [found["status"] for found in shop.sandbox.books()["paypal_captures"]] == ["COMPLETED"]
    assert standing(shop, opened) == ("COMPLETED", "PAID")
