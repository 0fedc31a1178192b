"""How tests pay by PayPal, and what PayPal's messages look like."""

from dataclasses import replace

import pytest
import requests

from backend.gateways.paypal_gateway import PayPalGateway
from backend.gateways.port import GatewayOrder, GatewayPayment, Method, PaymentGateway, PaymentState
from backend.gateways.resilience import Line
from backend.gateways.settings import PayPalSettings
from backend.money import to_text
from backend.sandbox import keys
from backend.sandbox.server import SandboxServer
from tests.gateways.contract_hooks import PAYER, GatewayHooks
from tests.gateways.controls import SECONDS, Controls, Delivery, quick_line

RETURN_URL, CANCEL_URL = "https://shop.example/checkout/success", "https://shop.example/checkout/cancel"


def settings(url: str, **changes: object) -> PayPalSettings:
    known = PayPalSettings(
        client_id=keys.PAYPAL_CLIENT_ID,
        client_secret=keys.PAYPAL_CLIENT_SECRET,
        api_url=url,
        webhook_id=keys.PAYPAL_WEBHOOK_ID,
        allows_test_roots=True,
        return_url=RETURN_URL,
        cancel_url=CANCEL_URL,
    )
    return replace(known, **changes)  # type: ignore[arg-type]


class PayPalHooks(GatewayHooks):
    """Fills in the contract's hooks."""

    CURRENCY, METHOD, API = "USD", Method.PAYPAL, "^/v[23]/"

    @pytest.fixture(autouse=True)
    def _trust(self, sandbox_server: SandboxServer) -> None:
        self.ca_file = str(sandbox_server.ca_file)

    @pytest.fixture
    def gateway(self, sandbox: Controls) -> PaymentGateway:
        return self.gateway_at(f"{sandbox.url}/")

    def gateway_at(self, url: str, *, line: Line | None = None, **changes: object) -> PayPalGateway:
        changed = settings(url, webhook_cert_ca=self.ca_file, **changes)
        return PayPalGateway(changed, line=line or quick_line("paypal"))

    def agree(self, sandbox: Controls, order: GatewayOrder) -> None:
        sandbox.post("paypal/approve", order_id=order.id)

    def decline(self, sandbox: Controls, order: GatewayOrder) -> None:
        sandbox.post("paypal/settings", captures="declined")
        self.agree(sandbox, order)
        gateway = self.gateway_at(sandbox.url)
        [agreed] = gateway.payments_of(order.id)
        assert gateway.capture(agreed).state == PaymentState.FAILED

    def captured_event(self, sandbox: Controls, payment: GatewayPayment) -> Delivery:
        amount = to_text(payment.amount_minor, currency=payment.currency)
        resource = {
            "id": payment.id,
            "status": "COMPLETED",
            "amount": {"currency_code": payment.currency, "value": amount},
            "custom_id": payment.payment_id,
            "supplementary_data": {"related_ids": {"order_id": payment.order_id}},
        }
        return self.forge(sandbox, "PAYMENT.CAPTURE.COMPLETED", resource)

    def forge(self, sandbox: Controls, kind: str, resource: dict[str, object]) -> Delivery:
        event = {"id": "WH-1", "create_time": "2026-11-20T10:00:00Z", "event_type": kind}
        return sandbox.forge("paypal", event | {"resource": resource})

    def saved_token(self, sandbox: Controls, gateway: PaymentGateway) -> tuple[str, str]:
        """Save a PayPal account as PayPal's own script would, with the owner's consent."""
        customer = gateway.ensure_customer(PAYER)
        setup = self.vault(
            sandbox, "setup-tokens", {"customer": {"id": customer}, "payment_source": {"paypal": {}}}
        )
        sandbox.post("paypal/approve", setup_token=setup)
        source = {"token": {"id": setup, "type": "SETUP_TOKEN"}}
        return customer, self.vault(sandbox, "payment-tokens", {"payment_source": source})

    def vault(self, sandbox: Controls, what: str, body: dict[str, object]) -> str:
        keys_of_shop = (keys.PAYPAL_CLIENT_ID, keys.PAYPAL_CLIENT_SECRET)
        form = {"grant_type": "client_credentials"}
        granted = requests.post(
            f"{sandbox.url}/v1/oauth2/token", data=form, auth=keys_of_shop, timeout=SECONDS
        )
        headers = {"Authorization": f"Bearer {granted.json()['access_token']}", "PayPal-Request-Id": what}
        made = requests.post(f"{sandbox.url}/v3/vault/{what}", json=body, headers=headers, timeout=SECONDS)
        token: str = made.json()["id"]
        return token
