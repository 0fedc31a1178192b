"""Wallets over HTTP: what is in them, what goes in, what comes out."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from backend.ledger import Verb
from tests.api.answers import refusal
from tests.api.conftest import MakeApp
from tests.conftest import Document, Person, posting, services_of


def credit(admin: Person, customer: Person, amount: Any, **more: Any) -> Any:
    body = {"amount": amount, "reason": "Welcome"} | more
    return admin.post(f"/api/wallet/{customer.id}/credit", body)


def debit(admin: Person, customer: Person, amount: Any) -> Any:
    return admin.post(f"/api/wallet/{customer.id}/debit", {"amount": amount, "reason": "Fee"})


def balance(person: Person) -> Any:
    return person.get("/api/wallet/balance").json


def hold(app: Flask, person: Person, amount_minor: int) -> None:
    services_of(app).ledger.reserve(posting(Verb.HOLD, amount_minor, customer_id=person.id))


class TestBalance:
    def test_of_a_new_wallet_is_nothing(self, customer: Person) -> None:
        assert balance(customer) == {
            "customer_id": customer.id,
            "balance": 0,
            "held": 0,
            "available": 0,
            "currency": "INR",
            "low_balance": True,
        }

    def test_leaves_out_what_is_held(self, app: Flask, customer: Person) -> None:
        customer.is_given(10_000)

        hold(app, customer, 2_550)

        found = balance(customer)
        assert (found["balance"], found["held"], found["available"]) == (
            100,
            Decimal("25.5"),
            Decimal("74.5"),
        )

    def test_is_the_same_by_id_for_the_owner_and_for_an_admin(self, admin: Person, customer: Person) -> None:
        customer.is_given(10_000)

        found = [person.get(f"/api/wallet/{customer.id}/balance").json for person in (customer, admin)]

        assert found == [balance(customer)] * 2

    @pytest.mark.parametrize(("amount_minor", "is_low"), [(1_999, True), (2_000, False)])
    def test_is_low_below_the_threshold(self, customer: Person, amount_minor: int, is_low: bool) -> None:
        customer.is_given(amount_minor)

        assert balance(customer)["low_balance"] is is_low

    def test_is_low_when_too_much_of_it_is_held(self, app: Flask, customer: Person) -> None:
        customer.is_given(10_000)

        hold(app, customer, 8_001)

        assert balance(customer)["low_balance"] is True

    def test_is_low_by_the_threshold_of_the_installation(self, make_app: MakeApp) -> None:
        customer = Person(make_app(low_balance_threshold_minor=5_000), email="a@shop.example")
        customer.is_given(4_999)

        assert balance(customer)["low_balance"] is True

    def test_is_never_cached(self, customer: Person) -> None:
        assert customer.get("/api/wallet/balance").headers["Cache-Control"] == "no-store"


class TestCredit:
    def test_says_what_it_did(self, admin: Person, customer: Person, database: Database[Document]) -> None:
        response = credit(admin, customer, 99.5)

        entry = database["wallet_transactions"].find_one({})
        assert response.status_code == 201
        assert response.json == {"transaction_id": entry["_id"], "new_balance": Decimal("99.5")}
        assert (entry["amount"], entry["reason"], entry["metadata"]) == (
            9_950,
            "Welcome",
            {"admin_id": admin.id},
        )

    def test_adds_up_exactly(self, admin: Person, customer: Person) -> None:
        credit(admin, customer, 0.1)

        response = credit(admin, customer, 0.2)

        assert '"new_balance":0.3}' in response.text
        assert '"balance":0.3,' in customer.get("/api/wallet/balance").text

    def test_of_a_hundred_paise_makes_a_rupee(self, admin: Person, customer: Person) -> None:
        answers = [credit(admin, customer, 0.01).json["new_balance"] for _ in range(10)]

        assert answers == [Decimal(n) / 100 for n in range(1, 11)]

    @pytest.mark.parametrize(
        ("amount", "text"), [("99.50", "99.5"), ("5", "5"), ("0.01", "0.01"), ("999999.99", "999999.99")]
    )
    def test_takes_the_amount_as_text(self, admin: Person, customer: Person, amount: str, text: str) -> None:
        response = credit(admin, customer, amount)

        assert response.text.rstrip().endswith(f'"new_balance":{text}}}')

    def test_goes_up_to_the_largest_amount_of_the_installation(self, make_app: MakeApp) -> None:
        admin = Person(make_app(max_amount_minor=10_000), email="admin@shop.example", is_admin=True)

        answers = [credit(admin, admin, amount).status_code for amount in (100, 100.01)]

        assert answers == [201, 400]

    @pytest.mark.parametrize(
        ("source", "account"), [("admin", "adjustments"), ("promo", "promotions"), ("referral", "referrals")]
    )
    def test_is_booked_by_its_source(
        self, admin: Person, customer: Person, database: Database[Document], source: str, account: str
    ) -> None:
        credit(admin, customer, 5, source=source)

        entry = database["wallet_transactions"].find_one({})
        assert (entry["source"], entry["account"]) == (source, account)


class TestDebit:
    def test_takes_all_there_is(self, admin: Person, customer: Person) -> None:
        customer.is_given(1_050)

        response = debit(admin, customer, 10.5)

        assert (response.status_code, response.json["new_balance"]) == (201, 0)

    def test_takes_nothing_when_there_is_too_little(self, admin: Person, customer: Person) -> None:
        customer.is_given(1_050)

        response = debit(admin, customer, 10.51)

        details = response.json["error"]["details"]
        assert refusal(response) == (400, "INSUFFICIENT_BALANCE")
        assert (details["available"], details["required"]) == (Decimal("10.5"), Decimal("10.51"))
        assert balance(customer)["balance"] == Decimal("10.5")

    def test_does_not_touch_what_is_held(self, app: Flask, admin: Person, customer: Person) -> None:
        customer.is_given(10_000)
        hold(app, customer, 9_000)

        response = debit(admin, customer, 10.01)

        assert refusal(response) == (400, "INSUFFICIENT_BALANCE")
        assert response.json["error"]["details"]["available"] == 10

    def test_never_overdraws_in_a_race(self, admin: Person, customer: Person) -> None:
        customer.is_given(10_000)

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: debit(admin, customer, 10).status_code, range(20)))

        assert (answers.count(201), answers.count(400)) == (10, 10)
        assert balance(customer)["balance"] == 0


class TestWallet:
    def test_shows_its_statistics(self, admin: Person, customer: Person) -> None:
        credit(admin, customer, 100.25)
        credit(admin, customer, 0.5)
        debit(admin, customer, 40)

        found = admin.get(f"/api/wallet/{customer.id}").json

        assert found["statistics"] == {
            "total_credits": Decimal("100.75"),
            "credit_count": 2,
            "total_debits": 40,
            "debit_count": 1,
            "total_refunds": 0,
            "refund_count": 0,
        }
        assert (found["balance"], found["customer_id"]) == (Decimal("60.75"), customer.id)

    def test_says_when_it_was_opened_and_changed(self, customer: Person) -> None:
        opened = customer.get(f"/api/wallet/{customer.id}").json

        customer.is_given(100)

        changed = customer.get(f"/api/wallet/{customer.id}").json
        assert opened["created_at"] == changed["created_at"]
        assert opened["updated_at"] < changed["updated_at"]
        assert changed["updated_at"].endswith("Z")

    def test_lists_its_transactions(self, customer: Person, other_customer: Person) -> None:
        other_customer.is_given(700)
        customer.is_given(500)
        customer.is_given(600)

        found = customer.get(f"/api/wallet/{customer.id}/transactions?limit=1").json

        assert [(entry["seq"], entry["amount"]) for entry in found["transactions"]] == [(2, 6)]
        assert (found["total"], found["summary"]["total_credits"]) == (2, 11)


class TestCallRate:
    def test_is_that_of_the_installation_at_first(self, make_app: MakeApp) -> None:
        customer = Person(make_app(default_call_rate_minor=1_250), email="a@shop.example")

        assert customer.get("/api/wallet/call-rate").json == {"call_rate_per_minute": Decimal("12.5")}

    def test_is_what_an_admin_sets(self, admin: Person, customer: Person) -> None:
        response = admin.post("/api/wallet/set-call-rate?rate=15.0")

        assert (response.status_code, response.json) == (200, {"call_rate_per_minute": 15})
        assert customer.get("/api/wallet/call-rate").json == {"call_rate_per_minute": 15}

    def test_remembers_who_changed_it_and_when(self, admin: Person, database: Database[Document]) -> None:
        for rate in ("15", "12.50"):
            admin.post(f"/api/wallet/set-call-rate?rate={rate}")

        history = database["wallet_settings"].find_one({})["history"]
        assert [(change["value_minor"], change["changed_by"]) for change in history] == [
            (1_500, admin.id),
            (1_250, admin.id),
        ]
        assert history[0]["changed_at"] <= history[1]["changed_at"]

    def test_must_be_named(self, admin: Person) -> None:
        assert refusal(admin.post("/api/wallet/set-call-rate")) == (400, "VALIDATION_ERROR")
