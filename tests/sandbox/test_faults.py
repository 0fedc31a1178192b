"""Requests fail in the way a test wants, and as often."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Controls

Send = Callable[..., requests.Response]
ORDER = {"amount": 5000, "currency": "INR"}


def orders(controls: Controls) -> int:
    return len(controls.get("books")["orders"])


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "error"}, 500),
        ({"kind": "error", "status": 503, "body": {"error": "text"}}, 503),
        ({"kind": "rate_limit"}, 429),
        ({"kind": "unauthorized"}, 401),
        ({"kind": "html"}, 502),
    ],
)
def test_an_answer_goes_wrong_before_any_work(
    send: Send, controls: Controls, fault: dict[str, Any], status: int
) -> None:
    controls.post("faults", expect=201, provider="razorpay", method="POST", **fault)

    assert send("GET", "/v1/orders").status_code == 200
    assert send("POST", "/v1/orders", json=ORDER).status_code == status
    assert orders(controls) == 0
    assert send("POST", "/v1/orders", json=ORDER).status_code == 200


@pytest.mark.parametrize(
    ("kind", "made"), [("drop", 0), ("drop_after", 1), ("timeout_before", 0), ("timeout_after", 1)]
)
def test_an_answer_is_lost_before_or_after_the_work(
    send: Send, controls: Controls, kind: str, made: int
) -> None:
    controls.post("faults", expect=201, kind=kind, seconds=0.05, path="^/v1/orders$")

    with pytest.raises(requests.ConnectionError):
        send("POST", "/v1/orders", json=ORDER)

    assert orders(controls) == made
    assert controls.get("requests")[-1]["status"] is None


def test_a_silent_server_makes_its_client_wait(send: Send, controls: Controls) -> None:
    controls.post("faults", expect=201, kind="timeout_after", seconds=1, path="orders")

    with pytest.raises(requests.ReadTimeout):
        send("POST", "/v1/orders", json=ORDER, timeout=0.1)

    assert orders(controls) == 1


def test_a_delay_does_not_hold_up_others(send: Send, controls: Controls) -> None:
    controls.post("faults", expect=201, kind="delay", seconds=0.2, path="orders")
    started = time.monotonic()

    assert send("GET", "/v1/refunds").status_code == 200
    assert time.monotonic() - started < 0.2
    assert send("GET", "/v1/orders").status_code == 200
    assert time.monotonic() - started >= 0.2


def test_a_fault_hits_so_many_requests_and_can_be_taken_back(send: Send, controls: Controls) -> None:
    controls.post("faults", expect=201, kind="error", times=2)
    statuses = [send("GET", "/v1/orders").status_code for _ in range(3)]
    controls.post("faults", expect=201, kind="error", times=99)
    requests.delete(f"{controls.url}/sandbox/faults", timeout=5)

    assert statuses == [500, 500, 200]
    assert send("GET", "/v1/orders").status_code == 200


@pytest.mark.parametrize(
    "fault", [{"kind": "explode"}, {"kind": "error", "path": "("}, {"kind": "error", "times": "many"}, {}]
)
def test_a_fault_that_makes_no_sense_is_refused(controls: Controls, fault: dict[str, Any]) -> None:
    assert controls.post("faults", expect=400, **fault)["error"]


def test_the_page_lists_what_is_there(send: Send, controls: Controls) -> None:
    order_id = send("POST", "/v1/orders", json=ORDER).json()["id"]

    page = requests.get(f"{controls.url}/sandbox", timeout=5)

    assert page.status_code == 200
    assert order_id in page.text
    assert "https://" not in page.text


@pytest.mark.parametrize(
    ("provider", "path", "word"),
    [
        ("paypal", "/v2/payments/captures/1", "debug_id"),
        ("whatsapp", "/v23.0/1/messages", "error"),
        ("twilio", "/2010-04-01/Accounts/1/Calls.json", "more_info"),
    ],
)
def test_each_provider_fails_in_its_own_words(
    send: Send, controls: Controls, provider: str, path: str, word: str
) -> None:
    controls.post("faults", expect=201, provider=provider, kind="error", status=503)

    answer = send("POST", path)

    assert answer.status_code == 503
    assert word in answer.json()
