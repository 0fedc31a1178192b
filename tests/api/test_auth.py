"""Accounts: opening one, logging in, staying logged in, logging out."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from argon2.exceptions import VerifyMismatchError
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from backend.errors import Unauthenticated
from backend.ledger import Ledger
from backend.user_service import EmailTaken, User, UserService
from tests.api.answers import contents, faulty_fields, refusal
from tests.conftest import Document, Person

RIVALS = 20
ASHA = {"name": "Asha", "email": "Asha@Shop.example", "password": "12345678", "phone": "+91 98765 43210"}


class CountingHasher:
    """A hasher that is quick and remembers what it was asked to verify."""

    def __init__(self) -> None:
        self.verified: list[str] = []

    def hash(self, password: str) -> str:
        return f"hash of {password}"

    def verify(self, password_hash: str, password: str) -> bool:
        self.verified.append(password)
        if password_hash != self.hash(password):
            raise VerifyMismatchError
        return True


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def users(database: Database[Document], ledger: Ledger, hasher: CountingHasher) -> UserService:
    return UserService(database, ledger, currency="INR", hasher=hasher)  # type: ignore[arg-type]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class TestSignUp:
    def test_opens_an_empty_wallet_and_logs_in(self, api: FlaskClient) -> None:
        response = api.post("/api/auth/signup", json=ASHA)

        user, tokens = response.json["user"], response.json
        balance = api.get("/api/wallet/balance", headers=bearer(tokens["access_token"])).json
        assert response.status_code == 201
        assert user == {
            "customer_id": user["customer_id"],
            "name": "Asha",
            "email": "Asha@Shop.example",
            "phone": "+91 98765 43210",
            "role": "customer",
        }
        assert user["customer_id"].startswith("cust_")
        assert (balance["customer_id"], balance["balance"]) == (user["customer_id"], 0)

    def test_stores_no_password(self, api: FlaskClient, database: Database[Document]) -> None:
        api.post("/api/auth/signup", json=ASHA)

        stored = database["customers_v2"].find_one({})
        assert ASHA["password"] not in str(stored)
        assert stored["password_hash"].startswith("$argon2id$")

    def test_needs_no_phone(self, api: FlaskClient) -> None:
        body = {name: value for name, value in ASHA.items() if name != "phone"}

        response = api.post("/api/auth/signup", json=body)

        assert (response.status_code, response.json["user"]["phone"]) == (201, None)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", "  "),
            ("name", "x" * 121),
            ("email", "asha"),
            ("email", "a@b@c.example"),
            ("email", "x" * 250 + "@shop.example"),
            ("password", "1234567"),
            ("password", "x" * 129),
            ("phone", "call me"),
            ("phone", "+91 98765 43210\n"),
            ("role", "admin"),
            ("customer_id", "cust_1"),
            ("balance", 100),
        ],
    )
    def test_names_the_field_that_is_not_right(
        self, api: FlaskClient, database: Database[Document], field: str, value: Any
    ) -> None:
        before = contents(database)

        response = api.post("/api/auth/signup", json=ASHA | {field: value})

        assert faulty_fields(response) == {field}
        assert contents(database) == before

    @pytest.mark.parametrize("email", ["asha@shop.example", "ASHA@SHOP.EXAMPLE", "aShA@sHoP.example"])
    def test_takes_an_email_once_in_whatever_case(self, api: FlaskClient, email: str) -> None:
        api.post("/api/auth/signup", json=ASHA)

        response = api.post("/api/auth/signup", json=ASHA | {"email": email})

        assert refusal(response) == (409, "CONFLICT")

    def test_takes_an_email_once_in_a_race(self, app: Flask, database: Database[Document]) -> None:
        def sign_up(number: int) -> int:
            body = ASHA | {"email": "asha@shop.example" if number % 2 else "ASHA@shop.example"}
            return app.test_client().post("/api/auth/signup", json=body).status_code

        with ThreadPoolExecutor(RIVALS) as pool:
            statuses = sorted(pool.map(sign_up, range(RIVALS)))

        assert statuses == [201] + [409] * (RIVALS - 1)
        assert database["customers_v2"].count_documents({}) == database["wallets"].count_documents({}) == 1

    def test_takes_an_email_once_when_all_come_at_the_same_moment(
        self, users: UserService, database: Database[Document]
    ) -> None:
        start = Barrier(RIVALS)

        def sign_up(number: int) -> type:
            start.wait()
            try:
                return type(users.sign_up(name=str(number), email="a@shop.example", password="12345678"))
            except Exception as error:  # noqa: BLE001 - its kind is what the test asks for.
                return type(error)

        with ThreadPoolExecutor(RIVALS) as pool:
            outcomes = list(pool.map(sign_up, range(RIVALS)))

        assert {kind: outcomes.count(kind) for kind in outcomes} == {User: 1, EmailTaken: RIVALS - 1}
        assert database["customers_v2"].count_documents({}) == database["wallets"].count_documents({}) == 1


class TestLogIn:
    def test_gives_tokens_and_the_user(self, api: FlaskClient, customer: Person) -> None:
        response = api.post("/api/auth/login", json={"email": customer.email, "password": customer.password})

        me = api.get("/api/auth/me", headers=bearer(response.json["access_token"]))
        assert (response.status_code, response.json["user"]["customer_id"]) == (200, customer.id)
        assert me.json["customer_id"] == customer.id

    def test_knows_the_email_in_any_case(self, api: FlaskClient, customer: Person) -> None:
        body = {"email": f" {customer.email.upper()} ", "password": customer.password}

        response = api.post("/api/auth/login", json=body)

        assert response.status_code == 200

    def test_says_the_same_of_a_wrong_password_and_of_an_unknown_email(
        self, api: FlaskClient, customer: Person
    ) -> None:
        wrong = api.post("/api/auth/login", json={"email": customer.email, "password": "wrong password"})
        unknown = api.post("/api/auth/login", json={"email": "x@shop.example", "password": "wrong password"})

        assert refusal(wrong) == refusal(unknown) == (401, "UNAUTHENTICATED")
        assert wrong.json["error"] == unknown.json["error"]

    @pytest.mark.parametrize("email", ["a@shop.example", "nobody@shop.example"])
    def test_does_the_same_work_for_a_wrong_password_and_for_an_unknown_email(
        self, users: UserService, hasher: CountingHasher, email: str
    ) -> None:
        users.sign_up(name="A", email="a@shop.example", password="12345678")

        with pytest.raises(Unauthenticated):
            users.log_in(email=email, password="wrong password")

        assert hasher.verified == ["wrong password"]

    def test_compares_the_password_exactly(self, api: FlaskClient, customer: Person) -> None:
        almost = [f"{customer.password} ", customer.password.upper(), customer.password[:-1]]

        answers = [
            api.post("/api/auth/login", json={"email": customer.email, "password": text}) for text in almost
        ]

        assert [refusal(response) for response in answers] == [(401, "UNAUTHENTICATED")] * 3


class TestMe:
    def test_shows_the_caller_and_what_is_in_the_wallet(self, customer: Person) -> None:
        customer.is_given(1_999)

        response = customer.get("/api/auth/me")

        assert response.json == {
            "customer_id": customer.id,
            "name": "Test",
            "email": customer.email,
            "phone": None,
            "role": "customer",
            "wallet_balance": Decimal("19.99"),
            "currency": "INR",
            "low_balance": True,
        }

    def test_calls_an_admin_an_admin(self, admin: Person) -> None:
        assert admin.get("/api/auth/me").json["role"] == "admin"
