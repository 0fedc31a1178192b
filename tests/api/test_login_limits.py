"""Passwords cannot be guessed quickly, neither for one account nor from one address."""

from typing import Any

from flask.testing import FlaskClient

from tests.api.answers import refusal
from tests.api.conftest import MakeApp
from tests.conftest import Person

LIMIT = "3/minute"
WRONG = (401, "UNAUTHENTICATED")
LIMITED = (429, "RATE_LIMITED")


def guess(client: FlaskClient, email: str, *, address: str = "10.0.0.1") -> tuple[int, str]:
    body = {"email": email, "password": "wrong password"}
    response: Any = client.post("/api/auth/login", json=body, environ_base={"REMOTE_ADDR": address})
    return refusal(response)


def test_one_email_is_tried_only_so_often_from_wherever(make_app: MakeApp) -> None:
    client = make_app(login_limit=LIMIT).test_client()

    guesses = [guess(client, "a@shop.example", address=f"10.0.0.{n}") for n in range(5)]

    assert guesses == [WRONG] * 3 + [LIMITED] * 2


def test_one_email_is_one_however_it_is_written(make_app: MakeApp) -> None:
    client = make_app(login_limit=LIMIT).test_client()
    spellings = ["a@shop.example", "A@SHOP.example", " a@shop.example ", "\uff41@shop.example"]

    guesses = [guess(client, text, address=f"10.0.0.{n}") for n, text in enumerate(spellings)]

    assert guesses == [WRONG] * 3 + [LIMITED]


def test_one_address_tries_only_so_often_whatever_the_email(make_app: MakeApp) -> None:
    client = make_app(login_limit=LIMIT).test_client()

    guesses = [guess(client, f"{n}@shop.example") for n in range(4)]

    assert guesses == [WRONG] * 3 + [LIMITED]


def test_another_address_and_another_email_are_free(make_app: MakeApp) -> None:
    client = make_app(login_limit=LIMIT).test_client()
    for _ in range(4):
        guess(client, "a@shop.example")

    answer = guess(client, "b@shop.example", address="10.0.0.2")

    assert answer == WRONG


def test_the_right_password_does_not_help_when_it_comes_too_late(make_app: MakeApp) -> None:
    app = make_app(login_limit=LIMIT)
    person = Person(app, email="a@shop.example")
    for _ in range(3):
        guess(app.test_client(), person.email)

    login = {"email": person.email, "password": person.password}
    response = app.test_client().post("/api/auth/login", json=login)

    assert refusal(response) == LIMITED


def test_addresses_can_be_freed_of_the_limit(make_app: MakeApp) -> None:
    client = make_app(login_limit=LIMIT, ratelimit_enabled=False).test_client()

    guesses = [guess(client, f"{n}@shop.example") for n in range(8)]

    assert guesses == [WRONG] * 8


def test_emails_cannot_be_freed_of_the_limit(make_app: MakeApp) -> None:
    client = make_app(login_limit=LIMIT, ratelimit_enabled=False).test_client()

    guesses = [guess(client, "a@shop.example") for _ in range(4)]

    assert guesses == [WRONG] * 3 + [LIMITED]


def test_all_processes_share_one_count(make_app: MakeApp) -> None:
    first = make_app(login_limit=LIMIT).test_client()
    before = [guess(first, "a@shop.example") for _ in range(2)]

    second = make_app(login_limit=LIMIT).test_client()
    after = [guess(second, "a@shop.example") for _ in range(2)]

    assert before + after == [WRONG] * 3 + [LIMITED]


def test_a_malformed_body_does_not_start_the_count_afresh(make_app: MakeApp) -> None:
    client = make_app(login_limit=LIMIT).test_client()
    for n in range(3):
        guess(client, "a@shop.example", address=f"10.0.0.{n}")

    client.post("/api/auth/login", data="{", content_type="application/json")
    answer = guess(client, "a@shop.example", address="10.0.0.9")

    assert answer == LIMITED


def test_a_login_that_is_let_through_is_not_told_to_wait(make_app: MakeApp) -> None:
    app = make_app(login_limit=LIMIT)
    person = Person(app, email="a@shop.example")

    response = app.test_client().post(
        "/api/auth/login", json={"email": person.email, "password": person.password}
    )

    assert response.status_code == 200
    assert "Retry-After" not in response.headers
