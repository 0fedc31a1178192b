"""The wire format of what gateways are told about their messages."""

from marshmallow import Schema, fields

from backend.webhook_service import Receipt


class WebhookAnswer(Schema):
    """What became of a message."""

    status = fields.Enum(Receipt, by_value=True)
