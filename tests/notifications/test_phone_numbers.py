"""However a phone number is written, WhatsApp gets its digits; what is none is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.notifications.errors import DeliveryFailed
from backend.notifications.phone_numbers import BadNumber, international


@pytest.mark.parametrize(
    "number",
    [
        *("+919876543210", "919876543210", "9876543210", "09876543210", "00919876543210"),
        *("+91 98765 43210", " +91-98765-43210 ", "+91 (0) 98765 43210", "98765\N{NO-BREAK SPACE}43210"),
        *(
            "+9109876543210",
            "91 98765.43210",
            "\N{LEFT-TO-RIGHT EMBEDDING}+91\N{NON-BREAKING HYPHEN}9876543210",
        ),
    ],
)
def test_an_indian_mobile_number_is_known_in_every_spelling(number: str) -> None:
    assert international(number) == "919876543210"


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        ("+1 (650) 555-1234", "16505551234"),
        ("0044 7911 123456", "447911123456"),
        ("+6591234567", "6591234567"),
    ],
)
def test_a_number_of_another_country_needs_its_code(number: str, digits: str) -> None:
    assert international(number) == digits


@pytest.mark.parametrize(
    "number",
    [
        *("", "+", "00", "12345", "1234567890", "5551234567", "0123456789", "+0123456789", "++919876543210"),
        *("9" * 16, "+91 98765 43210 ext 5", "call me", "91+9876543210", "९८७६५४३२१०", "9876543210\x00"),
    ],
)
def test_what_is_no_number_is_refused_for_good(number: str) -> None:
    with pytest.raises(BadNumber) as refused:
        international(number)

    assert isinstance(refused.value, DeliveryFailed)


@given(st.text())
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        digits = international(text)
    except BadNumber:
        return

    assert digits.isascii()
    assert digits.isdigit()
    assert 8 <= len(digits) <= 15
    assert international(f"+{digits}") == digits
