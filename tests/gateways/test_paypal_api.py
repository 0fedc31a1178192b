"""PayPal's SDK as we use it: what it sends, what its failures mean, and its silence about secrets."""

import logging
import socket
import time
from collections.abc import Iterator

import pytest

from backend.gateways.errors import (
    GatewayBusy,
    GatewayError,
    GatewayNotFound,
    GatewayRefused,
    GatewayTimeout,
    GatewayUnavailable,
)
from backend.gateways.paypal_api import TOKEN_PATH, PayPalApi
from tests.gateways.controls import HANGS_FOR_SECONDS
from tests.gateways.local_servers import LocalServer, Reply
from tests.gateways.paypal_account import ACCESS_TOKEN, CLIENT_SECRET, Account, api_at


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


def test_a_base_address_may_end_with_a_slash(server: LocalServer) -> None:
    api_at(f"{server.url}/").get("v2/checkout/orders/X")

    assert server.paths() == [TOKEN_PATH, "/v2/checkout/orders/X"]


def test_a_read_sends_no_body(server: LocalServer, api: PayPalApi) -> None:
    api.get("v2/checkout/orders/X")

    assert server.asked[-1].body == b""


def test_headers_of_a_call_do_not_reach_the_token_call(server: LocalServer, api: PayPalApi) -> None:
    api.post("v2/checkout/orders", {"a": 1}, headers={"PayPal-Request-Id": "key", "Prefer": "x"})

    token_call, call = server.asked
    assert (call.headers["PayPal-Request-Id"], call.json) == ("key", {"a": 1})
    assert "PayPal-Request-Id" not in token_call.headers
    assert token_call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert token_call.body == b"grant_type=client_credentials"


def test_raw_bytes_are_posted_as_they_are(server: LocalServer, api: PayPalApi) -> None:
    api.post_raw("v1/notifications/verify-webhook-signature", b'{ "a" :1 }')

    assert server.asked[-1].body == b'{ "a" :1 }'


def test_an_empty_answer_is_an_empty_object(account: Account, api: PayPalApi) -> None:
    account.reply = Reply(b"", 204)

    assert api.delete("v3/vault/payment-tokens/X") == {}


NO = {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": "ORDER_NOT_APPROVED"}]}
BUSY = {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": "PREVIOUS_REQUEST_IN_PROGRESS"}]}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(NO, 400), GatewayRefused),
        (Reply(NO, 403), GatewayRefused),
        (Reply(NO, 405), GatewayRefused),
        (Reply(NO, 422), GatewayRefused),
        (Reply(NO, 404), GatewayNotFound),
        (Reply(NO, 409), GatewayBusy),
        (Reply(BUSY, 422), GatewayBusy),
        (Reply(NO, 429), GatewayError),
        (Reply(NO, 500), GatewayError),
        (Reply(NO, 503), GatewayError),
        (Reply(b"<html>", 200), GatewayError),
        (Reply(b"<html>", 400), GatewayError),
        (Reply(b"<html>", 403), GatewayError),
        (Reply(b"<html>", 404), GatewayError),
        (Reply(b"<html>", 502), GatewayError),
        (Reply([1], 200), GatewayError),
        (Reply([1], 422), GatewayError),
        (Reply(b"\xff\xfe", 200), GatewayError),
        (Reply(b"", 302, {"Location": "http://127.0.0.1:1/"}), GatewayError),
        (Reply(b"", 308, {"Location": "http://127.0.0.1:1/"}), GatewayError),
        (Reply(None), GatewayError),
    ],
    ids=lambda value: f"{value.status}{value.body}"[:40] if isinstance(value, Reply) else value.__name__,
)
def test_a_failure_says_what_is_known(
    account: Account, api: PayPalApi, reply: Reply, error: type[GatewayError]
) -> None:
    account.reply = reply

    with pytest.raises(GatewayError) as caught:
        api.post("v2/x", {})

    assert type(caught.value) is error


def test_a_no_carries_paypals_words_for_it(account: Account, api: PayPalApi) -> None:
    account.reply = Reply(NO, 422)

    with pytest.raises(GatewayRefused) as caught:
        api.post("v2/x", {})

    assert caught.value.details == {
        "gateway": "paypal",
        "reason": "Order not approved",
        "issue": "ORDER_NOT_APPROVED",
    }


@pytest.mark.parametrize("details", [None, [], {}, [7], [{"issue": 7}], [{}], "x"])
def test_a_no_without_an_issue_is_still_a_no(account: Account, api: PayPalApi, details: object) -> None:
    account.reply = Reply({"name": "INVALID_REQUEST", "details": details}, 400)

    with pytest.raises(GatewayRefused) as caught:
        api.post("v2/x", {})

    assert caught.value.details["issue"] is None


def test_silence_ends_with_a_timeout(server: LocalServer) -> None:
    server.answer = lambda _: time.sleep(HANGS_FOR_SECONDS) or Reply()

    with pytest.raises(GatewayTimeout):
        api_at(server.url, timeout=(0.3, 0.3)).get("v2/x")


def test_a_server_that_is_not_there_got_nothing() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))

        with pytest.raises(GatewayUnavailable):
            api_at(f"http://127.0.0.1:{nobody.getsockname()[1]}").get("v2/x")


def test_no_log_has_a_secret_or_a_body(
    account: Account, api: PayPalApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer, body = "what-the-answer-says", {"note": "what-the-request-says"}
    account.reply = Reply({"name": "X", "message": answer}, 422)

    with pytest.raises(GatewayRefused) as caught:
        api.post("v2/x", body, headers={"PayPal-Request-Id": "key-1"})
    logging.getLogger().error("It failed.", exc_info=caught.value)

    hidden = (CLIENT_SECRET, ACCESS_TOKEN, api.basic_auth(), answer, body["note"])
    assert "It failed." in caplog.text
    assert not [secret for secret in hidden if secret in caplog.text]
