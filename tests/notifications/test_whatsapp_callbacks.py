"""Meta's calls are believed only with Meta's signature, and say what became of which message."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import AppError, Forbidden, Invalid
from backend.gateways.errors import NotConfigured, WebhookSignatureInvalid
from backend.notifications.whatsapp_callbacks import (
    SIGNATURE,
    DeliveryStatus,
    check_signature,
    statuses,
    verify_challenge,
)
from backend.sandbox import keys
from backend.sandbox.server import SandboxServer
from tests.gateways.controls import Controls
from tests.gateways.local_servers import Asked, LocalServer
from tests.notifications.contract import message
from tests.notifications.test_whatsapp import whatsapp

SECRET = keys.WHATSAPP_APP_SECRET
ASKING = {"hub.mode": "subscribe", "hub.verify_token": "ours", "hub.challenge": "1158201444"}
ID = "evt_1:whatsapp"


@pytest.fixture
def shop(sandbox_server: SandboxServer, sandbox: Controls) -> Iterator[LocalServer]:
    """A server in the shop's place, which Meta calls when it is told to."""
    with LocalServer() as shop:
        sandbox.post("webhooks/settings", mode="hold")
        sandbox_server.webhook_base_url = f"{shop.url}/webhooks"
        yield shop
        sandbox_server.webhook_base_url = None


def heard(shop: LocalServer, sandbox: Controls) -> list[Asked]:
    """Have Meta make its calls, and take only those that are Meta's."""
    sandbox.post("webhooks/flush")
    for call in shop.asked:
        check_signature(call.body, call.headers.get(SIGNATURE), SECRET)
    return shop.asked


def test_what_becomes_of_a_message_is_told_with_a_signature(shop: LocalServer, sandbox: Controls) -> None:
    sent = whatsapp(sandbox.url).send(message("+919876543210", id=ID))
    sandbox.post(f"whatsapp/messages/{sent.provider_id}/read")

    told = [status for call in heard(shop, sandbox) for status in statuses(call.body)]

    assert [one.status for one in told] == ["sent", "delivered", "read"]
    assert {(one.message_id, one.provider_id, one.error) for one in told} == {(ID, sent.provider_id, None)}
    assert all(abs(datetime.now(UTC) - one.at) < timedelta(minutes=1) for one in told)
    assert {call.path for call in shop.asked} == {"/webhooks/whatsapp"}


def test_a_failure_is_told_with_its_reason(shop: LocalServer, sandbox: Controls) -> None:
    sent = whatsapp(sandbox.url).send(message("+919876543210", id=ID))
    sandbox.post(f"whatsapp/messages/{sent.provider_id}/failed", code=131049)

    [*_, failed] = [status for call in heard(shop, sandbox) for status in statuses(call.body)]

    assert (failed.status, failed.error) == ("failed", "131049 Message undeliverable")


@pytest.mark.parametrize("change", [b" ", b"\n", b"\x00"])
def test_one_more_byte_and_the_signature_is_wrong(
    shop: LocalServer, sandbox: Controls, change: bytes
) -> None:
    whatsapp(sandbox.url).send(message("+919876543210"))
    call = heard(shop, sandbox)[0]

    with pytest.raises(WebhookSignatureInvalid):
        check_signature(call.body + change, call.headers[SIGNATURE], SECRET)


def test_another_secret_signs_otherwise(shop: LocalServer, sandbox: Controls) -> None:
    whatsapp(sandbox.url).send(message("+919876543210"))
    call = heard(shop, sandbox)[0]

    with pytest.raises(WebhookSignatureInvalid):
        check_signature(call.body, call.headers[SIGNATURE], SECRET + "x")


@pytest.mark.parametrize("header", [None, "", "sha256=", "sha1=abc", "ü\udcff", "sha256=" + "0" * 64])
def test_what_is_no_signature_is_refused(header: str | None) -> None:
    with pytest.raises(WebhookSignatureInvalid):
        check_signature(b"{}", header, SECRET)


def test_without_a_secret_nothing_is_believed() -> None:
    signed_with_nothing = "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"

    with pytest.raises(NotConfigured):
        check_signature(b"", signed_with_nothing, "")


def test_meta_gets_its_challenge_back() -> None:
    assert verify_challenge(ASKING, verify_token="ours") == "1158201444"


@pytest.mark.parametrize(
    ("change", "ours"),
    [
        ({"hub.verify_token": "theirs"}, "ours"),
        ({"hub.verify_token": "ürs"}, "ours"),
        ({"hub.mode": "unsubscribe"}, "ours"),
        ({"hub.verify_token": ""}, ""),
    ],
)
def test_nobody_else_gets_a_challenge_back(change: dict[str, str], ours: str) -> None:
    with pytest.raises(Forbidden):
        verify_challenge(ASKING | change, verify_token=ours)


def call(*reports: dict[str, Any], field: str = "messages") -> bytes:
    change = {"field": field, "value": {"statuses": list(reports)}}
    return json.dumps({"entry": [{"changes": [change, {"field": "messages", "value": {}}]}]}).encode()


def test_many_reports_may_come_in_one_call() -> None:
    report = {"id": "wamid.1", "status": "sent", "timestamp": "1700000000"}

    told = statuses(call(report, report | {"status": "warning"}, report | {"id": "wamid.2"}))

    at = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert told == [
        DeliveryStatus(message_id=None, provider_id=f"wamid.{n}", status="sent", at=at) for n in (1, 2)
    ]


def test_a_call_about_something_else_reports_nothing() -> None:
    assert statuses(call({"id": "x"}, field="message_template_status_update")) == []


@pytest.mark.parametrize(
    "raw",
    [
        *(
            b"",
            b"{",
            b"[]",
            b"null",
            b"{}",
            b"\xff",
            b"[" * 100_000,
            b'{"entry": [1]}',
            b'{"entry": {"a": 1}}',
        ),
        call({"status": "sent", "timestamp": "1"}),
        call({"id": "1", "status": "sent", "timestamp": "soon"}),
        call({"id": "1", "status": "sent", "timestamp": "9" * 30}),
        call({"id": "1", "status": ["sent"], "timestamp": "1"}),
        call({"id": "1", "status": "failed", "timestamp": "1", "errors": {"code": 1}}),
    ],
)
def test_what_is_no_call_of_metas_is_invalid(raw: bytes) -> None:
    with pytest.raises(Invalid):
        statuses(raw)


@given(st.binary() | st.text().map(lambda text: json.dumps({"entry": [{"changes": text}]}).encode()))
def test_no_body_breaks_the_reader(raw: bytes) -> None:
    try:
        assert isinstance(statuses(raw), list)
    except AppError as error:
        assert error.status == 400
