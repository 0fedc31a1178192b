"""JSON is read strictly and without losing a digit, and written exactly."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Invalid
from backend.money import BadAmount, to_minor
from backend.wire import OrjsonProvider, load_json, refuse_unstorable

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda values: (
        st.lists(values, max_size=3) | st.dictionaries(st.text("abc", max_size=3), values, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, st.booleans())
def test_whatever_json_says_is_read_as_it_is(value: Any, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

    assert load_json(raw) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"0.1", "0.1"),
        (b"99.50", "99.50"),
        (b"1e2", "1E+2"),
        (b"0.12345678901234567890123", "0.12345678901234567890123"),
    ],
)
def test_a_fraction_keeps_every_digit(raw: bytes, value: str) -> None:
    read = load_json(raw)

    assert isinstance(read, Decimal)
    assert str(read) == value


@pytest.mark.parametrize(
    "raw",
    [
        *(
            b"",
            b" ",
            b"{",
            b"}",
            b"{a: 1}",
            b"{'a': 1}",
            b'{"a": 1,}',
            b"[1,]",
            b"// x\n1",
            b"1 2",
            b"undefined",
        ),
        *(b"nan", b"inf", b"-inf", b'{"a": -NaN}', b"01", b"+1", b".5", b"1.", b"0x10"),
        *(b"\xff", b'"\xc3"', b'{"a": "\xed\xa0\x80"}', '"é"'.encode("utf-16"), b'"\t"', b'"\\x"', b'"'),
        *(b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5_000, b"1e" + b"9" * 30),
    ],
    ids=lambda raw: repr(raw[:20]),
)
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        load_json(raw)


@pytest.mark.parametrize("raw", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_is_not_a_finite_number_is_left_to_the_field_that_refuses_it(raw: bytes) -> None:
    read = load_json(raw)

    with pytest.raises(BadAmount):
        to_minor(read, currency="INR")


@pytest.mark.parametrize(
    "raw", [rb'"\u0000"', rb'{"a": ["x\u0000"]}', rb'{"\u0000": 1}', rb'"\ud800"', rb'{"a": {"b": "\udfff"}}']
)
def test_text_that_cannot_be_stored_is_refused_wherever_it_hides(raw: bytes) -> None:
    with pytest.raises(Invalid, match="null characters or broken Unicode"):
        load_json(raw)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (rb'"\u20b9"', "₹"),
        (rb'"\ud83d\ude00"', "😀"),
        ('"₹ 😀"'.encode(), "₹ 😀"),
        (rb'"\\u0000"', "\\u0000"),
    ],
)
def test_text_that_can_be_stored_is_taken(raw: bytes, text: str) -> None:
    assert load_json(raw) == text


@pytest.mark.parametrize("value", ["\0", ["\0"], {"a": "\0"}, {"\0": 1}, {"a": [{"b": "\ud800"}]}])
def test_unstorable_text_is_found_at_any_depth(value: Any) -> None:
    with pytest.raises(Invalid):
        refuse_unstorable(value)


@pytest.mark.parametrize("value", ["₹", 1, None, Decimal(1), ["a"], {"a": {"b": ["c"]}}])
def test_storable_values_pass(value: Any) -> None:
    refuse_unstorable(value)


def test_answers_are_written_exactly() -> None:
    provider = OrjsonProvider(Flask("test"))
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)

    text = provider.dumps({"at": moment, "amount": 99.5, "name": "₹", 1: None})

    assert text.rstrip() == '{"at":"2026-11-20T12:00:00Z","amount":99.5,"name":"₹","1":null}'
    assert provider.loads(text) == {
        "at": "2026-11-20T12:00:00Z",
        "amount": Decimal("99.5"),
        "name": "₹",
        "1": None,
    }
