"""Whatever comes back as an answer means one of three things, and never an error of ours."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.outgoing import Answer
from backend.notifications.errors import DeliveryDelayed, DeliveryFailed
from backend.notifications.whatsapp_answers import provider_id

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["error", "code", "messages", "id"]), inner)
    ),
)


def answer(status: int, body: Any) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status_code=status, headers={}, content=content)


def delayed(status: int, body: Any) -> DeliveryDelayed:
    with pytest.raises(DeliveryDelayed) as caught:
        provider_id(answer(status, body))
    return caught.value


def test_the_id_is_read() -> None:
    assert provider_id(answer(200, {"messages": [{"id": "wamid.1"}]})) == "wamid.1"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": []},
        {"messages": [{}]},
        {"messages": [{"id": None}]},
        {"messages": 1},
        [],
        b"",
        b"<p>",
    ],
)
def test_a_yes_without_an_id_may_have_arrived(body: Any) -> None:
    assert delayed(200, body).may_have_arrived


@pytest.mark.parametrize(
    "body", [b"<html>", {}, {"error": "busy"}, {"error": {"code": "131026"}}, [1], b"\xff"]
)
def test_a_no_without_a_code_is_not_the_last_word(body: Any) -> None:
    assert not delayed(400, body).may_have_arrived


def test_a_breakdown_without_a_code_leaves_open_what_happened() -> None:
    assert delayed(500, {"error": {}}).may_have_arrived
    assert not delayed(500, {"error": {"code": 131000}}).may_have_arrived
    assert delayed(504, {"error": {"code": 131000}}).may_have_arrived


def test_nesting_without_end_is_no_answer() -> None:
    assert delayed(200, b"[" * 100_000).may_have_arrived


def test_a_reason_is_short() -> None:
    with pytest.raises(DeliveryFailed) as refused:
        provider_id(answer(400, {"error": {"code": 100, "message": "x" * 10_000}}))

    assert len(refused.value.reason) == 200


@given(st.integers(100, 599), JSON | st.binary())
def test_any_answer_is_understood(status: int, body: Any) -> None:
    try:
        found = provider_id(answer(status, body))
    except (DeliveryDelayed, DeliveryFailed) as error:
        assert error.reason
    else:
        assert 200 <= status < 300
        assert isinstance(found, str)
