"""The wire format of messages to customers, and of what customers want to be told."""

from marshmallow import Schema, fields, validate

from backend.message_service import MessageState
from backend.notifications.texts import LANGUAGES
from backend.schemas.fields import PageArguments, Timestamp
from backend.schemas.payments import ID


class PreferencesRequest(Schema):
    """What a customer wants; what is left out stays as it is."""

    language = fields.String(validate=validate.OneOf(tuple(LANGUAGES)))
    email = fields.Boolean(truthy={True}, falsy={False})
    whatsapp = fields.Boolean(truthy={True}, falsy={False})


class PreferencesAnswer(Schema):
    """What a customer wants, and whether there is a number to reach them at."""

    language = fields.String()
    email = fields.Boolean()
    whatsapp = fields.Boolean()


class MessageArguments(PageArguments):
    """Which messages are wanted, and which page of them."""

    customer_id = fields.String(load_default=None, validate=ID)
    state = fields.Enum(MessageState, by_value=True, load_default=None)


class MessageAnswer(Schema):
    """A message and what became of it."""

    id = fields.String(attribute="_id")
    event_id = fields.String()
    type = fields.String()
    customer_id = fields.String()
    channel = fields.String()
    to = fields.String()
    template = fields.String()
    language = fields.String()
    subject = fields.String()
    text = fields.String()
    state = fields.String(validate=validate.OneOf(list(MessageState)))
    tries = fields.Integer()
    error = fields.String(allow_none=True)
    provider_id = fields.String(allow_none=True)
    created_at = Timestamp()
    sent_at = Timestamp(allow_none=True)
    delivered_at = Timestamp(allow_none=True)
    read_at = Timestamp(allow_none=True)
