"""A login lasts as long as its refresh tokens are used once each, and ends for all of its tokens."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask
from flask.cli import FlaskGroup
from flask.testing import FlaskClient
from pymongo.database import Database

from tests.api.answers import refusal
from tests.conftest import Document, Person

UNAUTHENTICATED = (401, "UNAUTHENTICATED")


def refresh(client: FlaskClient, token: str) -> Any:
    return client.post("/api/auth/refresh", headers={"Authorization": f"Bearer {token}"})


def me(client: FlaskClient, token: str) -> Any:
    return client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})


class TestRefresh:
    def test_gives_new_tokens_that_work(self, api: FlaskClient, customer: Person) -> None:
        renewed = refresh(api, customer.tokens["refresh"])

        assert renewed.status_code == 200
        assert renewed.json["refresh_token"] != customer.tokens["refresh"]
        assert me(api, renewed.json["access_token"]).json["customer_id"] == customer.id
        assert refresh(api, renewed.json["refresh_token"]).status_code == 200

    def test_with_a_used_token_ends_the_whole_login(self, api: FlaskClient, customer: Person) -> None:
        renewed = refresh(api, customer.tokens["refresh"])

        reused = refresh(api, customer.tokens["refresh"])

        assert refusal(reused) == UNAUTHENTICATED
        assert refusal(refresh(api, renewed.json["refresh_token"])) == UNAUTHENTICATED
        assert refusal(me(api, renewed.json["access_token"])) == UNAUTHENTICATED
        assert refusal(me(api, customer.tokens["access"])) == UNAUTHENTICATED

    def test_with_a_used_token_leaves_other_logins_alone(self, api: FlaskClient, customer: Person) -> None:
        login = {"email": customer.email, "password": customer.password}
        other = api.post("/api/auth/login", json=login).json
        for _ in range(2):
            refresh(api, customer.tokens["refresh"])

        response = me(api, other["access_token"])

        assert response.status_code == 200

    def test_in_a_race_gives_tokens_at_most_once(self, app: Flask, customer: Person) -> None:
        with ThreadPoolExecutor(8) as pool:
            token = customer.tokens["refresh"]
            answers = list(pool.map(lambda _: refresh(app.test_client(), token), range(8)))

        assert [response.status_code for response in answers].count(200) == 1

    def test_with_an_access_token_is_refused(self, api: FlaskClient, customer: Person) -> None:
        response = refresh(api, customer.tokens["access"])

        assert refusal(response) == UNAUTHENTICATED
        assert customer.get("/api/auth/me").status_code == 200

    def test_without_a_token_is_refused(self, api: FlaskClient) -> None:
        assert refusal(api.post("/api/auth/refresh")) == UNAUTHENTICATED


class TestLogout:
    def test_ends_both_tokens(self, api: FlaskClient, customer: Person) -> None:
        response = customer.post("/api/auth/logout", {"refresh_token": customer.tokens["refresh"]})

        assert response.status_code == 200
        assert refusal(customer.get("/api/auth/me")) == UNAUTHENTICATED
        assert refusal(refresh(api, customer.tokens["refresh"])) == UNAUTHENTICATED

    def test_needs_no_body_to_end_both_tokens(self, api: FlaskClient, customer: Person) -> None:
        response = customer.post("/api/auth/logout")

        assert response.status_code == 200
        assert refusal(customer.get("/api/auth/me")) == UNAUTHENTICATED
        assert refusal(refresh(api, customer.tokens["refresh"])) == UNAUTHENTICATED

    def test_ends_the_login_of_the_refresh_token_sent_along(self, api: FlaskClient, customer: Person) -> None:
        login = {"email": customer.email, "password": customer.password}
        other = api.post("/api/auth/login", json=login).json

        customer.post("/api/auth/logout", {"refresh_token": other["refresh_token"]})

        assert refusal(me(api, other["access_token"])) == UNAUTHENTICATED

    def test_cannot_end_the_login_of_somebody_else(self, customer: Person, other_customer: Person) -> None:
        response = customer.post("/api/auth/logout", {"refresh_token": other_customer.tokens["refresh"]})

        assert response.status_code == 200
        assert other_customer.get("/api/auth/me").status_code == 200

    def test_takes_a_refresh_token_that_is_rubbish(self, customer: Person) -> None:
        response = customer.post("/api/auth/logout", {"refresh_token": "rubbish"})

        assert response.status_code == 200
        assert refusal(customer.get("/api/auth/me")) == UNAUTHENTICATED


class TestCreateAdmin:
    EMAIL, PASSWORD = "boss@shop.example", "a good password"

    def run(self, app: Flask, *, password: str = PASSWORD) -> Any:
        command = FlaskGroup(create_app=lambda: app, load_dotenv=False)
        runner = app.test_cli_runner()
        return runner.invoke(command, ["create-admin", self.EMAIL], env={"ADMIN_PASSWORD": password})

    def log_in(self, app: Flask, password: str = PASSWORD) -> Any:
        login = {"email": self.EMAIL, "password": password}
        return app.test_client().post("/api/auth/login", json=login)

    def test_makes_somebody_who_can_log_in_as_an_admin(self, app: Flask) -> None:
        result = self.run(app)

        assert (result.exit_code, self.EMAIL in result.output) == (0, True)
        assert self.PASSWORD not in result.output
        assert self.log_in(app).json["user"]["role"] == "admin"

    def test_makes_a_customer_an_admin_with_the_new_password(self, app: Flask) -> None:
        Person(app, email=self.EMAIL)

        result = self.run(app)

        assert result.exit_code == 0
        assert self.log_in(app, "correct horse battery").status_code == 401
        assert self.log_in(app).json["user"]["role"] == "admin"

    def test_ends_the_logins_that_the_customer_had_before(self, app: Flask, api: FlaskClient) -> None:
        stranger = Person(app, email=self.EMAIL)

        self.run(app)

        assert refusal(refresh(api, stranger.tokens["refresh"])) == UNAUTHENTICATED
        assert refusal(stranger.get("/api/auth/me")) == UNAUTHENTICATED

    def test_refuses_a_short_password(self, app: Flask, database: Database[Document]) -> None:
        result = self.run(app, password="1234567")

        assert result.exit_code == 1
        assert database["customers_v2"].count_documents({}) == 0

    def test_refuses_a_password_that_is_too_long_to_log_in_with(self, app: Flask) -> None:
        password = "x" * 129

        result = self.run(app, password=password)

        assert result.exit_code == 1 or self.log_in(app, password).status_code == 200
