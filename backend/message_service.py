"""Messages to customers about their money: one row for each way to reach them, delivered at least once."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.attempts import BrokenOff, foreseen
from backend.db import Document
from backend.errors import CustomerNotFound, IllegalTransition, NotFound
from backend.indexes import NEWEST
from backend.leases import Leases, backoff
from backend.metrics import MESSAGES
from backend.notifications.errors import DeliveryDelayed, DeliveryFailed
from backend.notifications.port import Channel, Message
from backend.notifications.texts import Rendered, is_for_customers, render
from backend.notifications.whatsapp_callbacks import DeliveryStatus
from backend.outbox import AT_ONCE
from backend.preferences import PreferenceService

log = logging.getLogger(__name__)

LEASE_SECONDS = 120  # A mail server may be slow at each of its steps.
TRIED_FOR = timedelta(days=1)


class MessageState(StrEnum):
    """Where a message stands; FAILED is where it ends when nobody takes it."""

    PENDING = "PENDING"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"


_S = MessageState
# Forward only; reports come in any order, and even before we have noted that the message was sent.
TRANSITIONS: Mapping[MessageState, frozenset[MessageState]] = {
    _S.PENDING: frozenset({_S.SENT, _S.DELIVERED, _S.READ, _S.FAILED}),
    _S.SENT: frozenset({_S.DELIVERED, _S.READ, _S.FAILED}),
    _S.DELIVERED: frozenset({_S.READ}),
    _S.READ: frozenset(),
    _S.FAILED: frozenset({_S.PENDING, _S.DELIVERED, _S.READ}),
}


class MessageNotFound(NotFound):
    """There is no such message."""

    code, message = "MESSAGE_NOT_FOUND", "There is no such message."


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages are meant; nothing given means all of them."""

    customer_id: str | None = None
    state: MessageState | None = None

    def query(self) -> Document:
        """Write the filter as a MongoDB query."""
        wanted = {"customer_id": self.customer_id, "state": self.state}
        return {name: str(value) for name, value in wanted.items() if value is not None}


