"""The one shape of every failure."""

from marshmallow import Schema, fields


class ErrorDetail(Schema):
    """What went wrong, for programs and for people."""

    code = fields.String(required=True, metadata={"example": "INSUFFICIENT_BALANCE"})
    message = fields.String(required=True)
    details = fields.Dict(keys=fields.String(), required=True)


class ErrorAnswer(Schema):
    """The answer to every request that failed."""

    success = fields.Boolean(required=True, metadata={"enum": [False]})
    status = fields.String(required=True, metadata={"enum": ["error"]})
    error = fields.Nested(ErrorDetail, required=True)
    request_id = fields.String(required=True)
