"""A wrong environment is refused as a whole, with every variable at fault named at once."""

import re
from dataclasses import fields

import pytest

from backend.config import DEFAULT_SECRET, Settings
from backend.gateways.settings import (
    PayPalSettings,
)
from tests.unit.environment import (
    EXAMPLE,
    FERNET_KEY,
    GROUPS,
    PRODUCTION,
    SECRET,
    Environment,
    environment,
    no_variables,
    settings_of_groups,
    variables,
)

__all__ = ["environment", "no_variables"]


GIVEN = {
    "MONGODB_DB": "shop",
    "MAX_AMOUNT": "500.50",
    "LOW_BALANCE_THRESHOLD": "30",
    "DEFAULT_CALL_RATE": "2.5",
    "CORS_ORIGINS": "https://a.example, https://b.example,",
    "RATELIMIT_STORAGE_URI": "redis://cache",
    "RATELIMIT_ENABLED": "false",
    "LOGIN_LIMIT": "5/hour",
    "PAYMENT_INITIATE_LIMIT": "50/hour",
    "WEBHOOK_FAILURE_LIMIT": "7/second",
    "TRUSTED_PROXIES": "2",
    "LOG_LEVEL": "DEBUG",
    "PUBLIC_URL": "https://pay.shop.example/",
    "PAYMENT_MAX_ATTEMPTS": "5",
    "PAYMENT_TIMEOUT_MINUTES": "15",
    "LATE_PAYMENT_DAYS": "3",
    "TOPUP_MIN": "50",
    "TOPUP_MAX": "2000.50",
    "TOPUP_DAILY_LIMIT": "3",
    "REFUNDS_PER_ORDER": "2",
    "REFUND_TIMEOUT_HOURS": "48",
    "CELERY_BROKER_URL": "redis://queue/3",
    "UPI_COLLECT_ENABLED": "true",
}


def test_nothing_set_means_the_defaults(environment: Environment) -> None:
    assert environment.settings() == Settings()


def test_each_setting_is_read_from_its_variable(environment: Environment) -> None:
    settings = environment.settings(**PRODUCTION, **GIVEN)

    assert settings == Settings(
        environment="production",
        mongodb_uri=PRODUCTION["MONGODB_URI"],
        mongodb_db="shop",
        secret_key=SECRET,
        jwt_secret_key=SECRET[::-1],
        field_encryption_keys=(FERNET_KEY,),
        max_amount_minor=50_050,
        low_balance_threshold_minor=3_000,
        default_call_rate_minor=250,
        cors_origins=("https://a.example", "https://b.example"),
        ratelimit_storage_uri="redis://cache",
        ratelimit_enabled=False,
        login_limit="5/hour",
        payment_initiate_limit="50/hour",
        webhook_failure_limit="7/second",
        trusted_proxies=2,
        log_level="DEBUG",
        public_url="https://pay.shop.example",
        payment_max_attempts=5,
        payment_timeout_minutes=15,
        late_payment_days=3,
        topup_min_minor=5_000,
        topup_max_minor=200_050,
        topup_daily_limit=3,
        refunds_per_order=2,
        refund_timeout_hours=48,
        celery_broker_url="redis://queue/3",
        upi_collect_enabled=True,
        paypal=PayPalSettings(
            api_url="https://api-m.paypal.com",
            return_url="https://pay.shop.example/checkout/success",
            cancel_url="https://pay.shop.example/checkout/cancel",
        ),
    )


BAD = {
    "BATUA_ENV": "live",
    "MONGODB_DB": "a b",
    "MAX_AMOUNT": "1e3",
    "LOW_BALANCE_THRESHOLD": "0.001",
    "DEFAULT_CALL_RATE": "ten",
    "RATELIMIT_ENABLED": "perhaps",
    "LOGIN_LIMIT": "often",
    "PAYMENT_INITIATE_LIMIT": "never",
    "WEBHOOK_FAILURE_LIMIT": "-1",
    "TRUSTED_PROXIES": "-1",
    "PAYMENT_MAX_ATTEMPTS": "0",
    "PAYMENT_TIMEOUT_MINUTES": "0",
    "LATE_PAYMENT_DAYS": "-1",
    "TOPUP_MIN": "ten",
    "TOPUP_MAX": "1e4",
    "TOPUP_DAILY_LIMIT": "0",
    "REFUNDS_PER_ORDER": "-1",
    "REFUND_TIMEOUT_HOURS": "0",
    "WEBHOOK_ALLOW_PRIVATE": "perhaps",
    "UPI_COLLECT_ENABLED": "perhaps",
}