class Messages:
    """Writes messages down when something has happened, and delivers them when their turn comes."""

    def __init__(
        self,
        database: Database[Document],
        *,
        preferences: PreferenceService,
        channels: Mapping[str, Channel],
        shop_name: str,
        lease_seconds: int = LEASE_SECONDS,
    ) -> None:
        self._messages = database["messages"]
        self._leases = Leases(self._messages, seconds=lease_seconds)
        self._preferences = preferences
        self._channels = channels
        self._shop_name = shop_name

    def take(self, event: Document) -> None:
        """Write a message for each way by which the customer wants to hear of an event, once."""
        if not is_for_customers(event["type"]):
            return
        try:
            recipient = self._preferences.recipient(event["customer_id"])
        except CustomerNotFound:
            return
        words = render(event["type"], recipient.language, event["data"], shop_name=self._shop_name)
        for channel, address in recipient.addresses.items():
            if channel in self._channels:
                with suppress(DuplicateKeyError):
                    self._messages.insert_one(_row(event, channel, address, words))

    def deliver(self) -> int:
        """Send the message that has been due for the longest, and tell how many were taken: one or none."""
        row = self._leases.take()
        if row is None:
            return 0
        try:
            foreseen(partial(self._send, row))
        except DeliveryFailed as failure:
            self._end(row, MessageState.FAILED, error=failure.reason)
        except DeliveryDelayed as delay:
            self._wait(row, delay)
        except BrokenOff as error:
            self._wait(row, DeliveryDelayed(reason=error.message, may_have_arrived=True))
        return 1

    def note(self, status: DeliveryStatus) -> None:
        """Note what WhatsApp reports about a message; what is older than what we know changes nothing."""
        state = MessageState(status.status.upper())
        ours = [{"provider_id": status.provider_id}]
        if status.message_id:
            ours.append({"_id": status.message_id})
        changes = {
            "state": state.value,
            "provider_id": status.provider_id,
            "error": status.error,
            f"{status.status}_at": status.at,
        }
        # Without the lease, a worker that still waits for an answer has nothing more to say.
        change = {"$set": changes, "$unset": {"lease": "", "lease_until": ""}}
        guard: Document = {"channel": "whatsapp", "$or": ours, "state": {"$in": _sources(state)}}
        guard["past_ids"] = {"$ne": status.provider_id}  # What is said about an earlier try is over.
        if self._messages.update_one(guard, change).matched_count:
            MESSAGES.labels("whatsapp", state.value).inc()

    def get(self, message_id: str) -> Document:
        """Find a message."""
        document = self._messages.find_one({"_id": message_id})
        if document is None:
            raise MessageNotFound
        return document

    def page(self, wanted: MessageFilter, *, limit: int, skip: int) -> tuple[list[Document], int]:
        """List messages, newest first, and say how many there are."""
        query = wanted.query()
        found = self._messages.find(query, sort=NEWEST, skip=skip, limit=limit)
        return list(found), self._messages.count_documents(query)

    def resend(self, message_id: str) -> Document:
        """Let a message that has failed be tried again for a day."""
        again = {
            "state": MessageState.PENDING.value,
            "due_at": AT_ONCE,
            "give_up_at": _in_a_day(),
            "tries": 0,
            "past_ids": {"$setUnion": [{"$ifNull": ["$past_ids", []]}, [{"$ifNull": ["$provider_id", ""]}]]},
            "provider_id": None,
        }
        guard = {"_id": message_id, "state": {"$in": _sources(MessageState.PENDING)}}
        found = self._messages.find_one_and_update(
            guard, [{"$set": again}], return_document=ReturnDocument.AFTER
        )
        if found is None:
            state = self.get(message_id)["state"]
            raise IllegalTransition("Only what has failed can be sent again.", status=state)
        return found

    def _send(self, row: Document) -> None:
        channel = self._channels.get(row["channel"])
        if channel is None:
            raise DeliveryFailed(reason="this way to reach customers is not configured any more")
        sent = channel.send(_message(row))
        self._end(row, MessageState.SENT, provider_id=sent.provider_id, sent_at=datetime.now(UTC), error=None)

    def _wait(self, row: Document, delay: DeliveryDelayed) -> None:
        """Try again later, but not for ever."""
        if row["give_up_at"] < datetime.now(UTC):
            self._end(row, MessageState.FAILED, error=delay.reason)
            return
        pause = delay.retry_after_seconds
        after = backoff(row["tries"]) if pause is None else timedelta(seconds=pause)
        self._leases.retry(row, after=after, error=delay.reason)
        MESSAGES.labels(row["channel"], "DELAYED").inc()

    def _end(self, row: Document, state: MessageState, **changes: object) -> None:
        if self._leases.finish(row, {"state": state.value, **changes}):
            MESSAGES.labels(row["channel"], state.value).inc()
        if state is MessageState.FAILED:
            reason = changes["error"]
            log.error("a message could not be delivered", extra={"message_id": row["_id"], "reason": reason})


def _row(event: Document, channel: str, address: str, words: Rendered) -> Document:
    return {
        "_id": f"{event['_id']}:{channel}",
        "event_id": event["_id"],
        "type": event["type"],
        "customer_id": event["customer_id"],
        "channel": channel,
        "to": address,
        "template": words.template,
        "language": words.language,
        "subject": words.subject,
        "text": words.text,
        "parameters": list(words.parameters),
        "state": MessageState.PENDING.value,
        "due_at": AT_ONCE,
        "give_up_at": _in_a_day(),
        "tries": 0,
        "created_at": datetime.now(UTC),
    }


def _message(row: Document) -> Message:
    return Message(
        id=row["_id"],
        to=row["to"],
        template=row["template"],
        language=row["language"],
        subject=row["subject"],
        text=row["text"],
        parameters=tuple(row["parameters"]),
    )


def _sources(target: MessageState) -> list[str]:
    return [state.value for state, targets in TRANSITIONS.items() if target in targets]


def _in_a_day() -> datetime:
    return datetime.now(UTC) + TRIED_FOR
