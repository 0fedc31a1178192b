"""A server on this machine that answers as a test tells it to, and remembers what it was asked."""

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """One answer; a dict is sent as JSON, and None closes the connection without a word."""

    body: bytes | dict[str, Any] | list[Any] | None = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Say nothing about clients that hang up, which tests do on purpose."""


class LocalServer:
    """Serves while it is entered; `answer` may be replaced at any time."""

    def __init__(
        self, answer: Callable[[Asked], Reply] = lambda _: Reply({}), *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.server = _Quiet(("127.0.0.1", 0), self._handler())
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_port}"
        if tls:
            # The handshake happens in the thread of the request, so a bad client stops nobody else.
            self.server.socket = tls.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> "LocalServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(self.command, self.path, dict(self.headers), body)
                owner.asked.append(asked)
                reply = owner.answer(asked)
                self.close_connection = reply.body is None
                if reply.body is not None:
                    self.reply(reply)

            def reply(self, reply: Reply) -> None:
                self.send_response(reply.status)
                for name, value in (
                    {"Content-Length": str(len(reply.content))} | dict(reply.headers)
                ).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.content)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        for method in ("GET", "POST", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.answer)
        return Handler
