"""The banks that a customer can choose for net banking."""

import re

import pytest

from backend.banks import BANKS


def test_a_customer_has_at_least_fifty_banks_to_choose_from() -> None:
    assert len(BANKS) >= 50


@pytest.mark.parametrize("code", ["SBIN", "HDFC", "ICIC", "UTIB", "KKBK", "PUNB_R", "BARB_R", "YESB"])
def test_the_banks_that_most_people_have_are_there(code: str) -> None:
    assert code in BANKS


def test_codes_are_written_as_the_gateway_writes_them() -> None:
    assert not [code for code in BANKS if not re.fullmatch(r"[A-Z]{4}(_[RC])?", code)]


def test_each_bank_has_a_name_of_its_own() -> None:
    assert len(set(BANKS.values())) == len(BANKS)
    assert all(name.strip() == name and name for name in BANKS.values())
