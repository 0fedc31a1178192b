"""WhatsApp and Twilio take messages and calls, and tell the shop what became of them."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests

from backend.sandbox import keys
from tests.sandbox.conftest import Controls, Shop

CALL = {"To": "+919876543210", "From": keys.TWILIO_FROM_NUMBER, "Twiml": "<Response/>"}
CALLS = f"/2010-04-01/Accounts/{keys.TWILIO_ACCOUNT_SID}/Calls"
TWILIO_KEYS = (keys.TWILIO_ACCOUNT_SID, keys.TWILIO_AUTH_TOKEN)


def message(controls: Controls, token: str = keys.WHATSAPP_ACCESS_TOKEN, **changes: Any) -> requests.Response:
    body = {"messaging_product": "whatsapp", "to": "919876543210", "type": "text", "text": {"body": "Paid"}}
    return requests.post(
        f"{controls.url}/v23.0/{keys.WHATSAPP_PHONE_NUMBER_ID}/messages",
        json=body | changes,
        headers={"Authorization": f"Bearer {token}"},
        timeout=5,
    )


def twilio(controls: Controls, path: str = ".json", **form: Any) -> requests.Response:
    return requests.post(f"{controls.url}{CALLS}{path}", data=form, auth=TWILIO_KEYS, timeout=5)


def test_a_message_is_accepted_and_then_reported(controls: Controls, shop: Shop) -> None:
    accepted = message(controls, biz_opaque_callback_data="receipt-1").json()

    sent, delivered = shop.wait_for(2)
    digest = hmac.new(keys.WHATSAPP_APP_SECRET.encode(), delivered.body, hashlib.sha256).hexdigest()
    [status] = json.loads(delivered.body)["entry"][0]["changes"][0]["value"]["statuses"]
    assert accepted["messages"][0]["id"] == status["id"]
    assert (status["status"], status["biz_opaque_callback_data"]) == ("delivered", "receipt-1")
    assert delivered.headers["X-Hub-Signature-256"] == f"sha256={digest}"
    assert sent.path == "/webhooks/whatsapp"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"token": "wrong"}, 401, 190),
        ({"to": "nobody"}, 400, 100),
        ({"text": {"body": ""}}, 400, 100),
        ({"type": "template", "template": {"name": "receipt"}}, 400, 100),
        ({"to": "919876540001"}, 400, 131026),
        ({"to": "919876540002"}, 400, 131047),
        ({"to": "919876540004"}, 400, 130429),
    ],
)
def test_a_message_is_refused(controls: Controls, changes: dict[str, Any], status: int, code: int) -> None:
    answer = message(controls, **changes)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_message_may_fail_later(controls: Controls) -> None:
    message(controls, to="919876540009")

    assert controls.get("books")["messages"][0]["status"] == "failed"
    assert controls.events() == ["sent", "failed"]


def test_a_call_is_reported_step_by_step(controls: Controls, shop: Shop) -> None:
    steps = ["initiated", "ringing", "answered", "completed"]
    url = f"{shop.url}/calls"
    sid = twilio(controls, **CALL, StatusCallback=url, StatusCallbackEvent=steps).json()["sid"]
    for action, duration in (("ringing", None), ("answer", None), ("complete", 61)):
        controls.post(f"twilio/calls/{sid}/{action}", duration=duration)

    received = [dict(parse_qsl(delivery.body.decode())) for delivery in shop.wait_for(4)]
    assert [one["CallStatus"] for one in received] == ["initiated", "ringing", "in-progress", "completed"]
    assert (received[-1]["CallDuration"], received[-1]["Duration"]) == ("61", "2")
    assert "CallDuration" not in received[0]
    assert [one["SequenceNumber"] for one in received] == ["0", "1", "2", "3"]


def test_calls_are_listed_by_number_and_page(controls: Controls) -> None:
    for number in ("+919876543210", "+919876543211", "+919876543210"):
        twilio(controls, **(CALL | {"To": number}))

    first = listed(controls, f"{CALLS}.json?To=%2B919876543210&PageSize=1")
    second = listed(controls, first["next_page_uri"])

    assert [one["to"] for page in (first, second) for one in page["calls"]] == ["+919876543210"] * 2
    assert first["calls"] != second["calls"]
    assert second["next_page_uri"] is None


def listed(controls: Controls, path: str) -> Any:
    return requests.get(f"{controls.url}{path}", auth=TWILIO_KEYS, timeout=5).json()


def test_a_callback_is_signed_over_its_address_and_fields(controls: Controls, shop: Shop) -> None:
    url = f"{shop.url}/calls?id=1"
    sid = twilio(controls, **CALL, StatusCallback=url).json()["sid"]
    controls.post(f"twilio/calls/{sid}/busy")

    [delivery] = shop.wait_for(1)
    fields = dict(parse_qsl(delivery.body.decode()))
    signed = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    digest = hmac.new(keys.TWILIO_AUTH_TOKEN.encode(), signed.encode(), hashlib.sha1).digest()
    assert delivery.headers["X-Twilio-Signature"] == base64.b64encode(digest).decode()
    assert (fields["CallStatus"], fields["CallDuration"]) == ("busy", "0")


def test_a_call_lasts_no_longer_than_its_limit(controls: Controls) -> None:
    sid = twilio(controls, **CALL, TimeLimit=60).json()["sid"]
    controls.post(f"twilio/calls/{sid}/answer")

    ended = controls.post(f"twilio/calls/{sid}/complete", duration=600)

    fetched = requests.get(f"{controls.url}{CALLS}/{sid}.json", auth=TWILIO_KEYS, timeout=5).json()
    assert (ended["duration"], fetched["status"], fetched["price"]) == ("60", "completed", "-0.01400")


def test_the_shop_ends_a_call(controls: Controls) -> None:
    sid = twilio(controls, **CALL).json()["sid"]
    controls.post(f"twilio/calls/{sid}/answer")

    ended = twilio(controls, f"/{sid}.json", Status="completed")
    again = twilio(controls, f"/{sid}.json", Status="completed")

    assert (ended.json()["status"], again.status_code, again.json()["code"]) == ("completed", 400, 21220)
    assert controls.post(f"twilio/calls/{sid}/answer", expect=409)["error"] == "the call is completed"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"To": "911"}, 21211), ({"To": ""}, 21201), ({"From": "+15550000000"}, 21210), ({"Twiml": ""}, 21205)],
)
def test_a_call_is_refused(controls: Controls, changes: dict[str, str], code: int) -> None:
    answer = twilio(controls, **(CALL | changes))

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_wrong_token_starts_no_call(controls: Controls) -> None:
    answer = requests.post(
        f"{controls.url}{CALLS}.json", data=CALL, auth=(keys.TWILIO_ACCOUNT_SID, "wrong"), timeout=5
    )

    assert (answer.status_code, answer.json()["code"]) == (401, 20003)
