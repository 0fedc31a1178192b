"""A wrong environment is refused as a whole, with every variable at fault named at once."""

import ast
import re
from dataclasses import fields

import pytest

from backend.config import DEFAULT_SECRET, BadSettings, Settings, read_settings
from tests.unit.source import ROOT, Module

CONFIG = Module(ROOT / "backend" / "config.py")
EXAMPLE = (ROOT / ".env.example").read_text().splitlines()
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
    """Every name that config.py reads from the environment."""
    names = (
        argument.value
        for call in CONFIG.calls()
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )
    return {name for name in names if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", name)}


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_nothing_set_means_the_defaults(environment: Environment) -> None:
    assert environment.settings() == Settings()


def test_each_setting_is_read_from_its_variable(environment: Environment) -> None:
    settings = environment.settings(
        **PRODUCTION,
        MONGODB_DB="shop",
        MAX_AMOUNT="500.50",
        LOW_BALANCE_THRESHOLD="30",
        DEFAULT_CALL_RATE="2.5",
        CORS_ORIGINS="https://a.example, https://b.example,",
        RATELIMIT_STORAGE_URI="redis://cache",
        RATELIMIT_ENABLED="false",
        LOGIN_LIMIT="5/hour",
        TRUSTED_PROXIES="2",
        LOG_LEVEL="DEBUG",
    )

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
        trusted_proxies=2,
        log_level="DEBUG",
    )


BAD = {
    "BATUA_ENV": "live",
    "MONGODB_DB": "a b",
    "MAX_AMOUNT": "1e3",
    "LOW_BALANCE_THRESHOLD": "0.001",
    "DEFAULT_CALL_RATE": "ten",
    "RATELIMIT_ENABLED": "perhaps",
    "LOGIN_LIMIT": "often",
    "TRUSTED_PROXIES": "-1",
    "LOG_LEVEL": "LOUD",
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


@pytest.mark.parametrize("kind", ["development", "test"])
def test_only_production_asks_for_secrets(environment: Environment, kind: str) -> None:
    assert environment.settings(BATUA_ENV=kind).secret_key == DEFAULT_SECRET


def test_every_setting_has_a_variable() -> None:
    assert len(variables()) == len(fields(Settings))


@pytest.mark.parametrize("name", sorted(variables()))
def test_every_variable_is_explained_in_the_example(name: str) -> None:
    lines = [number for number, line in enumerate(EXAMPLE) if re.match(rf"(# )?{name}=", line)]

    assert len(lines) == 1
    assert re.match(r"# +\S", EXAMPLE[lines[0] - 1])


def test_the_example_sets_what_is_the_default_anyway(environment: Environment) -> None:
    given = dict(line.split("=", 1) for line in EXAMPLE if re.match(r"[A-Z_]+=", line))

    assert environment.settings(**{name: given[name] for name in given.keys() & variables()}) == Settings()
