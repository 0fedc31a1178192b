"""Rupees become paise and come back without losing or inventing one."""

import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.money import (
    DECIMALS,
    MAX_BALANCE_MINOR,
    BadAmount,
    decimals,
    for_people,
    to_major,
    to_minor,
    to_text,
)

MINOR = st.integers(0, MAX_BALANCE_MINOR) | st.integers(MAX_BALANCE_MINOR - 1000, MAX_BALANCE_MINOR)
CURRENCIES = st.sampled_from(sorted(DECIMALS))


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("99.50", "INR", 9950),
        ("99.5", "INR", 9950),
        ("0.01", "INR", 1),
        ("0", "INR", 0),
        ("007", "INR", 700),
        (12, "INR", 1200),
        (Decimal("12.34"), "INR", 1234),
        (Decimal("-0.01"), "INR", -1),
        ("500", "JPY", 500),
    ],
)
def test_an_exact_amount_is_taken(amount: Decimal | int | str, currency: str, minor: int) -> None:
    assert to_minor(amount, currency=currency) == minor
    assert type(to_minor(amount, currency=currency)) is int


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", " 1", "1 ", "1\n", "+1", "-1", "1.", ".5", "1.2.3", "1,000", "1_000", "0x10", "₹1"),
        *("1e2", "1E2", "NaN", "nan", "Infinity", "-inf", "true", "None"),
        *("\N{ARABIC-INDIC DIGIT ONE}", "\N{FULLWIDTH DIGIT ONE}", "1\N{ARABIC DECIMAL SEPARATOR}5", "²"),
        *("9" * 17, "9" * 30, "0.123456789", "0." + "0" * 30),
    ],
)
def test_text_that_is_not_a_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(BadAmount, match="plain decimal"):
        to_minor(text, currency="INR")


@pytest.mark.parametrize("amount", [True, False, None, 1.0, 0.1, math.nan, b"1", [1], {"amount": 1}])
def test_what_is_neither_a_number_nor_text_is_refused(amount: object) -> None:
    with pytest.raises(BadAmount):
        to_minor(amount, currency="INR")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "amount",
    [
        *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")),
        *(
            Decimal("1E+2"),
            Decimal("1e30"),
            Decimal("0E-9"),
            Decimal("1.000000000"),
            Decimal("1" * 25),
            10**24,
        ),
    ],
    ids=str,
)
def test_numbers_that_hide_their_size_are_refused(amount: Decimal | int) -> None:
    with pytest.raises(BadAmount):
        to_minor(amount, currency="INR")


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0.001", "INR"), ("1.999", "INR"), (Decimal("0.005"), "USD"), ("0.5", "JPY"), ("1.000", "INR")],
)
def test_more_decimals_than_the_currency_has_are_refused_and_not_rounded(
    amount: Decimal | str, currency: str
) -> None:
    with pytest.raises(BadAmount, match="at most"):
        to_minor(amount, currency=currency)


@pytest.mark.parametrize("currency", ["", "inr", "XXX", "BTC"])
def test_a_currency_that_is_not_known_is_refused(currency: str) -> None:
    with pytest.raises(BadAmount, match="not supported"):
        decimals(currency)
    with pytest.raises(BadAmount, match="not supported"):
        to_minor(1, currency=currency)


@given(MINOR, CURRENCIES)
def test_text_comes_back_as_the_same_amount(minor: int, currency: str) -> None:
    text = to_text(minor, currency=currency)

    assert to_minor(text, currency=currency) == minor
    assert len(text.partition(".")[2]) == decimals(currency)


@given(MINOR, CURRENCIES)
def test_a_json_number_comes_back_as_the_same_amount(minor: int, currency: str) -> None:
    wire = json.dumps(to_major(minor, currency=currency))

    assert to_minor(json.loads(wire, parse_float=Decimal), currency=currency) == minor
    assert len(wire.partition(".")[2]) <= decimals(currency)


@given(st.decimals(0, 10**12, places=2))
def test_any_amount_of_rupees_and_paise_is_taken_exactly(amount: Decimal) -> None:
    assert to_minor(amount, currency="INR") == amount * 100


@pytest.mark.parametrize(("minor", "major"), [(9950, 99.5), (10000, 100), (0, 0), (1, 0.01), (-150, -1.5)])
def test_whole_amounts_are_whole_numbers(minor: int, major: float) -> None:
    shown = to_major(minor, currency="INR")

    assert shown == major
    assert type(shown) is type(major)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (9950, "INR", "99.50"),
        (5, "INR", "0.05"),
        (-5, "INR", "-0.05"),
        (500, "JPY", "500"),
        (0, "INR", "0.00"),
    ],
)
def test_text_shows_all_the_decimals_of_the_currency(minor: int, currency: str, text: str) -> None:
    assert to_text(minor, currency=currency) == text


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "INR", "₹0.00"),
        (5, "INR", "₹0.05"),
        (99_900, "INR", "₹999.00"),
        (1_00_000, "INR", "₹1,000.00"),
        (99_999_99, "INR", "₹99,999.99"),
        (1_00_000_00, "INR", "₹1,00,000.00"),
        (12_34_56_789_50, "INR", "₹12,34,56,789.50"),
        (-1_50_000, "INR", "-₹1,500.00"),
        (123_456_789_50, "USD", "USD 123,456,789.50"),
        (1_234_567, "JPY", "JPY 1,234,567"),
    ],
)
def test_people_read_amounts_in_the_groups_of_their_currency(minor: int, currency: str, text: str) -> None:
    assert for_people(minor, currency=currency) == text


@given(MINOR, CURRENCIES)
def test_what_people_read_is_the_amount(minor: int, currency: str) -> None:
    shown = for_people(minor, currency=currency).removeprefix("₹").removeprefix(f"{currency} ")

    assert to_minor(shown.replace(",", ""), currency=currency) == minor
