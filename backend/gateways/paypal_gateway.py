"""Takes payments through PayPal's Orders, Payments and Vault APIs."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from backend.gateways.errors import GatewayNotFound, GatewayRefused
from backend.gateways.outgoing import Outgoing
from backend.gateways.paypal_api import PayPalApi
from backend.gateways.paypal_events import parse_event
from backend.gateways.paypal_json import (
    GATEWAY,
    Resource,
    as_words,
    link,
    path_id,
    required,
    text,
)
from backend.gateways.paypal_lists import ORDERS, PayPalLists, read_as
from backend.gateways.paypal_orders import capture_key, order_body, refund_body, vault_customer_id
from backend.gateways.paypal_values import (
    ALREADY_CAPTURED,
    DECLINED,
    best_payment_in,
    capture_in,
    captured_in,
    declined,
    order_id_of,
    payments_in,
    refund_in,
    refunds_in,
    saved_token_in,
)
from backend.gateways.paypal_webhooks import PayPalWebhooks
from backend.gateways.port import (
    GatewayEvent,
    GatewayOrder,
    GatewayPayment,
    GatewayRefund,
    Method,
    OrderRequest,
    Payer,
    RefundRequest,
    SavedCharge,
    SavedToken,
)
from backend.gateways.resilience import Line
from backend.gateways.settings import PAYPAL_CURRENCIES, PayPalSettings
from backend.money import DECIMALS, to_text

CAPTURES = "v2/payments/captures"
REFUNDS = "v2/payments/refunds"
TOKENS = "v3/vault/payment-tokens"
VERIFICATION = "v1/notifications/verify-webhook-signature"


class PayPalGateway(PayPalLists):
    """PayPal, as `backend.gateways.port.PaymentGateway` asks for it."""

    signs_returns = False  # It sends the browser back with nothing that proves anything.
    charges_saved = False  # A saved account would be charged by opening the order, before we know its id.

    def __init__(
        self,
        settings: PayPalSettings,
        *,
        line: Line | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._line = line or Line(GATEWAY)
        timeout = self._line.patience.timeout
        self._api = PayPalApi(settings, timeout=timeout)
        self._webhooks = PayPalWebhooks(
            settings, outgoing=Outgoing(timeout=timeout), ask_paypal=self._ask_paypal, now=now
        )

    @property
    def name(self) -> str:
        """The gateway's name in our API."""
        return GATEWAY

    @property
    def public_key(self) -> str:
        """The client id, which PayPal's script in the browser needs."""
        return self._settings.client_id

    @property
    def methods(self) -> frozenset[Method]:
        """What customers can pay with on PayPal's page."""
        return frozenset((Method.PAYPAL, Method.CARD))

    @property
    def currencies(self) -> frozenset[str]:
        """The currencies in which PayPal takes payments; INR is none of them."""
        return PAYPAL_CURRENCIES & DECIMALS.keys()

    @property
    def charge_currency(self) -> str:
        """The currency to charge in where the shop's own is not taken."""
        return self._settings.currency

    def create_order(self, request: OrderRequest) -> GatewayOrder:
        """Open an order; the receipt is the idempotency key, so a lost answer is simply asked for again."""
        if request.currency not in self.currencies:
            issue = "CURRENCY_NOT_SUPPORTED"
            raise GatewayRefused(gateway=GATEWAY, reason=as_words(issue), issue=issue)
        body = order_body(request, self._settings)
        order = self._post("create_order", ORDERS, body, request_id=request.receipt)
        order_id = read_as(lambda: required(order, "id"))
        approve_url = link(order, "approve", "payer-action")
        checkout = {
            "client_id": self.public_key,
            "order_id": order_id,
            "amount": to_text(request.amount_minor, currency=request.currency),
            "currency": request.currency,
            "approve_url": approve_url,
        }
        return GatewayOrder(id=order_id, checkout_url=approve_url, checkout=checkout)

    def payments_of(self, order_id: str) -> list[GatewayPayment]:
        """List the captures of an order, or the agreement that waits to be captured."""
        order = self._order(order_id)
        return read_as(lambda: payments_in(order))

    def fetch_payment(self, gateway_payment_id: str) -> GatewayPayment:
        """Read a payment by the id of its capture, or of its order while there is no capture."""
        try:
            capture = self._get("fetch_payment", f"{CAPTURES}/{path_id(gateway_payment_id)}")
        except GatewayNotFound:
            order = self._order(gateway_payment_id)
            return read_as(lambda: best_payment_in(order))
        return self._with_its_order(read_as(lambda: capture_in(capture)))

    def _with_its_order(self, payment: GatewayPayment) -> GatewayPayment:
        """Ask the order what has paid and how much was given back, because a capture does not tell."""
        with suppress(GatewayNotFound):
            told = {told.id: told for told in self.payments_of(payment.order_id or "")}
            return told.get(payment.id, payment)
        return payment

    def capture(self, payment: GatewayPayment) -> GatewayPayment:
        """Take the money that the payer has agreed to pay."""
        order_id = path_id(payment.order_id or payment.id)
        key = capture_key(order_id, payment.created_at)
        try:
            order = self._post("capture", f"{ORDERS}/{order_id}/capture", {}, request_id=key)
        except GatewayRefused as error:
            issue = error.details.get("issue")
            if issue in DECLINED:
                return declined(payment, issue)
            if issue != ALREADY_CAPTURED:
                raise
            order = self._order(order_id)
        return read_as(lambda: captured_in(order))

    def charge_saved(self, charge: SavedCharge) -> GatewayPayment:
        """Say no: an order whose answer was lost could have been paid."""
        raise GatewayRefused(gateway=GATEWAY, reason="unattended charges")

    def refund(self, request: RefundRequest) -> GatewayRefund:
        """Give money back; PayPal keeps the key for 45 days."""
        path = f"{CAPTURES}/{path_id(request.gateway_payment_id)}/refund"
        found = self._post("refund", path, refund_body(request), request_id=request.refund_id)
        return _of(request.gateway_payment_id, read_as(lambda: refund_in(found)))

    def fetch_refund(self, refund: GatewayRefund) -> GatewayRefund:
        """Read one refund again."""
        found = self._get("fetch_refund", f"{REFUNDS}/{path_id(refund.id)}")
        return _of(refund.gateway_payment_id, read_as(lambda: refund_in(found)))

    def refunds_of(self, gateway_payment_id: str) -> list[GatewayRefund]:
        """List the refunds that the capture's order tells of."""
        capture = self._get("fetch_payment", f"{CAPTURES}/{path_id(gateway_payment_id)}")
        order_id = order_id_of(capture)
        if order_id is None:
            return []
        order = self._order(order_id)
        found = read_as(lambda: refunds_in(order))
        return [refund for refund in found if refund.gateway_payment_id == gateway_payment_id]

    def check_return(self, *, order_id: str, gateway_payment_id: str, signature: str) -> None:
        """Do nothing: PayPal signs nothing here, so a return proves nothing and the order is asked."""

    def read_event(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        """Verify and read a webhook.

        PayPal's signature covers the body by a checksum only: fetch a capture before believing it.
        """
        self._webhooks.verify(raw, headers)
        return parse_event(raw)

    def parse_event(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        """Read a webhook that was verified when it came in."""
        return parse_event(raw)

    def ensure_customer(self, payer: Payer) -> str:
        """Give the id that PayPal's vault knows a customer by; it needs no introduction."""
        return vault_customer_id(payer.customer_id)

    def fetch_token(self, gateway_customer_id: str, token: str) -> SavedToken:
        """Read a saved way to pay of that customer's."""
        found = self._get("fetch_token", f"{TOKENS}/{path_id(token)}")
        if text(found, "customer", "id") != gateway_customer_id:
            raise GatewayNotFound(gateway=GATEWAY)
        return read_as(lambda: saved_token_in(found))

    def delete_token(self, gateway_customer_id: str, token: str) -> None:
        """Make PayPal forget a saved way to pay of that customer's, and nobody else's."""
        with suppress(GatewayNotFound):
            self.fetch_token(gateway_customer_id, token)
            path = f"{TOKENS}/{path_id(token)}"
            self._call("delete_token", lambda: self._api.delete(path), is_repeatable=False)

    def _ask_paypal(self, question: bytes) -> Resource:
        """Ask once, because the question takes no key; the message comes again if there is no answer."""
        ask = partial(self._api.post_raw, VERIFICATION, question)
        return self._call("verify_webhook", ask, is_repeatable=False)


def _of(gateway_payment_id: str | None, refund: GatewayRefund) -> GatewayRefund:
    return replace(refund, gateway_payment_id=refund.gateway_payment_id or gateway_payment_id)
