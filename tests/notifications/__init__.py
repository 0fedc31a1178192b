"""Tests of what is told to customers and to shops."""

import pytest

pytest.register_assert_rewrite("tests.notifications.contract")
