"""Where Google's root keys come from, and how long they are kept."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.gateways.errors import GatewayError, GatewayUnavailable, NotConfigured
from backend.gateways.google_pay import GooglePayMessages
from backend.gateways.outgoing import Outgoing
from backend.gateways.settings import GooglePaySettings
from tests.gateways.certificates import NOW
from tests.gateways.google_signer import MERCHANT, Google
from tests.gateways.local_servers import LocalServer, Reply


@pytest.fixture
def google() -> Google:
    return Google()


def trusting(keys: object, folder: Path) -> GooglePayMessages:
    file = folder / "keys.json"
    file.write_text(keys if isinstance(keys, str) else json.dumps(keys))
    settings = GooglePaySettings(merchant_id=MERCHANT, root_keys_file=str(file))
    return GooglePayMessages(settings, now=lambda: NOW)


@pytest.mark.parametrize(
    "keys", ["", "[]", "{}", '{"keys": 7}', '{"keys": []}', '{"keys": [7]}', '{"keys": [{}]}']
)
def test_without_root_keys_nothing_is_believed(google: Google, tmp_path: Path, keys: str) -> None:
    with pytest.raises(GatewayError):
        trusting(keys, tmp_path).read(google.raw())


def test_a_file_that_is_not_there_is_a_missing_setting(google: Google) -> None:
    settings = GooglePaySettings(merchant_id=MERCHANT, root_keys_file="/nowhere/keys.json")

    with pytest.raises(NotConfigured):
        GooglePayMessages(settings).read(google.raw())


def at(server: LocalServer, clock: Callable[[], float] = lambda: 0.0) -> GooglePayMessages:
    settings = GooglePaySettings(merchant_id=MERCHANT, root_keys_url=f"{server.url}/keys")
    return GooglePayMessages(settings, outgoing=Outgoing(timeout=(5.0, 5.0)), now=lambda: NOW, clock=clock)


def test_root_keys_are_fetched_once_an_hour(google: Google) -> None:
    seconds = [0.0]
    with LocalServer(lambda _: Reply(google.keys())) as server:
        messages = at(server, lambda: seconds[0])
        for seconds[0] in (0.0, 3599.0, 3601.0):
            messages.read(google.raw())

        assert server.paths() == ["/keys", "/keys"]


def test_old_root_keys_do_while_new_ones_cannot_be_had(google: Google) -> None:
    seconds = [0.0]
    with LocalServer(lambda _: Reply(google.keys())) as server:
        messages = at(server, lambda: seconds[0])
        messages.read(google.raw())
        seconds[0], server.answer = 3601.0, lambda _: Reply(b"oops", 500)

        assert messages.read(google.raw()).nonce == "nonce-1"


@pytest.mark.parametrize(
    "reply", [Reply(b"oops", 500), Reply(b"<html>"), Reply(b"", 302, {"Location": "/x"})]
)
def test_root_keys_that_cannot_be_had_let_google_try_again(google: Google, reply: Reply) -> None:
    with LocalServer(lambda _: reply) as server, pytest.raises(GatewayError):
        at(server).read(google.raw())


def test_google_being_away_lets_google_try_again(google: Google) -> None:
    settings = GooglePaySettings(merchant_id=MERCHANT, root_keys_url="http://nowhere.invalid/keys")

    with pytest.raises(GatewayUnavailable):
        GooglePayMessages(settings, now=lambda: NOW).read(google.raw())
