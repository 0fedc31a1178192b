"""What every provider's adapter must make of the reports that the provider sends."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.gateways.errors import WebhookSignatureInvalid
from backend.telephony.port import CallStatus
from tests.telephony.contract_exchange import Exchange, reports, request


class ReportsContract:
    """What the provider tells is believed with its signature, and read as it was told."""

    def test_a_call_is_told_step_by_step(self, exchange: Exchange) -> None:
        call = exchange.telephony.start(request(exchange))
        exchange.rings(call.id)
        exchange.is_answered(call.id)
        exchange.ends(call.id, CallStatus.COMPLETED, seconds=61)

        told = reports(exchange)

        assert [one.status for one in told] == ["queued", "ringing", "in_progress", "completed"]
        assert [one.duration_seconds for one in told] == [None, None, None, 61]
        assert {(one.provider_id, one.call_id) for one in told} == {(call.id, "call_1")}
        sequences = [one.sequence for one in told if one.sequence is not None]
        assert sequences == sorted(set(sequences))
        assert all(one.at and abs(datetime.now(UTC) - one.at) < timedelta(minutes=1) for one in told)

    @pytest.mark.parametrize("how", [CallStatus.BUSY, CallStatus.NO_ANSWER, CallStatus.FAILED])
    def test_a_call_that_nobody_took_is_told(self, exchange: Exchange, how: CallStatus) -> None:
        call = exchange.telephony.start(request(exchange))
        exchange.ends(call.id, how)

        *_, last = reports(exchange)
        assert (last.status, last.duration_seconds) == (how, 0)

    def test_reports_that_come_twice_and_out_of_order_can_be_put_in_order(self, exchange: Exchange) -> None:
        call = exchange.telephony.start(request(exchange))
        exchange.is_answered(call.id)
        exchange.ends(call.id, CallStatus.COMPLETED, seconds=30)
        told = reports(exchange)

        mixed = [told[n] for n in (2, 0, 2, 1, 0)]

        assert sorted(set(mixed), key=lambda one: one.sequence or 0) == told
        assert max(mixed, key=lambda one: one.sequence or 0).duration_seconds == 30

    def test_our_id_comes_back_whatever_is_in_it(self, exchange: Exchange) -> None:
        strange = "call_1&call_id=other#ü%20/?"
        exchange.telephony.start(
            request(exchange, call_id=strange, status_url=f"{exchange.status_url}?call_id=old")
        )

        assert {one.call_id for one in reports(exchange)} == {strange}

    @pytest.mark.parametrize("signature", [None, "", "x", "ü", "\udcff", "0" * 28])
    def test_what_is_no_signature_is_refused(self, exchange: Exchange, signature: str | None) -> None:
        exchange.telephony.start(request(exchange))
        [heard] = exchange.heard()

        with pytest.raises(WebhookSignatureInvalid):
            exchange.telephony.read_report(heard.url, heard.fields, signature)
