"""A POST with an Idempotency-Key happens once, however often it is sent."""

from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from tests.api.answers import contents, refusal
from tests.conftest import Document, Person

CREDIT = {"amount": 5, "reason": "Welcome"}


def credit(admin: Person, customer: Person, body: Document | None = None, *, key: str = "key") -> Any:
    return admin.post(f"/api/wallet/{customer.id}/credit", body or CREDIT, key=key)


def balance(customer: Person) -> Any:
    return customer.get("/api/wallet/balance").json["balance"]


def test_the_same_request_gets_the_same_answer(admin: Person, customer: Person) -> None:
    first = credit(admin, customer)

    again = credit(admin, customer)

    assert (again.status_code, again.data) == (first.status_code, first.data) == (201, first.data)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content_type == first.content_type
    assert balance(customer) == 5


def test_a_request_without_a_key_happens_every_time(admin: Person, customer: Person) -> None:
    for _ in range(2):
        admin.post(f"/api/wallet/{customer.id}/credit", CREDIT)

    assert balance(customer) == 10


def test_another_key_is_another_request(admin: Person, customer: Person) -> None:
    credit(admin, customer, key="one")

    credit(admin, customer, key="two")

    assert balance(customer) == 10


@pytest.mark.parametrize("other", [{"amount": 6}, {"reason": "welcome"}, {"source": "promo"}])
def test_a_key_is_refused_for_another_body(admin: Person, customer: Person, other: Document) -> None:
    credit(admin, customer)

    response = credit(admin, customer, CREDIT | other)

    assert refusal(response) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert balance(customer) == 5


def test_a_key_is_refused_for_another_query(admin: Person, customer: Person) -> None:
    credit(admin, customer)

    response = admin.post(f"/api/wallet/{customer.id}/credit?a=1", CREDIT, key="key")

    assert refusal(response) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize(
    "text",
    [
        '{"reason":"Welcome","amount":5}',
        '{ "amount" : 5,\n\t"reason" : "Welcome" }',
        '{"amount": 5, "reason": "\\u0057elcome"}',
    ],
)
def test_the_formatting_of_the_body_does_not_matter(admin: Person, customer: Person, text: str) -> None:
    credit(admin, customer)
    path, headers = f"/api/wallet/{customer.id}/credit", {"Idempotency-Key": "key"}

    response = admin.send("POST", path, data=text, content_type="application/json", headers=headers)

    assert (response.status_code, response.headers["Idempotent-Replayed"]) == (201, "true")
    assert balance(customer) == 5


def test_two_callers_may_use_the_same_key(app: Flask, admin: Person, customer: Person) -> None:
    second = Person(app, email="second@shop.example", is_admin=True)
    credit(admin, customer)

    response = credit(second, customer)

    assert "Idempotent-Replayed" not in response.headers
    assert balance(customer) == 10


def test_two_routes_may_use_the_same_key(admin: Person, customer: Person, other_customer: Person) -> None:
    credit(admin, customer)
    credit(admin, other_customer, {"amount": 7, "reason": "Other"})

    response = admin.post(f"/api/wallet/{customer.id}/debit", CREDIT, key="key")

    assert response.status_code == 201
    assert (balance(customer), balance(other_customer)) == (0, 7)


def test_a_refusal_is_kept_as_well(admin: Person, customer: Person) -> None:
    path = f"/api/wallet/{customer.id}/debit"
    refused = admin.post(path, CREDIT, key="key")
    customer.is_given(10_000)

    again = admin.post(path, CREDIT, key="key")

    assert refusal(refused) == (400, "INSUFFICIENT_BALANCE")
    assert (again.status_code, again.data) == (400, refused.data)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert balance(customer) == 100


@pytest.mark.parametrize("key", ["a", "~ !\"#$%'", "x" * 255, "73713164-1f6d-4650-a7d4-e5a63eb6e401"])
def test_a_key_may_be_any_printable_text(admin: Person, customer: Person, key: str) -> None:
    credit(admin, customer, key=key)

    again = credit(admin, customer, key=key)

    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb", "\x7f"])
def test_a_key_of_any_other_kind_is_refused(
    admin: Person, customer: Person, database: Database[Document], key: str
) -> None:
    before = contents(database)
    headers = {"Idempotency-Key": key}

    response = admin.post(f"/api/wallet/{customer.id}/credit", CREDIT, headers=headers)

    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert contents(database) == before


@pytest.mark.parametrize(
    "body",
    [
        '{"amount": 99999999999999999999, "reason": "a"}',
        '{"reason": ' + "[" * 400 + "]" * 400 + "}",
        "{",
        '"',
    ],
)
def test_a_bad_body_is_as_bad_with_a_key_as_without(admin: Person, customer: Person, body: str) -> None:
    path, headers = f"/api/wallet/{customer.id}/credit", {"Idempotency-Key": "key"}

    response = admin.send("POST", path, data=body, content_type="application/json", headers=headers)

    assert refusal(response) == (400, "VALIDATION_ERROR")
