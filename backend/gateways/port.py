"""What the shop asks of a payment gateway, in words that fit every gateway."""

from collections.abc import Mapping
from typing import Protocol

from backend.gateways.listing import Page, SettledRow, Window
from backend.gateways.values import (
    GatewayDispute,
    GatewayEvent,
    GatewayOrder,
    GatewayPayment,
    GatewayRefund,
    GatewaySettlement,
    Method,
    OrderRequest,
    Payer,
    PaymentState,
    RefundRequest,
    RefundState,
    SavedCharge,
    SavedToken,
)

__all__ = [
    "GatewayDispute",
    "GatewayEvent",
    "GatewayOrder",
    "GatewayPayment",
    "GatewayRefund",
    "GatewaySettlement",
    "Method",
    "OrderRequest",
    "Payer",
    "PaymentGateway",
    "PaymentState",
    "RefundRequest",
    "RefundState",
    "SavedCharge",
    "SavedToken",
]


class PaymentGateway(Protocol):
    """A payment gateway. Every method raises only errors of `backend.gateways.errors`, or Invalid.

    GatewayRefused means that the gateway understood and said no; GatewayError, GatewayTimeout and
    GatewayUnavailable leave open what happened there (GatewayUnavailable: nothing was sent).
    """

    @property
    def name(self) -> str:
        """The gateway's name in our API, such as "razorpay"."""

    @property
    def public_key(self) -> str:
        """The key that the browser may see."""

    @property
    def methods(self) -> frozenset[Method]:
        """What customers can pay with here."""

    @property
    def currencies(self) -> frozenset[str]:
        """The currencies in which it takes payments."""

    @property
    def charge_currency(self) -> str:
        """The currency to charge in where the shop's own is not taken."""

    @property
    def signs_returns(self) -> bool:
        """Tell whether the browser comes back with a signature that proves something."""

    @property
    def charges_saved(self) -> bool:
        """Tell whether it can charge what was saved while its owner is away."""

    def create_order(self, request: OrderRequest) -> GatewayOrder:
        """Open an order that a customer can pay."""

    def payments_of(self, order_id: str) -> list[GatewayPayment]:
        """List everything that was tried on an order, without changing anything."""

    def fetch_payment(self, gateway_payment_id: str) -> GatewayPayment:
        """Read one payment."""

    def capture(self, payment: GatewayPayment) -> GatewayPayment:
        """Take the money of an AUTHORIZED payment; one that was captured meanwhile is given as it is."""

    def charge_saved(self, charge: SavedCharge) -> GatewayPayment:
        """Charge what was saved, once: never send it again, but ask what became of its order.

        The payment is given as far as it is known; it may take days until it has ended.
        """

    def refund(self, request: RefundRequest) -> GatewayRefund:
        """Give money back; safe to repeat with the same refund id."""

    def fetch_refund(self, refund: GatewayRefund) -> GatewayRefund:
        """Read one refund again."""

    def refunds_of(self, gateway_payment_id: str) -> list[GatewayRefund]:
        """List the refunds of a payment, as far as the gateway tells."""

    def receipt_of(self, order_id: str) -> str | None:
        """Give the receipt that we have put on an order, where the gateway keeps it."""

    def list_payments(self, window: Window, cursor: str | None = None) -> Page[GatewayPayment]:
        """Give a page of the payments that were begun in a time that is over.

        A list may come late and may know less than a payment that is read by itself: it tells where to look.
        """

    def list_refunds(self, window: Window, cursor: str | None = None) -> Page[GatewayRefund]:
        """Give a page of the refunds that were made in a time that is over."""

    def list_settled(self, window: Window, cursor: str | None = None) -> Page[SettledRow]:
        """Give a page of what was paid out to the shop's bank on the days of a time, if the gateway tells."""

    def check_return(self, *, order_id: str, gateway_payment_id: str, signature: str) -> None:
        """Raise InvalidSignature unless the browser brought back what the gateway gave it."""

    def read_event(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        """Verify and read a webhook.

        Raises WebhookSignatureInvalid when it is not the gateway's, Invalid when it cannot be read.
        `headers` has lower-case names.
        """

    def parse_event(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        """Read a webhook that was verified when it came in."""

    def ensure_customer(self, payer: Payer) -> str:
        """Give the gateway's own id of a customer, introducing the customer if need be."""

    def fetch_token(self, gateway_customer_id: str, token: str) -> SavedToken:
        """Read a saved way to pay of that customer's; raises GatewayNotFound for anybody else's."""

    def delete_token(self, gateway_customer_id: str, token: str) -> None:
        """Make the gateway forget a saved way to pay; one it does not know is forgotten already."""