def test_every_bad_variable_is_named_at_once(environment: Environment) -> None:
    refusal = environment.refusal(**BAD)

    assert [name for name in BAD if f"{name}:" not in refusal] == []


@pytest.mark.parametrize("name", BAD)
def test_a_variable_that_is_fine_is_not_blamed(environment: Environment, name: str) -> None:
    refusal = environment.refusal(**{name: BAD[name]})

    assert re.findall(r"^  ([A-Z_]+):", refusal, re.MULTILINE) == [name]


def test_production_names_all_that_is_missing_at_once(environment: Environment) -> None:
    refusal = environment.refusal(BATUA_ENV="production")

    assert set(re.findall(r"^  ([A-Z_]+):", refusal, re.MULTILINE)) == PRODUCTION.keys() - {"BATUA_ENV"}


@pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET_KEY"])
@pytest.mark.parametrize("value", ["", "short", "x" * 31, DEFAULT_SECRET])
def test_production_refuses_a_secret_that_is_missing_short_or_known(
    environment: Environment, name: str, value: str
) -> None:
    refusal = environment.refusal(**{**PRODUCTION, name: value})

    assert re.findall(r"^  ([A-Z_]+):", refusal, re.MULTILINE) == [name]


@pytest.mark.parametrize("value", ["", "short", FERNET_KEY[:-1], f"{FERNET_KEY},short"])
def test_production_refuses_a_field_key_that_is_none(environment: Environment, value: str) -> None:
    refusal = environment.refusal(**{**PRODUCTION, "FIELD_ENCRYPTION_KEYS": value})

    assert re.findall(r"^  ([A-Z_]+):", refusal, re.MULTILINE) == ["FIELD_ENCRYPTION_KEYS"]


def test_a_refusal_never_repeats_a_secret(environment: Environment) -> None:
    refusal = environment.refusal(
        **{**PRODUCTION, "SECRET_KEY": "hunter2", "FIELD_ENCRYPTION_KEYS": "hunter3"}, LOG_LEVEL="LOUD"
    )

    assert "hunter" not in refusal


def test_only_production_refuses_webhooks_to_this_machine(environment: Environment) -> None:
    allowed = {"WEBHOOK_ALLOW_PRIVATE": "true"}

    assert environment.settings(**allowed).webhook_allow_private
    assert "WEBHOOK_ALLOW_PRIVATE" in environment.refusal(**PRODUCTION, **allowed)


@pytest.mark.parametrize("kind", ["development", "test"])
def test_only_production_asks_for_secrets(environment: Environment, kind: str) -> None:
    assert environment.settings(BATUA_ENV=kind).secret_key == DEFAULT_SECRET


def test_every_setting_has_a_variable() -> None:
    groups = sum(field.name in GROUPS for field in fields(Settings))

    assert len(variables()) == len(fields(Settings)) - groups + settings_of_groups()


@pytest.mark.parametrize("name", sorted(variables()))
def test_every_variable_is_explained_in_the_example(name: str) -> None:
    lines = [number for number, line in enumerate(EXAMPLE) if re.match(rf"(# )?{name}=", line)]

    assert len(lines) == 1
    assert re.match(r"# +\S", EXAMPLE[lines[0] - 1])


def test_the_example_sets_what_is_the_default_anyway(environment: Environment) -> None:
    given = dict(line.split("=", 1) for line in EXAMPLE if re.match(r"[A-Z_]+=", line))

    assert environment.settings(**{name: given[name] for name in given.keys() & variables()}) == Settings()
