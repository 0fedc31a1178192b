"""Tells each event of the outbox to everybody who wants to hear of it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pymongo.database import Database

from backend.db import Document, is_away
from backend.leases import OLDEST_DUE, Leases, backoff
from backend.metrics import OUTBOX_AGE_SECONDS, OUTBOX_DEPTH, OUTBOX_EVENTS
from backend.outbox import OUTBOX, EventState

log = logging.getLogger(__name__)

LEASE_SECONDS = 60
MOST_TRIES = 20  # About half a day.
MOST_COUNTED = 10_000


class Subscriber(Protocol):
    """Somebody who wants to hear of events."""

    def take(self, event: Document) -> None:
        """Write down what is to be done about an event; hearing it again changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How many events wait, counted up to a limit, and for how long the next in line has waited."""

    depth: int
    age: timedelta


class Outbox:
    """Hands events on; each is told at least once, and every subscriber knows what it has heard."""

    def __init__(
        self,
        database: Database[Document],
        *,
        subscribers: Sequence[Subscriber] = (),
        lease_seconds: int = LEASE_SECONDS,
    ) -> None:
        self._events = database[OUTBOX]
        self._leases = Leases(self._events, seconds=lease_seconds)
        self._subscribers = subscribers

    def dispatch(self) -> int:
        """Tell the event that has waited longest, and give how many were taken: one or none."""
        event = self._leases.take()
        if event is None:
            return 0
        if event["tries"] > MOST_TRIES:  # Whoever took it before did not live to tell.
            self._give_up(event, event.get("error") or "Nobody who took it came to an end with it.")
            return 1
        failures = [f for f in (_failure(subscriber, event) for subscriber in self._subscribers) if f]
        if not failures:
            self._leases.finish(event, {"state": EventState.DISPATCHED.value, "error": None})
            OUTBOX_EVENTS.labels("dispatched").inc()
        elif event["tries"] == MOST_TRIES:
            self._give_up(event, "; ".join(failures))
        else:
            self._leases.retry(event, after=backoff(event["tries"]), error="; ".join(failures))
            OUTBOX_EVENTS.labels("delayed").inc()
        return 1

    def backlog(self) -> Backlog:
        """Tell how many events wait and for how long, and show it as metrics."""
        waiting = {"state": EventState.PENDING.value}
        depth = self._events.count_documents(waiting, limit=MOST_COUNTED)
        first = self._events.find_one(waiting, {"created_at": 1}, sort=OLDEST_DUE)
        age = max(datetime.now(UTC) - first["created_at"], timedelta()) if first else timedelta()
        OUTBOX_DEPTH.set(depth)
        OUTBOX_AGE_SECONDS.set(age.total_seconds())
        return Backlog(depth=depth, age=age)

    def _give_up(self, event: Document, error: str) -> None:
        """Put an event aside with the reason why."""
        self._leases.finish(event, {"state": EventState.FAILED.value, "error": error})
        OUTBOX_EVENTS.labels("failed").inc()
        log.error("an event could not be told", extra={"event": event["_id"], "type": event["type"]})


def _failure(subscriber: Subscriber, event: Document) -> str | None:
    """Tell one subscriber; what goes wrong there must not keep the event from the others."""
    try:
        subscriber.take(event)
    except Exception as error:
        if is_away(error):
            raise  # Nothing can be noted either, and the lease ends by itself.
        name = type(subscriber).__name__
        log.exception("a subscriber failed", extra={"event": event["_id"], "subscriber": name})
        return f"{name}: {type(error).__name__}"
    return None
