"""Settings made from variables, for the tests of the configuration."""

import ast
import re
from dataclasses import fields

import pytest

from backend.config import BadSettings, Settings, read_settings
from backend.gateways.settings import (
    ApplePaySettings,
    ExchangeSettings,
    GooglePaySettings,
    PayPalSettings,
    RazorpaySettings,
)
from backend.notifications.settings import WhatsAppSettings
from backend.telephony.settings import TelephonySettings
from tests.unit.source import ROOT, Module

CONFIG = [
    Module(ROOT / "backend" / name)
    for name in ("config.py", "gateway_config.py", "notification_config.py", "telephony_config.py")
]
EXAMPLE = (ROOT / ".env.example").read_text().splitlines()
GROUPS = {"razorpay", "paypal", "google_pay", "apple_pay", "exchange", "whatsapp", "telephony"}
SECRET = "5f0c8b7d9e2a4c6f8b1d3e5a7c9f0b2d4e6a8c0f"
FERNET_KEY = "cDdGQjZQb2l1eXRyZXdxYXNkZmdoamtsbW5idmN4emE="
PRODUCTION = {
    "BATUA_ENV": "production",
    "MONGODB_URI": "mongodb://db.internal/?replicaSet=rs0",
    "SECRET_KEY": SECRET,
    "JWT_SECRET_KEY": SECRET[::-1],
    "FIELD_ENCRYPTION_KEYS": FERNET_KEY,
}


def variables() -> set[str]:
    """Every name that the configuration reads from the environment."""
    names = (
        argument.value
        for module in CONFIG
        for call in module.calls()
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )
    return {name for name in names if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", name)}


def settings_of_groups() -> int:
    """How many variables decide about gateways, WhatsApp and calls: all but those that follow from others."""
    classes = (
        *(RazorpaySettings, PayPalSettings, GooglePaySettings, ApplePaySettings, ExchangeSettings),
        *(WhatsAppSettings, TelephonySettings),
    )
    derived = {"allows_test_roots", "host", "display_name"}
    return sum(field.name not in derived for kind in classes for field in fields(kind))


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment that says nothing, not even through somebody's .env file."""
    if (ROOT / ".env").exists():
        pytest.skip("a .env file would decide what these tests are to decide")
    for name in variables():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> "Environment":
    return Environment(monkeypatch)


class Environment:
    """Sets variables and reads the settings that they make."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def settings(self, **changes: str) -> Settings:
        for name, value in changes.items():
            self.monkeypatch.setenv(name, value)
        return read_settings()

    def refusal(self, **changes: str) -> str:
        with pytest.raises(BadSettings) as refused:
            self.settings(**changes)
        return str(refused.value)
