"""The OpenAPI document: valid, complete, and true (which every other test here proves by its answers)."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from backend.access import PUBLIC
from tests.api.contract import published, template

METHODS = {"get", "post", "put", "patch", "delete"}
HEALTH_IS_NO_FAILURE = (
    "GET /api/integration/health",
    "503",
)  # Bad news is an answer too.


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    return published(app)


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def documented(app: Flask, document: dict[str, Any], *, public: bool) -> dict[str, dict[str, Any]]:
    """Give the operations of public, or of private, routes."""
    names = {
        f"{method} {template(rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if (rule.endpoint in PUBLIC) is public
    }
    return {name: operation for name, operation in operations(document).items() if name in names}


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    validate(document, cls=OpenAPIV31SpecValidator)

    assert document["openapi"].startswith("3.1")


def test_the_document_is_served_to_everybody(api: FlaskClient) -> None:
    response = api.get("/api/openapi.json")

    assert (response.status_code, response.content_type) == (200, "application/json")


def test_every_route_of_the_api_is_described(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        f"{method} {template(rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and not rule.rule.startswith(("/api/docs", "/api/openapi.json"))
    }

    assert set(operations(document)) == routes


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    silent = [name for name, operation in operations(document).items() if not operation.get("summary")]

    assert silent == []


def test_every_failure_has_the_one_error_shape(document: dict[str, Any]) -> None:
    error = {"$ref": "#/components/schemas/ErrorAnswer"}

    shapes = {
        (name, status): answer.get("content", {}).get("application/json", {}).get("schema")
        for name, operation in operations(document).items()
        for status, answer in operation["responses"].items()
        if status >= "400" and (name, status) != HEALTH_IS_NO_FAILURE
    }

    assert {where: shape for where, shape in shapes.items() if shape != error} == {}
    assert len(shapes) > len(operations(document))


def test_every_private_operation_asks_for_a_token(app: Flask, document: dict[str, Any]) -> None:
    private = documented(app, document, public=False)
    secured = {name for name, operation in private.items() if operation.get("security") == [{"bearer": []}]}

    scheme = document["components"]["securitySchemes"]["bearer"]
    assert secured == set(private) != set()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert [
        name for name, operation in private.items() if not {"401", "403"} <= set(operation["responses"])
    ] == []


@pytest.mark.parametrize("operation", ["POST /api/auth/login", "POST /api/auth/refresh"])
def test_an_operation_that_checks_who_asks_says_so(document: dict[str, Any], operation: str) -> None:
    assert "401" in operations(document)[operation]["responses"]


def test_refreshing_asks_for_a_token(document: dict[str, Any]) -> None:
    assert operations(document)["POST /api/auth/refresh"].get("security") == [{"bearer": []}]


def test_signing_up_and_logging_in_ask_for_no_token(document: dict[str, Any]) -> None:
    found = [operations(document)[f"POST /api/auth/{name}"] for name in ("signup", "login")]

    assert ["security" in operation for operation in found] == [False, False]


@pytest.mark.parametrize("verb", ["credit", "debit"])
def test_an_operation_that_moves_money_offers_a_key(document: dict[str, Any], verb: str) -> None:
    operation = operations(document)[f"POST /api/wallet/{{customer_id}}/{verb}"]

    headers = [parameter for parameter in operation["parameters"] if parameter["in"] == "header"]
    assert [(header["name"], header["required"]) for header in headers] == [("Idempotency-Key", False)]
    assert {"409", "422"} <= set(operation["responses"])


def test_an_amount_may_be_sent_as_text(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["CreditRequest"]["properties"]["amount"]

    validator = Draft202012Validator(schema)
    assert [validator.is_valid(amount) for amount in (99.5, "99.50", True)] == [True, True, False]


def test_the_file_is_described_as_one(document: dict[str, Any]) -> None:
    answer = operations(document)["GET /api/transactions/download"]["responses"]["200"]

    assert list(answer["content"]) == ["text/csv"]
