"""What every gateway's adapter must make of a gateway that fails."""

import socket

import pytest

from backend.gateways.errors import GatewayError, GatewayRefused, GatewayTimeout, GatewayUnavailable
from backend.gateways.port import PaymentGateway
from tests.gateways.contract_hooks import GatewayHooks
from tests.gateways.controls import HANGS_FOR_SECONDS, Controls

# What may go wrong on the way, and what the caller is told; the exact class is the message.
FAULTS = [
    ("timeout_before", {}, GatewayTimeout),
    ("timeout_after", {}, GatewayTimeout),
    ("drop", {}, GatewayError),
    ("drop_after", {}, GatewayError),
    ("html", {}, GatewayError),
    ("error", {"status": 500}, GatewayError),
    ("error", {"status": 503}, GatewayError),
    ("rate_limit", {}, GatewayError),
    ("unauthorized", {}, GatewayRefused),
]
every_fault = pytest.mark.parametrize(
    ("kind", "details", "error"),
    FAULTS,
    ids=[f"{kind}{details.get('status', '')}" for kind, details, _ in FAULTS],
)


class FaultsContract(GatewayHooks):
    """The caller learns what is known, and nothing is done twice."""

    @every_fault
    def test_a_failing_read_says_what_is_known(
        self,
        sandbox: Controls,
        gateway: PaymentGateway,
        capfd: pytest.CaptureFixture[str],
        kind: str,
        details: dict[str, int],
        error: type[GatewayError],
    ) -> None:
        order = self.order(gateway)
        sandbox.fault(self.API, kind, seconds=HANGS_FOR_SECONDS, times=9, **details)

        with pytest.raises(GatewayError) as caught:
            gateway.payments_of(order.id)

        assert type(caught.value) is error
        assert (caught.value.details.get("reason") == "authentication") == (kind == "unauthorized")
        assert capfd.readouterr().out == ""

    @every_fault
    def test_a_failing_order_is_never_sent_twice(
        self,
        sandbox: Controls,
        gateway: PaymentGateway,
        kind: str,
        details: dict[str, int],
        error: type[GatewayError],
    ) -> None:
        sandbox.fault(self.API, kind, seconds=HANGS_FOR_SECONDS, times=1, **details)

        with pytest.raises(GatewayError) as caught:
            self.order(gateway)

        assert type(caught.value) is error

    @pytest.mark.parametrize("kind", ["timeout_after", "drop_after", "error", "html", "rate_limit"])
    def test_a_refund_whose_answer_was_lost_is_repeated_and_happens_once(
        self, sandbox: Controls, gateway: PaymentGateway, kind: str
    ) -> None:
        paid = self.paid(sandbox, gateway)
        sandbox.fault(self.API, kind, method="POST", seconds=HANGS_FOR_SECONDS, times=1)

        refund = gateway.refund(self.refund_of(paid, 10_000))

        assert refund.amount_minor == 10_000
        assert self.refunded_minor(gateway, paid) == 10_000

    @pytest.mark.parametrize("kind", ["timeout_before", "drop", "error", "html", "rate_limit"])
    def test_a_read_that_fails_once_is_repeated(
        self, sandbox: Controls, gateway: PaymentGateway, kind: str
    ) -> None:
        paid = self.paid(sandbox, gateway)
        sandbox.fault(self.API, kind, method="GET", seconds=HANGS_FOR_SECONDS, times=1)

        assert gateway.fetch_payment(paid.id).id == paid.id

    def test_nothing_was_sent_to_a_gateway_that_cannot_be_reached(self) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            gateway = self.gateway_at(f"http://127.0.0.1:{nobody.getsockname()[1]}")

            with pytest.raises(GatewayUnavailable):
                self.order(gateway)
