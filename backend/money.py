"""Where rupees on the wire become integer minor units, and nowhere else."""

import re
from decimal import Decimal, InvalidOperation

_WITH_CENTS = (
    *("INR", "USD", "EUR", "GBP", "SGD", "AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "HKD"),
    *("ILS", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "THB"),
)
_WITHOUT_CENTS = ("JPY", "HUF", "TWD")  # The last two by PayPal's rule: it refuses decimals there.
DECIMALS = dict.fromkeys(_WITH_CENTS, 2) | dict.fromkeys(_WITHOUT_CENTS, 0)
MAX_BALANCE_MINOR = 10**15 - 1  # With 15 digits, a JSON number with decimals is read exactly.

_PLAIN_DECIMAL = re.compile(r"[0-9]{1,16}(\.[0-9]{1,8})?", re.ASCII)


class BadAmount(ValueError):
    """The text or number given is not an amount of money in that currency."""


def to_minor(amount: Decimal | int | str, *, currency: str) -> int:
    """Turn a wire amount into minor units, refusing anything that is not exact."""
    if isinstance(amount, bool) or not isinstance(amount, Decimal | int | str):
        raise BadAmount("must be a number or a decimal string")
    value = _exact(amount)
    places = decimals(currency)
    if -int(value.as_tuple().exponent) > places:
        raise BadAmount(f"must have at most {places} decimals")
    return int(value.scaleb(places))


def to_major(minor: int, *, currency: str) -> int | float:
    """Turn minor units into the JSON number that shows them exactly.

    Division by a power of ten is correctly rounded, so its shortest text has at most the
    currency's decimals for every balance up to MAX_BALANCE_MINOR.
    """
    scale: int = 10 ** decimals(currency)
    whole, rest = divmod(minor, scale)
    return whole if rest == 0 else minor / scale


def to_text(minor: int, *, currency: str) -> str:
    """Write minor units as a decimal string with all the currency's decimals."""
    places = decimals(currency)
    return f"{Decimal(minor).scaleb(-places):.{places}f}"


def for_people(minor: int, *, currency: str) -> str:
    """Write an amount as customers read it: rupees as ₹1,23,456.50, others as USD 123,456.50."""
    sign = "-" if minor < 0 else ""
    whole, point, rest = to_text(abs(minor), currency=currency).partition(".")
    if currency == "INR":
        return f"{sign}₹{_in_lakhs(whole)}{point}{rest}"
    return f"{sign}{currency} {int(whole):,}{point}{rest}"


def _in_lakhs(digits: str) -> str:
    """Group digits as India does: the last three, then twos."""
    head, tail = digits[:-3], digits[-3:]
    twos = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)]
    return ",".join([*reversed(twos), tail])


def decimals(currency: str) -> int:
    """Tell how many decimals the currency has."""
    try:
        return DECIMALS[currency]
    except KeyError:
        raise BadAmount(f"currency {currency} is not supported") from None


def _exact(amount: Decimal | int | str) -> Decimal:
    """Read an amount without losing a digit; exponents that hide precision are refused."""
    if isinstance(amount, str) and not _PLAIN_DECIMAL.fullmatch(amount):
        raise BadAmount("must be a plain decimal such as 99.50")
    try:
        value = Decimal(amount)
    except (InvalidOperation, ValueError):
        raise BadAmount("must be a number") from None
    if not value.is_finite():
        raise BadAmount("must be a finite number")
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not -8 <= exponent <= 0 or len(value.as_tuple().digits) > 24:
        raise BadAmount("must be written in plain digits")
    return value
