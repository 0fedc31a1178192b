"""Card numbers and security codes are refused wherever they hide, and nothing else is."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.card_data import refuse_card_data
from backend.errors import RawCardDataRejected

VISA, AMEX, MAESTRO = "4111111111111111", "378282246310005", "6759649826438453"
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")  # noqa: RUF001
ARABIC = {ord("0") + digit: 0x660 + digit for digit in range(10)}


def is_refused(value: Any) -> bool:
    try:
        refuse_card_data(value)
    except RawCardDataRejected:
        return True
    return False


@pytest.mark.parametrize(
    "text",
    [
        *(VISA, AMEX, MAESTRO, "30569309025904", "5610591081018250", "6011000990139424"),
        *("4222222222222", "4000000000000000006"),  # 13 and 19 digits, the shortest and the longest.
        *("4111 1111 1111 1111", "4111-1111-1111-1111", "3782 822463 10005", "4 1 1 1" + " 1" * 12),
        *(
            "4111\u00a01111\u00a01111\u00a01111",
            "4111\u20131111\u20131111\u20131111",
            "4111 - 1111 - 1111 - 1111",
        ),
        *(f"my card is {VISA}, thanks", f"({VISA})", f"card:{VISA}", f"card-{VISA}", f'{{"n":"{VISA}"}}'),
        *(f"{VISA} 12/27 123", "4111 1111 1111 1111 12 27 123", f"123 {VISA}", f"12 2027 {VISA} 1"),
        *(VISA.translate(FULL_WIDTH), VISA.translate(ARABIC), "4111\u200b1111\u200b1111\u200b1111"),
        *("4111%201111%201111%201111", "4111+1111+1111+1111", "%34" + VISA[1:], "%2534" + VISA[1:]),
        f"https://shop.example/pay?card={VISA}&x=1",
    ],
)
def test_a_card_number_in_a_text_is_refused(text: str) -> None:
    assert is_refused({"notes": text})


@pytest.mark.parametrize(
    "text",
    [
        *("", "pay_29QQoUBi66xm2f", "order_DBJOWzybf0sJbb", "token_4lsdksD31GaZ09", "cust_1Aa00000000001"),
        *(f"pay_{VISA}", f"{VISA}x", f"x{VISA}", "4111111111111112", "411111111111", "4" * 22),
        *("2024-11-20T17:43:00.123456Z", "2024-11-20 17:43:00", "+91 98765 43210", "9876543210, 9876543211"),
        *("123456.78", "99999999999.99", "SBIN0001234", "550e8400-4111-4111-8111-111111111111"),
        *("1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14", "Flat 4, 411001 Pune", "100%25252525 more"),
    ],
)
def test_a_text_without_a_card_number_passes(text: str) -> None:
    assert not is_refused({"notes": text})


@pytest.mark.parametrize(
    "value",
    [
        int(VISA),
        -int(VISA),
        Decimal(VISA),
        Decimal(VISA + ".00"),
        Decimal("4.111111111111111E+15"),
        4.111111111111111e15,
    ],
)
def test_a_card_number_that_is_a_number_is_refused(value: Any) -> None:
    assert is_refused({"amount": value})


@pytest.mark.parametrize(
    "value",
    [
        *(0, 1, -1, 4111111111111112, 10**30, True, None, 99.5, float("inf"), float("nan")),
        *(
            Decimal("99.50"),
            Decimal("NaN"),
            Decimal("sNaN"),
            Decimal("Infinity"),
            Decimal("4111111111111.111"),
        ),
        *(Decimal("1E+999999"), Decimal("1E-999999"), 1732124580000, Decimal("123456789012.34")),
    ],
)
def test_other_numbers_pass(value: Any) -> None:
    assert not is_refused({"amount": value})


@pytest.mark.parametrize(
    "name",
    [
        *(
            "cvv",
            "CVV",
            "cvv2",
            "cvc",
            "cvc2",
            "csc",
            "security_code",
            "card_number",
            "cardNumber",
            "cardnumber",
        ),
        *(
            "pan",
            "PAN",
            "card_cvv",
            "card-cvv",
            "CARD NUMBER",
            "cardCvc",
            "cvvNumber",
            "card[number]",
            "c_v_v",
        ),
        *("creditCardNumber", "card_no", "cc_number", "cardSecurityCode", "ｃｖｖ", "track2_data"),  # noqa: RUF001
    ],
)
def test_a_field_that_is_meant_for_card_data_is_refused_whatever_it_holds(name: str) -> None:
    for content in ("12", 123, 0, [1], {"value": "x"}, "****"):
        assert is_refused({name: content})


@pytest.mark.parametrize("content", [None, "", "  ", [], {}, False, True])
def test_a_field_for_card_data_may_be_there_when_it_is_empty(content: Any) -> None:
    assert not is_refused({"cvv": content, "card_number": content})


@pytest.mark.parametrize(
    "name", ["last4", "expiry", "brand", "company", "expand", "token", "card", "description"]
)
def test_a_field_for_what_may_be_kept_of_a_card_passes(name: str) -> None:
    assert not is_refused({name: "1111"})


@pytest.mark.parametrize(
    "body",
    [
        VISA,
        [VISA],
        {VISA: "as a key"},
        {"a": [{"b": {"c": [1, "x", {"d": VISA}]}}]},
        {"a": [[[{"cvc": "123"}]]]},
        {"order": {"notes": json.dumps({"number": VISA})}},
    ],
)
def test_card_data_is_found_at_any_depth(body: Any) -> None:
    assert is_refused(body)


def test_a_body_nested_deeper_than_the_stack_is_searched_to_the_bottom() -> None:
    body: Any = {"number": VISA}
    for _ in range(100_000):
        body = [body]

    assert is_refused(body)


def test_the_refusal_repeats_nothing_of_what_it_refuses() -> None:
    with pytest.raises(RawCardDataRejected) as refused:
        refuse_card_data({"secret_field": VISA})

    told = f"{refused.value!r} {refused.value.details} {refused.value.__cause__} {refused.value.__context__}"
    assert "1111" not in told
    assert "secret_field" not in told


@pytest.mark.parametrize("unit", ["1 ", "1x ", "1-", "4111 1111 ", "%2", "9" * 30 + " ", "a1-"])
def test_a_long_text_takes_no_long_time(unit: str) -> None:
    text = unit * (500_000 // len(unit))
    start = time.perf_counter()

    is_refused({"notes": text + "x"})

    assert time.perf_counter() - start < 5


@given(
    st.text("abcdefghij_", min_size=1), st.integers(10**12, 10**19 - 1), st.text("abcdefghij_", min_size=1)
)
def test_digits_within_a_word_never_look_like_a_card(before: str, digits: int, after: str) -> None:
    assert not is_refused(f"{before}{digits}{after}")


@given(st.integers(10**11, 10**18 - 1), st.sampled_from(["", " ", ", ", "/", "\n", "("]))
def test_one_last_digit_in_ten_makes_a_card_number(stem: int, around: str) -> None:
    found = [last for last in range(10) if is_refused(f"{around}{stem}{last}{around}")]

    assert len(found) == 1
