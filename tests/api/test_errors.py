"""Whatever fails, clients read the same shape."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.answers import faulty_fields, refusal
from tests.api.conftest import MakeApp
from tests.conftest import Person

CREDIT = {"amount": 5, "reason": "Welcome"}


def credit_path(person: Person) -> str:
    return f"/api/wallet/{person.id}/credit"


def test_a_broken_rule_says_what_would_have_been_allowed(admin: Person, customer: Person) -> None:
    customer.is_given(500)

    response = admin.post(f"/api/wallet/{customer.id}/debit", {"amount": 7.5, "reason": "Fee"})

    assert refusal(response) == (400, "INSUFFICIENT_BALANCE")
    assert response.json["error"]["details"] == {"available": 5, "required": 7.5, "currency": "INR"}


def test_a_body_that_breaks_the_schema_has_its_fields_named(admin: Person, customer: Person) -> None:
    response = admin.post(credit_path(customer), {"amount": -1, "source": "luck", "note": "x"})

    assert faulty_fields(response) == {"amount", "reason", "source", "note"}


def test_a_query_that_breaks_the_schema_has_its_fields_named(customer: Person) -> None:
    response = customer.get("/api/transactions?limit=0&skip=x&from=never")

    assert faulty_fields(response) == {"limit", "skip", "from"}


@pytest.mark.parametrize("body", ["{", "[1,]", '{"a" 1}', "{'a': 1}", "nothing", " ", '{"amount": 5} x'])
def test_a_body_that_is_not_json_is_refused(api: FlaskClient, body: str) -> None:
    response = api.post("/api/auth/signup", data=body, content_type="application/json")

    assert refusal(response) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", None])
def test_a_body_that_is_not_declared_as_json_is_refused(
    admin: Person, customer: Person, content_type: str | None
) -> None:
    data = '{"amount": 5, "reason": "Welcome"}'

    response = admin.send("POST", credit_path(customer), data=data, content_type=content_type)

    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert "application/json" in response.json["error"]["message"]


def test_a_body_that_is_absent_has_its_required_fields_named(admin: Person, customer: Person) -> None:
    response = admin.post(credit_path(customer))

    assert faulty_fields(response) == {"amount", "reason"}


def test_an_action_for_others_is_forbidden(customer: Person, other_customer: Person) -> None:
    response = customer.post(credit_path(other_customer), CREDIT)

    assert refusal(response) == (403, "FORBIDDEN")


def test_an_unknown_customer_is_named_as_such(admin: Person) -> None:
    response = admin.post("/api/wallet/cust_nobody/credit", CREDIT)

    assert refusal(response) == (404, "CUSTOMER_NOT_FOUND")


@pytest.mark.parametrize("path", ["/", "/api", "/api/nothing", "/api/wallet/a/b/c", "/wp-login.php"])
def test_an_unknown_path_is_not_found(api: FlaskClient, path: str) -> None:
    response = api.get(path)

    assert refusal(response) == (404, "NOT_FOUND")


def test_a_wrong_method_is_told_which_ones_are_right(api: FlaskClient) -> None:
    response = api.delete("/api/auth/login")

    assert refusal(response) == (405, "METHOD_NOT_ALLOWED")
    assert set(response.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_a_body_that_is_too_large_is_refused(api: FlaskClient) -> None:
    response = api.post("/api/auth/signup", data=b" " * (256 * 1024 + 1), content_type="application/json")

    assert refusal(response) == (413, "PAYLOAD_TOO_LARGE")


def test_a_body_of_the_largest_size_is_read(api: FlaskClient) -> None:
    response = api.post("/api/auth/signup", data=b" " * 256 * 1024, content_type="application/json")

    assert refusal(response) == (400, "VALIDATION_ERROR")


def test_one_request_too_many_is_told_when_to_come_back(make_app: MakeApp) -> None:
    client = make_app(login_limit="1/minute").test_client()
    body = {"email": "a@shop.example", "password": "wrong password"}
    client.post("/api/auth/login", json=body)

    response = client.post("/api/auth/login", json=body)

    assert refusal(response) == (429, "RATE_LIMITED")
    assert 1 <= int(response.headers["Retry-After"]) <= 60


class TestInternalError:
    """A mistake of ours."""

    SECRET = "mongodb://root:hunter2@10.0.0.1"

    @pytest.fixture
    def person(self, app: Flask) -> Person:
        def explode() -> None:
            raise RuntimeError(self.SECRET)

        app.add_url_rule("/explode", view_func=explode)
        return Person(app, email="customer@shop.example")

    def test_never_shows_what_went_wrong(self, person: Person) -> None:
        response = person.get("/explode")

        assert refusal(response) == (500, "INTERNAL_ERROR")
        assert self.SECRET not in response.text
        assert "RuntimeError" not in response.text
        assert "Traceback" not in response.text

    def test_is_logged_under_the_id_that_the_client_has(
        self, person: Person, caplog: pytest.LogCaptureFixture
    ) -> None:
        person.get("/explode", headers={"X-Request-ID": "request-17"})

        errors = [record for record in caplog.records if record.levelname == "ERROR"]
        assert [record.exc_info[0] for record in errors if record.exc_info] == [RuntimeError]

    def test_keeps_the_security_headers(self, person: Person) -> None:
        response = person.get("/explode")

        assert response.headers["X-Content-Type-Options"] == "nosniff"


class TestRequestId:
    """The name under which an answer is found in the log."""

    @pytest.mark.parametrize("sent", ["a", "A1._-z", "x" * 64])
    def test_is_the_one_that_the_client_sent(self, api: FlaskClient, sent: str) -> None:
        response = api.get("/api/nothing", headers={"X-Request-ID": sent})

        assert response.headers["X-Request-ID"] == response.json["request_id"] == sent

    @pytest.mark.parametrize("sent", ["", "x" * 65, "with space", "a/b", "<script>", "é", "a,b"])
    def test_is_replaced_when_it_is_not_a_good_one(self, api: FlaskClient, sent: str) -> None:
        response = api.get("/api/nothing", headers={"X-Request-ID": sent})

        assert len(response.headers["X-Request-ID"]) == 32
        assert refusal(response) == (404, "NOT_FOUND")

    def test_is_new_for_every_request(self, api: FlaskClient) -> None:
        seen = {api.get("/healthz").headers["X-Request-ID"] for _ in range(5)}

        assert len(seen) == 5

    def test_is_on_answers_that_succeed(self, customer: Person) -> None:
        response: Any = customer.get("/api/auth/me", headers={"X-Request-ID": "me-1"})

        assert (response.status_code, response.headers["X-Request-ID"]) == (200, "me-1")
