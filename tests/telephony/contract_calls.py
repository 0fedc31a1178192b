"""What every provider of telephone calls must make of a call that goes its way."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from backend.telephony.errors import CallNotFound
from backend.telephony.port import CallStatus
from tests.telephony.contract_exchange import NUMBER, Exchange, Started, request


class CallsContract:
    """A call goes its way, and the shop can follow it."""

    def test_it_has_the_name_that_rows_know_it_by(self, exchange: Exchange) -> None:
        assert exchange.telephony.name == exchange.name

    def test_a_call_is_started_with_its_limit(self, exchange: Exchange) -> None:
        call = exchange.telephony.start(request(exchange, max_seconds=90))

        assert exchange.started() == [Started(call.id, NUMBER, 90)]
        assert (call.status, call.to_number, call.duration_seconds) == (CallStatus.QUEUED, NUMBER, None)

    def test_a_call_is_followed_by_asking(self, exchange: Exchange) -> None:
        call = exchange.telephony.start(request(exchange))
        seen = []
        for step in (lambda: exchange.rings(call.id), lambda: exchange.is_answered(call.id)):
            step()
            seen.append(exchange.telephony.fetch(call.id))
        exchange.ends(call.id, CallStatus.COMPLETED, seconds=61)

        ended = exchange.telephony.fetch(call.id)
        assert [one.status for one in seen] == [CallStatus.RINGING, CallStatus.IN_PROGRESS]
        assert [one.duration_seconds for one in seen] == [None, None]
        assert (ended.id, ended.status, ended.duration_seconds) == (call.id, CallStatus.COMPLETED, 61)
        assert ended.created_at and ended.ended_at
        assert ended.created_at <= ended.ended_at

    def test_a_call_never_lasts_longer_than_its_limit(self, exchange: Exchange) -> None:
        call = exchange.telephony.start(request(exchange, max_seconds=60))
        exchange.is_answered(call.id)
        exchange.ends(call.id, CallStatus.COMPLETED, seconds=600)

        assert exchange.telephony.fetch(call.id).duration_seconds == 60

    @pytest.mark.parametrize("how", [CallStatus.BUSY, CallStatus.NO_ANSWER, CallStatus.FAILED])
    def test_a_call_that_nobody_took_lasted_no_time(self, exchange: Exchange, how: CallStatus) -> None:
        call = exchange.telephony.start(request(exchange))
        exchange.ends(call.id, how)

        ended = exchange.telephony.fetch(call.id)
        assert (ended.status, ended.duration_seconds) == (how, 0)

    def test_hanging_up_ends_a_call_and_may_be_repeated(self, exchange: Exchange) -> None:
        call = exchange.telephony.start(request(exchange))
        exchange.is_answered(call.id)

        first, again = exchange.telephony.hang_up(call.id), exchange.telephony.hang_up(call.id)

        assert first == again == exchange.telephony.fetch(call.id)
        assert first.status is CallStatus.COMPLETED

    def test_a_call_that_still_waits_is_called_off(self, exchange: Exchange) -> None:
        call = exchange.telephony.start(request(exchange))

        ended = exchange.telephony.hang_up(call.id)

        assert (ended.status, ended.duration_seconds) == (CallStatus.CANCELED, 0)

    def test_a_call_that_nobody_knows_is_not_found(self, exchange: Exchange) -> None:
        for ask in (exchange.telephony.fetch, exchange.telephony.hang_up):
            with pytest.raises(CallNotFound):
                ask("CA/../nothing?x=1")

    def test_calls_to_a_number_are_found(self, exchange: Exchange) -> None:
        before = datetime.now(UTC)
        exchange.telephony.start(request(exchange, to_number="+919876543211"))
        wanted = [exchange.telephony.start(request(exchange)).id for _ in range(3)]

        found = exchange.telephony.calls_to(NUMBER, since=before)
        later = exchange.telephony.calls_to(NUMBER, since=before + timedelta(hours=1))

        assert [one.id for one in found] == wanted[::-1]
        assert later == []

    def test_many_threads_may_call_at_once(self, exchange: Exchange) -> None:
        asked = [request(exchange, call_id=f"call_{n}", to_number=f"{NUMBER[:-1]}{n}") for n in range(8)]
        with ThreadPoolExecutor(8) as threads:
            calls = list(threads.map(exchange.telephony.start, asked))

        assert [one.to_number for one in calls] == [one.to_number for one in asked]
        assert {one.id for one in calls} == {one.id for one in exchange.started()}
