"""What every gateway's adapter must do with orders, payments and refunds."""

from dataclasses import replace

import pytest

from backend.gateways.errors import GatewayNotFound, GatewayRefused
from backend.gateways.port import PaymentGateway, PaymentState, RefundState
from tests.gateways.contract_hooks import AMOUNT_MINOR, STRANGE_IDS, GatewayHooks
from tests.gateways.controls import Controls


class MoneyContract(GatewayHooks):
    """Money arrives once, is what was asked for, and goes back once."""

    def test_a_new_order_leads_the_payer_somewhere_and_is_not_paid(self, gateway: PaymentGateway) -> None:
        order = self.order(gateway)

        assert order.id
        assert order.checkout_url or order.checkout
        assert not [p for p in gateway.payments_of(order.id) if p.state == PaymentState.CAPTURED]

    def test_what_the_payer_agreed_to_becomes_money_when_captured(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        agreed = self.agreed(sandbox, gateway)
        captured = gateway.capture(agreed)

        assert agreed.state == PaymentState.AUTHORIZED
        assert captured.state == PaymentState.CAPTURED
        assert (captured.amount_minor, captured.currency) == (AMOUNT_MINOR, self.CURRENCY)

    def test_capturing_twice_takes_the_money_once(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        agreed = self.agreed(sandbox, gateway)

        first, second = gateway.capture(agreed), gateway.capture(agreed)

        assert (second.id, second.state) == (first.id, PaymentState.CAPTURED)

    def test_a_paid_order_lists_the_payment_with_everything_needed_to_credit_it(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        paid = self.paid(sandbox, gateway)
        assert paid.order_id

        [listed] = gateway.payments_of(paid.order_id)

        assert (listed.id, listed.order_id, listed.state) == (paid.id, paid.order_id, PaymentState.CAPTURED)
        assert (listed.amount_minor, listed.currency) == (AMOUNT_MINOR, self.CURRENCY)
        assert (listed.payment_id, listed.gateway) == ("pay_internal_1", gateway.name)

    def test_a_payment_is_read_by_its_id(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        paid = self.paid(sandbox, gateway)

        read = gateway.fetch_payment(paid.id)

        assert (read.id, read.state, read.amount_minor) == (paid.id, PaymentState.CAPTURED, AMOUNT_MINOR)

    def test_a_declined_payment_is_not_money(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        order = self.order(gateway)
        self.decline(sandbox, order)

        states = {payment.state for payment in gateway.payments_of(order.id)}

        assert states <= {PaymentState.FAILED, PaymentState.CREATED}

    @pytest.mark.parametrize("strange", [*STRANGE_IDS, "pay_nobodyknows"])
    def test_what_the_gateway_does_not_know_is_not_found(self, gateway: PaymentGateway, strange: str) -> None:
        for read in (gateway.payments_of, gateway.fetch_payment, gateway.refunds_of):
            with pytest.raises(GatewayNotFound):
                read(strange)

    def test_refunds_add_up(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        paid = self.paid(sandbox, gateway)

        gateway.refund(self.refund_of(paid, 10_000, number=1))
        gateway.refund(self.refund_of(paid, 19_935, number=2))

        assert self.refunded_minor(gateway, paid) == AMOUNT_MINOR

    def test_a_partly_refunded_payment_is_still_money(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        paid = self.paid(sandbox, gateway)
        gateway.refund(self.refund_of(paid, 10_000))

        read = gateway.fetch_payment(paid.id)

        assert (read.state, read.amount_minor) == (PaymentState.CAPTURED, AMOUNT_MINOR)
        assert read.refunded_minor == 10_000

    def test_a_refund_repeated_is_the_same_refund(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        paid = self.paid(sandbox, gateway)

        first = gateway.refund(self.refund_of(paid, 10_000))
        second = gateway.refund(self.refund_of(paid, 10_000))

        assert first.id == second.id
        assert self.refunded_minor(gateway, paid) == 10_000

    def test_more_than_was_paid_is_not_refunded(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        paid = self.paid(sandbox, gateway)

        with pytest.raises(GatewayRefused):
            gateway.refund(self.refund_of(paid, AMOUNT_MINOR + 1))

        assert self.refunded_minor(gateway, paid) == 0

    def test_a_refund_is_read_again(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        paid = self.paid(sandbox, gateway)
        refund = gateway.refund(self.refund_of(paid, 10_000))

        read = gateway.fetch_refund(refund)

        assert (read.id, read.amount_minor, read.currency) == (refund.id, 10_000, self.CURRENCY)
        assert (read.gateway_payment_id, read.refund_id) == (paid.id, "refund_00000000_1")
        assert read.state in (RefundState.PENDING, RefundState.PROCESSED)

    @pytest.mark.parametrize("strange", [*STRANGE_IDS, "pay_nobodyknows"])
    def test_a_payment_nobody_knows_is_not_refunded(
        self, sandbox: Controls, gateway: PaymentGateway, strange: str
    ) -> None:
        paid = self.paid(sandbox, gateway)

        with pytest.raises(GatewayRefused):
            gateway.refund(replace(self.refund_of(paid, 100), gateway_payment_id=strange))
