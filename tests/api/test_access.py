"""Who may do what, as one table; and no door stands open by mistake."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.access import PUBLIC
from tests.api.answers import refusal
from tests.api.callers import CALLERS, Caller, Table, endpoints_under
from tests.api.test_integration_access import INTEGRATION_FAMILIES
from tests.api.test_payment_access import PAYMENT_FAMILIES
from tests.conftest import Person

AMOUNTS = {"threshold": 5, "amount": 50, "daily_cap": 50, "monthly_cap": 50}
BODIES = {
    "credit": {"amount": 5, "reason": "A"},
    "debit": {"amount": 1, "reason": "A"},
    "auto-recharge": AMOUNTS | {"enabled": True, "saved_method_id": "SAVED-nobody"},
}
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
    PUT  /api/auth/preferences                     401  200  200  200
    GET  /api/auth/preferences                     401  200  200  200
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
    GET  /api/wallet/auto-recharge                 401  200  200  200
    PUT  /api/wallet/auto-recharge                 401  404  404  404
    DELETE /api/wallet/auto-recharge               401  200  200  200
    GET  /api/wallet/call-rate                     401  200  200  200
    POST /api/wallet/set-call-rate?rate=15         401  403  403  200
    GET  /api/transactions                         401  200  200  200
    GET  /api/transactions?user_id={id}            401  200  403  200
    GET  /api/transactions?user_id=nobody          401  403  403  200
    GET  /api/transactions/download                401  200  200  200
    GET  /api/transactions/download?user_id={id}   401  200  403  200
    GET  /api/transactions/download?user_id=nobody 401  403  403  200
    POST /api/auth/logout                          401  200  200  200
"""
TABLE = Table(MATRIX, bodies=BODIES)
FAMILIES = ("/api/auth", "/api/wallet", "/api/transactions", "/api/docs", "/healthz", "/readyz", "/metrics")
ELSEWHERE = {"auth.signup", "auth.login", "auth.refresh"}
# Their doors are in tables of their own, with everything that stands behind them.
OTHER_TABLES = (*PAYMENT_FAMILIES, *INTEGRATION_FAMILIES, "/api/openapi.json")


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

    assert TABLE.told_to(callers[caller], {"id": customer.id}) == TABLE.promised_to(caller)


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
    assert endpoints_under(app, FAMILIES) - TABLE.endpoints(app) == ELSEWHERE


def test_every_route_belongs_to_a_family_that_has_a_table(app: Flask) -> None:
    everything = {rule.endpoint for rule in app.url_map.iter_rules()}

    assert everything == endpoints_under(app, (*FAMILIES, *OTHER_TABLES))


def test_a_refusal_tells_nothing_about_who_exists(customer: Person, other_customer: Person) -> None:
    other_customer.is_given(500)
    ids = (other_customer.id, "cust_nobody")

    answers = [customer.get(f"/api/wallet/{customer_id}").json["error"] for customer_id in ids]

    assert answers[0] == answers[1]


def test_a_customer_who_is_refused_changes_nothing(customer: Person, other_customer: Person) -> None:
    for verb in ("credit", "debit"):
        body = BODIES[verb]
        customer.post(f"/api/wallet/{customer.id}/{verb}", body)
        customer.post(f"/api/wallet/{other_customer.id}/{verb}", body)
    customer.post("/api/wallet/set-call-rate?rate=1")

    balances = [person.get("/api/wallet/balance").json["balance"] for person in (customer, other_customer)]
    assert balances == [0, 0]
    assert customer.get("/api/wallet/call-rate").json == {"call_rate_per_minute": 10}
