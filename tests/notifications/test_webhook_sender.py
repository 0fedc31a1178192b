"""A webhook reaches the server it is meant for, and no other."""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from backend.notifications.outside_addresses import BadAddress, PrivateAddress
from backend.notifications.webhook_sender import LARGEST_BODY, Reply, WebhookSender
from tests.gateways.certificates import authority, leaf
from tests.gateways.local_servers import LocalServer
from tests.gateways.local_servers import Reply as Answer

HOST = "hooks.shop.example"
BODY = b'{"a":1}'


class Names:
    """A resolver that says what it is told to say, in turn, and remembers how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked = 0
        self._answers = answers

    def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return self._answers[min(self.asked, len(self._answers)) - 1]


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


@pytest.fixture
def certificates(tmp_path: Path) -> tuple[str, ssl.SSLContext]:
    """An authority's file, and a server's context with a certificate for HOST."""
    root = authority()
    files = leaf(root, names=(HOST,)).write(tmp_path / "leaf.pem", with_key=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files)
    return root.write(tmp_path / "root.pem"), context


def sender(**changes: Any) -> WebhookSender:
    return WebhookSender(**{"allows_http": True, "allows_loopback": True} | changes)


def port_of(server: LocalServer) -> int:
    return int(server.url.rpartition(":")[2])


def sent(url: str, **changes: Any) -> Reply:
    return sender(**changes).send(url, BODY, {"webhook-id": "evt_1"})


def test_a_message_arrives_as_it_was_given(server: LocalServer) -> None:
    reply = sent(f"{server.url}/hooks?shop=1")

    [asked] = server.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/hooks?shop=1", BODY)
    assert asked.headers["webhook-id"] == "evt_1"
    assert asked.headers["Content-Type"] == "application/json"
    assert reply.is_ok
    assert (reply.status, reply.error, reply.excerpt) == (200, None, "{}")


@pytest.mark.parametrize("status", [199, 301, 307, 400, 404, 410, 500, 503])
def test_every_status_but_success_is_a_failure(server: LocalServer, status: int) -> None:
    server.answer = lambda _: Answer(b"no", status, {"Location": f"{server.url}/elsewhere"})

    reply = sent(server.url)

    assert (reply.status, reply.error, reply.is_ok) == (status, f"HTTP_{status}", False)
    assert server.paths() == ["/"]


def test_a_private_address_is_not_called(server: LocalServer) -> None:
    assert sent(server.url, allows_loopback=False).error == "PRIVATE_ADDRESS"
    assert server.asked == []


def test_a_name_that_turns_to_a_private_address_after_the_check_is_not_called(server: LocalServer) -> None:
    names = Names(["93.184.216.34"], ["127.0.0.1"])
    rebound = sender(allows_loopback=False, resolve=names)
    url = f"http://{HOST}:{port_of(server)}/"

    rebound.check(url)
    reply = rebound.send(url, BODY, {})

    assert reply.error == "PRIVATE_ADDRESS"
    assert server.asked == []


def test_a_name_is_asked_once_and_what_was_checked_is_what_is_called(server: LocalServer) -> None:
    names = Names(["127.0.0.1"], ["169.254.169.254"])

    reply = sent(f"http://{HOST}:{port_of(server)}/", resolve=names)

    assert (reply.status, names.asked) == (200, 1)
    assert server.asked[0].headers["Host"] == f"{HOST}:{port_of(server)}"


def test_the_next_address_is_tried_where_one_cannot_be_reached(server: LocalServer) -> None:
    names = Names(["::1", "127.0.0.1"])  # The server listens on the second one only.

    assert sent(f"http://{HOST}:{port_of(server)}/", resolve=names).is_ok


def test_a_certificate_is_checked_against_the_name_and_not_the_address(
    certificates: tuple[str, ssl.SSLContext],
) -> None:
    ca_file, context = certificates
    spoken: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: spoken.append(name)
    with LocalServer(tls=context) as server:
        url = f":{port_of(server)}/"
        names = Names(["127.0.0.1"])

        good = sent(f"https://{HOST}{url}", resolve=names, ca_file=ca_file)
        bad = sent(f"https://other.example{url}", resolve=names, ca_file=ca_file)
        unknown = sent(f"https://{HOST}{url}", resolve=names)

    assert good.is_ok
    assert bad.error == unknown.error == "TLS_CERTIFICATE"
    assert spoken == [HOST, "other.example", HOST]
    assert len(server.asked) == 1


def test_a_server_that_speaks_no_tls_is_a_failure(server: LocalServer) -> None:
    assert sent(server.url.replace("http://", "https://")).error == "TLS"


def test_production_calls_https_only(server: LocalServer) -> None:
    assert sent(server.url, allows_http=False).error == "BAD_ADDRESS"
    assert server.asked == []


def test_of_a_long_answer_only_the_beginning_is_read(server: LocalServer) -> None:
    server.answer = lambda _: Answer(b"a\0" * 10_000_000, 500)

    reply = sent(server.url)

    assert (reply.status, reply.excerpt) == (500, "a\ufffd" * 250)


def test_where_nobody_listens_nothing_arrives() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))

        assert sent(f"http://127.0.0.1:{nobody.getsockname()[1]}/").error == "CONNECTION"


def test_a_name_that_is_not_known_is_a_failure_now_and_may_be_known_later() -> None:
    assert sent("https://nowhere.invalid/").error == "NAME_NOT_FOUND"
    sender().check("https://nowhere.invalid/")


@pytest.mark.parametrize(
    "url", ["https://10.0.0.1/", "https://[::ffff:169.254.169.254]/", "https://2130706433/"]
)
def test_the_check_refuses_private_addresses(url: str) -> None:
    with pytest.raises(PrivateAddress):
        sender(allows_loopback=False).check(url)


def test_the_check_refuses_what_is_no_address() -> None:
    with pytest.raises(BadAddress):
        sender().check("gopher://shop.example/")


def test_a_body_that_is_too_large_is_not_sent(server: LocalServer) -> None:
    reply = sender().send(server.url, b"a" * (LARGEST_BODY + 1), {})

    assert (reply.error, server.asked) == ("BODY_TOO_LARGE", [])


def later(seconds: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("make_text", "least", "most"),
    [
        (lambda: "120", 120, 120),
        (lambda: later(300), 290, 300),
        (lambda: later(-300), 0, 0),
        (lambda: "9" * 30, 86400, 86400),
    ],
    ids=["seconds", "a date", "a date that has passed", "longer than anybody waits"],
)
def test_the_receiver_may_say_when_to_come_again(
    server: LocalServer, make_text: Callable[[], str], least: int, most: int
) -> None:
    server.answer = lambda _: Answer(b"", 503, {"Retry-After": make_text()})

    waits = sent(server.url).retry_after_seconds

    assert waits is not None
    assert least <= waits <= most


@pytest.mark.parametrize("text", ["soon", "-5", "1.5", "", "²"])
def test_a_wish_that_cannot_be_read_is_none(server: LocalServer, text: str) -> None:
    server.answer = lambda _: Answer(b"", 503, {"Retry-After": text} if text.isascii() else {})

    assert sent(server.url).retry_after_seconds is None
