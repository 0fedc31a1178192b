"""The OpenAPI document: what flask-smorest reads off the routes, plus errors and security."""

import re
from typing import Any

from flask import Flask
from flask_smorest import Api

from backend.access import PUBLIC, TAKES_REFRESH_TOKEN
from backend.schemas.errors import ErrorAnswer
from backend.schemas.fields import Amount, ForeignAmount, Moment, Timestamp

CONFIG: dict[str, Any] = {
    "API_TITLE": "Batua",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": "/api",
    "OPENAPI_JSON_PATH": "openapi.json",
    "OPENAPI_SWAGGER_UI_PATH": "docs",
    "OPENAPI_SWAGGER_UI_URL": "/api/docs/assets/",
}
BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
ERROR_BODY = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
ERRORS = {
    "400": "The request is not valid: VALIDATION_ERROR, INVALID_AMOUNT, INSUFFICIENT_BALANCE",
    "401": "No valid token or password: UNAUTHENTICATED",
    "403": "Not allowed: FORBIDDEN",
    "404": "No such thing: NOT_FOUND, CUSTOMER_NOT_FOUND, ORDER_NOT_FOUND, PAYMENT_NOT_FOUND, …",
    "409": "It does not fit what is stored: CONFLICT, DUPLICATE_PAYMENT, ORDER_NOT_PAYABLE, …; "
    "or the same request is still running: REQUEST_IN_PROGRESS",
    "412": "What the caller saw has changed: REFUNDABLE_CHANGED",
    "413": "The body is too large: PAYLOAD_TOO_LARGE",
    "422": "The key was used for another request: IDEMPOTENCY_KEY_REUSED",
    "429": "Too many requests: RATE_LIMITED; Retry-After says when to try again",
    "500": "Our mistake: INTERNAL_ERROR",
    "502": "The payment gateway failed or refused: GATEWAY_ERROR",
    "503": "A part we depend on is away: SERVICE_UNAVAILABLE; Retry-After says when to try again",
    "504": "The payment gateway did not answer in time: GATEWAY_TIMEOUT",
}


# What may have to ask a payment gateway, and what gateways send.
BEHIND_GATEWAYS = (
    *("/api/payments", "/api/orders", "/api/webhooks", "/api/integration"),
    *("/api/payment/", "/api/wallet/auto-recharge"),
    *("/api/admin/webhook-events", "/api/admin/payment-exceptions"),
)


class DocumentedApi(Api):  # type: ignore[misc]  # flask-smorest has no types.
    """flask-smorest's Api, with our error shape and our security on every operation."""

    ERROR_SCHEMA = ErrorAnswer
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self) -> None:
        super().__init__()
        self.register_field(Amount, "number", None)
        self.register_field(ForeignAmount, "number", None)
        self.register_field(Timestamp, "string", "date-time")
        self.register_field(Moment, "string", None)

    def complete(self, app: Flask) -> None:
        """Add to each operation what its route does not say; call after the last blueprint."""
        self.spec.components.security_scheme("bearer", BEARER)
        paths = self.spec.to_dict()["paths"]
        for rule in app.url_map.iter_rules():
            operations = paths.get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
            for method, operation in operations.items():
                if method.upper() in (rule.methods or ()):
                    needs_token = rule.endpoint not in PUBLIC or rule.endpoint in TAKES_REFRESH_TOKEN
                    _complete_operation(operation, needs_token=needs_token, path=rule.rule)


def _complete_operation(operation: dict[str, Any], *, needs_token: bool, path: str) -> None:
    statuses = {"401", "429", "500", "503"}
    if needs_token:
        operation["security"] = [{"bearer": []}]
        statuses.add("403")
    if "requestBody" in operation:
        statuses |= {"400", "409", "413"}
    parameters = operation.get("parameters", [])
    if any(parameter.get("in") == "query" for parameter in parameters):
        statuses.add("400")
    if "<" in path:
        statuses.add("404")
    if path.startswith(BEHIND_GATEWAYS):
        statuses |= {"400", "404", "409", "412", "413", "502", "504"}
    if any(parameter.get("name") == "Idempotency-Key" for parameter in parameters):
        statuses |= {"400", "409", "422"}
    for status in sorted(statuses):
        if "content" in operation["responses"].get(status, {}):
            continue  # The route has said itself what it answers then.
        operation["responses"][status] = {"description": ERRORS[status], "content": ERROR_BODY}
