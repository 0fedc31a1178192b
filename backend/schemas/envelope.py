"""The envelope in which payments, orders, refunds and administration answer."""

from functools import cache
from typing import Any

from marshmallow import Schema, fields


@cache
def enveloped(schema: type[Schema]) -> type[Schema]:
    """Make the schema of an answer that carries one thing."""
    members: dict[str, fields.Field[Any]] = {"status": _status(), "data": fields.Nested(schema)}
    return Schema.from_dict(members, name=f"{schema.__name__}Envelope")


@cache
def listed(schema: type[Schema]) -> type[Schema]:
    """Make the schema of an answer that carries a page of things, and how many there are."""
    members: dict[str, fields.Field[Any]] = {
        "status": _status(),
        "data": fields.List(fields.Nested(schema)),
        "total": fields.Integer(),
    }
    return Schema.from_dict(members, name=f"{schema.__name__}Page")


def _status() -> fields.Field[str]:
    return fields.String(dump_default="success", metadata={"enum": ["success"]})
