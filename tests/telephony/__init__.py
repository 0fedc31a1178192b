"""Tests of what calls customers by telephone."""

import pytest

pytest.register_assert_rewrite(
    "tests.telephony.contract_calls",
    "tests.telephony.contract_exchange",
    "tests.telephony.contract_faults",
    "tests.telephony.contract_reports",
)
