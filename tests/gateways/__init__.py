"""Tests of the gateways' adapters; the shared contract explains its failures like any test."""

import pytest

pytest.register_assert_rewrite(
    *(f"tests.gateways.contract_{part}" for part in ("money", "messages", "faults")),
)
