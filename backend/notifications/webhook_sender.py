"""Sends a webhook to a server that somebody else has named: public, bounded in time and size."""

import http.client
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import certifi

from backend.notifications.outside_addresses import (
    BadAddress,
    NameNotFound,
    PrivateAddress,
    Resolve,
    Target,
    read_target,
    resolve_name,
    safe_addresses,
)
from backend.notifications.pinned_connection import Timeouts, connected

LARGEST_BODY = 256 * 1024
LARGEST_ANSWER = 16 * 1024  # As much as is read; what comes after it is not waited for.
LONGEST_EXCERPT = 500
LONGEST_RETRY_AFTER_SECONDS = 24 * 60 * 60
USER_AGENT = "Batua-Webhooks/1.0"
PATIENT = Timeouts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of sending a message once; without a status, nobody answered."""

    status: int | None = None
    error: str | None = None
    milliseconds: int = 0
    retry_after_seconds: int | None = None
    excerpt: str = ""

    @property
    def is_ok(self) -> bool:
        """Tell whether the receiver took the message."""
        return self.status is not None and 200 <= self.status < 300


class WebhookSender:
    """Sends messages over connections to checked addresses; safe to share between threads."""

    def __init__(
        self,
        *,
        allows_http: bool = False,
        allows_loopback: bool = False,
        timeouts: Timeouts = PATIENT,
        resolve: Resolve = resolve_name,
        ca_file: str | None = None,
    ) -> None:
        self._allows_http = allows_http
        self._allows_loopback = allows_loopback
        self._timeouts = timeouts
        self._resolve = resolve
        self._tls = ssl.create_default_context(cafile=ca_file or certifi.where())

    def check(self, url: str) -> None:
        """Refuse an address that would never be called; a name that is not known now may be known later."""
        target = read_target(url, allows_http=self._allows_http)
        try:
            self._addresses(target)
        except NameNotFound:
            return

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send a message once, and tell what came of it, whatever that is."""
        started = time.monotonic()
        try:
            reply = self._send(url, body, headers)
        except (BadAddress, OSError, http.client.HTTPException, ValueError) as error:
            reply = Reply(error=_name_of(error))
        return replace(reply, milliseconds=round((time.monotonic() - started) * 1000))

    def _send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        if len(body) > LARGEST_BODY:
            return Reply(error="BODY_TOO_LARGE")
        target = read_target(url, allows_http=self._allows_http)
        addresses = self._addresses(target)
        with connected(target, addresses, tls=self._tls, timeouts=self._timeouts) as line:
            return _exchange(line, target, body, headers)

    def _addresses(self, target: Target) -> Sequence[str]:
        return safe_addresses(target, self._resolve, allows_loopback=self._allows_loopback)


def _exchange(
    line: http.client.HTTPConnection, target: Target, body: bytes, headers: Mapping[str, str]
) -> Reply:
    fixed = {
        "Host": target.authority,
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    line.request("POST", target.path, body, fixed | dict(headers))
    with line.getresponse() as answer:
        return Reply(
            status=answer.status,
            error=None if 200 <= answer.status < 300 else f"HTTP_{answer.status}",
            retry_after_seconds=_retry_after(answer.headers.get("Retry-After")),
            excerpt=_excerpt(answer),
        )


def _excerpt(answer: http.client.HTTPResponse) -> str:
    """Read the beginning of an answer; the status has said already what matters."""
    content = b""
    try:
        while len(content) < LARGEST_ANSWER and (more := answer.read1(LARGEST_ANSWER - len(content))):
            content += more
    except (OSError, http.client.HTTPException, ValueError):
        pass
    return content.decode(errors="replace").replace("\0", "\ufffd")[:LONGEST_EXCERPT]


def _retry_after(text: str | None) -> int | None:
    """Read how long to wait, in seconds or until a date."""
    if text is None:
        return None
    try:
        seconds = int(text) if text.isascii() and text.isdigit() else _seconds_until(text)
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0), LONGEST_RETRY_AFTER_SECONDS)


def _seconds_until(text: str) -> int:
    moment = parsedate_to_datetime(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round((moment - datetime.now(UTC)).total_seconds())


_NAMES: tuple[tuple[type[Exception], str], ...] = (
    (PrivateAddress, "PRIVATE_ADDRESS"),
    (NameNotFound, "NAME_NOT_FOUND"),
    (BadAddress, "BAD_ADDRESS"),
    (TimeoutError, "TIMEOUT"),
    (ssl.SSLCertVerificationError, "TLS_CERTIFICATE"),
    (ssl.SSLError, "TLS"),
    (http.client.RemoteDisconnected, "NO_ANSWER"),
    (OSError, "CONNECTION"),
    (http.client.HTTPException, "BAD_ANSWER"),
)


def _name_of(error: Exception) -> str:
    """Name a failure in a word; the exception's own text may hold the whole address."""
    return next((name for kind, name in _NAMES if isinstance(error, kind)), "BAD_ANSWER")
