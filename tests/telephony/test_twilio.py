"""Twilio fulfils the contract of telephone calls, against the sandbox of its API."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from backend.gateways.resilience import CircuitBreaker, Line
from backend.sandbox import keys
from backend.telephony.errors import (
    CallOutcomeOpen,
    TelephonyBusy,
    TelephonyError,
    TelephonyRefused,
    TelephonyUnavailable,
)
from backend.telephony.port import CallStatus
from tests.gateways.controls import IMPATIENT
from tests.gateways.local_servers import LocalServer, Reply
from tests.telephony.contract import TelephonyContract
from tests.telephony.contract_exchange import NUMBER, request
from tests.telephony.sandbox_exchange import API, SandboxExchange, twilio

CALLS = f"/2010-04-01/Accounts/{keys.TWILIO_ACCOUNT_SID}/Calls"
CALL = {"sid": "CA" + "0" * 32, "status": "queued", "to": NUMBER, "date_created": None, "duration": None}


class TestTwilio(TelephonyContract):
    """The contract."""


def test_a_call_is_asked_for_with_all_that_bounds_and_tells_it(exchange: SandboxExchange) -> None:
    with LocalServer(lambda _: Reply(CALL, 201)) as server:
        twilio(server.url).start(request(exchange, status_url="https://shop.example.in/t?a=b"))

    [asked] = server.asked
    keys_shown = base64.b64decode(asked.headers["Authorization"].removeprefix("Basic ")).decode()
    assert (asked.method, asked.path) == ("POST", f"{CALLS}.json")
    assert keys_shown == f"{keys.TWILIO_ACCOUNT_SID}:{keys.TWILIO_AUTH_TOKEN}"
    assert parse_qs(asked.body.decode()) == {
        "To": [NUMBER],
        "From": [keys.TWILIO_FROM_NUMBER],
        "Url": ["https://voice.example.in/answer?call_id=call_1&kb_id=kb_1"],
        "Method": ["POST"],
        "StatusCallback": ["https://shop.example.in/t?a=b&call_id=call_1"],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "TimeLimit": ["120"],
        "Timeout": ["60"],
    }


def test_no_call_is_asked_to_last_longer_than_twilio_allows(exchange: SandboxExchange) -> None:
    exchange.telephony.start(request(exchange, max_seconds=1_000_000))

    assert exchange.started()[0].max_seconds == 14_400


@pytest.mark.parametrize(
    ("code", "status", "is_about_us"),
    [
        *((21211, 400, False), (21215, 400, False), (21217, 400, False)),
        *((20003, 401, True), (20005, 403, True), (21210, 400, True), (10001, 400, True)),
        *((21205, 400, True), (21609, 400, True)),
    ],
)
def test_a_refusal_has_twilios_code(
    exchange: SandboxExchange, code: int, status: int, is_about_us: bool
) -> None:
    body = {"code": code, "message": "No", "more_info": "https://www.twilio.com", "status": status}
    exchange.sandbox.fault(API, "error", status=status, body=body)

    with pytest.raises(TelephonyRefused) as refused:
        exchange.telephony.start(request(exchange))

    error = refused.value
    assert (error.provider_code, error.is_about_us, error.reason) == (code, is_about_us, "No")
    assert exchange.started() == []


def test_a_proxy_that_lets_nothing_through_has_called_nobody(exchange: SandboxExchange) -> None:
    exchange.sandbox.fault(API, "html", status=429)

    with pytest.raises(TelephonyBusy):
        exchange.telephony.start(request(exchange))


def test_too_many_calls_at_once_are_no_refusal(exchange: SandboxExchange) -> None:
    exchange.sandbox.fault(API, "error", status=400, body={"code": 10004, "message": "No", "status": 400})

    with pytest.raises(TelephonyBusy):
        exchange.telephony.start(request(exchange))

    assert exchange.started() == []


@pytest.mark.parametrize("status", [408, 500, 503])
def test_a_failure_in_twilios_own_words_leaves_it_open(exchange: SandboxExchange, status: int) -> None:
    exchange.sandbox.fault(API, "error", status=status, body={"code": 21211, "message": "No"})

    with pytest.raises(CallOutcomeOpen):
        exchange.telephony.start(request(exchange))


def test_twilio_itself_refuses_a_number_that_is_too_short(exchange: SandboxExchange) -> None:
    with pytest.raises(TelephonyRefused) as refused:
        exchange.telephony.start(request(exchange, to_number="+1234567"))

    assert refused.value.provider_code == 21211


@pytest.mark.parametrize("status", [302, 400, 403, 408, 500, 502, 503, 504])
def test_a_page_of_some_proxy_is_no_word_of_twilios(exchange: SandboxExchange, status: int) -> None:
    exchange.sandbox.fault(API, "html", status=status)

    with pytest.raises(CallOutcomeOpen):
        exchange.telephony.start(request(exchange))


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, {}),
        *(CALL | change for change in ({"sid": None}, {"sid": ""}, {"status": "dreaming"}, {"status": []})),
    ],
)
def test_an_answer_that_names_no_call_leaves_it_open(exchange: SandboxExchange, body: Any) -> None:
    with LocalServer(lambda _: Reply(body, 201)) as server, pytest.raises(CallOutcomeOpen):
        twilio(server.url).start(request(exchange))

    assert len(server.asked) == 1


def test_a_list_is_read_over_all_its_pages(exchange: SandboxExchange) -> None:
    started = [exchange.telephony.start(request(exchange)).id for _ in range(103)]

    found = exchange.telephony.calls_to(NUMBER, since=datetime.now(UTC) - timedelta(minutes=5))

    assert [one.id for one in found] == started[::-1]


@pytest.mark.parametrize(
    "page",
    [
        *({}, {"calls": None}, {"calls": [1]}, {"calls": [{}]}),
        *({"calls": [], "next_page_uri": uri} for uri in ("@evil.example/x", "https://evil.example/", 1)),
    ],
)
def test_a_list_that_is_none_is_not_read(exchange: SandboxExchange, page: dict[str, Any]) -> None:
    with LocalServer(lambda _: Reply(page)) as server, pytest.raises(TelephonyError):
        twilio(server.url).calls_to(NUMBER, since=datetime.now(UTC))

    assert {asked.path.split("?")[0] for asked in server.asked} == {f"{CALLS}.json"}


def test_a_list_is_read_no_further_than_to_the_moment_asked_for() -> None:
    old = CALL | {"date_created": "Tue, 14 Nov 2023 22:13:20 +0000"}
    page = {"calls": [CALL, old], "next_page_uri": f"{CALLS}.json?Page=1"}
    with LocalServer(lambda _: Reply(page)) as server:
        found = twilio(server.url).calls_to(NUMBER, since=datetime(2023, 11, 14, 22, 13, 21, tzinfo=UTC))

    assert (len(found), len(server.asked)) == (1, 1)


def test_a_call_whose_age_is_not_told_is_listed(exchange: SandboxExchange) -> None:
    with LocalServer(lambda _: Reply({"calls": [CALL]})) as server:
        [found] = twilio(server.url).calls_to(NUMBER, since=datetime.now(UTC))

    assert (found.id, found.created_at) == (CALL["sid"], None)


def test_a_length_that_is_told_too_early_is_not_believed(exchange: SandboxExchange) -> None:
    running = CALL | {"status": "in-progress", "duration": "12"}
    with LocalServer(lambda _: Reply(running)) as server:
        call = twilio(server.url).fetch("CA1")

    assert (call.status, call.duration_seconds) == (CallStatus.IN_PROGRESS, None)


def test_twilio_is_left_alone_once_it_keeps_failing(exchange: SandboxExchange) -> None:
    line = Line("twilio", patience=IMPATIENT, breaker=CircuitBreaker(failures=1))
    with LocalServer(lambda _: Reply(None)) as server:
        telephony = twilio(server.url, line=line)
        with pytest.raises(CallOutcomeOpen):
            telephony.start(request(exchange))

        with pytest.raises(TelephonyUnavailable):
            telephony.start(request(exchange))

    assert len(server.asked) == 1
