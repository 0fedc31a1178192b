"""Razorpay's messages: whether they are Razorpay's, and what they say."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from backend.errors import Invalid
from backend.gateways import razorpay_reading as reading
from backend.gateways.errors import NotConfigured, WebhookSignatureInvalid
from backend.gateways.port import GatewayEvent

SIGNATURE = "x-razorpay-signature"
EVENT_ID = "x-razorpay-event-id"
# A name that some of Razorpay's texts use for an event that it never sends.
ALIASES = {"refund.completed": "refund.processed"}
DISPUTE = "payment.dispute."
DISPUTE_STATES = {
    "created": "open",
    **{name: name for name in ("under_review", "action_required", "won", "lost", "closed")},
}


def check_signature(raw: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
    """Raise WebhookSignatureInvalid unless one of the secrets signed these very bytes."""
    known = [secret for secret in secrets if secret]
    if not known:
        raise NotConfigured(gateway=reading.NAME)
    given = headers.get(SIGNATURE, "").encode(errors="replace")
    signatures = [hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest().encode() for secret in known]
    if not any(hmac.compare_digest(signature, given) for signature in signatures):
        raise WebhookSignatureInvalid(gateway=reading.NAME)


def parse(raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
    """Read a message; raises Invalid when it is none."""
    try:
        body = json.loads(raw.decode())
        if not isinstance(body, dict):
            raise reading.Unreadable("event")
        event_id = headers.get(EVENT_ID) or hashlib.sha256(raw).hexdigest()
        return _event(body, event_id)
    except (ValueError, RecursionError) as error:
        raise Invalid("This is not an event of Razorpay's.", gateway=reading.NAME) from error


def _event(body: Mapping[str, Any], event_id: str) -> GatewayEvent:
    """Put together an event from the entities that its payload contains."""
    kind = reading.text(body, "event")
    payload = reading.part(body, "payload")
    order, payment = _entity(payload, "order"), _entity(payload, "payment")
    refund, settlement = _entity(payload, "refund"), _entity(payload, "settlement")
    dispute = _entity(payload, "dispute")
    return GatewayEvent(
        id=event_id,
        gateway=reading.NAME,
        type=ALIASES.get(kind, kind),
        occurred_at=reading.moment(body, "created_at"),
        order_id=reading.text(order, "id") if order else reading.text_or_none(payment, "order_id"),
        payment=reading.payment(payment) if payment else None,
        refund=reading.refund(refund) if refund else None,
        dispute=reading.dispute(dispute, _dispute_state(kind)) if dispute else None,
        settlement=reading.settlement(settlement) if settlement else None,
    )


def _entity(payload: Mapping[str, Any], name: str) -> reading.Entity:
    return reading.part(reading.part(payload, name), "entity")


def _dispute_state(kind: str) -> str | None:
    return DISPUTE_STATES.get(kind.removeprefix(DISPUTE)) if kind.startswith(DISPUTE) else None
