"""Whoever uses the sandbox gets settings that fit it, beside the accounts that they have themselves."""

import pytest

from backend.sandbox import keys
from backend.sandbox.environment import OWN_ACCOUNTS, main


@pytest.fixture(autouse=True)
def no_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OWN_ACCOUNTS.values():
        monkeypatch.delenv(name, raising=False)


def written(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert main() == 0
    return dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())


def test_calls_go_to_the_sandbox(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SANDBOX_PORT", "8123")

    settings = written(capsys)

    assert settings["TELEPHONY_API_URL"] == settings["RAZORPAY_API_URL"] == "http://127.0.0.1:8123"
    assert settings["TELEPHONY_FROM_NUMBER"] == keys.TWILIO_FROM_NUMBER


@pytest.mark.parametrize("prefix", OWN_ACCOUNTS)
def test_an_account_of_ones_own_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], prefix: str
) -> None:
    before = written(capsys)
    monkeypatch.setenv(OWN_ACCOUNTS[prefix], "mine")

    assert written(capsys) == {name: value for name, value in before.items() if not name.startswith(prefix)}
