"""The decorator that makes a POST safe to send again with the same Idempotency-Key."""

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec

import orjson
from flask import Response, current_app, g, make_response, request

from backend.access import caller
from backend.errors import Invalid, OutcomeUnknown, RequestInProgress
from backend.idempotency_store import Run, StoredAnswer
from backend.services import services
from backend.wire import load_json

P = ParamSpec("P")

_PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}")
STRAGGLER_SECONDS = 4  # The ledger may work on a posting that long after its caller gave up.

HEADER_DOC: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Repeat the request with the same key to get the same answer, for 24 hours.",
}


def idempotent(view: Callable[P, Any]) -> Callable[P, Response]:
    """Run the view once per key; every copy of the request gets the answer of that one run."""
    return _keyed(view, is_harmless=False)


def replayable(view: Callable[P, Any]) -> Callable[P, Response]:
    """The same for a view that does nothing twice anyway: nobody waits for its key to be on the disk."""
    return _keyed(view, is_harmless=True)


def keep_trying() -> None:
    """Say that the answer being given is not the last word: the next copy of the request runs again."""
    g.is_unfinished = True


def _keyed(view: Callable[P, Any], *, is_harmless: bool) -> Callable[P, Response]:
    @wraps(view)
    def keyed(*args: P.args, **kwargs: P.kwargs) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return make_response(view(*args, **kwargs))
        begun = services().idempotency.begin(_request_key(key), _fingerprint(), is_harmless=is_harmless)
        if isinstance(begun, StoredAnswer):
            return _replayed(begun)
        g.movement_key = begun.movement_key
        return _run(begun, lambda: view(*args, **kwargs))

    return keyed


def movement_key() -> str:
    """Give the key under which this request may move money."""
    key: str = g.get("movement_key") or uuid.uuid4().hex
    return key


def _run(run: Run, view: Callable[[], Any]) -> Response:
    wait_seconds, is_passing = 0, False
    try:
        response = make_response(view())
    except Exception as error:  # noqa: BLE001 - refusals are answers too, and are kept like others.
        response = make_response(current_app.handle_user_exception(error))
        wait_seconds = STRAGGLER_SECONDS if isinstance(error, OutcomeUnknown) else 0
        is_passing = isinstance(error, RequestInProgress)
    if (
        is_passing
        or g.pop("is_unfinished", False)
        or response.status_code >= 500
        or response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    ):
        services().idempotency.give_back(run, after_seconds=wait_seconds)
    else:
        services().idempotency.finish(run, _stored(response))
    return response


def _request_key(key: str) -> str:
    if not _PRINTABLE.fullmatch(key):
        raise Invalid("Idempotency-Key must be 1 to 255 printable characters.")
    scope = [caller().customer_id, request.method, request.path, key]
    return hashlib.sha256(orjson.dumps(scope)).hexdigest()


def _fingerprint() -> str:
    """Hash what the request asks for; spacing and the order of fields do not matter."""
    raw = request.get_data(cache=True)
    body = load_json(raw) if raw and request.is_json else raw.hex()
    asked = [sorted(request.args.items(multi=True)), body]
    canonical = json.dumps(asked, default=str, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _stored(response: Response) -> StoredAnswer:
    return StoredAnswer(
        status=response.status_code, body=response.get_data(), content_type=response.content_type
    )


def _replayed(answer: StoredAnswer) -> Response:
    response = Response(answer.body, status=answer.status, content_type=answer.content_type)
    response.headers["Idempotent-Replayed"] = "true"
    return response
