"""What the tests of every gateway's adapter are made of: what only that gateway can do, and what is sent."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import pytest

from backend.gateways.port import (
    GatewayOrder,
    GatewayPayment,
    Method,
    OrderRequest,
    Payer,
    PaymentGateway,
    RefundRequest,
    SavedCharge,
)
from tests.gateways.controls import Controls, Delivery

AMOUNT_MINOR = 29_935
PAYER = Payer(customer_id="cus_1", name="Asha Rao", email="asha@example.com", phone="+919812345678")
STRANGE_IDS = ["", "..", "pay_x/../../orders", "pay_x?count=1", "pay_x#", "pay%2Fx", "pay_ä", "p" * 100]


class GatewayHooks(ABC):
    """Subclass it per adapter; `gateway` must be a fixture with a line that never sleeps."""

    CURRENCY: ClassVar[str]
    METHOD: ClassVar[Method]
    API: ClassVar[str]  # A pattern for the paths of the gateway's API, but not of its OAuth.

    @pytest.fixture
    @abstractmethod
    def gateway(self, sandbox: Controls) -> PaymentGateway:
        """Give the adapter, talking to the sandbox."""

    @abstractmethod
    def gateway_at(self, url: str) -> PaymentGateway:
        """Give the adapter, talking to another address."""

    @abstractmethod
    def agree(self, sandbox: Controls, order: GatewayOrder) -> None:
        """Do as a payer who agrees to pay; the shop still has to capture."""

    @abstractmethod
    def decline(self, sandbox: Controls, order: GatewayOrder) -> None:
        """Do as a payer whose bank says no."""

    @abstractmethod
    def captured_event(self, sandbox: Controls, payment: GatewayPayment) -> Delivery:
        """Give the signed message that this payment's money is there."""

    @abstractmethod
    def saved_token(self, sandbox: Controls, gateway: PaymentGateway) -> tuple[str, str]:
        """Save a way to pay, and give the gateway's customer id and the token."""

    def registered_token(self, sandbox: Controls, gateway: PaymentGateway) -> tuple[str, str]:
        """Save a way to pay that may be charged later, and give the gateway's customer id and the token."""
        raise AssertionError("This gateway charges nothing that was saved.")

    def charge_of(self, order: GatewayOrder, saved: tuple[str, str], **changes: object) -> SavedCharge:
        charge = SavedCharge(
            payment_id="pay_internal_1",
            order_id=order.id,
            amount_minor=AMOUNT_MINOR,
            currency=self.CURRENCY,
            payer=PAYER,
            gateway_customer_id=saved[0],
            token=saved[1],
            description="Wallet top-up",
        )
        return replace(charge, **changes)  # type: ignore[arg-type]

    def request(self, **changes: object) -> OrderRequest:
        request = OrderRequest(
            payment_id="pay_internal_1",
            receipt="rcpt_0000000001",
            amount_minor=AMOUNT_MINOR,
            currency=self.CURRENCY,
            method=self.METHOD,
            payer=PAYER,
            description="Order ORD-1",
        )
        return replace(request, **changes)  # type: ignore[arg-type]

    def order(self, gateway: PaymentGateway, **changes: object) -> GatewayOrder:
        return gateway.create_order(self.request(**changes))

    def agreed(self, sandbox: Controls, gateway: PaymentGateway) -> GatewayPayment:
        """Open an order and give the payment that the payer has agreed to."""
        order = self.order(gateway)
        self.agree(sandbox, order)
        [payment] = gateway.payments_of(order.id)
        return payment

    def paid(self, sandbox: Controls, gateway: PaymentGateway) -> GatewayPayment:
        return gateway.capture(self.agreed(sandbox, gateway))

    def refund_of(self, payment: GatewayPayment, amount_minor: int, number: int = 1) -> RefundRequest:
        return RefundRequest(
            refund_id=f"refund_00000000_{number}",
            gateway_payment_id=payment.id,
            amount_minor=amount_minor,
            currency=payment.currency,
            reason="The customer changed their mind",
        )

    def refunded_minor(self, gateway: PaymentGateway, payment: GatewayPayment) -> int:
        return gateway.fetch_payment(payment.id).refunded_minor
