"""How Razorpay speaks: authentication, errors, lists, notes and the checks that all requests share."""

import hmac
import time
from collections.abc import Iterable
from typing import Any, NoReturn

from flask import Blueprint, Response, jsonify, request

from backend.sandbox import keys
from backend.sandbox.books import Document, Shelf

_MOST_NOTES, _LONGEST_NOTE = 15, 512
_DEFAULT_COUNT = 10


class RazorpayError(Exception):
    """A refusal, as Razorpay words it."""

    def __init__(self, description: str, *, field: str | None = None, status: int = 400) -> None:
        super().__init__(description)
        self.description, self.field, self.status = description, field, status

    def body(self) -> Document:
        """Give the JSON of the answer."""
        error: Document = {
            "code": "BAD_REQUEST_ERROR",
            "description": self.description,
            "source": "NA" if self.status == 401 else "business",
            "step": "NA" if self.status == 401 else "payment_initiation",
            "reason": "NA" if self.status == 401 else "input_validation_failed",
            "metadata": {},
        }
        return {"error": error | ({"field": self.field} if self.field else {})}


def refuse(description: str, *, field: str | None = None) -> NoReturn:
    """Refuse the request."""
    raise RazorpayError(description, field=field)


def razorpay_blueprint(name: str) -> Blueprint:
    """Make a blueprint of /v1 that asks for the keys and answers refusals."""
    blueprint = Blueprint(name, __name__, url_prefix="/v1")
    blueprint.before_request(require_keys)
    blueprint.register_error_handler(RazorpayError, answer_refusal)
    return blueprint


def answer_refusal(error: RazorpayError) -> tuple[Response, int]:
    """Answer a refusal."""
    return jsonify(error.body()), error.status


def require_keys() -> None:
    """Refuse whoever does not show both keys."""
    given = request.authorization
    name, secret = (given.username or "", given.password or "") if given else ("", "")
    if not _same(name, keys.RAZORPAY_KEY_ID) or not _same(secret, keys.RAZORPAY_KEY_SECRET):
        raise RazorpayError("Authentication failed", status=401)


def require_public_key(given: Any) -> None:
    """Refuse a browser that does not name the shop's key."""
    if not _same(str(given), keys.RAZORPAY_KEY_ID):
        raise RazorpayError("The api key provided is invalid", status=401)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def body() -> Document:
    """Read the request's body, a JSON object or a form."""
    if not request.get_data(cache=True):
        return {}
    if request.form:
        return dict(request.form)
    read = request.get_json(force=True, silent=True)
    if not isinstance(read, dict | list) or (isinstance(read, list) and read):
        refuse("The request body is not a valid JSON object")
    return dict(read)


def only(sent: Document, allowed: Iterable[str]) -> None:
    """Refuse fields that Razorpay does not know."""
    extra = sorted(set(sent) - set(allowed))
    if extra:
        refuse(f"{', '.join(extra)} is/are not required and should not be sent")


def now() -> int:
    """Give the time in Razorpay's unit."""
    return int(time.time())


def find(shelf: Shelf, id: str) -> Document:  # noqa: A002 - the name on the wire
    """Give what has this id, or say that nothing has."""
    if id not in shelf:
        refuse("The id provided does not exist")
    return shelf[id]


def amount_of(sent: Document, *, name: str = "amount", least_minor: int = 100) -> int:
    """Read an amount, which is a whole number of the smallest unit."""
    value = sent.get(name)
    if value is None or value == "":
        refuse(f"The {name} field is required.", field=name)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        refuse(f"The {name} must be an integer.", field=name)
    if value < least_minor:
        refuse(f"The {name} must be atleast INR {least_minor // 100}.00", field=name)
    return value


def notes_of(sent: Document) -> Document | list[Any]:
    """Read the notes; none come back as an empty list, as they do from Razorpay."""
    notes = sent.get("notes") or {}
    if not isinstance(notes, dict):
        refuse("The notes must be an array.", field="notes")
    if len(notes) > _MOST_NOTES:
        refuse(f"Number of fields in notes should be less than or equal to {_MOST_NOTES}.", field="notes")
    if any(isinstance(v, dict | list) or len(str(v)) > _LONGEST_NOTE for v in notes.values()):
        refuse(f"Notes value cannot be greater than {_LONGEST_NOTE} characters.", field="notes")
    return notes or []


def receipt_of(sent: Document) -> str | None:
    """Read the shop's own reference."""
    receipt = sent.get("receipt")
    if receipt is not None and not isinstance(receipt, str):
        refuse("The receipt must be a string.", field="receipt")
    if receipt and len(receipt) > 40:
        refuse("The receipt may not be greater than 40 characters.", field="receipt")
    return receipt


def collection(items: Iterable[Document], *, most: int = 100) -> Response:
    """Answer one page of a list, newest first, as `from`, `to`, `count` and `skip` ask."""
    count = _number("count", _DEFAULT_COUNT)
    skip, start, end = _number("skip", 0), _number("from", 0), _number("to", 2**62)
    if not 1 <= count <= most:
        refuse(f"The count must be between 1 and {most}.", field="count")
    found = [item for item in items if start <= item["created_at"] <= end]
    page = found[::-1][skip : skip + count]
    return jsonify({"entity": "collection", "count": len(page), "items": page})


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if text and not text.isdecimal():
        refuse(f"The {name} must be an integer.", field=name)
    return int(text) if text else default
