"""A charge in foreign money is fair to the minor unit, and what is given back adds up to it."""

from decimal import Decimal
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import InvalidAmount, InvalidPaymentMethod
from backend.exchange import Charge, Exchange, share
from backend.gateways.settings import ExchangeSettings
from backend.money import decimals

AMOUNTS = st.integers(1, 10**13)
RATES = st.decimals("0.01", "500", places=4)
MARKUPS = st.decimals("0", "50", places=2)


def exchange(markup: str | Decimal = "0", **rates: str | Decimal) -> Exchange:
    pairs = tuple((currency, Decimal(rate)) for currency, rate in rates.items())
    return Exchange(ExchangeSettings(rates=pairs, markup_percent=Decimal(markup)))


@pytest.mark.parametrize(
    ("amount_minor", "currency", "rate", "charged_minor"),
    [
        (100_000, "USD", "80", 1250),
        (99_900, "USD", "83.10", 1202),  # 12.0216…
        (8_000, "USD", "64", 125),
        (4_004, "USD", "80", 50),  # 50.05
        (4_040, "USD", "80", 51),  # 50.5 goes up.
        (1, "USD", "83.10", 1),  # A charge of nothing is none.
        (100_000, "JPY", "0.55", 1818),  # The yen has no smaller unit.
    ],
)
def test_rupees_are_charged_at_the_rate_rounded_half_up(
    amount_minor: int, currency: str, rate: str, charged_minor: int
) -> None:
    charge = exchange(**{currency: rate}).charge(amount_minor, "INR", currency)

    assert (charge.amount_minor, charge.currency) == (charged_minor, currency)
    assert Decimal(charge.rate) == Decimal(rate)


def test_the_markup_makes_the_charge_larger_and_is_in_the_rate_that_is_told() -> None:
    charge = exchange("4", USD="83.2").charge(100_000, "INR", "USD")

    assert charge == Charge(amount_minor=1250, currency="USD", rate="80")  # Without it: 12.02 dollars.


def test_the_same_currency_is_charged_as_it_is() -> None:
    assert exchange().charge(5, "INR", "INR") == Charge(amount_minor=5, currency="INR", rate="1")
    assert exchange("10", USD="80").charge(5, "USD", "USD").amount_minor == 5


@pytest.mark.parametrize(("currency", "to"), [("INR", "EUR"), ("USD", "INR"), ("USD", "EUR"), ("INR", "XYZ")])
def test_a_currency_without_a_rate_is_not_charged(currency: str, to: str) -> None:
    exchanger = exchange(USD="80")

    assert not exchanger.can(currency, to)
    with pytest.raises(InvalidPaymentMethod):
        exchanger.charge(100, currency, to)


def test_a_currency_with_a_rate_can_be_charged() -> None:
    exchanger = exchange(USD="80", EUR="90")

    assert exchanger.can("INR", "USD")
    assert exchanger.can("INR", "EUR")
    assert exchanger.can("GBP", "GBP")


@pytest.mark.parametrize("amount_minor", [0, -1])
def test_nothing_and_less_than_nothing_is_not_charged(amount_minor: int) -> None:
    with pytest.raises(InvalidAmount):
        exchange(USD="80").charge(amount_minor, "INR", "USD")


@pytest.mark.parametrize("rate", ["0", "-1", "0.0000001"])
def test_a_rate_that_would_charge_without_end_is_refused_at_the_start(rate: str) -> None:
    with pytest.raises(ValueError, match="more than zero"):
        exchange(USD=rate)


@given(AMOUNTS, RATES, MARKUPS, st.sampled_from(["USD", "EUR", "JPY"]))
def test_a_charge_is_worth_the_amount_to_half_a_minor_unit(
    amount_minor: int, rate: Decimal, markup: Decimal, currency: str
) -> None:
    charge = exchange(markup, **{currency: rate}).charge(amount_minor, "INR", currency)

    minor_unit_in_paise = Decimal(charge.rate) * 100 / 10 ** decimals(currency)
    assert charge.amount_minor >= 1
    if charge.amount_minor > 1:
        assert abs(charge.amount_minor * minor_unit_in_paise - amount_minor) <= minor_unit_in_paise / 2


@given(AMOUNTS, RATES, MARKUPS)
def test_a_markup_never_makes_a_charge_smaller(amount_minor: int, rate: Decimal, markup: Decimal) -> None:
    plain = exchange(USD=rate).charge(amount_minor, "INR", "USD")
    marked_up = exchange(markup, USD=rate).charge(amount_minor, "INR", "USD")

    assert marked_up.amount_minor >= plain.amount_minor


@given(st.integers(1, 10**12), st.lists(st.integers(1, 10**9), min_size=1, max_size=30))
def test_the_shares_of_successive_refunds_add_up_to_the_charge(
    charged_minor: int, refunds: list[int]
) -> None:
    totals = list(accumulate(refunds, initial=0))

    shares = [
        share(charged_minor, part_minor=after, whole_minor=totals[-1])
        - share(charged_minor, part_minor=before, whole_minor=totals[-1])
        for before, after in pairwise(totals)
    ]

    assert sum(shares) == charged_minor
    assert min(shares) >= 0


@given(st.integers(0, 10**12), st.integers(1, 10**12), st.data())
def test_a_share_is_the_exact_part_rounded_half_up(
    charged_minor: int, whole_minor: int, data: st.DataObject
) -> None:
    part_minor = data.draw(st.integers(0, whole_minor))

    part = share(charged_minor, part_minor=part_minor, whole_minor=whole_minor)

    doubled_error = 2 * (part * whole_minor - charged_minor * part_minor)
    assert -whole_minor < doubled_error <= whole_minor


@pytest.mark.parametrize(("part_minor", "whole_minor"), [(-1, 10), (11, 10), (0, 0), (1, 0), (-2, -1)])
def test_a_part_that_is_none_of_the_whole_has_no_share(part_minor: int, whole_minor: int) -> None:
    with pytest.raises(InvalidAmount):
        share(100, part_minor=part_minor, whole_minor=whole_minor)
