"""WhatsApp's Cloud API for sending messages."""

import json
import re
import time
from typing import Any, NoReturn

from flask import Blueprint, Response, jsonify, request

from backend.sandbox import ids, keys, whatsapp_templates
from backend.sandbox.books import Document
from backend.sandbox.state import here
from backend.sandbox.webhooks import Event
from backend.sandbox.whatsapp_errors import WhatsAppError, error_body

whatsapp = Blueprint("whatsapp", __name__)

_NUMBER = re.compile(r"\+?[0-9]{8,15}")
_LONGEST_TEXT = 4096
# What the last digits of a number bring about, as far as errors of sending go.
ERRORS_BY_ENDING = {
    "0001": (131026, "Message undeliverable", 400),
    "0002": (131047, "Re-engagement message", 400),
    "0003": (131056, "(Business Account, Consumer Account) pair rate limit hit", 400),
    "0004": (130429, "Rate limit hit", 400),
    "0005": (131049, "Meta chose not to deliver", 400),
}
# Accepted, but never delivered.
FAILS_LATER_ENDING = "0009"


@whatsapp.errorhandler(WhatsAppError)
def answer_refusal(error: WhatsAppError) -> tuple[Response, int]:
    """Answer a refusal."""
    return jsonify(error_body(error.code, error.message)), error.status


@whatsapp.post("/<any('v20.0', 'v21.0', 'v22.0', 'v23.0', 'v24.0'):version>/<phone_id>/messages")
def send_message(version: str, phone_id: str) -> Response:
    """Take a message to send."""
    if request.headers.get("Authorization") != f"Bearer {keys.WHATSAPP_ACCESS_TOKEN}":
        raise WhatsAppError(190, "Invalid OAuth access token", status=401)
    sent = _checked(request.get_json(force=True, silent=True), phone_id)
    number = sent["to"].removeprefix("+")
    refusal = ERRORS_BY_ENDING.get(number[-4:])
    if refusal:
        raise WhatsAppError(refusal[0], refusal[1], status=refusal[2])
    message = {
        "id": ids.whatsapp(),
        "to": number,
        "type": sent["type"],
        "content": sent[sent["type"]],
        "callback_data": sent.get("biz_opaque_callback_data"),
        "created_at": int(time.time()),
    }
    here().books.messages[message["id"]] = message
    report(message, "sent")
    report(message, "failed" if number.endswith(FAILS_LATER_ENDING) else "delivered")
    contact = {"input": sent["to"], "wa_id": number}
    accepted = {"id": message["id"], "message_status": "accepted"}
    return jsonify({"messaging_product": "whatsapp", "contacts": [contact], "messages": [accepted]})


def _checked(sent: Any, phone_id: str) -> Document:
    if phone_id != keys.WHATSAPP_PHONE_NUMBER_ID:
        _wrong(f"Object with ID '{phone_id}' does not exist")
    if not isinstance(sent, dict) or sent.get("messaging_product") != "whatsapp":
        _wrong("The parameter messaging_product is required.")
    if not isinstance(sent.get("to"), str) or not _NUMBER.fullmatch(sent["to"]):
        _wrong("The parameter to is required and must be a phone number.")
    if sent.setdefault("type", "text") not in ("text", "template"):
        _wrong("The parameter type must be one of text, template.")
    content = sent.get(sent["type"])
    if not isinstance(content, dict):
        _wrong(f"The parameter {sent['type']} is required.")
    if sent["type"] == "text" and not 1 <= len(str(content.get("body") or "")) <= _LONGEST_TEXT:
        _wrong(f"Param text['body'] must be between 1 and {_LONGEST_TEXT} characters long.")
    if sent["type"] == "template" and not (
        content.get("name") and (content.get("language") or {}).get("code")
    ):
        _wrong("The parameters template['name'] and template['language'] are required.")
    if sent["type"] == "template":
        whatsapp_templates.check(content)
    return sent


def _wrong(message: str) -> NoReturn:
    raise WhatsAppError(100, message)


def report(message: Document, status: str, *, code: int = 131026) -> None:
    """Tell the shop what became of a message."""
    message["status"] = status
    said: Document = {
        "id": message["id"],
        "status": status,
        "timestamp": str(int(time.time())),
        "recipient_id": message["to"],
    }
    if message["callback_data"]:
        said["biz_opaque_callback_data"] = message["callback_data"]
    if status == "failed":
        said["errors"] = [{"code": code, "title": "Message undeliverable"}]
    here().webhooks.queue(Event(provider="whatsapp", type=status, body=_envelope(said)))


def _envelope(status: Document) -> bytes:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": "15550000001",
            "phone_number_id": keys.WHATSAPP_PHONE_NUMBER_ID,
        },
        "statuses": [status],
    }
    entry = {"id": keys.WHATSAPP_BUSINESS_ID, "changes": [{"value": value, "field": "messages"}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
