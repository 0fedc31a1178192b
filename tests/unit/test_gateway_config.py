"""The settings of gateways are read and checked like all others."""

import re
from decimal import Decimal

import pytest

from backend.gateways.settings import (
    ApplePaySettings,
    ExchangeSettings,
    GooglePaySettings,
    PayPalSettings,
    RazorpaySettings,
)
from tests.unit.environment import PRODUCTION, Environment, environment, no_variables

__all__ = ["environment", "no_variables"]

BAD = {
    "RAZORPAY_API_URL": "api.razorpay.com",
    "PAYPAL_API_URL": "ftp://paypal",
    "PAYPAL_WEBHOOK_VERIFICATION": "none",
    "PAYPAL_CURRENCY": "XXX",
    "FX_RATES": "USD=83",
    "FX_MARKUP_PERCENT": "-1",
    "GOOGLE_PAY_ROOT_KEYS_URL": "keys.json",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_variable_and_no_other_is_blamed(environment: Environment, name: str) -> None:
    refusal = environment.refusal(**{name: BAD[name]})

    assert re.findall(r"^  ([A-Z_]+):", refusal, re.MULTILINE) == [name]


def test_each_setting_of_a_gateway_is_read_from_its_variable(environment: Environment) -> None:
    settings = environment.settings(
        RAZORPAY_KEY_ID="rzp_test_1",
        RAZORPAY_KEY_SECRET="hush",
        RAZORPAY_WEBHOOK_SECRET="new, old",
        RAZORPAY_API_URL="http://127.0.0.1:8001/",
        PAYPAL_CLIENT_ID="client",
        PAYPAL_CLIENT_SECRET="hush",
        PAYPAL_API_URL="http://127.0.0.1:8001",
        PAYPAL_WEBHOOK_ID="WH-1",
        PAYPAL_WEBHOOK_CERT_CA="ca.pem",
        PAYPAL_WEBHOOK_VERIFICATION="postback",
        PAYPAL_RETURN_URL="https://shop.example/paid",
        PAYPAL_CANCEL_URL="https://shop.example/not-paid",
        PAYPAL_CURRENCY="EUR",
        FX_RATES="USD:83.10, EUR:90",
        FX_MARKUP_PERCENT="1.5",
        GOOGLE_PAY_MERCHANT_ID="g1",
        GOOGLE_PAY_ROOT_KEYS_URL="https://keys.example/keys.json",
        GOOGLE_PAY_ROOT_KEYS_FILE="keys.json",
        APPLE_PAY_MERCHANT_ID="a1",
        APPLE_PAY_CERT_FILE="apple.pem",
    )

    sandbox = "http://127.0.0.1:8001"
    assert settings.razorpay == RazorpaySettings(
        key_id="rzp_test_1", key_secret="hush", webhook_secrets=("new", "old"), api_url=sandbox
    )
    assert settings.paypal == PayPalSettings(
        client_id="client",
        client_secret="hush",
        api_url=sandbox,
        webhook_id="WH-1",
        webhook_cert_ca="ca.pem",
        allows_test_roots=True,
        verifies_by_postback=True,
        return_url="https://shop.example/paid",
        cancel_url="https://shop.example/not-paid",
        currency="EUR",
    )


def test_exchange_rates_and_pay_buttons_are_read_too(environment: Environment) -> None:
    settings = environment.settings(
        FX_RATES="USD:83.10, EUR:90",
        FX_MARKUP_PERCENT="1.5",
        GOOGLE_PAY_MERCHANT_ID="g1",
        GOOGLE_PAY_ROOT_KEYS_URL="https://keys.example/keys.json",
        GOOGLE_PAY_ROOT_KEYS_FILE="keys.json",
        APPLE_PAY_MERCHANT_ID="a1",
        APPLE_PAY_CERT_FILE="apple.pem",
    )

    rates = (("USD", Decimal("83.10")), ("EUR", Decimal(90)))
    assert settings.exchange == ExchangeSettings(rates=rates, markup_percent=Decimal("1.5"))
    assert settings.google_pay == GooglePaySettings(
        merchant_id="g1", root_keys_url="https://keys.example/keys.json", root_keys_file="keys.json"
    )
    assert settings.apple_pay == ApplePaySettings(merchant_id="a1", cert_file="apple.pem")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"RAZORPAY_KEY_ID": "rzp_live_1", "RAZORPAY_KEY_SECRET": "x"}, "RAZORPAY_WEBHOOK_SECRET"),
        ({"PAYPAL_CLIENT_ID": "c", "PAYPAL_CLIENT_SECRET": "x"}, "PAYPAL_WEBHOOK_ID"),
        ({"PAYPAL_WEBHOOK_CERT_CA": "ca.pem"}, "PAYPAL_WEBHOOK_CERT_CA"),
    ],
)
def test_production_refuses_gateways_whose_messages_anybody_could_forge(
    environment: Environment, changes: dict[str, str], name: str
) -> None:
    refusal = environment.refusal(**PRODUCTION, **changes)

    assert re.findall(r"^  ([A-Z_]+):", refusal, re.MULTILINE) == [name]
