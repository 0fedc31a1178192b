"""Meta's calls about messages: whether they are Meta's, and what became of which message."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.errors import Forbidden, Invalid
from backend.gateways.errors import NotConfigured, WebhookSignatureInvalid

SIGNATURE = "X-Hub-Signature-256"
STATUSES = frozenset(("sent", "delivered", "read", "failed"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """What became of a message; reports come in any order, and more than once."""

    message_id: str | None
    provider_id: str
    status: str
    at: datetime
    error: str | None = None


def verify_challenge(query: Mapping[str, str], *, verify_token: str) -> str:
    """Give back, as plain text, what Meta sends to find out whose address this is; raises Forbidden."""
    given = query.get("hub.verify_token", "")
    is_ours = bool(verify_token) and hmac.compare_digest(_bytes(given), _bytes(verify_token))
    if query.get("hub.mode") != "subscribe" or not is_ours:
        raise Forbidden
    return query.get("hub.challenge", "")


def check_signature(raw: bytes, header: str | None, app_secret: str) -> None:
    """Raise WebhookSignatureInvalid unless the app's secret signed these very bytes."""
    if not app_secret:
        raise NotConfigured(channel="whatsapp")
    expected = "sha256=" + hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(_bytes(header or ""), expected.encode()):
        raise WebhookSignatureInvalid(channel="whatsapp")


def statuses(raw: bytes) -> list[DeliveryStatus]:
    """Read what a call reports about messages; raises Invalid for what is no call of Meta's.

    Calls about other things report nothing, and so does a kind of report that did not exist yet.
    """
    try:
        body = json.loads(raw)
        return [_status(one) for one in _reports(body) if one["status"] in STATUSES]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError) as error:
        raise Invalid("This is not a call of WhatsApp's.") from error


def _reports(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in body["entry"]:
        for change in entry["changes"]:
            if change["field"] == "messages":
                yield from change["value"].get("statuses") or []


def _status(one: dict[str, Any]) -> DeliveryStatus:
    errors = one.get("errors") or []
    return DeliveryStatus(
        message_id=str(one.get("biz_opaque_callback_data") or "") or None,
        provider_id=str(one["id"]),
        status=one["status"],
        at=datetime.fromtimestamp(int(one["timestamp"]), UTC),
        error=f"{errors[0].get('code', '')} {errors[0].get('title', '')}".strip() if errors else None,
    )


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")
