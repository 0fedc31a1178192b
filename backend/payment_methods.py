"""What an installation can be paid with, through which gateways, and what that comes to."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

from backend.errors import InvalidPaymentMethod
from backend.exchange import HOME, Charge, Exchange
from backend.gateways.errors import NotConfigured
from backend.gateways.port import Method, PaymentGateway
from backend.gateways.registry import Gateways

CHOOSABLE = tuple(method for method in Method if method is not Method.RAZORPAY)
INSTALLMENTS = (1, 3, 6, 9, 12)
EMI_FROM_MINOR = 100_000  # Banks lend nothing below this.

# What most banks ask a year, by the number of months; the one that lends may ask something else.
_USUAL_PERCENT = {3: Decimal(13), 6: Decimal(14), 9: Decimal(15), 12: Decimal(15)}
_DIGITS = 50
_UPI_ID = re.compile(r"[A-Za-z0-9._-]{2,256}@[A-Za-z][A-Za-z0-9]{1,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmiPlan:
    """Paying a bank back in equal monthly parts; the shop is paid the whole amount at once."""

    months: int
    monthly_minor: int
    total_minor: int
    interest_minor: int
    annual_percent: Decimal
    is_estimate: bool = True  # The customer's bank sets the real rate.


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedMethod:
    """A way to pay, with the gateways that take it, the one tried first in front.

    `charge` is what the first gateway charges where that is in another currency.
    """

    method: Method
    gateways: tuple[str, ...]
    charge: Charge | None = None


class MethodCatalogue:
    """Knows which gateways can take which payments."""

    def __init__(self, gateways: Gateways, exchange: Exchange) -> None:
        self._gateways = gateways
        self._exchange = exchange

    def offered(self, amount_minor: int, currency: str) -> list[OfferedMethod]:
        """List the ways in which that amount can be paid now."""
        offers = [self._offer(method, amount_minor, currency) for method in CHOOSABLE]
        return [offer for offer in offers if offer.gateways]

    def candidates(self, method: Method, currency: str, *, wanted: str | None) -> list[PaymentGateway]:
        """List the gateways to try, in order; one that is named is the only one."""
        if wanted is not None:
            return [self._named(wanted, method, currency)]
        able = self._able(method, currency)
        if not able:
            raise NotConfigured("No payment gateway is configured for this payment method.")
        return able

    def charge(self, gateway: PaymentGateway, amount_minor: int, currency: str) -> Charge:
        """Work out what that gateway charges for an amount of ours."""
        is_direct = currency in gateway.currencies
        return self._exchange.charge(
            amount_minor, currency, currency if is_direct else gateway.charge_currency
        )

    def _offer(self, method: Method, amount_minor: int, currency: str) -> OfferedMethod:
        able = self._able(method, currency)
        if method is Method.EMI and (currency != HOME or not emi_plans(amount_minor)):
            able = []
        charge = self.charge(able[0], amount_minor, currency) if able else None
        return OfferedMethod(
            method=method,
            gateways=tuple(gateway.name for gateway in able),
            charge=charge if charge and charge.currency != currency else None,
        )

    def _able(self, method: Method, currency: str) -> list[PaymentGateway]:
        able = [gateway for gateway in self._gateways if self._can_take(gateway, method, currency)]
        return sorted(able, key=lambda gateway: gateway.name != default_gateway(method))

    def _named(self, name: str, method: Method, currency: str) -> PaymentGateway:
        gateway = self._gateways.get(name)
        if not self._can_take(gateway, method, currency):
            raise InvalidPaymentMethod("This payment gateway does not take this payment.")
        return gateway

    def _can_take(self, gateway: PaymentGateway, method: Method, currency: str) -> bool:
        if method not in gateway.methods:
            return False
        return currency in gateway.currencies or self._exchange.can(currency, gateway.charge_currency)


def default_gateway(method: Method) -> str:
    """Tell which gateway is tried first."""
    return "paypal" if method is Method.PAYPAL else "razorpay"


def emi_plans(amount_minor: int) -> list[EmiPlan]:
    """Estimate what paying in instalments comes to, in rupees."""
    if amount_minor < EMI_FROM_MINOR:
        return []
    return [_plan(amount_minor, months) for months in INSTALLMENTS if months in _USUAL_PERCENT]


def upi_id_is_plausible(vpa: str) -> bool:
    """Tell whether this may be a UPI id, such as name@bank; only the gateway knows."""
    return _UPI_ID.fullmatch(vpa) is not None


def _plan(amount_minor: int, months: int) -> EmiPlan:
    monthly_minor = _monthly(amount_minor, months, _USUAL_PERCENT[months])
    total_minor = monthly_minor * months
    return EmiPlan(
        months=months,
        monthly_minor=monthly_minor,
        total_minor=total_minor,
        interest_minor=total_minor - amount_minor,
        annual_percent=_USUAL_PERCENT[months],
    )


def _monthly(amount_minor: int, months: int, annual_percent: Decimal) -> int:
    """Share out a debt, and the interest on what is still owed of it, into equal parts."""
    with localcontext(prec=_DIGITS):
        rate = annual_percent / 1200
        growth = (1 + rate) ** months
        part = amount_minor * rate * growth / (growth - 1)
        return int(part.quantize(Decimal(1), ROUND_HALF_UP))
