"""Lets each periodic job run once in each of its slots of time, however many would run it."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend import db
from backend.db import Document

SHORTEST_KEPT = timedelta(hours=1)
SLOTS_KEPT = 3
RETRY_AFTER = timedelta(seconds=60)
LONGEST_ERROR = 500
REPORTED = ("last_run_at", "last_success_at", "last_error_at", "last_error", "last_seconds", "last_count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The right to run a job in one slot of time."""

    id: str
    job: str
    lease: str


class JobSlots:
    """The slots that were taken, and what became of each job lately; all times are the server's."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._slots = database["job_slots"]
        self._jobs = database["jobs"]

    def take(self, job: str, *, interval: timedelta, lease: timedelta) -> Slot | None:
        """Take the present slot of a job, unless somebody has it.

        One whose taker died, or failed a while ago, can be taken again.
        """
        now = db.server_now(self._database)
        slot = Slot(id=f"{job}:{_start(now, interval):%Y-%m-%dT%H:%M:%SZ}", job=job, lease=uuid.uuid4().hex)
        changes = {"state": "RUNNING", "lease": slot.lease, "lease_until": now + lease, "started_at": now}
        expires_at = now + max(SHORTEST_KEPT, SLOTS_KEPT * interval)
        try:
            self._slots.insert_one({"_id": slot.id, "job": job, "expires_at": expires_at, **changes})
        except DuplicateKeyError:
            if not self._take_over(slot, changes, now):
                return None
        self._note(job, {"last_run_at": now})
        return slot

    def succeeded(self, slot: Slot, *, seconds: float, count: int) -> None:
        """Note that a job came to its end, and how much it did."""
        if self._end(slot, {"state": "DONE"}):
            noted = {"last_seconds": round(seconds, 3), "last_count": count}
            self._note(slot.job, {"last_success_at": db.server_now(self._database), **noted})

    def failed(self, slot: Slot, *, error: str) -> None:
        """Note why a job did not come to its end; the slot can be taken again after a while."""
        now, error = db.server_now(self._database), error[:LONGEST_ERROR]
        if self._end(slot, {"state": "FAILED", "error": error, "lease_until": now + RETRY_AFTER}):
            self._note(slot.job, {"last_error_at": now, "last_error": error})

    def let_go(self, slot: Slot) -> None:
        """Let somebody else go on at once with a job that was told to stop."""
        self._end(slot, {"state": "FAILED", "lease_until": db.server_now(self._database)})

    def report(self, jobs: Iterable[str]) -> list[Document]:
        """Tell of each job when it ran last, succeeded last and failed last."""
        names = list(jobs)
        found = {row["_id"]: row for row in self._jobs.find({"_id": {"$in": names}})}
        return [dict.fromkeys(REPORTED) | found.get(name, {}) | {"name": name} for name in names]

    def _take_over(self, slot: Slot, changes: Document, now: datetime) -> bool:
        ended = {"state": {"$in": ["RUNNING", "FAILED"]}, "lease_until": {"$lte": now}}
        taken = self._slots.find_one_and_update(
            {"_id": slot.id, **ended}, {"$set": changes}, return_document=ReturnDocument.AFTER
        )
        return taken is not None

    def _end(self, slot: Slot, changes: Document) -> bool:
        mine = {"_id": slot.id, "lease": slot.lease}
        return self._slots.update_one(mine, {"$set": changes}).matched_count == 1

    def _note(self, job: str, changes: Document) -> None:
        self._jobs.update_one({"_id": job}, {"$set": changes}, upsert=True)


def _start(now: datetime, interval: timedelta) -> datetime:
    """Give the beginning of the slot that a moment is in."""
    return now - (now - datetime(1970, 1, 1, tzinfo=UTC)) % interval
