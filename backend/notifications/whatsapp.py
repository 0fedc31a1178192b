"""Sends messages through WhatsApp's Cloud API."""

import json
from typing import Any

from backend.gateways.errors import GatewayError, GatewayUnavailable
from backend.gateways.outgoing import Outgoing
from backend.notifications.errors import DeliveryDelayed
from backend.notifications.pacing import Pacing
from backend.notifications.phone_numbers import international
from backend.notifications.port import Message, Sent
from backend.notifications.settings import WhatsAppSettings
from backend.notifications.whatsapp_answers import provider_id

TIMEOUT = (3.05, 10.0)
LONGEST_CALLBACK_DATA = 512


class WhatsApp:
    """The way to reach customers by WhatsApp; one for the whole process, because it keeps the pace."""

    name = "whatsapp"

    def __init__(
        self,
        settings: WhatsAppSettings,
        *,
        outgoing: Outgoing | None = None,
        pacing: Pacing | None = None,
    ) -> None:
        self._url = f"{settings.api_url}/{settings.phone_number_id}/messages"
        self._headers = {
            "Authorization": f"Bearer {settings.access_token}",
            "Content-Type": "application/json",
        }
        self._outgoing = outgoing or Outgoing(timeout=TIMEOUT)
        self._pacing = pacing or Pacing()

    def send(self, message: Message) -> Sent:
        """Send a template, or a text to somebody who wrote to us within the last 24 hours."""
        number = international(message.to)
        if wait_seconds := self._pacing.take(number):
            raise DeliveryDelayed(reason="too fast", retry_after_seconds=wait_seconds)
        body = json.dumps(_body(message, number), ensure_ascii=False).encode()
        try:
            answer = self._outgoing.send("POST", self._url, headers=self._headers, data=body)
        except GatewayUnavailable:
            raise DeliveryDelayed(reason="not reached") from None
        except GatewayError:
            raise DeliveryDelayed(reason="no answer", may_have_arrived=True) from None
        return Sent(provider_id=provider_id(answer))


def _body(message: Message, number: str) -> dict[str, Any]:
    """Describe a message; its id comes back with every report about it."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": number,
        "biz_opaque_callback_data": message.id[:LONGEST_CALLBACK_DATA],
        **(_template(message) if message.template else _text(message)),
    }


def _text(message: Message) -> dict[str, Any]:
    return {"type": "text", "text": {"body": message.text, "preview_url": False}}


def _template(message: Message) -> dict[str, Any]:
    template: dict[str, Any] = {"name": message.template, "language": {"code": message.language}}
    if message.parameters:
        parameters = [{"type": "text", "text": _on_one_line(value)} for value in message.parameters]
        template["components"] = [{"type": "body", "parameters": parameters}]
    return {"type": "template", "template": template}


def _on_one_line(value: str) -> str:
    """Write a parameter as Meta takes it: not empty, without line breaks, tabs and rows of blanks."""
    return " ".join(value.split()) or "-"
