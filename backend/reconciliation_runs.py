"""The report of each run: what it has done, how far it is, and who is at it, on the server's clock."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pymongo import DESCENDING, ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError

from backend.db import Document, server_now
from backend.errors import NotFound
from backend.gateways.listing import Window
from backend.reconciliation_values import QUIET, Finding, Progress, Run

ABANDONED_MILLISECONDS = 180_000  # Nobody is silent for longer; whoever is has died.
BEAT_SECONDS = 30.0
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
MOST_ISSUES = 100
NEWEST_RUN = [("started_at", DESCENDING), ("_id", DESCENDING)]


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


RUNNING = {"state": RunState.RUNNING.value}


class RunLost(Exception):
    """Somebody else has taken this run over."""


class RunNotFound(NotFound):
    """There is no such run."""

    code, message = "RECONCILIATION_NOT_FOUND", "There is no such reconciliation."


class ReconciliationRuns:
    """The rows of `reconciliation_logs`; every write names the lease under which it is made."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._runs = database["reconciliation_logs"]

    def now(self) -> datetime:
        """Give the server's time."""
        return server_now(self._database)

    def begin(self, window: Window, *, min_age: timedelta, is_gapless: bool) -> Run:
        """Open a run; a gapless one begins where all was looked at before."""
        document = self._document(uuid.uuid4().hex[:24], window, min_age) | {"is_gapless": is_gapless}
        self._runs.insert_one(document)
        return _read(document)

    def begin_due(self, window: Window, *, slot: str) -> Run | None:
        """Open the run of a slot; whoever comes later gets None."""
        document = self._document(slot, window, QUIET) | {"is_gapless": True}
        try:
            self._runs.insert_one(document)
        except DuplicateKeyError:
            return None
        return _read(document)

    def _document(self, name: str, window: Window, min_age: timedelta) -> Document:
        now = self.now()
        return {
            "_id": f"RUN-{name}",
            **RUNNING,
            "window": {"from": window.since, "to": window.until},
            "min_age_seconds": int(min_age.total_seconds()),
            "lease": uuid.uuid4().hex,
            "started_at": now,
            "alive_at": now,
            "finished_at": None,
            "error": None,
            **{"checked": 0, "recovered": 0, "issues_total": 0, "issues": []},
            **{"parts": {}, "done": [], "failed": [], "cursor": {}},
        }

    def take_over(self) -> Run | None:
        """Take up the oldest run whose process has died."""
        silent_since = {"$subtract": ["$$NOW", ABANDONED_MILLISECONDS]}
        document = self._runs.find_one_and_update(
            {**RUNNING, "$expr": {"$lt": ["$alive_at", silent_since]}},
            {"$set": {"lease": uuid.uuid4().hex}, "$currentDate": {"alive_at": True}},
            sort=[("started_at", 1)],
            return_document=ReturnDocument.AFTER,
        )
        return _read(document) if document else None

    @contextmanager
    def kept_alive(self, run: Run) -> Iterator[None]:
        """Say every now and then that somebody is at it, however silent a step may be."""
        is_over = threading.Event()

        def beat() -> None:
            while not is_over.wait(BEAT_SECONDS):
                with suppress(RunLost, PyMongoError):
                    self._write(run, {})

        thread = threading.Thread(target=beat, name="reconciliation-beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def let_go(self, run: Run) -> None:
        """Leave a run to whoever comes next."""
        guard = {"_id": run.id, "lease": run.lease, **RUNNING}
        self._runs.update_one(guard, {"$set": {"alive_at": LONG_AGO}})

    def note(self, run: Run, step: str, progress: Progress) -> None:
        """Add what a step has just done, and where it would go on."""
        part = f"parts.{step}"
        found = len(progress.findings)
        counted = {"checked": progress.checked, "recovered": progress.recovered, "issues_total": found}
        of_part = {f"{part}.checked": progress.checked, f"{part}.recovered": progress.recovered}
        added = {"$each": [_shown(finding) for finding in progress.findings], "$slice": MOST_ISSUES}
        cursor = {"step": step, "at": progress.cursor} if progress.cursor else {}
        change = {
            "$inc": {**counted, **of_part, f"{part}.issues": found},
            "$set": {"cursor": cursor},
            "$push": {"issues": added},
        }
        self._write(run, change)

    def step_ended(self, run: Run, step: str, *, is_done: bool) -> None:
        """Note that a step is done, or that it cannot be done this time."""
        which = "done" if is_done else "failed"
        self._write(run, {"$addToSet": {which: step}, "$set": {"cursor": {}}})

    def finish(self, run: Run, *, error: str | None = None) -> None:
        """Close a run."""
        state = RunState.FAILED if error else RunState.DONE
        ended = {"state": state.value, "error": error, "finished_at": self.now()}
        self._write(run, {"$set": ended})

    def get(self, run_id: str) -> Document:
        """Find the report of a run."""
        document = self._runs.find_one({"_id": run_id})
        if document is None:
            raise RunNotFound
        return document

    def page(self, *, limit: int, skip: int) -> tuple[list[Document], int]:
        """List reports, newest first, and say how many there are."""
        found = self._runs.find({}, sort=NEWEST_RUN, skip=skip, limit=limit)
        return list(found), self._runs.count_documents({})

    def covered_until(self, steps: list[str]) -> datetime | None:
        """Tell up to when all of these steps have looked at everything, without a gap."""
        covered = {"state": RunState.DONE.value, "done": {"$all": steps}, "is_gapless": True}
        last = self._runs.find_one(covered, {"window": 1}, sort=[("window.to", DESCENDING)])
        return last["window"]["to"] if last else None

    def _write(self, run: Run, change: dict[str, Any]) -> None:
        alive = {"$currentDate": {"alive_at": True}}
        guard = {"_id": run.id, "lease": run.lease, **RUNNING}
        if self._runs.update_one(guard, change | alive).matched_count == 0:
            raise RunLost


def _shown(finding: Finding) -> Document:
    return {
        "id": finding.id,
        "kind": finding.kind.value,
        "subject": finding.subject,
        "message": finding.message,
    }


def _read(document: Document) -> Run:
    return Run(
        id=document["_id"],
        window=Window(document["window"]["from"], document["window"]["to"]),
        min_age=timedelta(seconds=document["min_age_seconds"]),
        started_at=document["started_at"],
        lease=document["lease"],
        done=frozenset(document["done"]),
        failed=frozenset(document["failed"]),
        cursor=document["cursor"],
    )
