"""A connection to an address that was checked before, which ends when its time is over."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from backend.notifications.outside_addresses import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long one message may take: to connect, in silence, and altogether."""

    connect_seconds: float = 5.0
    read_seconds: float = 10.0
    whole_seconds: float = 15.0


@contextmanager
def connected(
    target: Target, addresses: Sequence[str], *, tls: ssl.SSLContext, timeouts: Timeouts
) -> Iterator[http.client.HTTPConnection]:
    """Connect to the first of the addresses that can be reached.

    Whoever resolved the name again could be led elsewhere, so the name is only spoken to the server.
    """
    with _dial(target, addresses, timeouts.connect_seconds) as plain:
        plain.settimeout(timeouts.read_seconds)
        with _wrapped(plain, target, tls) as wire, _hung_up_after(timeouts.whole_seconds, wire):
            if isinstance(wire, ssl.SSLSocket):
                wire.do_handshake()
            line = http.client.HTTPConnection(target.host, target.port)
            line.sock = wire
            yield line


def _dial(target: Target, addresses: Sequence[str], seconds: float) -> socket.socket:
    deadline = time.monotonic() + seconds
    failed: OSError = TimeoutError()
    for address in addresses:
        patience = deadline - time.monotonic()
        if patience <= 0:
            break
        try:
            return socket.create_connection((address, target.port), timeout=patience)
        except OSError as error:
            failed = error
    raise failed


def _wrapped(plain: socket.socket, target: Target, tls: ssl.SSLContext) -> socket.socket:
    if not target.is_tls:
        return plain
    return tls.wrap_socket(plain, server_hostname=target.host, do_handshake_on_connect=False)


@contextmanager
def _hung_up_after(seconds: float, wire: socket.socket) -> Iterator[None]:
    """End a conversation in which every single wait is short, and which would never end."""
    is_late = threading.Event()
    timer = threading.Timer(seconds, _hang_up, (wire, is_late))
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if is_late.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()


def _hang_up(wire: socket.socket, is_late: threading.Event) -> None:
    is_late.set()
    with suppress(OSError):
        # Not the method of an SSL socket, which would let the reader go on in plain text.
        socket.socket.shutdown(wire, socket.SHUT_RDWR)
