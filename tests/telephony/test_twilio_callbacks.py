"""Twilio's reports say how which call stands, and nothing that they could be bent to say."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import AppError, Invalid
from backend.telephony.port import CallReport, CallStatus
from backend.telephony.twilio_callbacks import report, with_query
from tests.telephony.told import ACCOUNT, CALL, FIELDS, SAID, URL


def read(url: str = URL, **changes: Any) -> CallReport | None:
    said = {name: value for name, value in (SAID | changes).items() if value is not None}
    return report(url, list(said.items()), account_sid=ACCOUNT)


def test_a_report_says_how_a_call_stands() -> None:
    assert read() == CallReport(
        provider_id=CALL,
        call_id="call_1",
        status=CallStatus.COMPLETED,
        duration_seconds=61,
        sequence=3,
        at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("told", "status", "seconds"),
    [
        *(("queued", "queued", None), ("initiated", "queued", None), ("ringing", "ringing", None)),
        *(("in-progress", "in_progress", None), ("completed", "completed", 61), ("busy", "busy", 61)),
        *(("failed", "failed", 61), ("no-answer", "no_answer", 61), ("canceled", "canceled", 61)),
    ],
)
def test_how_long_a_call_lasted_is_known_at_its_end(told: str, status: str, seconds: int | None) -> None:
    found = read(CallStatus=told)

    assert found
    assert (found.status, found.duration_seconds) == (status, seconds)
    assert found.status.is_final == (seconds is not None)


@pytest.mark.parametrize("status", [None, "", "dreaming", "COMPLETED", "completed "])
def test_a_status_that_did_not_exist_yet_tells_nothing(status: str | None) -> None:
    assert read(CallStatus=status) is None


@pytest.mark.parametrize("field", ["CallDuration", "SequenceNumber", "Timestamp"])
@pytest.mark.parametrize("value", [None, "", "-1", "6.5", "٦١", "9" * 5000, "soon", "1 "])
def test_what_is_missing_or_unreadable_is_left_open(field: str, value: str | None) -> None:
    found = read(**{field: value})

    name = {"CallDuration": "duration_seconds", "SequenceNumber": "sequence", "Timestamp": "at"}[field]
    assert found
    assert getattr(found, name) is None
    assert found.provider_id == CALL


def test_an_address_without_our_id_tells_the_providers_only() -> None:
    found = read(url="https://shop.example.in/t")

    assert found
    assert (found.call_id, found.provider_id) == (None, CALL)


@pytest.mark.parametrize(
    "changes",
    [
        *({"AccountSid": other} for other in (None, "", ACCOUNT + "1", ACCOUNT[:-1])),
        *({"CallSid": other} for other in (None, "", "SM" + "2" * 32, CALL + "2", CALL[:-1], f"{CALL}\n")),
    ],
)
def test_what_is_no_report_about_our_calls_is_invalid(changes: dict[str, str | None]) -> None:
    with pytest.raises(Invalid):
        read(**changes)


def test_a_field_that_comes_twice_is_invalid() -> None:
    with pytest.raises(Invalid):
        report(URL, [*FIELDS, ("CallDuration", "1")], account_sid=ACCOUNT)


@given(st.integers(0, len(FIELDS) - 1), st.integers(-5, 5).filter(bool))
def test_letters_moved_between_names_and_values_tell_nothing_else(place: int, shift: int) -> None:
    name, value = FIELDS[place]
    text, end = name + value, max(0, len(name) + shift)
    moved = [*FIELDS[:place], (text[:end], text[end:]), *FIELDS[place + 1 :]]
    genuine = report(URL, FIELDS, account_sid=ACCOUNT)
    assert genuine

    try:
        found = report(URL, moved, account_sid=ACCOUNT)
    except Invalid:
        return

    assert found is None or found in (
        genuine,
        *(CallReport(**(_values(genuine) | {open_: None})) for open_ in _OPEN),
    )


_OPEN = ("duration_seconds", "sequence", "at")


def _values(found: CallReport) -> dict[str, Any]:
    return {name: getattr(found, name) for name in CallReport.__dataclass_fields__}


@given(st.lists(st.tuples(st.text(), st.text())), st.text())
def test_no_report_breaks_the_reader(fields: list[tuple[str, str]], url: str) -> None:
    try:
        found = report(url, [("AccountSid", ACCOUNT), ("CallSid", CALL), *fields], account_sid=ACCOUNT)
        assert found is None or found.provider_id == CALL
    except AppError as error:
        assert error.status == 400


def test_a_query_is_added_to_whatever_is_there() -> None:
    assert with_query("https://h/t", call_id="a b&c") == "https://h/t?call_id=a+b%26c"
    assert with_query("https://h/t?x=1#f", call_id="1", kb_id="2") == "https://h/t?x=1&call_id=1&kb_id=2#f"
