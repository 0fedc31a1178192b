"""One thread per process that commits whatever is waiting as one batch, while the next one gathers."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from backend.errors import ServiceUnavailable
from backend.ledger.store import Answer
from backend.ledger.submission import Submission
from backend.metrics import LEDGER_BATCH_SIZE, LEDGER_COMMIT_SECONDS, LEDGER_QUEUE_DEPTH

MAX_BATCH = 256
MAX_WAITING = 4096
REGROUP_SECONDS = 0.001

log = logging.getLogger(__name__)

Commit = Callable[[Sequence[Submission]], Sequence[Answer]]
Item = tuple[Submission, "Future[Answer]"]


class GroupCommitter:
    """Takes submissions from many threads and hands them to `commit` in batches."""

    def __init__(self, commit: Commit, *, max_waiting: int = MAX_WAITING) -> None:
        self._commit = commit
        self._waiting: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._max_waiting = max_waiting
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()
        self._closed = False
        self._expected = 1

    def submit(self, submission: Submission) -> "Future[Answer]":
        """Queue a submission; a full queue refuses it at once, with nothing half-done."""
        future: Future[Answer] = Future()
        with self._guard:
            if self._closed:
                raise ServiceUnavailable("The service is shutting down. Please try again.")
            if self._waiting.qsize() >= self._max_waiting:
                raise ServiceUnavailable("Too many payments are waiting. Please try again.")
            if self._thread is None or not self._thread.is_alive():
                self._start()
            self._waiting.put((submission, future))
        return future

    def close(self, timeout_seconds: float = 10) -> None:
        """Take no more, commit what is waiting, and end the thread."""
        with self._guard:
            self._closed = True
            thread = self._thread
        if thread is not None:
            self._waiting.put(None)
            thread.join(timeout_seconds)

    def _start(self) -> None:
        """Start the thread on the first submission, that is, after the server has forked."""
        thread = threading.Thread(target=self._run, name="ledger-committer", daemon=True)
        thread.start()
        self._thread = thread

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            try:
                self._commit_batch(self._gather(first))
            except Exception:  # Whatever else fails, such as a full disk for metrics: go on.
                log.exception("the committer stumbled")

    def _gather(self, first: Item) -> list[Item]:
        """Take what is waiting, and for a moment those who were just answered and come again.

        Without that moment they would form a batch of their own, and all batches be half full.
        """
        batch = [first]
        deadline = time.monotonic() + REGROUP_SECONDS
        while len(batch) < MAX_BATCH:
            patience = deadline - time.monotonic() if len(batch) < self._expected else 0
            try:
                item = self._waiting.get(block=patience > 0, timeout=max(patience, 0))
            except queue.Empty:
                break
            if item is None:  # Closing: finish this batch, then find the mark again.
                self._waiting.put(None)
                break
            batch.append(item)
        return [item for item in batch if item[1].set_running_or_notify_cancel()]

    def _commit_batch(self, batch: list[Item]) -> None:
        if not batch:
            return
        started = time.monotonic()
        try:
            answers = self._commit([submission for submission, _ in batch])
            answered = list(zip(batch, answers, strict=True))
        except Exception as error:  # The thread must outlive whatever happens to one batch.
            log.exception("ledger batch failed")
            answered = [(item, error) for item in batch]
        self._expected = len(batch) + self._waiting.qsize()
        for (_, future), answer in answered:
            future.set_result(answer)
        LEDGER_COMMIT_SECONDS.observe(time.monotonic() - started)
        LEDGER_BATCH_SIZE.observe(len(batch))
        LEDGER_QUEUE_DEPTH.set(self._waiting.qsize())
