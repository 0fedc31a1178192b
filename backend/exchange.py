"""Turns rupees into the currency that a gateway charges, and shares of them back."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from backend.errors import InvalidAmount, InvalidPaymentMethod
from backend.gateways.settings import ExchangeSettings
from backend.money import decimals

HOME = "INR"  # The rates say what one unit of another currency costs in it.
_RATE_STEP = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a gateway charges; `rate` is what one unit of its currency was taken for."""

    amount_minor: int
    currency: str
    rate: str


class Exchange:
    """The installation's exchange rates, with what the shop adds to a charge in foreign currency."""

    def __init__(self, settings: ExchangeSettings) -> None:
        # A markup is for the shop: each foreign unit is taken for fewer rupees, so more units are charged.
        markup = 1 + settings.markup_percent / 100
        self._rates: Mapping[str, Decimal] = {
            currency: (rate / markup).quantize(_RATE_STEP, ROUND_HALF_UP) for currency, rate in settings.rates
        }
        if any(rate <= 0 for rate in self._rates.values()):
            raise ValueError("an exchange rate must be more than zero")

    def can(self, from_currency: str, to: str) -> bool:
        """Tell whether an amount can be charged in that currency."""
        return from_currency == to or (from_currency == HOME and to in self._rates)

    def charge(self, amount_minor: int, currency: str, to: str) -> Charge:
        """Work out what to charge; the rate it tells gives the same charge again."""
        if amount_minor <= 0:
            raise InvalidAmount
        if not self.can(currency, to):
            raise InvalidPaymentMethod(f"There is no exchange rate from {currency} to {to}.")
        if currency == to:
            return Charge(amount_minor=amount_minor, currency=to, rate="1")
        rate = self._rates[to]
        units = Decimal(amount_minor).scaleb(decimals(to) - decimals(currency)) / rate
        charged_minor = max(1, int(units.quantize(Decimal(1), ROUND_HALF_UP)))
        return Charge(amount_minor=charged_minor, currency=to, rate=f"{rate.normalize():f}")


def share(charged_minor: int, *, part_minor: int, whole_minor: int) -> int:
    """Tell how much of a charge belongs to a part of the whole, rounded half up.

    The part is everything given back so far: a refund gives back the share after it less the share
    before it, and so the refunds of the whole add up to the charge exactly.
    """
    if not 0 <= part_minor <= whole_minor or whole_minor == 0:
        raise InvalidAmount("A part must not be more than the whole.")
    return (2 * charged_minor * part_minor + whole_minor) // (2 * whole_minor)
