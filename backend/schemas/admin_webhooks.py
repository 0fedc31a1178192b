"""The wire format of webhook endpoints and of what was sent to them."""

from typing import Any

from marshmallow import Schema, fields, validate

from backend.notifications.outside_addresses import LONGEST_URL
from backend.outbox import EventType
from backend.schemas.fields import PageArguments, Text, Timestamp
from backend.webhook_deliveries import DeliveryState
from backend.webhook_endpoints import EndpointStatus

EVERYTHING = "*"
LONGEST_GRACE_HOURS, USUAL_GRACE_HOURS = 168, 24


def _events(**options: Any) -> fields.List[str]:
    """Take the events that are wanted, or "*" for all of them."""
    known = validate.OneOf([EVERYTHING, *(event.value for event in EventType)])
    return fields.List(
        fields.String(validate=known), validate=validate.Length(min=1, max=len(EventType) + 1), **options
    )


def _description(**options: Any) -> fields.String:
    return fields.String(allow_none=True, validate=validate.Length(max=200), **options)


class EndpointRequest(Schema):
    """An address that wants to hear of events."""

    url = Text(longest=LONGEST_URL, required=True)
    events = _events(load_default=lambda: [EVERYTHING])
    description = _description(load_default=None)


class EndpointChanges(Schema):
    """What is to be different about an endpoint."""

    url = Text(longest=LONGEST_URL)
    events = _events()
    description = _description()
    enabled = fields.Boolean(truthy={True}, falsy={False})


class RotationRequest(Schema):
    """For how long the old secret signs too."""

    grace_hours = fields.Integer(
        load_default=USUAL_GRACE_HOURS, strict=True, validate=validate.Range(0, LONGEST_GRACE_HOURS)
    )


class EndpointAnswer(Schema):
    """An endpoint, without its secret."""

    id = fields.String(attribute="_id")
    url = fields.String()
    events = fields.List(fields.String())
    description = fields.String(allow_none=True)
    status = fields.String(metadata={"enum": [status.value for status in EndpointStatus]})
    disabled_reason = fields.String(allow_none=True)
    secret_hint = fields.String()
    sequence = fields.Integer()
    last_error = fields.String(allow_none=True)
    failing_since = Timestamp(allow_none=True)
    flagged_at = Timestamp(allow_none=True)
    created_at = Timestamp()
    updated_at = Timestamp(allow_none=True)
    deleted_at = Timestamp(allow_none=True)


class NewEndpointAnswer(EndpointAnswer):
    """An endpoint with its new secret, which is shown in no other answer."""

    secret = fields.String()


class PingAnswer(Schema):
    """What came of a message that means nothing."""

    delivered = fields.Boolean()
    status = fields.Integer(allow_none=True)
    error = fields.String(allow_none=True)
    milliseconds = fields.Integer()
    response = fields.String()


class DeliveryArguments(PageArguments):
    """Which deliveries are wanted, and which page of them."""

    state = fields.Enum(DeliveryState, by_value=True, load_default=None)
    type_ = fields.String(data_key="type", load_default=None, validate=validate.Length(1, 100))


class DeliveryAttemptAnswer(Schema):
    """One try to deliver a message."""

    at = Timestamp()
    status = fields.Integer(allow_none=True)
    error = fields.String(allow_none=True)
    milliseconds = fields.Integer()
    response = fields.String()


class DeliveryAnswer(Schema):
    """One message for one endpoint, and what was tried."""

    id = fields.String(attribute="_id")
    endpoint_id = fields.String()
    event_id = fields.String()
    type = fields.String()
    sequence = fields.Integer()
    state = fields.String(metadata={"enum": [state.value for state in DeliveryState]})
    reason = fields.String(allow_none=True)
    tries = fields.Integer()
    attempts = fields.List(fields.Nested(DeliveryAttemptAnswer))
    created_at = Timestamp()
    delivered_at = Timestamp(allow_none=True)
    failed_at = Timestamp(allow_none=True)
