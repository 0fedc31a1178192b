"""What every gateway's adapter must do with messages, customers and what they keep."""

from dataclasses import replace

import pytest

from backend.errors import Invalid
from backend.gateways.errors import GatewayNotFound, WebhookSignatureInvalid
from backend.gateways.port import PaymentGateway, PaymentState
from tests.gateways.contract_hooks import AMOUNT_MINOR, PAYER, STRANGE_IDS, GatewayHooks
from tests.gateways.controls import Controls


class MessagesContract(GatewayHooks):
    """Only the gateway is believed, and only a customer's own tokens are known."""

    def test_a_message_of_the_gateway_is_read(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        paid = self.paid(sandbox, gateway)
        delivery = self.captured_event(sandbox, paid)

        event = gateway.read_event(delivery.raw, delivery.headers)

        assert event.payment
        assert (event.payment.id, event.payment.state) == (paid.id, PaymentState.CAPTURED)
        assert (event.payment.amount_minor, event.payment.currency) == (AMOUNT_MINOR, self.CURRENCY)
        assert (event.gateway, bool(event.id)) == (gateway.name, True)
        assert gateway.parse_event(delivery.raw, delivery.headers) == event

    def test_a_message_that_was_changed_is_refused(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        delivery = self.captured_event(sandbox, self.paid(sandbox, gateway))

        with pytest.raises(WebhookSignatureInvalid):
            gateway.read_event(delivery.raw.replace(b'"', b' "', 1), delivery.headers)

    @pytest.mark.parametrize("value", [None, "", "0", "ä", "0" * 64, "\udcff"])
    def test_a_message_with_any_header_missing_or_wrong_is_refused(
        self, sandbox: Controls, gateway: PaymentGateway, value: str | None
    ) -> None:
        delivery = self.captured_event(sandbox, self.paid(sandbox, gateway))
        signed = [name for name in delivery.headers if "signature" in name or "transmission" in name]

        for name in signed:
            rest = {other: text for other, text in delivery.headers.items() if other != name}
            with pytest.raises(WebhookSignatureInvalid):
                gateway.read_event(delivery.raw, rest if value is None else {**rest, name: value})

    @pytest.mark.parametrize("raw", [b"", b"no json", b"[]", b"7", b'{"event": 7}', b"\xff\xfe", b"{" * 5000])
    def test_a_message_that_makes_no_sense_is_invalid(self, gateway: PaymentGateway, raw: bytes) -> None:
        with pytest.raises(Invalid):
            gateway.parse_event(raw, {})

    def test_a_customer_is_introduced_once(self, gateway: PaymentGateway) -> None:
        assert gateway.ensure_customer(PAYER) == gateway.ensure_customer(PAYER)

    def test_a_saved_way_to_pay_is_its_customers_until_it_is_forgotten(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        customer, token = self.saved_token(sandbox, gateway)
        stranger = gateway.ensure_customer(replace(PAYER, customer_id="cus_2", email="ravi@example.com"))

        assert gateway.fetch_token(customer, token).token == token
        with pytest.raises(GatewayNotFound):
            gateway.fetch_token(stranger, token)

        gateway.delete_token(customer, token)
        gateway.delete_token(customer, token)
        with pytest.raises(GatewayNotFound):
            gateway.fetch_token(customer, token)

    @pytest.mark.parametrize("strange", STRANGE_IDS)
    def test_a_strange_token_is_nobodys(self, gateway: PaymentGateway, strange: str) -> None:
        customer = gateway.ensure_customer(PAYER)

        with pytest.raises(GatewayNotFound):
            gateway.fetch_token(customer, strange)
