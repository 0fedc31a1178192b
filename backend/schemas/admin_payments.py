"""The wire format of what admins see of gateways: messages, exceptions, disputes, settlements."""

from enum import StrEnum
from typing import Any

from marshmallow import Schema, fields, validate

from backend.db import Document
from backend.money import DECIMALS, to_major
from backend.payment_exceptions import ExceptionReason, ExceptionState, Resolution
from backend.schemas.fields import ForeignAmount, PageArguments, Text, Timestamp
from backend.webhook_service import EventState, Receipt


def _word(kind: type[StrEnum]) -> fields.String:
    """Show one of a few words that is stored as it is shown."""
    return fields.String(metadata={"enum": [member.value for member in kind]})


class WebhookEventArguments(PageArguments):
    """Which messages are wanted, and which page of them."""

    state = fields.Enum(EventState, by_value=True, load_default=None)


class WebhookEventAnswer(Schema):
    """A message of a gateway and what became of it."""

    id = fields.String(attribute="_id")
    gateway = fields.String()
    event_id = fields.String(allow_none=True)
    type = fields.String()
    state = _word(EventState)
    tries = fields.Integer(allow_none=True)
    error = fields.String(allow_none=True)
    received_at = Timestamp()
    handled_at = Timestamp(allow_none=True)


class WebhookEventDetailAnswer(WebhookEventAnswer):
    """A message with its headers and its body, secrets blanked out."""

    headers = fields.Dict(keys=fields.String(), values=fields.String())
    body = fields.Raw()


class ReplayAnswer(Schema):
    """What applying a message again has come to."""

    id = fields.String()
    outcome = fields.Enum(Receipt, by_value=True)


class ExceptionArguments(PageArguments):
    """Which exceptions are wanted, and which page of them."""

    state = fields.Enum(ExceptionState, by_value=True, load_default=None)


class ExceptionAnswer(Schema):
    """Money without a home, and what was decided about it."""

    id = fields.String(attribute="_id")
    state = _word(ExceptionState)
    reason = _word(ExceptionReason)
    gateway = fields.String()
    gateway_payment_id = fields.String()
    gateway_order_id = fields.String(allow_none=True)
    amount = ForeignAmount(allow_none=True)
    amount_minor = fields.Integer()
    currency = fields.String()
    payment_id = fields.String(allow_none=True)
    order_id = fields.String(allow_none=True)
    customer_id = fields.String(allow_none=True)
    credited_to = fields.String(allow_none=True)
    resolution = fields.String(allow_none=True)
    resolution_reason = fields.String(allow_none=True)
    resolved_by = fields.String(allow_none=True)
    outcome = fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True)
    created_at = Timestamp()
    resolved_at = Timestamp(allow_none=True)


class ResolveRequest(Schema):
    """What is to be done with the money, and why."""

    resolution = fields.Enum(Resolution, by_value=True, required=True)
    reason = Text(longest=500, required=True)
    customer_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 100))


class DisputeAnswer(Schema):
    """A dispute as its latest message tells it."""

    id = fields.String(attribute="_id")
    gateway = fields.String()
    dispute_id = fields.String()
    gateway_payment_id = fields.String(allow_none=True)
    payment_id = fields.String(allow_none=True)
    order_id = fields.String(allow_none=True)
    customer_id = fields.String(allow_none=True)
    state = fields.String()
    phase = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    amount = ForeignAmount(allow_none=True)
    currency = fields.String()
    respond_by = Timestamp(allow_none=True)
    created_at = Timestamp()


class SettlementAnswer(Schema):
    """Money that a gateway has sent to the shop's bank account."""

    id = fields.String(attribute="_id")
    gateway = fields.String()
    settlement_id = fields.String()
    state = fields.String()
    amount = ForeignAmount(allow_none=True)
    fee = ForeignAmount(allow_none=True)
    tax = ForeignAmount(allow_none=True)
    currency = fields.String()
    reference = fields.String(allow_none=True)
    settled_at = Timestamp(allow_none=True)
    created_at = Timestamp()


def wire_row(schema: type[Schema], document: Document, *amounts: str) -> dict[str, Any]:
    """Show a stored row: amounts in major units of its own currency, and what it lacks as null."""
    lacking = {field.attribute or name: None for name, field in schema().fields.items()}
    known = {"amount_minor": document["amount"]} if "amount" in amounts else {}
    return (
        lacking | document | known | {name: _major(document[name], document["currency"]) for name in amounts}
    )


def _major(minor: int, currency: str) -> int | float | None:
    """Show an amount in major units, or nothing where we do not know how many decimals it has."""
    return to_major(minor, currency=currency) if currency in DECIMALS else None
