"""The wire format of saved ways to pay."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from backend.gateways.port import Method
from backend.schemas.fields import Text, Timestamp
from backend.schemas.payments import GATEWAYS, ID

SAVABLE = (Method.CARD, Method.UPI, Method.PAYPAL)


class SaveMethodRequest(Schema):
    """A token that the gateway gave, or a payment at which the customer let the gateway keep the card.

    All that it stands for is read back from the gateway.
    """

    type = fields.Enum(Method, by_value=True, required=True, validate=validate.OneOf(SAVABLE))
    gateway = fields.String(required=True, validate=validate.OneOf(GATEWAYS))
    token = fields.String(load_default=None, load_only=True, validate=validate.Length(1, 255))
    payment_id = fields.String(load_default=None, validate=ID)
    last4 = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=4))
    expiry = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=7))
    brand = Text(longest=40, load_default=None, allow_none=True)
    set_default = fields.Boolean(load_default=False, truthy={True}, falsy={False})

    @validates_schema
    def name_one_of_both(self, data: dict[str, Any], **_kwargs: Any) -> None:
        """Take a token or a payment."""
        if (data["token"] is None) == (data["payment_id"] is None):
            raise ValidationError("Send a token or a payment_id.", "token")


class SavedMethodAnswer(Schema):
    """A saved way to pay, without its token."""

    id = fields.String()
    method_id = fields.String(attribute="id", dump_only=True)
    type = fields.Enum(Method, by_value=True)
    gateway = fields.String()
    last4 = fields.String(allow_none=True)
    brand = fields.String(allow_none=True)
    expiry = fields.String(allow_none=True)
    vpa = fields.String(allow_none=True)
    email = fields.String(allow_none=True)
    is_default = fields.Boolean()
    recurring = fields.Boolean(attribute="is_recurring", dump_only=True)
    created_at = Timestamp()


class DeletedAnswer(Schema):
    """Something that is gone."""

    id = fields.String()
    deleted = fields.Boolean()
