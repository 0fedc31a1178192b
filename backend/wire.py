"""How JSON comes in and goes out: strictly in, exactly out."""

import json
from decimal import Decimal
from typing import Any, NoReturn

import orjson
from flask import Flask, Request
from flask.json.provider import JSONProvider
from marshmallow import RAISE, ValidationError
from webargs.core import missing
from webargs.flaskparser import FlaskParser

from backend.errors import Invalid


def load_json(raw: bytes) -> Any:
    """Read JSON without losing a digit, refusing what the database could not store.

    NaN and Infinity are not JSON, but letting them through to the schema names the field at fault.
    """
    try:
        value = json.loads(raw.decode("utf-8"), parse_float=Decimal, parse_constant=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Invalid("The body is not valid JSON.") from error
    if b"\\u" in raw:  # Only an escape can smuggle in a character that cannot be stored.
        refuse_unstorable(value)
    return value


def refuse_unstorable(value: Any) -> None:
    """Refuse null characters and lone surrogates wherever they hide."""
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise Invalid("Text must not contain null characters or broken Unicode.")
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_unstorable(key)
            refuse_unstorable(item)
    elif isinstance(value, list):
        for item in value:
            refuse_unstorable(item)


ANSWER_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE


class OrjsonProvider(JSONProvider):
    """orjson writes answers several times faster than the standard library."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        """Write an object as JSON text."""
        return orjson.dumps(obj, option=ANSWER_OPTIONS).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """Read JSON text as strictly as a request body."""
        return load_json(s if isinstance(s, bytes) else s.encode())


class StrictParser(FlaskParser):
    """webargs, with our JSON and our errors."""

    DEFAULT_VALIDATION_STATUS = 400
    # A mistyped filter must not quietly show everything.
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012 - webargs declares it so.
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
        "querystring": RAISE,
    }

    def load_json(self, req: Request, schema: Any) -> Any:
        """Read the body strictly; an absent one is left to the schema to judge."""
        raw = req.get_data(cache=True)
        if not raw:
            return missing
        if not req.is_json:
            raise Invalid("The body must be JSON, sent as Content-Type: application/json.")
        return load_json(raw)

    def load_querystring(self, req: Request, schema: Any) -> Any:
        """Take the query string only when the database could store it."""
        for key, values in req.args.lists():
            refuse_unstorable([key, *values])
            if len(values) > 1:
                raise Invalid("Some fields are not valid.", fields={key: ["Given more than once."]})
        return super().load_querystring(req, schema)

    def handle_error(self, error: ValidationError, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Say which fields are wrong, and why."""
        messages = error.messages
        fields = next(iter(messages.values())) if isinstance(messages, dict) else messages
        raise Invalid("Some fields are not valid.", fields=fields) from error


def init_app(app: Flask) -> None:
    """Make the application speak this dialect."""
    app.json = OrjsonProvider(app)
