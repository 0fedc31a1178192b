"""Nobody can hold up the sender of a webhook, however slowly or strangely they talk."""

import time

import pytest

from backend.notifications.pinned_connection import Timeouts
from backend.notifications.webhook_sender import Reply, WebhookSender
from tests.notifications.talkers import drips, says, talker

BRIEF = Timeouts(connect_seconds=0.3, read_seconds=0.3, whole_seconds=0.5)
SOON_SECONDS = 5.0  # Far more than BRIEF, for a busy machine; the talkers talk for ever.
NOT_HTTP = {
    b"": ("NO_ANSWER", "CONNECTION"),
    b"hello\r\n\r\n": ("BAD_ANSWER",),
    b"HTTP/1.1 abc\r\n\r\n": ("BAD_ANSWER",),
    b"HTTP/1.1 200 OK\r\n" + b"A: 1\r\n" * 200 + b"\r\n": ("BAD_ANSWER",),
    b"HTTP/1.1 200 OK\r\nA: " + b"a" * 70_000 + b"\r\n\r\n": ("BAD_ANSWER",),
}


def sent(url: str) -> Reply:
    sender = WebhookSender(allows_http=True, allows_loopback=True, timeouts=BRIEF)
    return sender.send(url, b"{}", {})


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b""),
        (b"HTTP/1.1 2", b""),
        (b"HTTP/1.1 ", b"0"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silence", "half a status", "an endless status", "endless promises"],
)
def test_a_server_that_never_comes_to_the_point_is_left(head: bytes, drop: bytes) -> None:
    started = time.monotonic()
    with talker(drips(head, drop)) as url:
        reply = sent(url)

    assert reply.error == "TIMEOUT"
    assert time.monotonic() - started < SOON_SECONDS


@pytest.mark.parametrize("drop", [b"X: 1\r\n", b"\r\na"], ids=["headers", "body"])
def test_a_message_that_was_taken_stays_taken_while_the_answer_drips(drop: bytes) -> None:
    started = time.monotonic()
    with talker(drips(b"HTTP/1.1 200 OK\r\n", drop)) as url:
        reply = sent(url)

    assert reply.is_ok
    assert time.monotonic() - started < SOON_SECONDS


def test_a_handshake_that_never_ends_is_left() -> None:
    started = time.monotonic()
    with talker(drips(b"\x16\x03\x03\x40\x00", b"\x02")) as url:
        reply = sent(url.replace("http://", "https://"))

    assert reply.error in ("TIMEOUT", "TLS")
    assert time.monotonic() - started < SOON_SECONDS


@pytest.mark.parametrize(
    "words", NOT_HTTP, ids=["nothing", "a word", "a word as status", "many headers", "a long header"]
)
def test_an_answer_that_is_not_http_is_a_failure(words: bytes) -> None:
    with talker(says(words)) as url:
        assert sent(url).error in NOT_HTTP[words]
