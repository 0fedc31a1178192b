"""PayPal's webhooks, read into the port's event; whose they are is checked before."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from backend.errors import Invalid
from backend.gateways.paypal_json import (
    GATEWAY,
    Resource,
    Unreadable,
    linked_id,
    money,
    part,
    parts,
    required,
    text,
    when,
)
from backend.gateways.paypal_values import capture_in, refund_in
from backend.gateways.port import GatewayDispute, GatewayEvent

DISPUTE_STATES = {
    "OPEN": "open",
    "WAITING_FOR_BUYER_RESPONSE": "under_review",
    "WAITING_FOR_SELLER_RESPONSE": "action_required",
    "UNDER_REVIEW": "under_review",
    "RESOLVED": "closed",
    "OTHER": "under_review",
}
DISPUTE_OUTCOMES = {
    "RESOLVED_BUYER_FAVOUR": "lost",
    "ACCEPTED": "lost",
    "RESOLVED_SELLER_FAVOUR": "won",
    "CANCELED_BY_BUYER": "won",
    "DENIED": "won",
}


def parse_event(raw: bytes) -> GatewayEvent:
    """Read a webhook; raises Invalid for what is none."""
    try:
        event = json.loads(raw.decode())
        if not isinstance(event, dict):
            raise Unreadable("not an object")
        kind = required(event, "event_type")
        about = _READERS.get(kind, _nothing)(part(event, "resource"))
        return GatewayEvent(
            id=required(event, "id"),
            gateway=GATEWAY,
            type=kind,
            occurred_at=when(event, "create_time"),
            **about,
        )
    except (ValueError, RecursionError) as error:
        # Unreadable is a ValueError, as is whatever is wrong with JSON or UTF-8.
        raise Invalid("The webhook cannot be read.") from error


About = dict[str, Any]


def _nothing(_: Resource) -> About:
    return {}


def _order(order: Resource) -> About:
    return {"order_id": required(order, "id")}


def _approval_reversed(resource: Resource) -> About:
    """The payer agreed, and nobody captured in time."""
    return {"order_id": text(resource, "order_id") or required(resource, "id")}


def _capture(capture: Resource) -> About:
    payment = capture_in(capture)
    return {"payment": payment, "order_id": payment.order_id}


def _capture_refunded(refund: Resource) -> About:
    return {"refund": refund_in(refund)}


def _capture_reversed(resource: Resource) -> About:
    """PayPal has taken the money back; the resource is the capture, or a refund whose way up leads there."""
    capture_id = linked_id(resource, "up", "captures")
    amount_minor, currency = _positive(resource, "amount")
    about: About = {"order_id": None}
    if capture_id is None:
        with suppress(Unreadable):
            about = _capture(resource)
    dispute = GatewayDispute(
        id=required(resource, "id"),
        gateway=GATEWAY,
        gateway_payment_id=capture_id or required(resource, "id"),
        state="reversed",
        amount_minor=amount_minor,
        currency=currency,
        reason=text(resource, "status_details", "reason") or text(resource, "reason_code"),
    )
    return {**about, "dispute": dispute}


def _dispute(resource: Resource) -> About:
    """Tell of a dispute as far as it can be read; PayPal's own page tells the rest."""
    try:
        return {"dispute": _dispute_in(resource)}
    except Unreadable:
        return {}


def _dispute_in(resource: Resource) -> GatewayDispute:
    amount_minor, currency = _positive(resource, "dispute_amount")
    transaction = next(parts(resource, "disputed_transactions"), {})
    return GatewayDispute(
        id=required(resource, "dispute_id"),
        gateway=GATEWAY,
        gateway_payment_id=text(transaction, "seller_transaction_id"),
        state=_dispute_state(resource),
        amount_minor=amount_minor,
        currency=currency,
        reason=text(resource, "reason"),
        phase=text(resource, "dispute_life_cycle_stage"),
        respond_by=when(resource, "seller_response_due_date"),
    )


def _dispute_state(resource: Resource) -> str:
    outcome = text(resource, "dispute_outcome", "outcome_code") or ""
    state = DISPUTE_STATES.get(text(resource, "status") or "")
    if state is None:
        raise Unreadable("status is unknown")
    return DISPUTE_OUTCOMES.get(outcome, state)


def _positive(resource: Resource, name: str) -> tuple[int, str]:
    """Read an amount that PayPal may write as money that has left."""
    amount = part(resource, name)
    value = (text(amount, "value") or "").removeprefix("-")
    return money({name: {**amount, "value": value}}, name)


_READERS: Mapping[str, Callable[[Resource], About]] = {
    "CHECKOUT.ORDER.APPROVED": _order,
    "CHECKOUT.ORDER.COMPLETED": _order,
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED": _approval_reversed,
    "PAYMENT.CAPTURE.COMPLETED": _capture,
    "PAYMENT.CAPTURE.PENDING": _capture,
    "PAYMENT.CAPTURE.DECLINED": _capture,
    "PAYMENT.CAPTURE.DENIED": _capture,
    "PAYMENT.CAPTURE.REFUNDED": _capture_refunded,
    "PAYMENT.CAPTURE.REVERSED": _capture_reversed,
    "CUSTOMER.DISPUTE.CREATED": _dispute,
    "CUSTOMER.DISPUTE.UPDATED": _dispute,
    "CUSTOMER.DISPUTE.RESOLVED": _dispute,
}
