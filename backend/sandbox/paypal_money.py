"""PayPal's amounts: decimal texts with a currency."""

from decimal import Decimal
from typing import Any

from backend.sandbox import paypal_wire as wire
from backend.sandbox.books import Document

# Rupees are not among them: domestic payments in India ended in 2021.
CURRENCIES = frozenset(
    {"AUD", "BRL", "CAD", "CNY", "CZK", "DKK", "EUR", "HKD", "HUF", "ILS", "JPY", "MYR", "MXN"}
    | {"TWD", "NZD", "NOK", "PHP", "PLN", "GBP", "SGD", "SEK", "CHF", "THB", "USD"}
)
_WHOLE_ONLY = frozenset({"HUF", "JPY", "TWD"})
_FEE_SHARE, _FEE_FIXED = Decimal("0.0349"), Decimal("0.49")
_CENT = Decimal("0.01")


def read(money: Any, place: str) -> Document:
    """Check an amount and give it in PayPal's form."""
    if not isinstance(money, dict):
        wire.invalid("MISSING_REQUIRED_PARAMETER", place)
    currency, value = money.get("currency_code"), money.get("value")
    for name, given in (("currency_code", currency), ("value", value)):
        if given in (None, ""):
            wire.invalid("MISSING_REQUIRED_PARAMETER", f"{place}/{name}")
    if not isinstance(currency, str) or len(currency) != 3:
        wire.invalid("INVALID_STRING_LENGTH", f"{place}/currency_code")
    if currency not in CURRENCIES:
        wire.unprocessable("CURRENCY_NOT_SUPPORTED", f"{place}/currency_code")
    return {"currency_code": currency, "value": text(_positive(value, currency, place), currency)}


def _positive(value: Any, currency: str, place: str) -> Decimal:
    if not isinstance(value, str) or not value.isascii() or not value.replace(".", "", 1).isdigit():
        wire.invalid("INVALID_PARAMETER_SYNTAX", f"{place}/value")
    number = Decimal(value)
    if currency in _WHOLE_ONLY and number != number.to_integral_value():
        wire.unprocessable("DECIMALS_NOT_SUPPORTED", f"{place}/value")
    if number != number.quantize(_CENT):
        wire.unprocessable("DECIMAL_PRECISION", f"{place}/value")
    if number <= 0:
        wire.unprocessable("CANNOT_BE_ZERO_OR_NEGATIVE", f"{place}/value")
    return number


def number(money: Document) -> Decimal:
    """Give an amount that was checked as a number."""
    return Decimal(money["value"])


def text(value: Decimal, currency: str) -> str:
    """Write an amount with the places that its currency has."""
    return str(value.quantize(Decimal(1) if currency in _WHOLE_ONLY else _CENT))


def of(value: Decimal, currency: str) -> Document:
    """Give an amount in PayPal's form."""
    return {"currency_code": currency, "value": text(value, currency)}


def breakdown(gross: Document) -> Document:
    """Say what PayPal keeps and what the seller gets."""
    currency = gross["currency_code"]
    fee = min(number(gross), (number(gross) * _FEE_SHARE + _FEE_FIXED).quantize(_CENT))
    net = number(gross) - fee
    return {"gross_amount": gross, "paypal_fee": of(fee, currency), "net_amount": of(net, currency)}
