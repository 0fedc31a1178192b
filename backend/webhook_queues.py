"""Where the sending to each endpoint stands: its numbers, whether it has work, and who is at work on it.

An endpoint is leased as a whole, because its messages go out one after the other, in the order of their
numbers. Endpoints know nothing of each other, so one that is dead delays no other one.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.db import Document
from backend.leases import NO_LEASE, Leases

ENDPOINTS = "webhook_endpoints"
LEASE_SECONDS = 60  # Longer than a message can take, with the slowest name server there is.
FLAGGED_AFTER = timedelta(days=1)
AT_ONCE = timedelta()


class EndpointState(StrEnum):
    """Whether an endpoint is sent messages, and whether one waits."""

    IDLE = "IDLE"
    PENDING = "PENDING"
    DISABLED = "DISABLED"
    DELETED = "DELETED"


LIVE = {"state": {"$in": [EndpointState.IDLE.value, EndpointState.PENDING.value]}, "deleted_at": None}
_IS_FREE = {"$not": {"$gt": ["$lease_until", "$$NOW"]}}


def woken() -> Mapping[str, Any]:
    """Describe an endpoint that has work at once; whoever is at work on it is not disturbed."""
    return {
        "state": EndpointState.PENDING.value,
        "wakes": {"$add": ["$wakes", 1]},
        "due_at": {"$cond": [_IS_FREE, "$$NOW", "$due_at"]},
    }


class WebhookQueues:
    """Numbers messages, and hands each endpoint to one worker at a time."""

    def __init__(self, database: Database[Document]) -> None:
        self._endpoints = database[ENDPOINTS]
        self._leases = Leases(self._endpoints, seconds=LEASE_SECONDS)

    def wanting(self, event_type: str) -> Sequence[str]:
        """Name the endpoints that want to hear of such events."""
        wanted = {**LIVE, "events": {"$in": [event_type, "*"]}}
        return [row["_id"] for row in self._endpoints.find(wanted, {"_id": 1}, sort=[("_id", 1)])]

    def number(self, endpoint_id: str, session: ClientSession) -> int | None:
        """Give the next number as part of the caller's transaction; none where nobody listens any more.

        An endpoint that waits before it is tried again goes on waiting.
        """
        is_idle = {"$eq": ["$state", EndpointState.IDLE.value]}
        changes = {
            "sequence": {"$add": ["$sequence", 1]},
            **woken(),
            "due_at": {"$cond": [is_idle, "$$NOW", "$due_at"]},
        }
        numbered = self._endpoints.find_one_and_update(
            {"_id": endpoint_id, **LIVE},
            [{"$set": changes}],
            {"sequence": 1},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return numbered["sequence"] if numbered else None

    def wake(self, endpoint_id: str, session: ClientSession) -> bool:
        """Have an endpoint looked at, as part of the caller's transaction; tell whether it is in use."""
        awake = self._endpoints.update_one({"_id": endpoint_id, **LIVE}, [{"$set": woken()}], session=session)
        return awake.matched_count == 1

    def lease(self) -> Document | None:
        """Take the endpoint that has waited longest, as far as one has work."""
        return self._leases.take(state=EndpointState.PENDING.value)

    def rest(self, endpoint: Document) -> None:
        """Put an endpoint aside that has nothing to send, unless something has come in the meantime."""
        unchanged = {**_mine(endpoint), "state": EndpointState.PENDING.value, "wakes": endpoint["wakes"]}
        idle = {"$set": {"state": EndpointState.IDLE.value}, "$unset": dict.fromkeys(NO_LEASE, "")}
        if not self._endpoints.update_one(unchanged, idle).matched_count:
            self._leases.retry(endpoint, after=AT_ONCE, error="")

    def go_on(self, endpoint: Document) -> None:
        """Give an endpoint back that may be sent more at once, because it is well."""
        if endpoint["failing_since"]:
            self._endpoints.update_one(
                _mine(endpoint), {"$set": dict.fromkeys(("failing_since", "flagged_at"))}
            )
        self._leases.retry(endpoint, after=AT_ONCE, error="")

    def wait(self, endpoint: Document, *, after: timedelta, error: str, has_given_up: bool) -> bool:
        """Give an endpoint back that has failed, and tell whether it has now failed for too long."""
        since = {"$ifNull": ["$failing_since", "$$NOW"]}
        is_long = {"$gte": [{"$subtract": ["$$NOW", since]}, FLAGGED_AFTER // timedelta(milliseconds=1)]}
        flagged = {"$cond": [{"$or": [has_given_up, is_long]}, {"$ifNull": ["$flagged_at", "$$NOW"]}, None]}
        noted = self._endpoints.find_one_and_update(
            _mine(endpoint),
            [{"$set": {"failing_since": since, "flagged_at": {"$ifNull": ["$flagged_at", flagged]}}}],
            {"flagged_at": 1},
            return_document=ReturnDocument.AFTER,
        )
        self._leases.retry(endpoint, after=after, error=error)
        return bool(noted and noted["flagged_at"] and not endpoint["flagged_at"])

    def stop(self, endpoint: Document, *, reason: str) -> None:
        """Disable an endpoint that does not want to hear from us; one that is being deleted stays so."""
        disabled = {"state": EndpointState.DISABLED.value, "disabled_reason": reason}
        self._endpoints.update_one({**_mine(endpoint), "deleted_at": None}, {"$set": disabled})
        self._leases.retry(endpoint, after=AT_ONCE, error=reason)

    def close(self, endpoint: Document) -> None:
        """End a deleted endpoint for which nothing is left to do."""
        self._leases.finish(endpoint, {"state": EndpointState.DELETED.value})


def _mine(endpoint: Document) -> Document:
    return {"_id": endpoint["_id"], "lease": endpoint["lease"]}
