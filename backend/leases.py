"""The one way to claim a row that is due: for a while, on the server's clock, until the holder ends it."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pymongo import ASCENDING, ReturnDocument
from pymongo.collection import Collection

from backend.db import Document

OLDEST_DUE = [("due_at", ASCENDING), ("created_at", ASCENDING)]
NO_LEASE = ("lease", "lease_until")


class Leases:
    """Hands each due row of a collection to one taker at a time.

    A row that is taken becomes due again when its lease ends, so that the row of a taker who died
    is found like any other.
    """

    def __init__(self, collection: Collection[Document], *, seconds: int) -> None:
        self._rows = collection
        self._seconds = seconds

    def take(self, *, state: str = "PENDING", only: Mapping[str, Any] | None = None) -> Document | None:
        """Take the row that has been due for the longest, if there is one."""
        is_due = {"state": state, "$expr": {"$lte": ["$due_at", "$$NOW"]}, **(only or {})}
        until = {"$add": ["$$NOW", self._seconds * 1000]}
        changes = {
            "lease": uuid.uuid4().hex,
            "lease_until": until,
            "due_at": until,
            "tries": {"$add": [{"$ifNull": ["$tries", 0]}, 1]},
        }
        return self._rows.find_one_and_update(
            is_due, [{"$set": changes}], sort=OLDEST_DUE, return_document=ReturnDocument.AFTER
        )

    def finish(self, taken: Document, changes: Mapping[str, Any]) -> bool:
        """Note how it ended, and tell whether it was still ours to say."""
        literal = {name: {"$literal": value} for name, value in changes.items()}
        return self._end(taken, literal)

    def retry(self, taken: Document, *, after: timedelta, error: str) -> bool:
        """Let it be taken again after a while, and tell whether it was still ours."""
        due_at = {"$add": ["$$NOW", round(after / timedelta(milliseconds=1))]}
        return self._end(taken, {"due_at": due_at, "error": {"$literal": error}})

    def _end(self, taken: Document, changes: Mapping[str, Any]) -> bool:
        """Change the row only for the holder of its lease."""
        mine = {"_id": taken["_id"], "lease": taken["lease"]}
        change: list[Document] = [{"$set": dict(changes)}, {"$unset": list(NO_LEASE)}]
        return self._rows.update_one(mine, change).matched_count == 1


def backoff(tries: int, *, longest: timedelta = timedelta(hours=1)) -> timedelta:
    """Wait twice as long after each try, up to a limit."""
    return min(timedelta(seconds=2 ** min(tries, 20)), longest)
