"""A log line is one JSON object that says whose request it was and never carries a secret."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend import logs

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjdXN0XzEifQ.c2lnbmF0dXJl-_"
HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """Give the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Log as the product does; what was written since the last look is read back."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure("INFO")

    def read() -> list[dict[str, Any]]:
        written = stream.getvalue().splitlines()
        stream.seek(0)
        stream.truncate()
        return [json.loads(line) for line in written]

    return read


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"token was {JWT} here", JWT),
        ("Authorization: Bearer abc.def-ghi", "abc.def"),
        ("authorization: bearer abcdefghi", "abcdefghi"),
        ("Authorization: Basic dXNlcjpodW50ZXIy", "dXNlcjpodW50ZXIy"),
        ("mongodb://app:hunter2@db/shop", "hunter2"),
        ("mongodb+srv://app:hunter2@db/shop", "hunter2"),
        ("redis://:hunter2@cache:6379/0", "hunter2"),
        (f"stored {HASH}", "c2FsdHNhbHQ"),
        ('{"password": "hunter2"}', "hunter2"),
        ('{"password":"hunter2","a":1}', "hunter2"),
        ('{"password": "correct horse, battery} staple"}', "horse"),
        ('{"password": "say \\"hunter2\\" now"}', "hunter2"),
        ("{'password': 'hunter2'}", "hunter2"),
        ("{'old_password': 'correct horse'}", "horse"),
        ("password=hunter2&next=1", "hunter2"),
        ('{"client_secret": "hunter2"}', "hunter2"),
        ('{"refresh_token": "hunter2"}', "hunter2"),
        ("Login(name='a', password='hunter2')", "hunter2"),
        ('{"cvv": "9173"}', "9173"),
        ("{'cvv': 9173}", "9173"),
        ("cvc: 9173", "9173"),
        ("API_KEY=hunter2", "hunter2"),
        ("X-Razorpay-Signature: hunter2", "hunter2"),
        ("card 4111111111111111", "4111111111111111"),
        ("card 4111 1111 1111 1111.", "1111 1111"),
        ("card 4111-1111-1111-1111", "1111-1111"),
        ("amex 378282246310005", "378282246310005"),
        ('{"number": "5555555555554444"}', "5555555555554444"),
        ("card=5555555555554444", "5555555555554444"),
    ],
)
def test_a_secret_is_blanked_out(text: str, secret: str) -> None:
    shown = logs.redact(text)

    assert secret not in shown
    assert "[redacted]" in shown


@pytest.mark.parametrize(
    "text",
    [
        "customer cust_0123456789abcdef0123456789abcdef",
        "entry tx_41111111111111114111111111111111",
        "request 5f0c8b7d-9e2a-4c6f-8b1d-3e5a7c9f0b2d",
        "pay_4111111111111111",
        "at 2026-11-20 15:33:07,123 and 2026-11-20T15:33:07.123Z",
        "since 1795188367",
        '{"amount_minor": 99999999, "balance_minor": 900719925474}',
        "amount 999999.99 of 1234567890.12",
        "phone +91 98765 43210",
        "not a card 4111111111111112",
        "12 postings in 3.4 ms, batch 256",
        "mongodb://127.0.0.1:27117/?replicaSet=batua",
        "https://shop.example/a:b/c@d",
        '{"idempotency_key": "order-17"}',
    ],
)
def test_what_is_needed_to_find_a_fault_stays(text: str) -> None:
    assert logs.redact(text) == text


@given(st.uuids())
def test_ids_stay(identity: Any) -> None:
    for text in (f"cust_{identity.hex}", f"request {identity}"):
        assert logs.redact(text) == text


@pytest.mark.parametrize(
    "number", ["4111111111111111", "5500005555555559", "6011000990139424", "4222222222222", "30569309025904"]
)
def test_the_test_numbers_of_the_card_brands_are_card_numbers(number: str) -> None:
    assert logs.is_card_number(number)
    assert not logs.is_card_number(number[:-1] + str((int(number[-1]) + 1) % 10))


@pytest.mark.parametrize("number", ["", "0", "42", "411111111111", "0" * 20])
def test_too_few_or_too_many_digits_are_no_card_number(number: str) -> None:
    assert not logs.is_card_number(number)


def test_a_line_tells_time_level_logger_message_and_request(lines: Lines) -> None:
    mark = logs.request_id.set("request-17")
    logging.getLogger("batua").info("paid %s", "cust_1", extra={"customer_id": "cust_1"})
    logs.request_id.reset(mark)
    logging.getLogger("batua").warning("outside of a request")

    inside, outside = lines()
    assert inside.pop("time")
    assert inside == {
        **{"level": "INFO", "logger": "batua", "message": "paid cust_1"},
        **{"request_id": "request-17", "customer_id": "cust_1"},
    }
    assert outside["request_id"] == ""


def test_a_traceback_is_on_the_same_line_and_without_secrets(lines: Lines) -> None:
    try:
        raise RuntimeError(f"cannot connect to mongodb://app:hunter2@db with {JWT}")
    except RuntimeError:
        logging.getLogger("batua").exception("failed")

    [line] = lines()
    assert "Traceback" in line["exc_info"]
    assert "hunter2" not in str(line)
    assert JWT not in str(line)


def test_arguments_and_extras_are_covered(lines: Lines) -> None:
    logging.getLogger("batua").info("with %r", {"password": "hunter2"}, extra={"token": "hunter3 4"})

    [line] = lines()
    assert "hunter" not in str(line)


@pytest.mark.parametrize(
    "extra", [{"cvv": 917}, {"card": 4111111111111111}, {"token": None}, {"password": "a\\"}]
)
def test_blanking_out_leaves_valid_json(lines: Lines, extra: dict[str, Any]) -> None:
    logging.getLogger("batua").info("paid", extra=extra)

    [line] = lines()
    assert "917" not in str(line).replace(line["time"], "")
    assert "4111" not in str(line)


def test_less_than_the_level_is_not_logged(lines: Lines) -> None:
    logging.getLogger("batua").debug("details")
    logging.getLogger("pymongo.command").info("find")

    assert lines() == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(text=st.text(max_size=30), key=st.sampled_from(["password", "token", "note"]))
def test_every_line_is_json_whatever_is_logged(lines: Lines, text: str, key: str) -> None:
    logger = logging.getLogger("batua")

    logger.info("%s", text)
    logger.info(f'{key}="%s" https://a:%s@b', text, text)
    logger.info("x", extra={key: text})

    assert len(lines()) == 3
