"""Makes chosen requests fail in the ways that networks and gateways fail."""

import json
import re
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Request, Response, g, request

from backend.sandbox.fault_bodies import default_body, html_page, provider_of

_DEFAULT_STATUS = {"error": 500, "html": 502, "rate_limit": 429, "unauthorized": 401}
_BEFORE = {*_DEFAULT_STATUS, "drop", "delay", "timeout_before"}
_AFTER = {"timeout_after", "drop_after"}
KINDS = _BEFORE | _AFTER


@dataclass
class Fault:
    """One fault and how many more requests will suffer it."""

    kind: str
    provider: str | None = None
    method: str | None = None
    path: str = ""
    status: int | None = None
    seconds: float = 1.0
    times: int = 1
    body: Any = None

    def hits(self, asked: Request) -> bool:
        """Tell whether this request is one that suffers it."""
        return (
            self.times > 0
            and self.provider in (None, provider_of(asked.path))
            and (self.method or asked.method).upper() == asked.method
            and re.search(self.path, asked.path) is not None
        )


class Faults:
    """The faults that wait for their requests."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let the next matching requests suffer it."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._waiting.clear()

    def listing(self) -> list[dict[str, Any]]:
        """Give the faults that still wait."""
        with self._lock:
            return [vars(fault) for fault in self._waiting if fault.times > 0]

    def _next_for(self, asked: Request) -> Fault | None:
        with self._lock:
            fault = next((fault for fault in self._waiting if fault.hits(asked)), None)
            if fault:
                fault.times -= 1
            self._waiting = [fault for fault in self._waiting if fault.times > 0]
            return fault

    def before(self, stopping: threading.Event) -> Response | None:
        """Answer instead of the view, wait, or let the request pass."""
        fault = g.fault = self._next_for(request)
        if fault is None or fault.kind in _AFTER:
            return None
        if fault.kind in _DEFAULT_STATUS:
            return _answer(fault)
        if fault.kind in ("delay", "timeout_before"):
            stopping.wait(fault.seconds)
        return None if fault.kind == "delay" else _hang_up()

    def after(self, response: Response, stopping: threading.Event) -> Response:
        """Lose the answer of a view that has done its work."""
        fault: Fault | None = g.get("fault")
        if fault is None or fault.kind not in _AFTER:
            return response
        if fault.kind == "timeout_after":
            stopping.wait(fault.seconds)
        return _hang_up()


def _answer(fault: Fault) -> Response:
    status = fault.status or _DEFAULT_STATUS[fault.kind]
    if fault.kind == "html":
        return Response(fault.body or html_page(status), status, mimetype="text/html")
    if isinstance(fault.body, str):
        return Response(fault.body, status, mimetype="text/plain")
    body = default_body(provider_of(request.path), status) if fault.body is None else fault.body
    return Response(json.dumps(body), status, mimetype="application/json")


def _hang_up() -> Response:
    """Close the connection; what is returned is never seen."""
    g.hung_up = True
    with suppress(OSError):
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response(status=500)
