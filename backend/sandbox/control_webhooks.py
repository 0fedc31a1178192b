"""Controls over the events that the sandbox sends."""

import json
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify

from backend.sandbox import control_wire as control
from backend.sandbox import ids
from backend.sandbox.books import Document
from backend.sandbox.fault_bodies import PROVIDERS
from backend.sandbox.razorpay_events import encoded
from backend.sandbox.state import here
from backend.sandbox.webhooks import Event

# Not locked: the shop may ask the sandbox something before it answers an event.
webhook_controls = control.control_blueprint("control_webhooks", "/webhooks")

_MODES = ("normal", "hold", "off")
_SETTINGS: dict[str, Any] = {
    "mode": str,
    "duplicates": int,
    "shuffle": bool,
    "delay_seconds": int | float,
    "retry_seconds": int | float,
    "max_attempts": int,
    "base_url": str | None,
}


@webhook_controls.get("")
def list_events() -> Response:
    """List all events."""
    return jsonify(here().webhooks.listing())


@webhook_controls.post("/settings")
def change_settings() -> Response:
    """Say how and where events are sent."""
    sent = control.body()
    for name, value in sent.items():
        if name not in _SETTINGS or not isinstance(value, _SETTINGS[name]):
            control.refuse(f"{name} is unknown or of the wrong type")
    if "mode" in sent:
        control.choice(sent, "mode", _MODES)
    here().webhooks.change(**sent)
    return jsonify(asdict(here().webhooks.settings))


@webhook_controls.post("/flush")
def flush() -> Response:
    """Send the held events, or those named, in that order, and give the answers."""
    order = control.body().get("order")
    events = here().webhooks.held() if order is None else [_event(event_id) for event_id in order]
    return jsonify([_sent(event) for event in events])


@webhook_controls.post("/<event_id>/resend")
def resend(event_id: str) -> Response:
    """Send an event once more, whatever became of it."""
    return jsonify(_sent(_event(event_id), is_new_transmission=True))


@webhook_controls.post("/forge")
def forge() -> Response:
    """Sign any event, and send it or show what would be sent."""
    wish = control.body()
    provider = control.choice(wish, "provider", PROVIDERS)
    event = _forged(provider, wish)
    if wish.get("send", True):
        return jsonify(_sent(event))
    headers = dict(here().webhooks.signed_headers(event))
    return jsonify({"id": event.id, "headers": headers, "body": event.body.decode()})


def _event(event_id: str) -> Event:
    return here().webhooks.find(event_id) or control.refuse(f"there is no event {event_id}", status=404)


def _sent(event: Event, *, is_new_transmission: bool = False) -> Document:
    if here().webhooks.settings.base_url is None and event.own_url is None:
        control.refuse("no base_url is set, so events can not be sent", status=409)
    answers = here().webhooks.send_now(event, is_new_transmission=is_new_transmission)
    return {"id": event.id, "type": event.type, "answers": answers, **answers[-1]}


def _forged(provider: str, wish: Document) -> Event:
    content = wish.get("event", {})
    body = _body(provider, content) if "raw" not in wish else str(wish["raw"]).encode()
    own_id = content.get("id") if isinstance(content, dict) and provider == "paypal" else None
    kind = next((content[n] for n in ("event", "event_type") if n in content), "forged")
    event_id = wish.get("event_id") or own_id or ids.razorpay_event()
    return Event(provider=provider, type=str(kind), body=body, id=str(event_id), own_url=wish.get("url"))


def _body(provider: str, content: Document) -> bytes:
    if not isinstance(content, dict):
        control.refuse("event must be a JSON object")
    if provider == "twilio":
        return urlencode(content).encode()
    return encoded(content) if provider == "razorpay" else json.dumps(content).encode()
