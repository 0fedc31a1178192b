"""PayPal's access tokens: few of them, shared by all threads, renewed in time."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.gateways.errors import (
    GatewayError,
    GatewayRefused,
)
from backend.gateways.paypal_api import TOKEN_PATH, PayPalApi
from tests.gateways.local_servers import LocalServer, Reply
from tests.gateways.paypal_account import ACCESS_TOKEN, Account, api_at


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def server(account: Account) -> Iterator[LocalServer]:
    with LocalServer(account) as server:
        yield server


@pytest.fixture
def api(server: LocalServer) -> PayPalApi:
    return api_at(server.url)


def test_a_token_is_used_again_until_shortly_before_it_expires(account: Account, server: LocalServer) -> None:
    clock = Clock()
    api = api_at(server.url, clock)

    for seconds in (0, 32_000, 32_339, 32_341):
        clock.seconds = 1000.0 + seconds
        api.get("v2/x")

    assert account.tokens == 2


def test_fifty_threads_ask_for_one_token(account: Account, api: PayPalApi) -> None:
    together = threading.Barrier(50)

    def call(_: int) -> None:
        together.wait()
        api.get("v2/x")

    with ThreadPoolExecutor(50) as threads:
        list(threads.map(call, range(50)))

    assert account.tokens == 1


def test_fifty_threads_replace_a_revoked_token_once(account: Account, api: PayPalApi) -> None:
    api.get("v2/x")
    account.revoked = {1}

    with ThreadPoolExecutor(50) as threads:
        list(threads.map(lambda _: api.get("v2/x"), range(50)))

    assert account.tokens == 2


def test_threads_that_waited_for_a_token_in_vain_do_not_each_ask_again(
    account: Account, api: PayPalApi
) -> None:
    account.token_reply, account.pause_seconds = Reply(b"oops", 500), 0.3
    together = threading.Barrier(20)

    def error(_: int) -> type[Exception] | None:
        together.wait()
        try:
            api.get("v2/x")
        except GatewayError as error:
            return type(error)

    with ThreadPoolExecutor(20) as threads:
        assert set(threads.map(error, range(20))) == {GatewayError}
    assert account.tokens < 5


def test_a_token_is_asked_for_again_after_a_failure(account: Account, api: PayPalApi) -> None:
    account.token_reply = Reply(b"oops", 500)
    with pytest.raises(GatewayError):
        api.get("v2/x")
    account.token_reply = None

    assert api.get("v2/x") == {"id": "X"}


def test_a_call_refused_for_good_ends_after_one_new_token(
    account: Account, server: LocalServer, api: PayPalApi, caplog: pytest.LogCaptureFixture
) -> None:
    account.revoked = {1, 2, 3}

    with pytest.raises(GatewayRefused) as caught:
        api.get("v2/x")

    assert caught.value.details["reason"] == "authentication"
    assert server.paths() == [TOKEN_PATH, "/v2/x", TOKEN_PATH, "/v2/x"]
    assert "PAYPAL_CLIENT_SECRET" in caplog.text


def test_wrong_keys_end_at_once(account: Account, server: LocalServer, api: PayPalApi) -> None:
    account.token_reply = Reply({"error": "invalid_client"}, 401)

    with pytest.raises(GatewayRefused) as caught:
        api.get("v2/x")

    assert caught.value.details["reason"] == "authentication"
    assert server.paths() == [TOKEN_PATH]


@pytest.mark.parametrize("token", [{}, {"access_token": 7, "expires_in": 9}, {"access_token": "x"}, []])
def test_a_token_that_is_none_is_a_failure(account: Account, api: PayPalApi, token: object) -> None:
    account.token_reply = Reply(token)  # type: ignore[arg-type]

    with pytest.raises(GatewayError):
        api.get("v2/x")


def test_what_the_sdk_asks_for_itself_is_the_shared_token(account: Account, api: PayPalApi) -> None:
    first, second = api.get_access_token(), api.get_access_token()

    assert first == second == f"{ACCESS_TOKEN}-1"
    assert json.dumps(api.headers()).count(ACCESS_TOKEN) == 1
