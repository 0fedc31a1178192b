"""What Razorpay sends is read field by field, and nothing that does not fit gets through."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Invalid
from backend.gateways import razorpay_reading as reading
from backend.gateways import razorpay_webhooks as webhooks
from backend.gateways.port import GatewayEvent, Method

TOKEN = {"id": "token_1", "method": "card", "card": {"last4": "1111", "network": "Visa"}}
PAYMENT = {"id": "pay_1", "status": "captured", "amount": 100, "currency": "INR"}
NAMES = ("id", "event", "payload", "payment", "refund", "order", "entity", "amount", "status", "currency")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner),
)


@given(JSON)
def test_any_json_is_an_event_or_invalid(body: Any) -> None:
    for raw in (body, {"event": "x", "payload": body}, {"event": "x", "payload": {"payment": body}}):
        try:
            assert isinstance(webhooks.parse(json.dumps(raw).encode(), {}), GatewayEvent)
        except Invalid:
            continue


@pytest.mark.parametrize(
    ("more", "expiry"),
    [
        ({}, None),
        ({"card": {"expiry_month": 3, "expiry_year": 2031}}, "03/31"),
        ({"card": {"expiry_month": "11", "expiry_year": "2031"}}, "11/31"),
        ({"expired_at": 1_921_968_000}, "11/30"),
    ],
)
def test_the_expiry_of_a_saved_card_is_read(more: dict[str, Any], expiry: str | None) -> None:
    assert reading.token(TOKEN | more).expiry == expiry


@pytest.mark.parametrize("vpa", [{"username": "asha", "handle": "upi", "name": None}, "asha@upi"])
def test_a_saved_upi_id_is_read(vpa: object) -> None:
    saved = reading.token({"id": "token_1", "method": "upi", "card": None, "vpa": vpa})

    assert (saved.type, saved.vpa, saved.last4) == (Method.UPI, "asha@upi", None)


@pytest.mark.parametrize("wrong", [{"method": "barter"}, {"method": None}, {"id": None}, {"vpa": {"x": 1}}])
def test_a_token_that_cannot_be_understood_is_unreadable(wrong: dict[str, Any]) -> None:
    with pytest.raises(reading.Unreadable):
        reading.token(TOKEN | wrong)


@pytest.mark.parametrize("wrong", [{"currency": "I\x00R"}, {"method": "\ud800"}, {"amount": 2**63}])
def test_what_no_database_can_keep_is_unreadable(wrong: dict[str, Any]) -> None:
    with pytest.raises(reading.Unreadable):
        reading.payment(PAYMENT | wrong)


@pytest.mark.parametrize("wrong", [{}, {"items": None}, {"items": {}}, {"items": [1]}, {"items": [[]]}])
def test_a_list_that_is_none_is_unreadable(wrong: dict[str, Any]) -> None:
    with pytest.raises(reading.Unreadable):
        reading.each(reading.payment, wrong)


@pytest.mark.parametrize(
    ("acquirer", "reference"),
    [
        ({"rrn": "1", "upi_transaction_id": "2"}, "1"),
        ({"rrn": None, "bank_transaction_id": 695}, "695"),
        ({"auth_code": "541898"}, "541898"),
        ([], None),
    ],
)
def test_the_number_on_the_bank_statement_is_found(acquirer: object, reference: str | None) -> None:
    assert reading.payment(PAYMENT | {"acquirer_data": acquirer}).reference == reference
