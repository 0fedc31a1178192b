"""Razorpay: the port's adapter on top of Razorpay's own SDK."""

from collections.abc import Mapping
from functools import partial
from importlib.metadata import version

import certifi
from razorpay import Client
from razorpay.errors import SignatureVerificationError

from backend.errors import BelowMinimum
from backend.gateways import razorpay_checkout as checkout
from backend.gateways import razorpay_reading as reading
from backend.gateways import razorpay_webhooks as webhooks
from backend.gateways.errors import (
    GatewayError,
    GatewayNotFound,
    GatewayRefused,
    InvalidSignature,
    NotConfigured,
)
from backend.gateways.port import (
    GatewayEvent,
    GatewayOrder,
    GatewayPayment,
    GatewayRefund,
    Method,
    OrderRequest,
    Payer,
    PaymentState,
    RefundRequest,
    SavedCharge,
    SavedToken,
)
from backend.gateways.razorpay_lists import ID, PAGE, RazorpayLists, checked
from backend.gateways.razorpay_session import RazorpaySession
from backend.gateways.resilience import Line
from backend.gateways.settings import RazorpaySettings
from backend.money import decimals

CURRENCIES = frozenset({"INR", "USD", "EUR", "GBP", "SGD", "AED"})
# Fields that come only when asked for.
EXPANDED = {"expand[]": ["card", "emi"]}
UPI_LINK_SECONDS = 4.0


class _Client(Client):  # type: ignore[misc]  # The SDK has no types.
    """The SDK's client, which would look its own version up anew for each request."""

    VERSION = version("razorpay")

    def _get_version(self) -> str:
        return self.VERSION


