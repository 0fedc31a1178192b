"""The hand that tests have on the sandbox: paying, breaking it on purpose, signing messages."""

import json
from dataclasses import dataclass
from typing import Any

import requests

from backend.gateways.resilience import CircuitBreaker, Line, Patience

SECONDS = 5.0
HANGS_FOR_SECONDS = 2.5
# Long enough for a busy machine, and well below what a hanging sandbox takes.
IMPATIENT = Patience(first_seconds=0.0, longest_seconds=0.0, deadline_seconds=10.0, timeout=(2.0, 2.0))


def quick_line(gateway: str, *, attempts: int = 3) -> Line:
    """Give a line that never sleeps and never leaves the gateway alone."""
    patience = Patience(
        attempts=attempts, first_seconds=0.0, deadline_seconds=10.0, timeout=IMPATIENT.timeout
    )
    return Line(gateway, patience=patience, breaker=CircuitBreaker(failures=1000))


@dataclass(frozen=True)
class Delivery:
    """A webhook as it arrives: its bytes, and its headers with lower-case names."""

    raw: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Controls:
    """Speaks to a running sandbox as the payer, the bank and the network."""

    url: str

    def post(self, control: str, /, **body: Any) -> Any:
        response = requests.post(f"{self.url}/sandbox/{control}", json=body, timeout=SECONDS)
        assert response.ok, response.text
        return response.json() if response.content else {}

    def try_post(self, control: str, /, **body: Any) -> None:
        """Do something that the sandbox may refuse, as a customer may."""
        response = requests.post(f"{self.url}/sandbox/{control}", json=body, timeout=SECONDS)
        assert response.status_code < 500, response.text

    def fault(self, path: str, kind: str, **more: Any) -> None:
        """Break every call whose path matches, or the next `times` of them."""
        self.post("faults", path=path, kind=kind, **more)

    def forge(self, provider: str, event: dict[str, Any], **more: Any) -> Delivery:
        """Have a message signed as the gateway would sign it, without sending it."""
        signed = self.post("webhooks/forge", provider=provider, event=event, send=False, **more)
        body = signed["body"]
        raw = (body if isinstance(body, str) else json.dumps(body)).encode()
        return Delivery(raw, {name.lower(): value for name, value in signed["headers"].items()})

    def books(self) -> Any:
        """Read everything that the sandbox has written down."""
        return self.get("books")

    def get(self, what: str) -> Any:
        """Read one of the sandbox's lists."""
        response = requests.get(f"{self.url}/sandbox/{what}", timeout=SECONDS)
        assert response.ok, response.text
        return response.json()

    def reset(self) -> None:
        """Forget all orders, payments and faults."""
        self.post("reset")
