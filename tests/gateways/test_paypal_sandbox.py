"""PayPal's slow and sad ends, played through with the sandbox."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from backend.gateways.errors import GatewayRefused, WebhookSignatureInvalid
from backend.gateways.paypal_gateway import PayPalGateway
from backend.gateways.port import GatewayEvent, PaymentGateway, PaymentState, RefundState
from backend.gateways.resilience import CircuitBreaker, Line
from tests.gateways.controls import SECONDS, Controls
from tests.gateways.paypal_hooks import PayPalHooks
from tests.gateways.test_paypal_gateway import PAUSING


class TestPayPalAtTheSandbox(PayPalHooks):
    """What only PayPal does."""

    def test_an_order_nobody_approved_is_not_captured(self, gateway: PaymentGateway) -> None:
        order = self.order(gateway)

        with pytest.raises(GatewayRefused) as caught:
            gateway.capture(gateway.fetch_payment(order.id))

        assert caught.value.details["issue"] == "ORDER_NOT_APPROVED"

    def test_a_capture_that_paypal_still_checks_is_money_later(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        sandbox.post("paypal/settings", captures="pending")
        waiting = self.paid(sandbox, gateway)
        sandbox.post(f"paypal/captures/{waiting.id}/complete")

        assert waiting.state == PaymentState.PENDING
        assert gateway.fetch_payment(waiting.id).state == PaymentState.CAPTURED

    def test_a_refund_that_waits_ends_later(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        sandbox.post("paypal/settings", refunds="pending")
        paid = self.paid(sandbox, gateway)
        first, second = (gateway.refund(self.refund_of(paid, 100, number=n)) for n in (1, 2))
        sandbox.post(f"paypal/refunds/{first.id}/complete")
        sandbox.post(f"paypal/refunds/{second.id}/fail")

        states = {refund.id: refund.state for refund in gateway.refunds_of(paid.id)}

        assert (first.state, second.state) == (RefundState.PENDING, RefundState.PENDING)
        assert states == {first.id: RefundState.PROCESSED, second.id: RefundState.FAILED}
        assert self.refunded_minor(gateway, paid) == 100

    def test_two_who_capture_at_once_take_the_money_once(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        agreed = self.agreed(sandbox, gateway)
        line = Line("paypal", patience=PAUSING, breaker=CircuitBreaker(failures=1000))
        patient = self.gateway_at(sandbox.url, line=line)

        with ThreadPoolExecutor(8) as threads:
            captured = list(threads.map(lambda _: patient.capture(agreed), range(8)))

        assert {payment.state for payment in captured} == {PaymentState.CAPTURED}
        assert len({payment.id for payment in captured}) == 1

    def test_tokens_that_paypal_revoked_are_replaced(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        paid = self.paid(sandbox, gateway)
        sandbox.post("paypal/settings", revoke_tokens=True)

        assert gateway.fetch_payment(paid.id) == gateway.fetch_payment(paid.id)

    @pytest.mark.parametrize("by_postback", [False, True])
    def test_everything_that_paypal_tells_is_believed_and_read(
        self, sandbox: Controls, gateway: PaymentGateway, by_postback: bool
    ) -> None:
        paid = self.paid(sandbox, gateway)
        refund = gateway.refund(self.refund_of(paid, 100))
        sandbox.post(f"paypal/captures/{paid.id}/reverse")
        reader = self.gateway_at(sandbox.url, verifies_by_postback=by_postback)

        approved, completed, refunded, reversal = self.events(sandbox, reader)

        assert approved.order_id == completed.order_id == paid.order_id
        assert completed.payment
        assert (completed.payment.id, completed.payment.amount_minor) == (paid.id, paid.amount_minor)
        assert refunded.refund == refund
        assert reversal.dispute
        assert (reversal.dispute.gateway_payment_id, reversal.dispute.state) == (paid.id, "reversed")

    @pytest.mark.parametrize("by_postback", [False, True])
    def test_a_message_to_somebody_else_is_not_believed(
        self, sandbox: Controls, gateway: PaymentGateway, by_postback: bool
    ) -> None:
        delivery = self.captured_event(sandbox, self.paid(sandbox, gateway))
        other = self.gateway_at(sandbox.url, verifies_by_postback=by_postback, webhook_id="WH-OTHER")

        with pytest.raises(WebhookSignatureInvalid):
            other.read_event(delivery.raw, delivery.headers)

    def events(self, sandbox: Controls, reader: PayPalGateway) -> list[GatewayEvent]:
        """Read all that the sandbox has to tell, signed as it would be sent."""
        told = requests.get(f"{sandbox.url}/sandbox/webhooks", timeout=SECONDS).json()
        deliveries = [sandbox.forge("paypal", json.loads(event["body"])) for event in told]
        return [reader.read_event(delivery.raw, delivery.headers) for delivery in deliveries]
