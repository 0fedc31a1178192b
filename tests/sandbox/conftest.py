"""One sandbox for all its tests, emptied before each, with the real SDKs pointed at it."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import paypalrestsdk
import pytest
import razorpay
import requests

from backend.sandbox import keys
from backend.sandbox.server import SandboxServer

PATIENCE_SECONDS = 5
SHOPS_KEYS = (keys.RAZORPAY_KEY_ID, keys.RAZORPAY_KEY_SECRET)


@dataclass
class Delivery:
    """One event as the shop received it."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Shop:
    """A listener in the shop's place; `answers` holds the statuses of its next answers."""

    url: str = ""
    received: list[Delivery] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def wait_for(self, count: int) -> list[Delivery]:
        """Wait until so many events have come."""
        until(lambda: len(self.received) >= count)
        return self.received


@dataclass
class Controls:
    """The sandbox's own controls."""

    url: str

    def post(self, path: str, /, expect: int = 200, **body: Any) -> Any:
        answer = requests.post(f"{self.url}/sandbox/{path}", json=body, timeout=PATIENCE_SECONDS)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        return requests.get(f"{self.url}/sandbox/{path}", timeout=PATIENCE_SECONDS).json()

    def events(self) -> list[str]:
        """Name the types of all events so far."""
        return [event["type"] for event in self.get("webhooks")]


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


@pytest.fixture
def controls(server: SandboxServer) -> Controls:
    """The controls of an empty sandbox, which keeps its events."""
    server.webhook_base_url = None
    controls = Controls(server.url)
    controls.post("reset")
    return controls


@pytest.fixture
def shop(server: SandboxServer, controls: Controls) -> Iterator[Shop]:
    """A listener to which events go."""
    shop = Shop()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            shop.received.append(Delivery(self.path, dict(self.headers), body))
            self.send_response(shop.answers.pop(0) if shop.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
        shop.url = server.webhook_base_url = f"http://127.0.0.1:{listener.server_port}/webhooks"
        yield shop
        server.webhook_base_url = None
        listener.shutdown()


@pytest.fixture
def razorpay_client(server: SandboxServer, controls: Controls) -> razorpay.Client:
    return razorpay.Client(auth=SHOPS_KEYS, base_url=server.url)


@pytest.fixture
def paypal(server: SandboxServer, controls: Controls) -> paypalrestsdk.Api:
    return paypalrestsdk.Api(
        {
            "mode": "sandbox",
            "endpoint": server.url,
            "token_endpoint": server.url,
            "client_id": keys.PAYPAL_CLIENT_ID,
            "client_secret": keys.PAYPAL_CLIENT_SECRET,
        }
    )


@pytest.fixture
def send(server: SandboxServer, controls: Controls) -> Callable[..., requests.Response]:
    """Send a request to the look-alike of Razorpay, with its keys."""

    def _send(method: str, path: str, **options: Any) -> requests.Response:
        options = {"auth": SHOPS_KEYS, "timeout": PATIENCE_SECONDS, **options}
        return requests.request(method, f"{server.url}{path}", **options)

    return _send
