"""Messages of gateways as the tests want them: found, bent, and signed whatever they say."""

import copy
import hashlib
import hmac
import json
import uuid
import zlib
from typing import Any

import requests
from flask import Flask
from pymongo.database import Database

from backend.sandbox import keys
from tests.gateways.controls import Delivery
from tests.shop import Shop

Document = dict[str, Any]
Event = dict[str, Any]

ADDRESSES = ("/api/webhooks/", "/api/integration/webhook/")
CHECKSUM_BITS = 32


def latest(shop: Shop, kind: str, *, provider: str = "razorpay") -> Event:
    """Give the last message of a kind that a gateway has made."""
    name = "event" if provider == "razorpay" else "event_type"
    found: Event = [event for event in shop.events(provider) if event[name] == kind][-1]
    return found


def captured(shop: Shop, opened: Any, **how: Any) -> Event:
    """Let the customer pay, and give Razorpay's message about the money."""
    shop.pay(opened, **how)
    return latest(shop, "payment.captured")


def bent(event: Event, entity: str = "payment", **changes: Any) -> Event:
    """Give a message of Razorpay's that says something else about an entity."""
    changed = copy.deepcopy(event)
    changed["payload"][entity]["entity"].update(changes)
    return changed


def raw(event: Any) -> bytes:
    """Write a message as Razorpay does."""
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()


def signature(body: bytes, secret: str = keys.RAZORPAY_WEBHOOK_SECRET) -> str:
    """Sign bytes as Razorpay signs messages."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed(body: bytes, given: str | None = None, **headers: str) -> Delivery:
    """Make a delivery of Razorpay's out of any bytes, with the right signature or the given one."""
    known = {"content-type": "application/json", "x-razorpay-event-id": uuid.uuid4().hex}
    right = signature(body) if given is None else given
    return Delivery(body, known | {"x-razorpay-signature": right} | headers)


def answer(response: Any) -> tuple[int, str]:
    """Give status and word of an answer to a message that was taken in."""
    assert set(response.json) == {"status"}, response.text
    return response.status_code, response.json["status"]


def states(database: Database[Document]) -> list[str]:
    """Give the states of all stored messages, oldest first."""
    return [event["state"] for event in database["webhook_events"].find(sort=[("received_at", 1)])]


def exceptions(database: Database[Document]) -> list[str]:
    """Give the reasons of all money that fitted nothing."""
    return [found["reason"] for found in database["payment_exceptions"].find()]


def standing(shop: Shop, opened: Any) -> tuple[str, str]:
    """Give where a payment and its order stand."""
    return shop.payment(opened)["status"], shop.order_of(opened)["payment_status"]


def approved(shop: Shop, captures: str = "completed") -> Any:
    """Let a payer agree at PayPal, where captures are to end like this."""
    shop.sandbox.post("paypal/settings", captures=captures)
    opened = shop.opened(method="paypal")
    shop.pay(opened)
    return opened


def sent(shop: Shop, event: Event | None = None) -> Delivery:
    """Have PayPal sign a message, or else the one about the latest approval."""
    return shop.sandbox.forge("paypal", event or latest(shop, "CHECKOUT.ORDER.APPROVED", provider="paypal"))


def post(app: Flask, delivery: Delivery, sender: str = "paypal") -> Any:
    """Deliver a message, and give the whole response."""
    return app.test_client().post(f"{ADDRESSES[0]}{sender}", data=delivery.raw, headers=delivery.headers)


def mended(shop: Shop) -> None:
    """Let the gateways work again."""
    requests.delete(f"{shop.sandbox.url}/sandbox/faults", timeout=5)


def with_checksum_of(genuine: bytes, forged: Event) -> bytes:
    """Write a message of any content so that it has the checksum of a genuine one.

    The checksum is linear: flipping the last bit of some letters changes it by known amounts, and some
    set of letters changes it by just what is needed.
    """
    body = bytearray(json.dumps(forged | {"padding": "@" * 2 * CHECKSUM_BITS}).encode())
    places = [place for place, letter in enumerate(body) if letter == ord("@")][-2 * CHECKSUM_BITS :]
    plain = zlib.crc32(body)
    for place in _solved(zlib.crc32(genuine) ^ plain, {p: _flipped(body, p) ^ plain for p in places}):
        body[place] ^= 1
    assert zlib.crc32(body) == zlib.crc32(genuine)
    return bytes(body)


def _flipped(body: bytearray, place: int) -> int:
    changed = bytearray(body)
    changed[place] ^= 1
    return zlib.crc32(changed)


def _solved(wanted: int, effects: dict[int, int]) -> set[int]:
    """Find places whose effects together are what is wanted."""
    rows: dict[int, tuple[int, set[int]]] = {}
    for place, effect in effects.items():
        rest, used = _reduced(effect, {place}, rows)
        if rest:
            rows[rest.bit_length()] = (rest, used)
    rest, used = _reduced(wanted, set(), rows)
    assert rest == 0
    return used


def _reduced(value: int, used: set[int], rows: dict[int, tuple[int, set[int]]]) -> tuple[int, set[int]]:
    while value and value.bit_length() in rows:
        effect, places = rows[value.bit_length()]
        value, used = value ^ effect, used ^ places
    return value, used
