"""The settings of the gateways, read from the environment and checked."""

from decimal import Decimal, InvalidOperation

from environs import Env, ValidationError, validate

from backend.gateways.settings import (
    PAYPAL_CURRENCIES,
    PAYPAL_SANDBOX_URL,
    PAYPAL_URL,
    RAZORPAY_URL,
    ApplePaySettings,
    ExchangeSettings,
    GooglePaySettings,
    PayPalSettings,
    RazorpaySettings,
)
from backend.money import DECIMALS

_VERIFICATIONS = ("self", "postback")


def read_razorpay(env: Env) -> RazorpaySettings:
    """Read Razorpay's keys."""
    return RazorpaySettings(
        key_id=env.str("RAZORPAY_KEY_ID", ""),
        key_secret=env.str("RAZORPAY_KEY_SECRET", ""),
        webhook_secrets=words(env.str("RAZORPAY_WEBHOOK_SECRET", "")),
        api_url=(env.str("RAZORPAY_API_URL", "", validate=is_url) or RAZORPAY_URL).rstrip("/"),
    )


def read_paypal(env: Env, *, environment: str, public_url: str) -> PayPalSettings:
    """Read PayPal's keys; only outside production may another root vouch for its certificates."""
    is_production = environment == "production"
    default_url = PAYPAL_URL if is_production else PAYPAL_SANDBOX_URL
    verification = env.str("PAYPAL_WEBHOOK_VERIFICATION", "self", validate=_is_verification)
    return PayPalSettings(
        client_id=env.str("PAYPAL_CLIENT_ID", ""),
        client_secret=env.str("PAYPAL_CLIENT_SECRET", ""),
        api_url=(env.str("PAYPAL_API_URL", "", validate=is_url) or default_url).rstrip("/"),
        webhook_id=env.str("PAYPAL_WEBHOOK_ID", ""),
        webhook_cert_ca=(cert_ca := env.str("PAYPAL_WEBHOOK_CERT_CA", "")),
        allows_test_roots=bool(cert_ca) and not is_production,
        verifies_by_postback=verification == "postback",
        return_url=env.str("PAYPAL_RETURN_URL", "") or f"{public_url}/checkout/success",
        cancel_url=env.str("PAYPAL_CANCEL_URL", "") or f"{public_url}/checkout/cancel",
        currency=env.str("PAYPAL_CURRENCY", "USD", validate=validate.OneOf(sorted(PAYPAL_CURRENCIES))),
    )


def read_google_pay(env: Env) -> GooglePaySettings:
    """Read whose messages of Google we take."""
    default = GooglePaySettings()
    return GooglePaySettings(
        merchant_id=env.str("GOOGLE_PAY_MERCHANT_ID", ""),
        root_keys_url=env.str("GOOGLE_PAY_ROOT_KEYS_URL", "", validate=is_url) or default.root_keys_url,
        root_keys_file=env.str("GOOGLE_PAY_ROOT_KEYS_FILE", ""),
    )


def read_apple_pay(env: Env) -> ApplePaySettings:
    """Read the merchant identity for Apple Pay."""
    return ApplePaySettings(
        merchant_id=env.str("APPLE_PAY_MERCHANT_ID", ""), cert_file=env.str("APPLE_PAY_CERT_FILE", "")
    )


def read_exchange(env: Env) -> ExchangeSettings:
    """Read what foreign currencies cost."""
    env.add_parser("rates", _rates)
    rates = env.rates("FX_RATES", "")
    markup = env.decimal("FX_MARKUP_PERCENT", Decimal(0), validate=validate.Range(0, 50))
    return ExchangeSettings(rates=rates or (), markup_percent=markup or Decimal(0))


def words(text: str) -> tuple[str, ...]:
    """Split a comma-separated list."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def production_faults(razorpay: RazorpaySettings, paypal: PayPalSettings) -> list[str]:
    """Name what would make payments unsafe where real money is at stake."""
    faults = []
    if razorpay.is_configured and not razorpay.webhook_secrets:
        faults.append("RAZORPAY_WEBHOOK_SECRET: must be set; without it anybody could report payments")
    if paypal.is_configured and not paypal.webhook_id:
        faults.append("PAYPAL_WEBHOOK_ID: must be set; without it webhooks cannot be verified")
    if paypal.webhook_cert_ca:
        faults.append("PAYPAL_WEBHOOK_CERT_CA: is for tests; production trusts the public roots only")
    return faults


def _rates(text: str) -> tuple[tuple[str, Decimal], ...]:
    """Read what one unit of each currency costs."""
    return tuple(_rate(pair) for pair in words(text))


def _rate(pair: str) -> tuple[str, Decimal]:
    currency, _, text = pair.partition(":")
    try:
        rate = Decimal(text.strip())
    except InvalidOperation as error:
        raise ValidationError("must read like USD:83.10") from error
    _is_currency(currency.strip())
    if not rate.is_finite() or rate <= 0:
        raise ValidationError("a rate must be more than zero")
    return currency.strip(), rate


def _is_currency(text: str) -> None:
    if text not in DECIMALS:
        raise ValidationError(f"must be one of {', '.join(sorted(DECIMALS))}")


def is_url(text: str) -> None:
    """Refuse what is not the address of a server."""
    if text and not text.startswith(("https://", "http://")):
        raise ValidationError("must start with https:// or http://")


def _is_verification(text: str) -> None:
    if text not in _VERIFICATIONS:
        raise ValidationError(f"must be one of {', '.join(_VERIFICATIONS)}")
