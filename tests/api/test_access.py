"""Who may do what, as one table; and no door stands open by mistake."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.access import PUBLIC
from tests.api.answers import refusal
from tests.conftest import Person

BODIES = {"credit": {"amount": 5, "reason": "A"}, "debit": {"amount": 1, "reason": "A"}}
# {id} is the customer's. What each caller gets:
#                                               nobody customer other admin
MATRIX = """
    GET  /healthz                                  200  200  200  200
    GET  /readyz                                   200  200  200  200
    GET  /metrics                                  200  200  200  200
    GET  /api/docs                                 200  200  200  200
    GET  /api/docs/assets/swagger-ui.css           200  200  200  200
    GET  /api/openapi.json                         200  200  200  200
    GET  /api/auth/me                              401  200  200  200
    GET  /api/wallet/balance                       401  200  200  200
    GET  /api/wallet/{id}/balance                  401  200  403  200
    GET  /api/wallet/nobody/balance                401  403  403  404
    GET  /api/wallet/{id}                          401  200  403  200
    GET  /api/wallet/nobody                        401  403  403  404
    GET  /api/wallet/{id}/transactions             401  200  403  200
    GET  /api/wallet/nobody/transactions           401  403  403  404
    POST /api/wallet/{id}/credit                   401  403  403  201
    POST /api/wallet/nobody/credit                 401  403  403  404
    POST /api/wallet/{id}/debit                    401  403  403  201
    POST /api/wallet/nobody/debit                  401  403  403  404
    GET  /api/wallet/call-rate                     401  200  200  200
    POST /api/wallet/set-call-rate?rate=15         401  403  403  200
    GET  /api/transactions                         401  200  200  200
    GET  /api/transactions?user_id={id}            401  200  403  200
    GET  /api/transactions?user_id=nobody          401  403  403  200
    GET  /api/transactions/download                401  200  200  200
    GET  /api/transactions/download?user_id={id}   401  200  403  200
    GET  /api/transactions/download?user_id=nobody 401  403  403  200
    GET  /api/admin/ledger/verify                  401  403  403  200
    POST /api/auth/logout                          401  200  200  200
"""
ROWS = [line.split() for line in MATRIX.strip().splitlines()]
CALLERS = ("nobody", "customer", "other", "admin")
FAMILIES = ("/api/auth", "/api/wallet", "/api/transactions", "/api/docs", "/healthz", "/readyz", "/metrics")
ELSEWHERE = {"auth.signup", "auth.login", "auth.refresh"}


class Caller:
    """Somebody who knocks at doors."""

    def __init__(self, client: FlaskClient, person: Person | None = None) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {person.tokens['access']}"} if person else {}

    def send(self, method: str, path: str) -> Any:
        body = BODIES.get(path.rpartition("/")[2])
        return self._client.open(path, method=method, json=body, headers=self._headers, buffered=True)


@pytest.fixture
def callers(api: FlaskClient, customer: Person, other_customer: Person, admin: Person) -> dict[str, Caller]:
    people = (None, customer, other_customer, admin)
    return {name: Caller(api, person) for name, person in zip(CALLERS, people, strict=True)}


def private_routes(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        _, path = rule.build(dict.fromkeys(rule.arguments, "x")) or ("", "")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if rule.endpoint not in PUBLIC:
                yield method, path


@pytest.mark.parametrize("caller", CALLERS)
def test_each_caller_may_do_what_the_table_says(
    callers: dict[str, Caller], customer: Person, caller: str
) -> None:
    customer.is_given(500)
    column = 2 + CALLERS.index(caller)

    got = {
        f"{row[0]} {row[1]}": callers[caller].send(row[0], row[1].format(id=customer.id)).status_code
        for row in ROWS
    }

    assert got == {f"{row[0]} {row[1]}": int(row[column]) for row in ROWS}


def test_every_route_that_is_not_public_asks_for_a_token(app: Flask, api: FlaskClient) -> None:
    routes = list(private_routes(app))

    answers = {route: refusal(api.open(route[1], method=route[0], json={})) for route in routes}

    assert len(routes) > 10
    assert answers == dict.fromkeys(routes, (401, "UNAUTHENTICATED"))


def test_a_route_that_somebody_adds_is_private(app: Flask) -> None:
    app.add_url_rule("/api/new", view_func=lambda: "secret")

    response = app.test_client().get("/api/new")

    assert refusal(response) == (401, "UNAUTHENTICATED")


def test_head_asks_for_a_token_as_get_does(api: FlaskClient, customer: Person) -> None:
    response = api.head(f"/api/wallet/{customer.id}")

    assert response.status_code == 401


def test_the_public_list_names_only_routes_that_exist(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}

    assert endpoints >= PUBLIC


def test_the_table_has_every_route_of_its_families(app: Flask) -> None:
    adapter = app.url_map.bind("localhost")
    known = {adapter.match(row[1].partition("?")[0], method=row[0])[0] for row in ROWS}

    routes = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith(FAMILIES)}

    assert routes - known == ELSEWHERE


def test_a_refusal_tells_nothing_about_who_exists(customer: Person, other_customer: Person) -> None:
    other_customer.is_given(500)
    ids = (other_customer.id, "cust_nobody")

    answers = [customer.get(f"/api/wallet/{customer_id}").json["error"] for customer_id in ids]

    assert answers[0] == answers[1]


def test_a_customer_who_is_refused_changes_nothing(customer: Person, other_customer: Person) -> None:
    for verb, body in BODIES.items():
        customer.post(f"/api/wallet/{customer.id}/{verb}", body)
        customer.post(f"/api/wallet/{other_customer.id}/{verb}", body)
    customer.post("/api/wallet/set-call-rate?rate=1")

    balances = [person.get("/api/wallet/balance").json["balance"] for person in (customer, other_customer)]
    assert balances == [0, 0]
    assert customer.get("/api/wallet/call-rate").json == {"call_rate_per_minute": 10}
