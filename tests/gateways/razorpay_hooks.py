"""How tests pay by Razorpay, and what Razorpay's messages look like."""

from dataclasses import replace

import pytest

from backend.gateways.port import GatewayOrder, GatewayPayment, Method, PaymentGateway
from backend.gateways.razorpay_gateway import RazorpayGateway
from backend.gateways.settings import RazorpaySettings
from backend.sandbox import keys
from tests.gateways.contract_hooks import PAYER, GatewayHooks
from tests.gateways.controls import Controls, Delivery, quick_line


def settings(url: str) -> RazorpaySettings:
    return RazorpaySettings(
        key_id=keys.RAZORPAY_KEY_ID,
        key_secret=keys.RAZORPAY_KEY_SECRET,
        webhook_secrets=("another-secret", keys.RAZORPAY_WEBHOOK_SECRET),
        api_url=url,
    )


class RazorpayHooks(GatewayHooks):
    """Fills in the contract's hooks."""

    CURRENCY, METHOD, API = "INR", Method.CARD, "^/v1/"

    @pytest.fixture
    def gateway(self, sandbox: Controls) -> PaymentGateway:
        return self.gateway_at(f"{sandbox.url}/")

    def gateway_at(self, url: str) -> PaymentGateway:
        return RazorpayGateway(settings(url), line=quick_line("razorpay"))

    def agree(self, sandbox: Controls, order: GatewayOrder) -> None:
        self.pay(sandbox, order, outcome="authorized")

    def decline(self, sandbox: Controls, order: GatewayOrder) -> None:
        self.pay(sandbox, order, card_number="4100280000060003")

    def pay(self, sandbox: Controls, order: GatewayOrder, **wishes: object) -> dict[str, str]:
        """Pay in Checkout, and give what Checkout hands to the page."""
        answer: dict[str, str] = sandbox.post(
            "razorpay/pay", **{"order_id": order.id, "method": "card", **wishes}
        )
        return answer

    def captured_event(self, sandbox: Controls, payment: GatewayPayment) -> Delivery:
        entity = {"id": payment.id, "amount": payment.amount_minor, "currency": payment.currency}
        entity |= {"order_id": payment.order_id, "status": "captured", "notes": []}
        event = {"entity": "event", "event": "payment.captured", "payload": {"payment": {"entity": entity}}}
        return sandbox.forge("razorpay", event)

    def saved_token(self, sandbox: Controls, gateway: PaymentGateway) -> tuple[str, str]:
        return self.token_of_payment(sandbox, gateway)

    def registered_token(self, sandbox: Controls, gateway: PaymentGateway) -> tuple[str, str]:
        return self.token_of_payment(sandbox, gateway, registers=True)

    def token_of_payment(
        self, sandbox: Controls, gateway: PaymentGateway, *, registers: bool = False
    ) -> tuple[str, str]:
        """Pay with what the page was told, and give what the gateway has kept of it."""
        payer = replace(PAYER, gateway_customer_id=gateway.ensure_customer(PAYER))
        order = self.order(gateway, payer=payer, registers=registers)
        told = {name: order.checkout[name] for name in ("customer_id", "recurring") if name in order.checkout}
        paid = self.pay(sandbox, order, save=True, **told)
        token = gateway.fetch_payment(paid["razorpay_payment_id"]).token
        assert payer.gateway_customer_id
        assert token
        return payer.gateway_customer_id, token
