"""Servers that say something else than an HTTP server would, as slowly as they like."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Talk = Callable[[socket.socket], None]


@contextmanager
def talker(talk: Talk) -> Iterator[str]:
    """Let everybody connect who likes, and talk to each."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, talk), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def drips(head: bytes, drop: bytes) -> Talk:
    """Say something, and then something small again and again, until nobody listens any more."""

    def talk(caller: socket.socket) -> None:
        caller.recv(65536)
        caller.sendall(head)
        caller.settimeout(0.02)
        while not _has_gone(caller):
            caller.sendall(drop)

    return talk


def says(words: bytes) -> Talk:
    """Say something and hang up."""

    def talk(caller: socket.socket) -> None:
        caller.recv(65536)
        caller.sendall(words)

    return talk


def _has_gone(caller: socket.socket) -> bool:
    with suppress(TimeoutError):
        return not caller.recv(65536)
    return False


def _serve(server: socket.socket, talk: Talk) -> None:
    with suppress(OSError):
        while True:
            caller, _ = server.accept()
            with caller, suppress(OSError):
                talk(caller)
