"""How the sandbox's own controls read requests and refuse."""

from typing import Any, NoReturn

from flask import Blueprint, Response, jsonify, request

from backend.sandbox.books import Document, Shelf
from backend.sandbox.razorpay_wire import RazorpayError, answer_refusal


class ControlError(Exception):
    """A control was asked for something that cannot be done."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.status = message, status


def refuse(message: str, *, status: int = 400) -> NoReturn:
    """Say why a control does nothing."""
    raise ControlError(message, status=status)


def control_blueprint(name: str, prefix: str = "") -> Blueprint:
    """Make a blueprint of /sandbox."""
    blueprint = Blueprint(name, __name__, url_prefix=f"/sandbox{prefix}")
    blueprint.register_error_handler(ControlError, _answer)
    blueprint.register_error_handler(RazorpayError, answer_refusal)
    return blueprint


def _answer(error: ControlError) -> tuple[Response, int]:
    return jsonify({"error": error.message}), error.status


def body() -> Document:
    """Read the JSON object of a control; none is an empty one."""
    if request.form:
        return dict(request.form)
    read: Any = request.get_json(force=True, silent=True) if request.get_data(cache=True) else {}
    if not isinstance(read, dict):
        refuse("the body must be a JSON object")
    return read


def find(shelf: Shelf, id: str) -> Document:  # noqa: A002 - the name on the wire
    """Give what has this id."""
    if id not in shelf:
        refuse(f"there is no {id}", status=404)
    return shelf[id]


def choice(sent: Document, name: str, allowed: tuple[str, ...]) -> str:
    """Read one of a few words."""
    if sent.get(name) not in allowed:
        refuse(f"{name} must be one of: {', '.join(allowed)}")
    return str(sent[name])
