"""What Twilio's answers say: how a call stands, a no, or nothing that could be relied on."""

import logging
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from backend.gateways.errors import (
    GatewayBusy,
    GatewayError,
    GatewayNotFound,
    GatewayRefused,
    GatewayTimeout,
    GatewayUnavailable,
)
from backend.gateways.outgoing import Answer
from backend.gateways.resilience import KEYS_REFUSED
from backend.telephony.errors import (
    CallNotFound,
    TelephonyBusy,
    TelephonyError,
    TelephonyRefused,
    TelephonyTimeout,
    TelephonyUnavailable,
)
from backend.telephony.port import CallStatus, ProviderCall

NOT_IN_PROGRESS = 21220
# Too many calls at once, or too many requests.
BUSY = frozenset((10004, 20429))
# About our account, our rights, our addresses or the number that calls, and not about the number called.
OUR_FAULT = frozenset((10001, 10002, 20003, 20005, 20006, 20008, 21205, 21210, 21212, 21213, 21609))
# Refusals that a client may get although a request of its own may have gone through.
UNDECIDED_STATUSES = frozenset((408, 409, 425))
STATUSES = {
    "queued": CallStatus.QUEUED,
    "initiated": CallStatus.QUEUED,
    "ringing": CallStatus.RINGING,
    "in-progress": CallStatus.IN_PROGRESS,
    "completed": CallStatus.COMPLETED,
    "failed": CallStatus.FAILED,
    "no-answer": CallStatus.NO_ANSWER,
    "busy": CallStatus.BUSY,
    "canceled": CallStatus.CANCELED,
}
_SECONDS = re.compile(r"[0-9]{1,6}")

log = logging.getLogger(__name__)


def body(answer: Answer) -> dict[str, Any]:
    """Read the JSON object of a good answer, or raise what the answer means."""
    status = answer.status_code
    if status == 429:
        raise GatewayBusy
    try:
        found = answer.json()
    except (GatewayError, RecursionError):
        found = None
    if not isinstance(found, dict):
        # Not Twilio's word, but that of some proxy in between.
        log.warning("twilio: an unreadable answer (%d)", status)
        raise GatewayError
    if not 200 <= status < 300:
        raise _failure(status, found)
    return found


def _failure(status: int, said: dict[str, Any]) -> GatewayError:
    """Tell a no, after which nothing has happened, from a failure that leaves it open."""
    code = said["code"] if isinstance(said.get("code"), int) else None
    log.warning("twilio: answered %d (%s)", status, code)
    if code in BUSY and status < 500:
        return GatewayBusy()
    if status == 401 or code in OUR_FAULT:
        log.error("twilio: nobody can be called until the account is put right (%d, %s)", status, code)
        return GatewayRefused(reason=KEYS_REFUSED, code=code, words=str(said.get("message") or ""))
    if not 400 <= status < 500 or status in UNDECIDED_STATUSES or code is None:
        return GatewayError()
    kind = GatewayNotFound if status == 404 else GatewayRefused
    return kind(code=code, words=str(said.get("message") or ""))


def meaning(error: GatewayError) -> TelephonyError:
    """Say in the words of telephony how a request failed."""
    if isinstance(error, GatewayRefused):
        code, words = error.details.get("code"), str(error.details.get("words"))
        kind = CallNotFound if isinstance(error, GatewayNotFound) else TelephonyRefused
        is_about_us = error.details.get("reason") == KEYS_REFUSED
        return kind(reason=words, provider_code=code, is_about_us=is_about_us)
    if isinstance(error, GatewayBusy):
        return TelephonyBusy()
    if isinstance(error, GatewayUnavailable):
        return TelephonyUnavailable()
    return TelephonyTimeout() if isinstance(error, GatewayTimeout) else TelephonyError()


def call(found: Any) -> ProviderCall:
    """Read a call; raises TelephonyError for what is none."""
    try:
        status = STATUSES[found["status"]]
        provider_id, to_number = found["sid"], found["to"]
    except (KeyError, TypeError) as error:
        raise TelephonyError from error
    if not isinstance(provider_id, str) or not provider_id:
        raise TelephonyError
    return ProviderCall(
        id=provider_id,
        status=status,
        to_number=str(to_number),
        duration_seconds=seconds(found.get("duration"), status),
        created_at=moment(found.get("date_created")),
        ended_at=moment(found.get("end_time")),
    )


def page(found: dict[str, Any], *, of: str) -> tuple[list[ProviderCall], str | None]:
    """Read a page of calls, and where the next one is, which must be in the same list."""
    calls, following = found.get("calls"), found.get("next_page_uri")
    if not isinstance(calls, list):
        raise TelephonyError
    if following is not None and not str(following).startswith(f"{of}.json?"):
        raise TelephonyError
    return [call(one) for one in calls], following


def seconds(text: Any, status: CallStatus) -> int | None:
    """Read how long a call lasted; before its end nothing is known, whatever is written."""
    if not status.is_final or not isinstance(text, str) or not _SECONDS.fullmatch(text):
        return None
    return int(text)


def moment(text: Any) -> datetime | None:
    """Read a time as Twilio writes it."""
    try:
        at = parsedate_to_datetime(text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None
