"""What an adapter must do whose gateway charges what was saved while its owner is away."""

from dataclasses import replace

import pytest

from backend.gateways.errors import GatewayError, GatewayNotFound, GatewayRefused
from backend.gateways.port import PaymentGateway, PaymentState
from tests.gateways.contract_hooks import AMOUNT_MINOR, PAYER, GatewayHooks
from tests.gateways.controls import HANGS_FOR_SECONDS, Controls

CHARGE = "/payments/create/recurring$"


class ChargesContract(GatewayHooks):
    """A charge is sent once, and its order tells what became of it."""

    def test_a_charge_pays_its_order(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        saved, order = self.registered_token(sandbox, gateway), self.order(gateway, is_unattended=True)

        begun = gateway.charge_saved(self.charge_of(order, saved))

        [paid] = gateway.payments_of(order.id)
        assert gateway.charges_saved
        assert (begun.id, begun.order_id, begun.gateway) == (paid.id, order.id, gateway.name)
        assert (paid.state, paid.amount_minor, paid.token) == (PaymentState.CAPTURED, AMOUNT_MINOR, saved[1])
        assert paid.payment_id == "pay_internal_1"

    def test_a_charge_that_takes_its_time_is_not_money(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        saved, order = self.registered_token(sandbox, gateway), self.order(gateway)
        sandbox.post("razorpay/settings", recurring="created")

        begun = gateway.charge_saved(self.charge_of(order, saved))

        assert [p.state for p in gateway.payments_of(order.id)] == [PaymentState.CREATED] == [begun.state]

    @pytest.mark.parametrize("kind", ["timeout_after", "drop_after"])
    def test_a_charge_whose_answer_was_lost_is_found_and_never_sent_again(
        self, sandbox: Controls, gateway: PaymentGateway, kind: str
    ) -> None:
        saved, order = self.registered_token(sandbox, gateway), self.order(gateway)
        sandbox.fault(CHARGE, kind, seconds=HANGS_FOR_SECONDS, times=1)

        with pytest.raises(GatewayError) as caught:
            gateway.charge_saved(self.charge_of(order, saved))

        assert not isinstance(caught.value, GatewayRefused)
        assert [p.state for p in gateway.payments_of(order.id)] == [PaymentState.CAPTURED]

    @pytest.mark.parametrize("kind", ["timeout_before", "drop", "error", "html", "rate_limit"])
    def test_a_charge_that_failed_is_not_sent_again(
        self, sandbox: Controls, gateway: PaymentGateway, kind: str
    ) -> None:
        saved, order = self.registered_token(sandbox, gateway), self.order(gateway)
        sandbox.fault(CHARGE, kind, seconds=HANGS_FOR_SECONDS, times=1)

        with pytest.raises(GatewayError) as caught:
            gateway.charge_saved(self.charge_of(order, saved))

        assert not isinstance(caught.value, GatewayRefused)
        assert gateway.payments_of(order.id) == []

    def test_a_bank_that_says_no_at_once_has_taken_nothing(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        saved, order = self.registered_token(sandbox, gateway), self.order(gateway)
        sandbox.post("razorpay/settings", recurring="refused")

        with pytest.raises(GatewayRefused):
            gateway.charge_saved(self.charge_of(order, saved))

        assert [p.state for p in gateway.payments_of(order.id)] == [PaymentState.FAILED]

    def test_what_was_saved_without_leave_cannot_be_charged(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        saved, order = self.saved_token(sandbox, gateway), self.order(gateway)

        with pytest.raises(GatewayRefused):
            gateway.charge_saved(self.charge_of(order, saved))

        assert not gateway.fetch_token(*saved).is_recurring
        assert gateway.payments_of(order.id) == []

    def test_leave_to_charge_is_read_from_the_token(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        saved = self.registered_token(sandbox, gateway)

        assert gateway.fetch_token(*saved).is_recurring

    def test_nobody_pays_with_what_somebody_else_has_saved(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        _, token = self.registered_token(sandbox, gateway)
        other = replace(PAYER, customer_id="cus_2", email="ravi@example.com", phone="+919812345670")
        order, somebody = self.order(gateway), gateway.ensure_customer(other)

        with pytest.raises(GatewayNotFound):
            gateway.charge_saved(self.charge_of(order, (somebody, token)))

        assert gateway.payments_of(order.id) == []

    def test_an_order_is_charged_once(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        saved, order = self.registered_token(sandbox, gateway), self.order(gateway)
        gateway.charge_saved(self.charge_of(order, saved))

        with pytest.raises(GatewayRefused):
            gateway.charge_saved(self.charge_of(order, saved))

        assert [p.state for p in gateway.payments_of(order.id)] == [PaymentState.CAPTURED]
