"""Turns every failure of every source into the one error answer."""

import logging
from typing import Any

from flask import Flask, Response, jsonify
from pymongo.errors import ConnectionFailure, ExecutionTimeout, PyMongoError, WTimeoutError
from werkzeug.exceptions import HTTPException

from backend.errors import AppError, ServiceUnavailable
from backend.logs import request_id
from backend.money import to_major

log = logging.getLogger(__name__)

CODES = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    414: "URI_TOO_LONG",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
    431: "HEADERS_TOO_LARGE",
    503: "SERVICE_UNAVAILABLE",
}
MESSAGES = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The request is too large.",
    429: "Too many requests. Please wait and try again.",
}
KEPT_HEADERS = ("Allow", "Retry-After")


def init_app(app: Flask) -> None:
    """Install a handler for every kind of failure."""
    app.register_error_handler(AppError, _app_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(PyMongoError, _database_error)
    app.register_error_handler(Exception, _unexpected_error)


def error_response(status: int, code: str, message: str, details: Any = None) -> Response:
    """Write the one error shape."""
    response = jsonify(
        success=False,
        status="error",
        error={"code": code, "message": message, "details": details or {}},
        request_id=request_id.get(),
    )
    response.status_code = status
    return response


def _app_error(error: AppError) -> Response:
    response = error_response(error.status, error.code, error.message, _wire_details(error.details))
    if "retry_after_seconds" in error.details:
        response.headers["Retry-After"] = str(error.details["retry_after_seconds"])
    return response


def _wire_details(details: Any) -> dict[str, Any]:
    """Show amounts as the wire does: `available_minor` inside is `available` outside."""
    currency = details.get("currency", "INR")
    return {
        name.removesuffix("_minor"): to_major(value, currency=currency) if name.endswith("_minor") else value
        for name, value in details.items()
    }


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    code = CODES.get(status, "INTERNAL_ERROR" if status >= 500 else "VALIDATION_ERROR")
    response = error_response(status, code, MESSAGES.get(status) or error.description or error.name)
    for name, value in error.get_headers():
        if name in KEPT_HEADERS:
            response.headers[name] = value
    return response


def _database_error(error: PyMongoError) -> Response:
    """Say 503 when the database is away; anything else it says is our own mistake."""
    if isinstance(error, ConnectionFailure | ExecutionTimeout | WTimeoutError) or error.timeout:
        log.warning("the database is away: %s", error)
        return _app_error(ServiceUnavailable())
    return _unexpected_error(error)


def _unexpected_error(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return _app_error(AppError())
