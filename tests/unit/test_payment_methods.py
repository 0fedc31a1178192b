"""Each payment goes to a gateway that can take it, and the customer is told what it comes to."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import InvalidPaymentMethod
from backend.exchange import Charge, Exchange
from backend.gateways.errors import NotConfigured
from backend.gateways.port import Method
from backend.gateways.registry import Gateways
from backend.gateways.settings import ExchangeSettings
from backend.payment_methods import INSTALLMENTS, MethodCatalogue, emi_plans, upi_id_is_plausible

USD_AT_80 = ExchangeSettings(rates=(("USD", Decimal(80)),))


@dataclass(frozen=True)
class FakeGateway:
    """A gateway of which only its abilities matter."""

    name: str
    methods: frozenset[Method]
    currencies: frozenset[str] = frozenset({"INR"})
    charge_currency: str = "INR"


RAZORPAY: Any = FakeGateway("razorpay", frozenset(Method) - {Method.PAYPAL})
PAYPAL: Any = FakeGateway("paypal", frozenset({Method.PAYPAL, Method.CARD}), frozenset({"USD", "EUR"}), "USD")


def catalogue(*gateways: Any, rates: ExchangeSettings = USD_AT_80) -> MethodCatalogue:
    return MethodCatalogue(Gateways(gateways), Exchange(rates))


def names(gateways: list[Any]) -> list[str]:
    return [gateway.name for gateway in gateways]


@pytest.mark.parametrize("gateways", [(RAZORPAY, PAYPAL), (PAYPAL, RAZORPAY)])
def test_the_default_gateway_of_a_method_is_tried_first(gateways: tuple[Any, ...]) -> None:
    methods = catalogue(*gateways)

    assert names(methods.candidates(Method.CARD, "INR", wanted=None)) == ["razorpay", "paypal"]
    assert names(methods.candidates(Method.PAYPAL, "INR", wanted=None)) == ["paypal"]
    assert names(methods.candidates(Method.UPI, "INR", wanted=None)) == ["razorpay"]


def test_without_the_default_gateway_another_one_that_is_able_takes_its_place() -> None:
    assert names(catalogue(PAYPAL).candidates(Method.CARD, "INR", wanted=None)) == ["paypal"]


def test_a_gateway_that_can_charge_only_in_a_currency_without_a_rate_is_left_out() -> None:
    methods = catalogue(RAZORPAY, PAYPAL, rates=ExchangeSettings())

    assert names(methods.candidates(Method.CARD, "INR", wanted=None)) == ["razorpay"]
    assert names(methods.candidates(Method.PAYPAL, "EUR", wanted=None)) == ["paypal"]


def test_a_gateway_that_is_named_is_the_only_one() -> None:
    methods = catalogue(RAZORPAY, PAYPAL)

    assert names(methods.candidates(Method.CARD, "INR", wanted="paypal")) == ["paypal"]
    assert names(methods.candidates(Method.CARD, "INR", wanted="razorpay")) == ["razorpay"]


def test_a_named_gateway_must_take_the_method_in_that_currency() -> None:
    with pytest.raises(InvalidPaymentMethod):
        catalogue(RAZORPAY, PAYPAL).candidates(Method.UPI, "INR", wanted="paypal")
    with pytest.raises(InvalidPaymentMethod):
        catalogue(PAYPAL, rates=ExchangeSettings()).candidates(Method.PAYPAL, "INR", wanted="paypal")


def test_a_gateway_nobody_knows_is_told_from_one_that_is_not_configured() -> None:
    with pytest.raises(InvalidPaymentMethod):
        catalogue(RAZORPAY).candidates(Method.CARD, "INR", wanted="stripe")
    with pytest.raises(NotConfigured):
        catalogue(RAZORPAY).candidates(Method.PAYPAL, "INR", wanted="paypal")


@pytest.mark.parametrize("gateways", [(), (PAYPAL,)])
def test_a_method_that_no_gateway_takes_is_not_configured(gateways: tuple[Any, ...]) -> None:
    with pytest.raises(NotConfigured):
        catalogue(*gateways).candidates(Method.NETBANKING, "INR", wanted=None)


def test_every_method_is_offered_with_its_gateways_in_order() -> None:
    offered = {offer.method: offer.gateways for offer in catalogue(PAYPAL, RAZORPAY).offered(500_000, "INR")}

    assert offered.keys() == set(Method) - {Method.RAZORPAY}
    assert offered[Method.CARD] == ("razorpay", "paypal")
    assert offered[Method.PAYPAL] == ("paypal",)


def test_an_offer_says_what_is_charged_when_that_is_in_another_currency() -> None:
    offered = {offer.method: offer.charge for offer in catalogue(RAZORPAY, PAYPAL).offered(500_000, "INR")}

    assert offered[Method.PAYPAL] == Charge(amount_minor=6250, currency="USD", rate="80")
    assert offered[Method.CARD] is None


def test_paypal_is_not_offered_for_rupees_without_a_rate() -> None:
    offered = catalogue(RAZORPAY, PAYPAL, rates=ExchangeSettings()).offered(500_000, "INR")

    assert Method.PAYPAL not in {offer.method for offer in offered}


def test_nothing_is_offered_without_gateways() -> None:
    assert catalogue().offered(500_000, "INR") == []


@pytest.mark.parametrize(("amount_minor", "is_offered"), [(99_999, False), (100_000, True)])
def test_instalments_are_offered_only_for_what_banks_lend(amount_minor: int, is_offered: bool) -> None:
    methods = {offer.method for offer in catalogue(RAZORPAY).offered(amount_minor, "INR")}

    assert (Method.EMI in methods) is is_offered
    assert bool(emi_plans(amount_minor)) is is_offered


@pytest.mark.parametrize(
    ("currency", "charge"),
    [
        ("INR", Charge(amount_minor=100, currency="USD", rate="80")),
        ("EUR", Charge(amount_minor=8000, currency="EUR", rate="1")),
    ],
)
def test_a_gateway_charges_in_the_currency_asked_for_if_it_can(currency: str, charge: Charge) -> None:
    assert catalogue(PAYPAL).charge(PAYPAL, 8000, currency) == charge


def test_each_number_of_instalments_has_a_plan_that_says_it_is_an_estimate() -> None:
    plans = emi_plans(1_000_000)

    assert [plan.months for plan in plans] == [3, 6, 9, 12] == list(INSTALLMENTS[1:])
    assert all(plan.is_estimate for plan in plans)


def test_a_monthly_instalment_is_what_banks_work_out() -> None:
    twelve = emi_plans(1_000_000)[-1]

    assert twelve.annual_percent == 15
    assert twelve.monthly_minor == 90_258  # 10 000 * 0.0125 * 1.0125**12 / (1.0125**12 - 1) = 902.583…
    assert (twelve.total_minor, twelve.interest_minor) == (1_083_096, 83_096)


@given(st.integers(100_000, 10**13))
def test_instalments_pay_back_the_debt_with_its_interest_to_the_paisa(amount_minor: int) -> None:
    for plan in emi_plans(amount_minor):
        owed = Decimal(amount_minor)
        for _ in range(plan.months):
            owed += owed * plan.annual_percent / 1200 - plan.monthly_minor

        assert abs(owed) <= plan.months
        assert plan.total_minor == plan.monthly_minor * plan.months == amount_minor + plan.interest_minor


@pytest.mark.parametrize(
    "vpa",
    ["success@razorpay", "a.b-c_d@okhdfcbank", "9876543210@ybl", "NAME@UPI", "ab@a1", "x" * 256 + "@upi"],
)
def test_a_upi_id_may_look_like_this(vpa: str) -> None:
    assert upi_id_is_plausible(vpa)


@pytest.mark.parametrize(
    "vpa",
    [
        *("", "@upi", "name", "name@", "n@upi", "a@b@c", "name@1bank", "name@b", "na me@upi", "name@upi\n"),
        *("naïve@upi", "x" * 257 + "@upi", "name@" + "b" * 65, "name@ok-bank", "name+tag@upi"),
    ],
)
def test_a_upi_id_never_looks_like_this(vpa: str) -> None:
    assert not upi_id_is_plausible(vpa)
