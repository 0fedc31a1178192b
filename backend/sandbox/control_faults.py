"""Controls that make requests fail, show what was asked and what is stored, and start afresh."""

import re
from typing import Any

from flask import Response, jsonify

from backend.sandbox import control_wire as control
from backend.sandbox.books import Document
from backend.sandbox.fault_bodies import PROVIDERS
from backend.sandbox.faults import KINDS, Fault
from backend.sandbox.state import here

fault_controls = control.control_blueprint("control_faults")

_FIELDS = ("kind", "provider", "method", "path", "status", "seconds", "times", "body")
_TYPES: dict[str, Any] = {"status": int, "seconds": int | float, "times": int, "path": str}


@fault_controls.post("/faults")
def add_fault() -> tuple[Response, int]:
    """Let the next matching requests suffer a fault."""
    here().faults.add(_read(control.body()))
    return jsonify({"faults": here().faults.listing()}), 201


def _read(sent: Document) -> Fault:
    control.choice(sent, "kind", tuple(sorted(KINDS)))
    unknown = set(sent) - set(_FIELDS)
    if unknown:
        control.refuse(f"unknown: {', '.join(sorted(unknown))}")
    if sent.get("provider") is not None:
        control.choice(sent, "provider", PROVIDERS)
    given = {name: value for name, value in sent.items() if value is not None}
    for name, kind in _TYPES.items():
        if name in given and not isinstance(given[name], kind):
            control.refuse(f"{name} is of the wrong type")
    try:
        re.compile(given.get("path", ""))
    except re.error as error:
        control.refuse(f"path is not a regular expression: {error}")
    return Fault(**given)


@fault_controls.get("/faults")
def list_faults() -> Response:
    """List the faults that still wait."""
    return jsonify({"faults": here().faults.listing()})


@fault_controls.delete("/faults")
def clear_faults() -> Response:
    """Let everything work again."""
    here().faults.clear()
    return jsonify({"faults": []})


@fault_controls.get("/requests")
def list_requests() -> Response:
    """List the requests received, oldest first."""
    return jsonify(list(here().books.requests))


@fault_controls.get("/books")
def show_books() -> Response:
    """Show everything stored."""
    return jsonify(dict(here().books.listing()))


@fault_controls.post("/reset")
def reset() -> Response:
    """Start afresh."""
    here().books.reset()
    here().faults.clear()
    here().webhooks.reset()
    return jsonify({"status": "ok"})
