"""PayPal's adapter keeps the contract of all gateways."""

import pytest
import requests

from backend.gateways.errors import GatewayError, GatewayRefused
from backend.gateways.port import PaymentGateway
from backend.gateways.resilience import Line, Patience
from tests.gateways.contract import GatewayContract
from tests.gateways.contract_faults import every_fault
from tests.gateways.controls import HANGS_FOR_SECONDS, IMPATIENT, SECONDS, Controls
from tests.gateways.paypal_hooks import PayPalHooks

# PayPal turns away a repetition while the first request is still at work.
PAUSING = Patience(first_seconds=HANGS_FOR_SECONDS, deadline_seconds=30.0, timeout=IMPATIENT.timeout)


class TestPayPalGateway(PayPalHooks, GatewayContract):
    """Almost everything is inherited."""

    def test_charges_nothing_while_its_owner_is_away(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        saved, order = self.saved_token(sandbox, gateway), self.order(gateway)

        with pytest.raises(GatewayRefused):
            gateway.charge_saved(self.charge_of(order, saved))

        assert not gateway.charges_saved
        assert not gateway.fetch_token(*saved).is_recurring
        assert gateway.payments_of(order.id) == []

    @every_fault
    def test_a_failing_order_is_never_sent_twice(
        self,
        sandbox: Controls,
        gateway: PaymentGateway,
        kind: str,
        details: dict[str, int],
        error: type[GatewayError],
    ) -> None:
        """PayPal knows a repetition by its key: here the order is sent again, and made once."""
        sandbox.fault(self.API, kind, seconds=HANGS_FOR_SECONDS, times=1, **details)

        order = self.order(self.gateway_at(sandbox.url, line=Line("paypal", patience=PAUSING)))

        books = requests.get(f"{sandbox.url}/sandbox/books", timeout=SECONDS).json()
        assert [made["id"] for made in books["paypal_orders"]] == [order.id]
