"""What every provider's adapter must make of a provider that fails or says no."""

import logging
from datetime import UTC, datetime

import pytest

from backend.errors import Invalid
from backend.telephony.errors import (
    CallOutcomeOpen,
    TelephonyBusy,
    TelephonyError,
    TelephonyRefused,
    TelephonyTimeout,
    TelephonyUnavailable,
)
from backend.telephony.port import CallStatus
from tests.telephony.contract_exchange import NUMBER, SECRET, Exchange, reports, request

WAYS_TO_LOSE_AN_ANSWER = ["timeout_after", "drop_after"]
FAILURES = {
    "timeout_before": TelephonyTimeout,
    "drop": TelephonyError,
    "html": TelephonyError,
    "error": TelephonyError,
    "rate_limit": TelephonyBusy,
}


class FaultsContract:
    """The caller learns what is known, and nobody is called twice."""

    @pytest.mark.parametrize("kind", WAYS_TO_LOSE_AN_ANSWER)
    def test_a_lost_answer_leaves_one_call_and_says_that_it_is_open(
        self, exchange: Exchange, kind: str
    ) -> None:
        before = datetime.now(UTC)
        exchange.breaks(kind)

        with pytest.raises(CallOutcomeOpen) as lost:
            exchange.telephony.start(request(exchange))

        [started] = exchange.started()
        assert lost.value.details == {"call_id": "call_1"}
        assert [one.id for one in exchange.telephony.calls_to(NUMBER, since=before)] == [started.id]
        assert {(one.provider_id, one.call_id) for one in reports(exchange)} == {(started.id, "call_1")}

    @pytest.mark.parametrize("kind", ["timeout_before", "drop", "html", "error"])
    def test_a_failure_on_the_way_is_open_and_is_not_tried_again(self, exchange: Exchange, kind: str) -> None:
        exchange.breaks(kind)

        with pytest.raises(CallOutcomeOpen):
            exchange.telephony.start(request(exchange))

        assert exchange.started() == []

    def test_a_busy_provider_has_called_nobody(self, exchange: Exchange) -> None:
        exchange.breaks("rate_limit")

        with pytest.raises(TelephonyBusy):
            exchange.telephony.start(request(exchange))

        assert exchange.started() == []

    @pytest.mark.parametrize("kind", FAILURES)
    def test_a_question_that_fails_once_is_repeated(self, exchange: Exchange, kind: str) -> None:
        call = exchange.telephony.start(request(exchange))
        exchange.breaks(kind)

        assert exchange.telephony.fetch(call.id).id == call.id

    @pytest.mark.parametrize(("kind", "error"), FAILURES.items())
    def test_a_question_that_keeps_failing_says_how(
        self, exchange: Exchange, kind: str, error: type[TelephonyError]
    ) -> None:
        call = exchange.telephony.start(request(exchange))
        exchange.breaks(kind, times=9)

        with pytest.raises(TelephonyError) as failed:
            exchange.telephony.fetch(call.id)

        assert type(failed.value) is error

    @pytest.mark.parametrize("kind", WAYS_TO_LOSE_AN_ANSWER)
    def test_hanging_up_without_an_answer_is_repeated(self, exchange: Exchange, kind: str) -> None:
        call = exchange.telephony.start(request(exchange))
        exchange.is_answered(call.id)
        exchange.breaks(kind)

        assert exchange.telephony.hang_up(call.id).status is CallStatus.COMPLETED

    def test_nothing_reached_a_provider_that_is_away(self, exchange: Exchange) -> None:
        with pytest.raises(TelephonyUnavailable):
            exchange.nobody_listens().start(request(exchange))

    @pytest.mark.parametrize(
        "to_number",
        ["", "9876543210", "+0987654321", "+91 9876543210", "client:me", "+919876543210\n", "+९१"],
    )
    def test_what_is_no_number_is_refused(self, exchange: Exchange, to_number: str) -> None:
        with pytest.raises(TelephonyRefused) as refused:
            exchange.telephony.start(request(exchange, to_number=to_number))

        assert not refused.value.is_about_us
        assert exchange.started() == []

    @pytest.mark.parametrize("max_seconds", [0, -1])
    def test_a_call_without_time_is_not_made(self, exchange: Exchange, max_seconds: int) -> None:
        with pytest.raises(Invalid):
            exchange.telephony.start(request(exchange, max_seconds=max_seconds))

        assert exchange.started() == []

    def test_what_is_wrong_with_us_is_an_alert_that_tells_no_secret(
        self, exchange: Exchange, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG), pytest.raises(TelephonyRefused) as refused:
            exchange.refuses_us().start(request(exchange))

        assert refused.value.is_about_us
        assert [one for one in caplog.records if one.levelno >= logging.ERROR]
        assert SECRET not in f"{refused.value.details} {refused.value.__cause__!r} {caplog.text}"
