"""What happens to Twilio's calls, and how the shop is told."""

import time
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import urlencode

from backend.sandbox.books import Document
from backend.sandbox.state import here
from backend.sandbox.webhooks import Event

LONGEST_CALL_SECONDS = 14_400
ENDED = ("completed", "busy", "failed", "no-answer", "canceled")
_PRICE_UNITS_PER_MINUTE = 14  # Thousandths of a dollar.


def now() -> str:
    """Give the time as Twilio writes it."""
    return format_datetime(datetime.now(UTC))


def ring(call: Document) -> None:
    """The telephone rings."""
    call["status"] = "ringing"
    report(call, "ringing")


def answer(call: Document) -> None:
    """Somebody picks up."""
    call.update(status="in-progress", start_time=now())
    report(call, "answered")


def end(call: Document, status: str, *, seconds: int | None = None) -> None:
    """The call is over; it has lasted no longer than its limit."""
    lasted = _lasted(call) if seconds is None else seconds
    if status != "completed":
        lasted = 0
    limit: int = here().books.call_callbacks[call["sid"]]["time_limit"]
    call.update(status=status, duration=str(min(lasted, limit)), end_time=now())
    minutes = -(-int(call["duration"]) // 60)
    thousandths = minutes * _PRICE_UNITS_PER_MINUTE
    call["price"] = f"-{thousandths // 1000}.{thousandths % 1000:03}00" if minutes else None
    report(call, "completed")


def _lasted(call: Document) -> int:
    if call["start_time"] is None:
        return 0
    return int(time.time() - parsedate_to_datetime(call["start_time"]).timestamp())


def report(call: Document, event: str) -> None:
    """Tell the shop, if it has asked to be told of this."""
    told = here().books.call_callbacks[call["sid"]]
    if not told["url"] or event not in told["events"]:
        return
    fields = {
        "CallSid": call["sid"],
        "AccountSid": call["account_sid"],
        "From": call["from"],
        "To": call["to"],
        "Direction": call["direction"],
        "CallStatus": "initiated" if event == "initiated" else call["status"],
        "ApiVersion": call["api_version"],
        "SequenceNumber": str(told["sequence"]),
        "Timestamp": now(),
        "CallbackSource": "call-progress-events",
    }
    told["sequence"] += 1
    if call["status"] in ENDED:
        fields["CallDuration"] = call["duration"]
        fields["Duration"] = str(-(-int(call["duration"]) // 60))
    if call["status"] in ("busy", "failed", "no-answer"):
        fields["SipResponseCode"] = {"busy": "486", "failed": "503", "no-answer": "487"}[call["status"]]
    body = urlencode(fields).encode()
    here().webhooks.queue(Event(provider="twilio", type=call["status"], body=body, own_url=told["url"]))
