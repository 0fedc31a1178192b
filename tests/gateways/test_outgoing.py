"""What goes out to other people's servers, and what their failures are called here."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.gateways.errors import GatewayError, GatewayTimeout, GatewayUnavailable
from backend.gateways.outgoing import Answer, AnswerTooLarge, Outgoing
from tests.gateways.controls import HANGS_FOR_SECONDS
from tests.gateways.local_servers import LocalServer, Reply

PATIENT, IMPATIENT = (5.0, 5.0), (0.3, 0.3)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


@pytest.fixture
def outgoing() -> Outgoing:
    return Outgoing(timeout=PATIENT)


def error_of(outgoing: Outgoing, url: str) -> type[Exception]:
    with pytest.raises(GatewayError) as caught:
        outgoing.send("GET", url)
    return type(caught.value)


def test_an_answer_is_read_whatever_its_status(server: LocalServer, outgoing: Outgoing) -> None:
    server.answer = lambda _: Reply({"a": 1}, 418)

    answer = outgoing.send("GET", server.url)

    assert (answer.status_code, answer.json()) == (418, {"a": 1})


def test_a_redirect_is_not_followed(server: LocalServer, outgoing: Outgoing) -> None:
    server.answer = lambda asked: Reply(b"", 302, {"Location": f"{server.url}/elsewhere"})

    assert outgoing.send("GET", f"{server.url}/here").status_code == 302
    assert server.paths() == ["/here"]


def test_a_port_where_nobody_listens_means_that_nothing_was_sent(outgoing: Outgoing) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))

        assert error_of(outgoing, f"http://127.0.0.1:{nobody.getsockname()[1]}") is GatewayUnavailable


def test_a_name_that_does_not_exist_means_that_nothing_was_sent(outgoing: Outgoing) -> None:
    assert error_of(outgoing, "http://nowhere.invalid") is GatewayUnavailable


def test_a_full_queue_of_connections_means_that_nothing_was_sent() -> None:
    with socket.socket() as busy, socket.socket() as first, socket.socket() as second:
        busy.bind(("127.0.0.1", 0))
        busy.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(busy.getsockname())

        assert (
            error_of(Outgoing(timeout=IMPATIENT), f"http://127.0.0.1:{busy.getsockname()[1]}")
            is GatewayUnavailable
        )


def test_a_plain_server_behind_https_is_not_spoken_to(server: LocalServer, outgoing: Outgoing) -> None:
    assert issubclass(error_of(outgoing, server.url.replace("http:", "https:")), GatewayError)
    assert server.asked == []


@pytest.mark.parametrize("url", ["http://", "ftp://example.com/", "nonsense", "http://[::1", "http://a:b/"])
def test_an_address_that_is_none_sends_nothing(outgoing: Outgoing, url: str) -> None:
    assert error_of(outgoing, url) is GatewayUnavailable


def test_silence_is_a_timeout(server: LocalServer) -> None:
    server.answer = lambda _: time.sleep(HANGS_FOR_SECONDS) or Reply()

    assert error_of(Outgoing(timeout=IMPATIENT), server.url) is GatewayTimeout


def test_silence_in_the_middle_of_a_body_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
        with answering(listening, half, then_hangs=True):
            assert error_of(Outgoing(timeout=IMPATIENT), url) is GatewayTimeout


def test_half_a_body_is_no_answer(outgoing: Outgoing) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with answering(listening, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"):
            assert error_of(outgoing, url) is GatewayError


def test_a_connection_closed_without_a_word_leaves_open_what_happened(
    server: LocalServer, outgoing: Outgoing
) -> None:
    server.answer = lambda _: Reply(None)

    assert error_of(outgoing, server.url) is GatewayError


def test_an_answer_too_long_is_not_read_to_its_end(server: LocalServer, outgoing: Outgoing) -> None:
    server.answer = lambda _: Reply(b"x" * 100_000)

    with pytest.raises(AnswerTooLarge):
        outgoing.send("GET", server.url, largest=10_000)


def test_no_cookie_is_kept(server: LocalServer, outgoing: Outgoing) -> None:
    server.answer = lambda _: Reply(b"", headers={"Set-Cookie": "who=alice; Path=/"})

    outgoing.send("GET", server.url)
    outgoing.send("GET", server.url)

    assert [asked.headers.get("Cookie") for asked in server.asked] == [None, None]


def test_a_netrc_file_does_not_replace_our_authorization(
    server: LocalServer, outgoing: Outgoing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    outgoing.send("GET", server.url, headers={"Authorization": "Bearer ours"})

    assert server.asked[0].headers["Authorization"] == "Bearer ours"


@pytest.mark.parametrize("content", [b"", b"<html>", b"{", b"\xff\xfe"])
def test_a_body_that_is_not_json_leaves_open_what_happened(content: bytes) -> None:
    with pytest.raises(GatewayError):
        Answer(status_code=200, headers={}, content=content).json()


class answering:  # noqa: N801 - reads like a function
    """Answer one connection with these bytes, in another thread."""

    def __init__(self, listening: socket.socket, content: bytes, *, then_hangs: bool = False) -> None:
        self._listening, self._content, self._then_hangs = listening, content, then_hangs
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._answer, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _answer(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(self._content)
            if self._then_hangs:
                self._done.wait(5)
