"""Without its database the application says so soon, and says nothing else."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from backend import create_app, db
from backend.access import tokens_for
from backend.config import Settings
from backend.session_service import Session
from backend.user_service import Role
from tests.api.answers import refusal
from tests.api.servers import free_port, silent_server

PROMISED_SECONDS = 5
BODIES: dict[str, dict[str, Any]] = {
    "/api/auth/signup": {"name": "A", "email": "a@shop.example", "password": "12345678"},
    "/api/auth/login": {"email": "a@shop.example", "password": "12345678"},
    "/api/wallet/cust_1/credit": {"amount": 5, "reason": "Welcome"},
    "/api/integration/order/pay-with-wallet": {"customer_id": "cust_1", "order_id": "ord_1", "amount": 5},
}
REQUESTS = (
    "POST /api/auth/signup",
    "POST /api/auth/login",
    "POST /api/auth/refresh",
    "GET /api/auth/me",
    "GET /api/wallet/balance",
    "POST /api/wallet/cust_1/credit",
    "POST /api/wallet/set-call-rate?rate=15",
    "POST /api/integration/order/pay-with-wallet",
    "GET /api/integration/status/cust_1",
    "GET /pay/TOPUP-1",
    "GET /api/transactions",
    "GET /api/transactions/download",
    "GET /api/admin/ledger/verify",
    "GET /readyz",
)


@dataclass(frozen=True)
class Timed:
    """An answer, and how long it took."""

    response: Any
    seconds: float


class Away:
    """An application whose database is not there; starting it takes some seconds."""

    def __init__(self) -> None:
        self.port = free_port()
        uri = f"mongodb://127.0.0.1:{self.port}/?replicaSet=batua"
        self.client = db.connect(uri)
        self._app = create_app(Settings(environment="test", mongodb_uri=uri), client=self.client)
        with self._app.app_context():
            self._tokens = tokens_for(Session(id="s", customer_id="cust_1", refresh_id="r"), Role.ADMIN)

    def send(self, *requests: str) -> dict[str, Timed]:
        """Send the requests, all at once."""
        with ThreadPoolExecutor(len(requests)) as pool:
            return dict(zip(requests, pool.map(self._send, requests), strict=True))

    def _send(self, request: str) -> Timed:
        method, path = request.split()
        token = self._tokens["refresh_token" if path.endswith("refresh") else "access_token"]
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "key"}
        begun = time.monotonic()
        response = self._app.test_client().open(path, method=method, json=BODIES.get(path), headers=headers)
        return Timed(response, time.monotonic() - begun)


@pytest.fixture(scope="module")
def away() -> Iterator[Away]:
    found = Away()
    yield found
    found.client.close()


def check(answers: dict[str, Timed]) -> None:
    said = {request: refusal(timed.response) for request, timed in answers.items()}
    waits = {request: timed.response.headers["Retry-After"] for request, timed in answers.items()}
    assert said == dict.fromkeys(answers, (503, "SERVICE_UNAVAILABLE"))
    assert waits == dict.fromkeys(answers, "2")
    assert [request for request, timed in answers.items() if timed.seconds > PROMISED_SECONDS] == []


def test_every_kind_of_route_says_soon_that_nobody_listens(away: Away) -> None:
    answers = away.send(*REQUESTS)

    check(answers)


def test_every_kind_of_route_says_soon_that_the_server_hangs(away: Away) -> None:
    with silent_server(away.port):
        answers = away.send(*REQUESTS)

    check(answers)


def test_the_process_is_up_all_the_same(away: Away) -> None:
    time.sleep(1)  # Long enough for whatever looks after the database from time to time.

    answers = away.send("GET /healthz").values()

    assert {timed.response.status_code for timed in answers} == {200}
    assert max(timed.seconds for timed in answers) < 1


def test_what_needs_no_database_goes_on(away: Away) -> None:
    answers = away.send("GET /metrics", "GET /api/docs", "GET /api/openapi.json").values()

    assert {timed.response.status_code for timed in answers} == {200}
