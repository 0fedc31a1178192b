"""Only a whole, living access token of ours opens a private door."""

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from backend.config import DEFAULT_SECRET
from tests.api.answers import refusal
from tests.conftest import Person

Claims = dict[str, Any]


def claims_of(person: Person, *, without: str = "", **changes: Any) -> Claims:
    claims = jwt.decode(person.tokens["access"], options={"verify_signature": False}) | changes
    return {name: value for name, value in claims.items() if name != without}


def signed(claims: Claims, *, key: str | None = DEFAULT_SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key, algorithm=algorithm)


def unsigned(token: str) -> str:
    return token.rpartition(".")[0] + "."


FORGERIES: dict[str, Callable[[Person], str]] = {
    "expired": lambda p: signed(claims_of(p, exp=int(time.time()) - 1)),
    "not valid yet": lambda p: signed(claims_of(p, nbf=int(time.time()) + 60)),
    "for ever": lambda p: signed(claims_of(p, without="exp")),
    "algorithm none": lambda p: signed(claims_of(p), key=None, algorithm="none"),
    "signature cut off": lambda p: unsigned(p.tokens["access"]),
    "other key": lambda p: signed(claims_of(p), key="another-secret-of-thirty-two-characters"),
    "other algorithm": lambda p: signed(claims_of(p), key=DEFAULT_SECRET * 2, algorithm="HS512"),
    "other audience": lambda p: signed(claims_of(p, aud="somebody else")),
    "no audience": lambda p: signed(claims_of(p, without="aud")),
    "other issuer": lambda p: signed(claims_of(p, iss="somebody else")),
    "no issuer": lambda p: signed(claims_of(p, without="iss")),
    "refresh token": lambda p: p.tokens["refresh"],
    "no session": lambda p: signed(claims_of(p, without="sid")),
    "unknown session": lambda p: signed(claims_of(p, sid="nothing")),
    "no subject": lambda p: signed(claims_of(p, without="sub")),
    "unknown role": lambda p: signed(claims_of(p, role="root")),
    "no role": lambda p: signed(claims_of(p, without="role")),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_token_that_is_not_whole_is_refused(api: FlaskClient, customer: Person, forgery: str) -> None:
    token = FORGERIES[forgery](customer)

    response = api.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})

    assert refusal(response) == (401, "UNAUTHENTICATED")


def test_a_header_that_is_not_a_bearer_token_is_refused(api: FlaskClient) -> None:
    headers = ["", "Bearer", "Bearer ", "Bearer a b", "Basic YTpi", "Bearer ..", "Bearer é", "nothing"]

    answers = {header: api.get("/api/auth/me", headers={"Authorization": header}) for header in headers}

    assert {refusal(response) for response in answers.values()} == {(401, "UNAUTHENTICATED")}


def test_a_request_without_a_token_is_refused(api: FlaskClient) -> None:
    response = api.get("/api/auth/me")

    assert refusal(response) == (401, "UNAUTHENTICATED")


def test_a_token_in_the_query_or_in_a_cookie_is_no_token(api: FlaskClient, customer: Person) -> None:
    token = customer.tokens["access"]
    api.set_cookie("access_token_cookie", token)

    response = api.get(f"/api/auth/me?jwt={token}")

    assert refusal(response) == (401, "UNAUTHENTICATED")


def test_a_revoked_token_is_refused(customer: Person) -> None:
    customer.post("/api/auth/logout")

    response = customer.get("/api/auth/me")

    assert refusal(response) == (401, "UNAUTHENTICATED")


def test_a_forged_role_is_worth_nothing_without_the_key(api: FlaskClient, customer: Person) -> None:
    token = signed(claims_of(customer, role="admin"), key="a guess that is thirty-two characters")

    response = api.get("/api/admin/ledger/verify", headers={"Authorization": f"Bearer {token}"})

    assert refusal(response) == (401, "UNAUTHENTICATED")


def test_a_whole_token_of_ours_opens_the_door(api: FlaskClient, customer: Person) -> None:
    token = signed(claims_of(customer))

    response = api.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 200
