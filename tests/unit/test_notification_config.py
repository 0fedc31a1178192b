"""The settings of the ways to reach customers are read and checked like all others."""

import re

import pytest

from backend.notifications.settings import EmailSettings, WhatsAppSettings
from tests.unit.environment import PRODUCTION, Environment, environment, no_variables

__all__ = ["environment", "no_variables"]

KEYS = {"WHATSAPP_PHONE_NUMBER_ID": "1", "WHATSAPP_ACCESS_TOKEN": "hush"}
PROOFS = {"WHATSAPP_APP_SECRET": "quiet", "WHATSAPP_VERIFY_TOKEN": "psst"}


def test_each_setting_of_whatsapp_is_read_from_its_variable(environment: Environment) -> None:
    settings = environment.settings(**KEYS, **PROOFS, WHATSAPP_API_URL="http://127.0.0.1:8001/v23.0/")

    assert settings.whatsapp == WhatsAppSettings(
        phone_number_id="1",
        access_token="hush",
        app_secret="quiet",
        verify_token="psst",
        api_url="http://127.0.0.1:8001/v23.0",
    )
    assert settings.whatsapp.is_configured


@pytest.mark.parametrize("missing", KEYS)
def test_half_a_key_sends_no_messages(environment: Environment, missing: str) -> None:
    given = {name: value for name, value in KEYS.items() if name != missing}

    assert not environment.settings(**given).whatsapp.is_configured


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        (
            "smtps://shop%40example.in:p%40ss%3Aword@mail.example.in/?from=shop@example.in",
            EmailSettings(
                host="mail.example.in",
                port=465,
                user="shop@example.in",
                password="p@ss:word",
                is_encrypted_at_once=True,
                sender="shop@example.in",
            ),
        ),
        (
            "smtp://mail.example.in:2525?from=Meri%20Dukaan%20%3Cshop@example.in%3E",
            EmailSettings(
                host="mail.example.in", port=2525, sender="shop@example.in", sender_name="Meri Dukaan"
            ),
        ),
        (
            "smtp://[::1]/?from=shop@example.in",
            EmailSettings(host="::1", port=587, sender="shop@example.in"),
        ),
    ],
)
def test_a_mail_server_is_read_from_its_address(
    environment: Environment, url: str, settings: EmailSettings
) -> None:
    assert environment.settings(SMTP_URL=url).email == settings


def test_without_a_mail_server_no_mail_is_sent(environment: Environment) -> None:
    assert not environment.settings().email.is_configured


@pytest.mark.parametrize(
    "url",
    [
        *("mail.example.in", "https://u:hunter2@mail.example.in/?from=a@b.in", "smtp:///?from=a@b.in"),
        *("smtp://u:hunter2@mail.example.in", "smtp://u:hunter2@mail.example.in/?from=shop"),
        *("smtp://u:hunter2@h:port/?from=a@b.in", "smtp://u:hunter2@h:99999/?from=a@b.in"),
        *("smtp://hunter2@h/?from=a@b.in", "smtp://:hunter2@h/?from=a@b.in", "smtp://[::1/?from=a@b.in"),
        "smtp://h/?from=a@b.in%0d%0aBcc:%20c@d.in",
        "smtp://u:hunter2%E0%A4%B0@h/?from=a@b.in",
    ],
)
def test_what_is_no_mail_server_is_blamed_and_not_repeated(environment: Environment, url: str) -> None:
    refusal = environment.refusal(SMTP_URL=url)

    assert re.findall(r"^  ([A-Z_]+):", refusal, re.MULTILINE) == ["SMTP_URL"]
    assert "hunter2" not in refusal


def test_an_address_of_whatsapp_that_is_none_is_blamed(environment: Environment) -> None:
    refusal = environment.refusal(WHATSAPP_API_URL="graph.facebook.com")

    assert re.findall(r"^  ([A-Z_]+):", refusal, re.MULTILINE) == ["WHATSAPP_API_URL"]


@pytest.mark.parametrize("missing", PROOFS)
def test_production_refuses_reports_that_anybody_could_forge(environment: Environment, missing: str) -> None:
    given = {name: value for name, value in PROOFS.items() if name != missing}

    refusal = environment.refusal(**PRODUCTION, **KEYS, **given)

    assert re.findall(r"^  ([A-Z_]+):", refusal, re.MULTILINE) == [missing]


def test_secrets_are_not_shown(environment: Environment) -> None:
    shown = repr(environment.settings(**KEYS, **PROOFS, SMTP_URL="smtp://u:hunter2@h/?from=a@b.in"))

    assert not [secret for secret in ("hush", "quiet", "psst", "hunter2") if secret in shown]
