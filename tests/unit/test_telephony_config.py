"""The settings of telephone calls are read and checked like all others."""

import re

import pytest

from backend.telephony.settings import TWILIO_URL, TelephonySettings
from tests.unit.environment import PRODUCTION, Environment, environment, no_variables

__all__ = ["environment", "no_variables"]

ACCOUNT = {
    "TELEPHONY_ACCOUNT_SID": "AC1",
    "TELEPHONY_AUTH_TOKEN": "hush",
    "TELEPHONY_FROM_NUMBER": "+15005550006",
}


def blamed(refusal: str) -> list[str]:
    return re.findall(r"^  ([A-Z_]+):", refusal, re.MULTILINE)


def test_each_setting_is_read_from_its_variable(environment: Environment) -> None:
    settings = environment.settings(**ACCOUNT, TELEPHONY_API_URL="http://127.0.0.1:8001/")

    assert settings.telephony == TelephonySettings(
        account_sid="AC1", auth_token="hush", from_number="+15005550006", api_url="http://127.0.0.1:8001"
    )
    assert settings.telephony.is_configured


def test_without_an_account_nobody_is_called(environment: Environment) -> None:
    telephony = environment.settings().telephony

    assert not telephony.is_configured
    assert telephony.api_url == TWILIO_URL


@pytest.mark.parametrize("missing", ACCOUNT)
def test_half_an_account_calls_nobody_and_is_refused_in_production(
    environment: Environment, missing: str
) -> None:
    given = {name: value for name, value in ACCOUNT.items() if name != missing}

    assert not environment.settings(**given).telephony.is_configured
    assert blamed(environment.refusal(**PRODUCTION, **given)) == [missing]


def test_production_takes_a_whole_account_or_none(environment: Environment) -> None:
    assert not environment.settings(**PRODUCTION).telephony.is_configured
    assert environment.settings(**PRODUCTION, **ACCOUNT).telephony.is_configured


@pytest.mark.parametrize(
    "number", ["15005550006", "+0500555000", "+1 500 555 0006", "+1500555000६", "+1", "shop"]
)
def test_what_is_no_number_is_blamed(environment: Environment, number: str) -> None:
    assert blamed(environment.refusal(**ACCOUNT | {"TELEPHONY_FROM_NUMBER": number})) == [
        "TELEPHONY_FROM_NUMBER"
    ]


def test_what_is_no_address_is_blamed(environment: Environment) -> None:
    assert blamed(environment.refusal(TELEPHONY_API_URL="api.twilio.com")) == ["TELEPHONY_API_URL"]


def test_the_token_is_not_shown(environment: Environment) -> None:
    assert "hush" not in repr(environment.settings(**ACCOUNT))