class RazorpayGateway(RazorpayLists):
    """Razorpay; one instance serves all threads of a process."""

    name = reading.NAME
    methods = frozenset({*checkout.METHODS, Method.RAZORPAY})
    currencies = CURRENCIES
    charge_currency = "INR"
    signs_returns = True
    charges_saved = True

    def __init__(
        self, settings: RazorpaySettings, *, shop_name: str = "Batua", line: Line | None = None
    ) -> None:
        if not settings.is_configured:
            raise NotConfigured(gateway=self.name)
        self._settings = settings
        self._api_url = settings.api_url.rstrip("/")
        self._shop_name = shop_name
        self._line = line or Line(self.name)
        auth = (settings.key_id, settings.key_secret)
        self._client = _Client(session=RazorpaySession(self._api_url), auth=auth, base_url=self._api_url)
        self._script = checkout.script_of(self._api_url)
        # The SDK's own list of certificates is of 2015.
        self._client.cert_path = certifi.where()

    @property
    def public_key(self) -> str:
        """The key that the browser may see."""
        return self._settings.key_id

    def create_order(self, request: OrderRequest) -> GatewayOrder:
        """Open an order; never sent twice, because Razorpay would open two."""
        if request.amount_minor < 10 ** decimals(request.currency):
            raise BelowMinimum(gateway=self.name)
        create = partial(self._client.order.create, checkout.order(request))
        order_id = self._call("create_order", create, reading.id_of, is_repeatable=False)
        wants_link = request.method == Method.UPI and request.vpa is None and not request.is_unattended
        return GatewayOrder(
            id=order_id,
            checkout_url=None,
            checkout=checkout.options(
                request,
                order_id=order_id,
                key=self.public_key,
                name=self._shop_name,
                script=self._script,
            ),
            upi_link=self._upi_link(request, order_id) if wants_link else None,
        )

    def payments_of(self, order_id: str) -> list[GatewayPayment]:
        """List everything that was tried on an order."""
        fetch = partial(self._client.order.payments, checked(order_id), EXPANDED)
        read = partial(reading.each, reading.payment)
        return self._call("payments_of", fetch, read, is_repeatable=True)

    def fetch_payment(self, gateway_payment_id: str) -> GatewayPayment:
        """Read one payment."""
        fetch = partial(self._client.payment.fetch, checked(gateway_payment_id), EXPANDED)
        return self._call("fetch_payment", fetch, reading.payment, is_repeatable=True)

    def capture(self, payment: GatewayPayment) -> GatewayPayment:
        """Take the money of an authorized payment, once; without an answer, ask for the payment later."""
        # The SDK writes into the dictionary it is given, and into one shared by all if given none.
        more = {"currency": payment.currency}
        capture = partial(self._client.payment.capture, checked(payment.id), payment.amount_minor, more)
        try:
            return self._call("capture", capture, reading.payment, is_repeatable=False)
        except GatewayRefused as refusal:
            found = self.fetch_payment(payment.id)
            if found.state != PaymentState.CAPTURED:
                raise refusal from None
            return found

    def charge_saved(self, charge: SavedCharge) -> GatewayPayment:
        """Charge a saved way to pay; never sent twice, because Razorpay takes no idempotency key here."""
        create = partial(self._client.payment.createRecurring, checkout.saved_charge(charge))
        return self._call("charge_saved", create, partial(reading.charged, charge), is_repeatable=False)

    def refund(self, request: RefundRequest) -> GatewayRefund:
        """Give money back, once for each refund id."""
        body = {
            "amount": request.amount_minor,
            "speed": "normal",
            "receipt": request.refund_id,
            "notes": {"refund_id": request.refund_id, "reason": request.reason[: checkout.LONGEST_NOTE]},
        }
        key = {"X-Refund-Idempotency": request.refund_id}
        payment_id = checked(request.gateway_payment_id)
        refund = partial(self._client.payment.refund, payment_id, body, headers=key)
        return self._call("refund", refund, reading.refund, is_repeatable=True)

    def fetch_refund(self, refund: GatewayRefund) -> GatewayRefund:
        """Read one refund again."""
        fetch = partial(self._client.refund.fetch, checked(refund.id), {})
        return self._call("fetch_refund", fetch, reading.refund, is_repeatable=True)

    def refunds_of(self, gateway_payment_id: str) -> list[GatewayRefund]:
        """List the refunds of a payment."""
        list_refunds = partial(self._client.payment.fetch_multiple_refund, checked(gateway_payment_id))
        read = partial(reading.each, reading.refund)
        found: list[GatewayRefund] = []
        while True:
            fetch = partial(list_refunds, {"count": PAGE, "skip": len(found)})
            page = self._call("refunds_of", fetch, read, is_repeatable=True)
            found += page
            if len(page) < PAGE:
                return found

    def check_return(self, *, order_id: str, gateway_payment_id: str, signature: str) -> None:
        """Raise InvalidSignature unless Checkout signed this payment of this order."""
        if not ID.fullmatch(str(gateway_payment_id)):
            raise InvalidSignature(gateway=self.name)
        returned = {
            "razorpay_order_id": order_id,
            "razorpay_payment_id": gateway_payment_id,
            "razorpay_signature": signature,
        }
        try:
            self._client.utility.verify_payment_signature(returned)
        except (SignatureVerificationError, TypeError, ValueError) as error:
            raise InvalidSignature(gateway=self.name) from error

    def read_event(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        """Verify and read a webhook."""
        webhooks.check_signature(raw, headers, self._settings.webhook_secrets)
        return webhooks.parse(raw, headers)

    def parse_event(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        """Read a webhook that was verified when it came in."""
        return webhooks.parse(raw, headers)

    def ensure_customer(self, payer: Payer) -> str:
        """Give Razorpay's id of a customer; one that it knows by phone and e-mail stays the same."""
        if payer.gateway_customer_id:
            return payer.gateway_customer_id
        known = {"name": payer.name[:50], "email": payer.email, "contact": payer.phone}
        customer = {name: value for name, value in known.items() if value} | {"fail_existing": "0"}
        create = partial(self._client.customer.create, customer)
        return self._call("ensure_customer", create, reading.id_of, is_repeatable=False)

    def fetch_token(self, gateway_customer_id: str, token: str) -> SavedToken:
        """Read a saved way to pay of that customer's."""
        fetch = partial(self._client.token.fetch, checked(gateway_customer_id), checked(token), {})
        return self._call("fetch_token", fetch, reading.token, is_repeatable=True)

    def delete_token(self, gateway_customer_id: str, token: str) -> None:
        """Make Razorpay forget a saved way to pay."""
        try:
            delete = partial(self._client.token.delete, checked(gateway_customer_id), checked(token), {})
            self._call("delete_token", delete, bool, is_repeatable=False)
        except GatewayNotFound:
            return

    def _upi_link(self, request: OrderRequest, order_id: str) -> str | None:
        """Ask for a link that opens a UPI app; not every account may, and Checkout works without."""
        payment = checkout.upi_intent(request, order_id)
        connect, silence = self._line.patience.timeout
        try:
            answer = self._client.payment.createUpi(
                payment, timeout=(connect, min(silence, UPI_LINK_SECONDS))
            )
            link = reading.text(answer, "link")
        except (GatewayError, reading.Unreadable):
            return None
        return link if link.startswith("upi://") else None
