"""What WhatsApp's answers mean for a message: taken, never to be taken, or worth another try."""

import json
import logging
from typing import Any

from backend.gateways.outgoing import Answer
from backend.notifications.errors import DeliveryDelayed, DeliveryFailed

# Too fast: for the number, to one person, for the app, for the business.
BUSY = frozenset((130429, 131056, 4, 80007))
SECONDS_UNTIL_LESS_BUSY = {131056: 6.0}
# About our token, our rights, our account or our number, and not about the message.
OUR_FAULT = frozenset((0, 3, 10, 190, 131005, 131031, 131042, 133010, *range(200, 300)))
# Statuses after which the server may have gone on without us.
OUTCOME_OPEN = (408, 504)

log = logging.getLogger(__name__)


def provider_id(answer: Answer) -> str:
    """Read the id under which a message was taken, or raise what the answer means."""
    body = _body(answer)
    if not 200 <= answer.status_code < 300:
        raise _meaning(answer, body.get("error"))
    try:
        found = body["messages"][0]["id"]
    except (KeyError, IndexError, TypeError):
        found = None
    if not isinstance(found, str):
        raise DeliveryDelayed(reason="an answer without the message's id", may_have_arrived=True)
    return found


def _body(answer: Answer) -> dict[str, Any]:
    """Read the JSON object; what is none was written by some proxy in between."""
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        return body
    status = answer.status_code
    raise DeliveryDelayed(
        reason=f"an unreadable answer ({status})",
        may_have_arrived=status < 300 or status >= 500 or status in OUTCOME_OPEN,
    )


def _meaning(answer: Answer, error: Any) -> DeliveryFailed | DeliveryDelayed:
    said = error if isinstance(error, dict) else {}
    status = answer.status_code
    code = said["code"] if isinstance(said.get("code"), int) else None
    reason = f"{status if code is None else code} {said.get('message', '')}".strip()
    if code in BUSY:
        return DeliveryDelayed(reason=reason, retry_after_seconds=SECONDS_UNTIL_LESS_BUSY.get(code))
    if code in OUR_FAULT or status == 401:
        log.error("whatsapp: nothing can be sent until the account is put right (%s)", reason)
        return DeliveryDelayed(reason=reason)
    if status >= 500 or code is None:
        is_open = status in OUTCOME_OPEN or (status >= 500 and code is None)
        return DeliveryDelayed(reason=reason, may_have_arrived=is_open)
    return DeliveryFailed(reason=reason)
