"""What an installation says it can be paid with is what it can be paid with."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from backend.gateways.registry import Gateways
from backend.gateways.settings import ExchangeSettings
from tests.api.answers import faulty_fields, refusal
from tests.api.shops import another_shop, only_razorpay
from tests.shop import Shop

IN_RUPEES = {"card", "upi", "netbanking", "wallet", "google_pay", "apple_pay", "emi"}


def methods(shop: Shop, query: str = "") -> Any:
    response = shop.customer.get(f"/api/payments/methods{query}")
    assert response.json["status"] == "success"
    return response.json["data"]


def names(found: Any) -> set[str]:
    return {offer["method"] for offer in found["methods"]}


def offer(found: Any, method: str) -> Any:
    [one] = [one for one in found["methods"] if one["method"] == method]
    return one


def test_everything_is_offered_with_both_gateways(shop: Shop) -> None:
    found = methods(shop)

    assert names(found) == IN_RUPEES | {"paypal"}
    assert (found["gateways"], found["currency"]) == (["paypal", "razorpay"], "INR")


def test_the_gateway_that_is_tried_first_comes_first(shop: Shop) -> None:
    found = methods(shop)

    tried = {method: offer(found, method)["gateways"] for method in ("card", "upi", "paypal")}
    assert tried == {"card": ["razorpay", "paypal"], "upi": ["razorpay"], "paypal": ["paypal"]}


def test_paypal_is_not_offered_without_a_rate(shop: Shop) -> None:
    with another_shop(shop, exchange=ExchangeSettings()) as rupees_only:
        found = methods(rupees_only)

    assert names(found) == IN_RUPEES
    assert (found["gateways"], offer(found, "card")["gateways"]) == (["razorpay"], ["razorpay"])


def test_paypal_is_not_offered_without_an_account(shop: Shop) -> None:
    with another_shop(shop, gateways=only_razorpay(shop)) as small:
        found = methods(small)

    assert (names(found), found["gateways"]) == (IN_RUPEES, ["razorpay"])


def test_nothing_is_offered_without_any_account(shop: Shop) -> None:
    with another_shop(shop, gateways=Gateways([])) as poor:
        found = methods(poor, "?amount=5000")

    assert [found[name] for name in ("methods", "gateways", "banks", "emi_plans")] == [[]] * 4


def test_there_are_banks_to_choose_from(shop: Shop) -> None:
    banks = methods(shop)["banks"]

    assert len({bank["code"] for bank in banks}) == len(banks) >= 50
    assert {"code": "HDFC", "name": "HDFC Bank"} in banks
    assert all(bank["name"] for bank in banks)


def test_every_bank_that_is_shown_can_be_asked_for(shop: Shop) -> None:
    codes = [bank["code"] for bank in methods(shop)["banks"]]

    with another_shop(shop, payment_max_attempts=20) as patient:
        answers = {
            code: patient.initiate(patient.order(), method="netbanking", bank=code).status_code
            for code in (codes[0], *(code for code in codes if not code.isalpha()), codes[-1])
        }

    assert set(answers.values()) == {201}


def test_instalments_are_worked_out_for_an_amount(shop: Shop) -> None:
    plans = methods(shop, "?amount=12000")["emi_plans"]

    assert [plan["installments"] for plan in plans] == [3, 6, 9, 12]
    assert all(plan["is_estimate"] for plan in plans)
    for plan in plans:
        assert plan["monthly_amount"] * plan["installments"] == plan["total_amount"]
        assert plan["total_amount"] - plan["interest_amount"] == 12_000
        assert plan["interest_amount"] > 0


def test_a_year_at_fifteen_percent_costs_what_banks_say(shop: Shop) -> None:
    *_, year = methods(shop, "?amount=12000")["emi_plans"]

    assert (year["monthly_amount"], year["annual_percent"]) == (Decimal("1083.10"), 15)


@pytest.mark.parametrize("query", ["", "?amount=999.99"])
def test_there_are_none_without_an_amount_or_below_the_least(shop: Shop, query: str) -> None:
    assert methods(shop, query)["emi_plans"] == []


@pytest.mark.parametrize(("amount", "is_offered"), [("999.99", False), ("1000", True)])
def test_a_loan_is_offered_from_a_thousand_rupees(shop: Shop, amount: str, is_offered: bool) -> None:
    assert ("emi" in names(methods(shop, f"?amount={amount}"))) is is_offered


def test_what_paypal_would_charge_is_told_beside_it(shop: Shop) -> None:
    found = methods(shop, "?amount=1000&currency=INR")

    charge = {"amount": Decimal("12.03"), "currency": "USD", "rate": "83.1"}
    assert offer(found, "paypal")["charge"] == charge
    assert offer(found, "card")["charge"] is None
    assert offer(methods(shop), "paypal")["charge"] is None


def test_collecting_by_upi_id_is_off_unless_it_is_switched_on(shop: Shop) -> None:
    with another_shop(shop, upi_collect_enabled=True) as collecting:
        switched_on = methods(collecting)["upi_collect_enabled"]

    assert (methods(shop)["upi_collect_enabled"], switched_on) == (False, True)
    assert methods(shop)["apple_pay_enabled"] is False


@pytest.mark.parametrize(
    "query", ["amount=0", "amount=-1", "amount=1.001", "amount=x", "currency=USD", "currency=", "bank=HDFC"]
)
def test_a_question_that_makes_no_sense_is_refused(shop: Shop, query: str) -> None:
    response = shop.customer.get(f"/api/payments/methods?{query}")

    assert faulty_fields(response) == {query.partition("=")[0]}


class TestTypedUpiIds:
    @pytest.fixture
    def collecting(self, shop: Shop) -> Iterator[Shop]:
        """A shop that still takes them."""
        with another_shop(shop, upi_collect_enabled=True) as collecting:
            yield collecting

    def test_are_refused_unless_they_are_switched_on(self, shop: Shop) -> None:
        response = shop.initiate(shop.order(), method="upi", vpa="asha@okbank")

        assert refusal(response) == (400, "INVALID_PAYMENT_METHOD")

    def test_are_handed_to_the_gateways_page(self, collecting: Shop) -> None:
        opened = collecting.opened(method="upi", vpa="asha@okbank")

        assert opened["checkout"]["prefill"]["vpa"] == "asha@okbank"
        assert collecting.verify(opened, collecting.pay(opened)).json["data"]["status"] == "COMPLETED"

    @pytest.mark.parametrize("vpa", ["asha", "asha@", "@okbank", "a@b c", "asha@ok@bank", "", "x" * 321, 5])
    def test_must_look_like_one(self, collecting: Shop, vpa: Any) -> None:
        response = collecting.initiate(collecting.order(), method="upi", vpa=vpa)

        assert faulty_fields(response) == {"vpa"}

    @pytest.mark.parametrize("method", ["card", "netbanking", "google_pay"])
    def test_are_for_upi_only(self, collecting: Shop, method: str) -> None:
        response = collecting.initiate(collecting.order(), method=method, vpa="asha@okbank")

        assert refusal(response) == (400, "INVALID_PAYMENT_METHOD")
