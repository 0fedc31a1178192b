"""Remembers which requests are running and what those that ended answered."""

import logging
import uuid
from dataclasses import dataclass, replace

import pymongo
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.write_concern import WriteConcern

from backend.db import Document
from backend.errors import IdempotencyKeyReused, RequestInProgress

log = logging.getLogger(__name__)

LEASE_SECONDS = 60
PATIENCE_SECONDS = 0.5
KEPT_FOR_SECONDS = 24 * 60 * 60
LEASE_END = {"$add": ["$$NOW", LEASE_SECONDS * 1000]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The right to execute a request, until its lease ends.

    `movement_key` stays the same when another worker takes the request over, so that the money
    a dead worker may have moved is found again and not moved twice.
    """

    id: str
    lease: str
    movement_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """What a request was answered when it ran."""

    status: int
    body: bytes
    content_type: str


class IdempotencyStore:
    """Lets each keyed request run once, however many copies of it arrive, wherever."""

    def __init__(self, database: Database[Document]) -> None:
        self._keys = database["idempotency_keys"]
        # An answer that is lost with a server is found again by its movement key: nobody waits for the disk.
        self._notes = self._keys.with_options(write_concern=WriteConcern(w=1))

    def begin(self, request_key: str, fingerprint: str, *, is_harmless: bool = False) -> Run | StoredAnswer:
        """Take the request, or give the answer it had; leases run on the server's clock."""
        run = Run(id=request_key, lease=uuid.uuid4().hex, movement_key=uuid.uuid4().hex)
        try:
            self._insert(self._notes if is_harmless else self._keys, run, fingerprint)
        except DuplicateKeyError:
            return self._take_over(run, fingerprint) or self._answer(run, fingerprint)
        return run

    def finish(self, run: Run, answer: StoredAnswer) -> None:
        """Keep the answer for those who ask again."""
        self._update(
            run,
            {
                "$set": {
                    "state": "done",
                    "status": answer.status,
                    "body": answer.body,
                    "content_type": answer.content_type,
                }
            },
        )

    def give_back(self, run: Run, *, after_seconds: int = 0) -> None:
        """Let the same request be tried again, once nothing of this run can still be under way."""
        ends_at = {"$add": ["$$NOW", after_seconds * 1000 - 1]}
        self._update(run, [{"$set": {"leased_until": ends_at}}])

    def _update(self, run: Run, update: Document | list[Document]) -> None:
        """Note how a run ended; should that fail, its lease ends by itself and nothing moves twice."""
        try:
            with pymongo.timeout(PATIENCE_SECONDS):
                self._notes.update_one({"_id": run.id, "lease": run.lease}, update)
        except PyMongoError as error:
            log.warning("could not note the end of a request: %s", error)

    def _insert(self, keys: Collection[Document], run: Run, fingerprint: str) -> None:
        keys.update_one(
            {"_id": run.id, "lease": run.lease},
            [
                {
                    "$set": {
                        "state": "running",
                        "fingerprint": fingerprint,
                        "movement_key": run.movement_key,
                        "leased_until": LEASE_END,
                        "expires_at": {"$add": ["$$NOW", KEPT_FOR_SECONDS * 1000]},
                    }
                }
            ],
            upsert=True,
        )

    def _take_over(self, run: Run, fingerprint: str) -> Run | None:
        """Take a request whose worker gave it back or died; its movement key stays."""
        abandoned = {
            "_id": run.id,
            "state": "running",
            "fingerprint": fingerprint,
            "$expr": {"$lt": ["$leased_until", "$$NOW"]},
        }
        taken = self._keys.find_one_and_update(
            abandoned, [{"$set": {"lease": run.lease, "leased_until": LEASE_END}}]
        )
        return replace(run, movement_key=taken["movement_key"]) if taken else None

    def _answer(self, run: Run, fingerprint: str) -> StoredAnswer:
        document = self._keys.find_one({"_id": run.id})
        if document is None:  # It ended and expired between two looks.
            raise RequestInProgress
        if document["fingerprint"] != fingerprint:
            raise IdempotencyKeyReused
        if document["state"] != "done":
            raise RequestInProgress
        return StoredAnswer(
            status=document["status"], body=document["body"], content_type=document["content_type"]
        )
