"""How PayPal speaks: access tokens, errors, repeated requests, links and times."""

import time
from datetime import UTC, datetime
from typing import Any, NoReturn

from flask import Blueprint, Response, jsonify, request

from backend.sandbox import ids
from backend.sandbox.books import Document, Done, Shelf
from backend.sandbox.state import here

_LONGEST_REQUEST_ID = 108
_MESSAGES = {
    "INVALID_REQUEST": "Request is not well-formed, syntactically incorrect, or violates schema.",
    "UNPROCESSABLE_ENTITY": "The requested action could not be performed, semantically incorrect, or failed "
    "business validation.",
    "RESULTSET_TOO_LARGE": "Result set size is greater than the maximum limit. "
    "Change the filter criteria and try again.",
    "RESOURCE_NOT_FOUND": "The specified resource does not exist.",
    "AUTHENTICATION_FAILURE": "Authentication failed due to missing or invalid authorization header.",
}


class PayPalError(Exception):
    """A refusal, as PayPal words it."""

    def __init__(self, status: int, name: str, *, issue: str = "", field: str = "") -> None:
        super().__init__(issue or name)
        self.status, self.name, self.issue, self.field = status, name, issue, field

    def body(self) -> Document:
        """Give the JSON of the answer."""
        detail = {"field": self.field, "location": "body"} if self.field else {}
        words = self.issue.replace("_", " ").capitalize()
        link = {"href": f"https://developer.paypal.com/api/rest/reference/orders/v2/errors/#{self.issue}"}
        return {
            "name": self.name,
            "message": _MESSAGES[self.name],
            "debug_id": ids.debug(),
            "details": [detail | {"issue": self.issue, "description": f"{words}."}] if self.issue else [],
            "links": [link | {"rel": "information_link", "method": "GET"}],
        }


def invalid(issue: str, field: str = "") -> NoReturn:
    """Refuse what is not well-formed."""
    raise PayPalError(400, "INVALID_REQUEST", issue=issue, field=field)


def unprocessable(issue: str, field: str = "") -> NoReturn:
    """Refuse what can not be done."""
    raise PayPalError(422, "UNPROCESSABLE_ENTITY", issue=issue, field=field)


def paypal_blueprint(name: str, prefix: str) -> Blueprint:
    """Make a blueprint that asks for an access token and answers refusals."""
    blueprint = Blueprint(name, __name__, url_prefix=prefix)
    blueprint.before_request(_require_token)
    blueprint.register_error_handler(PayPalError, answer_refusal)
    return blueprint


def answer_refusal(error: PayPalError) -> tuple[Response, int]:
    """Answer a refusal."""
    return jsonify(error.body()), error.status


def _require_token() -> tuple[Response, int] | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer" and here().books.access_tokens.get(token, 0) > time.time():
        return None
    words = "Token signature verification failed"
    return jsonify({"error": "invalid_token", "error_description": words}), 401


def body() -> Document:
    """Read the request's JSON object; an empty one may be left out."""
    text = request.get_data(cache=True)
    if not text or text == b"null":
        return {}
    if request.mimetype != "application/json":
        raise PayPalError(400, "INVALID_REQUEST", issue="MALFORMED_REQUEST_JSON")
    read: Any = request.get_json(force=True, silent=True)
    if not isinstance(read, dict):
        raise PayPalError(400, "INVALID_REQUEST", issue="MALFORMED_REQUEST_JSON")
    return read


def part(sent: Document, *path: str) -> Document:
    """Give an object inside the request; what is left out is an empty one."""
    for name in path:
        inner = sent.get(name) or {}
        if not isinstance(inner, dict):
            invalid("INVALID_PARAMETER_SYNTAX", f"/{'/'.join(path)}")
        sent = inner
    return sent


def find(shelf: Shelf, id: str) -> Document:  # noqa: A002 - the name on the wire
    """Give what has this id, or say that nothing has."""
    if id not in shelf:
        raise PayPalError(404, "RESOURCE_NOT_FOUND", issue="INVALID_RESOURCE_ID")
    return shelf[id]


def request_id(*, is_required: bool = False) -> str | None:
    """Read the key by which a repeated request is known."""
    key = request.headers.get("PayPal-Request-Id")
    if is_required and not key:
        invalid("PAYPAL_REQUEST_ID_REQUIRED")
    if key and len(key) > _LONGEST_REQUEST_ID:
        invalid("INVALID_STRING_LENGTH", "PayPal-Request-Id")
    return key


def repeated() -> Document | None:
    """Give what a request with the same key has made, as it is now."""
    key = request_id()
    done = here().books.done.get((request.path, key)) if key else None
    return here().books.shelves()[done.shelf][done.id] if done else None


def remember(shelf: str, id: str) -> None:  # noqa: A002 - the name on the wire
    """Note what this request has made, should it come again."""
    key = request_id()
    if key:
        here().books.done[request.path, key] = Done(fingerprint="", shelf=shelf, id=id)


def wants_all() -> bool:
    """Tell whether the whole resource is wanted in the answer."""
    return "return=representation" in request.headers.get("Prefer", "")


def link(path: str, rel: str, method: str = "GET") -> Document:
    """Give a link to something here."""
    return {"href": f"{here().url}{path}", "rel": rel, "method": method}


def now() -> str:
    """Give the time as PayPal writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
