"""Tells the shop what has happened at PayPal."""

import copy
import json

from backend.sandbox import ids
from backend.sandbox.books import Document
from backend.sandbox.paypal_wire import link, now
from backend.sandbox.state import here
from backend.sandbox.webhooks import Event

_SUMMARIES = {
    "CHECKOUT.ORDER.APPROVED": "An order has been approved by buyer",
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED": "A payment has been reversed after approval.",
    "VAULT.PAYMENT-TOKEN.CREATED": "A payment token has been created.",
    "VAULT.PAYMENT-TOKEN.DELETED": "A payment token has been deleted.",
}


def announce(kind: str, resource_type: str, resource: Document) -> None:
    """Queue an event with a snapshot of this resource."""
    event_id = ids.paypal_event()
    amount = resource.get("amount") or {}
    words = (
        f"Payment {kind.rsplit('.', 1)[-1].lower()} for {amount.get('currency_code')} {amount.get('value')}"
    )
    event = {
        "id": event_id,
        "event_version": "1.0",
        "create_time": now(),
        "resource_type": resource_type,
        "resource_version": "2.0",
        "event_type": kind,
        "summary": _SUMMARIES.get(kind, words),
        "resource": copy.deepcopy(resource),
        "links": [
            link(f"/v1/notifications/webhooks-events/{event_id}", "self"),
            link(f"/v1/notifications/webhooks-events/{event_id}/resend", "resend", "POST"),
        ],
    }
    body = json.dumps(event, ensure_ascii=False).encode()
    here().webhooks.queue(Event(provider="paypal", type=kind, body=body, id=event_id))
