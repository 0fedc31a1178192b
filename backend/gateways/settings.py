"""What each gateway needs to be told before it can be used."""

from dataclasses import dataclass, field
from decimal import Decimal

RAZORPAY_URL = "https://api.razorpay.com"
PAYPAL_URL = "https://api-m.paypal.com"
PAYPAL_SANDBOX_URL = "https://api-m.sandbox.paypal.com"

# What PayPal takes, which rupees are not part of.
PAYPAL_CURRENCIES = frozenset(
    (
        *("AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY"),
        *("MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RazorpaySettings:
    """Razorpay's keys; the webhook secrets are all accepted, newest first."""

    key_id: str = ""
    key_secret: str = field(default="", repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    api_url: str = RAZORPAY_URL

    @property
    def is_configured(self) -> bool:
        """Tell whether payments can be taken."""
        return bool(self.key_id and self.key_secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayPalSettings:
    """PayPal's keys, and the currency it charges where the shop's own is not taken.

    `webhook_cert_ca` is a PEM file of other roots for the certificates that sign webhooks;
    `allows_test_roots` lets the API's own host serve such certificates, which production never does.
    """

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    api_url: str = PAYPAL_SANDBOX_URL
    webhook_id: str = ""
    webhook_cert_ca: str = ""
    allows_test_roots: bool = False
    verifies_by_postback: bool = False
    return_url: str = "http://127.0.0.1:8000/checkout/success"
    cancel_url: str = "http://127.0.0.1:8000/checkout/cancel"
    currency: str = "USD"

    @property
    def is_configured(self) -> bool:
        """Tell whether payments can be taken."""
        return bool(self.client_id and self.client_secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class GooglePaySettings:
    """Whose Google messages we take, and where Google's root keys are."""

    merchant_id: str = ""
    root_keys_url: str = "https://pay.google.com/gp/m/issuer/keys"
    root_keys_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplePaySettings:
    """The merchant identity with which Apple Pay sessions are asked for."""

    merchant_id: str = ""
    cert_file: str = ""
    host: str = "apple-pay-gateway.apple.com"
    display_name: str = "Batua"

    @property
    def is_configured(self) -> bool:
        """Tell whether Apple Pay sessions can be had."""
        return bool(self.merchant_id and self.cert_file)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSettings:
    """What one unit of a foreign currency costs in rupees, and what the shop adds to that."""

    rates: tuple[tuple[str, Decimal], ...] = ()
    markup_percent: Decimal = Decimal(0)
