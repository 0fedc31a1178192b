"""One thread per process that commits whatever is waiting as one batch, while the next one gathers."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from backend.errors import ServiceUnavailable
from backend.ledger.store import Answer
from backend.ledger.submission import Submission
from backend.metrics import LEDGER_BATCH_SIZE, LEDGER_COMMIT_SECONDS, LEDGER_QUEUE_DEPTH

MAX_BATCH = 256
MAX_WAITING = 4096

log = logging.getLogger(__name__)

Commit = Callable[[Sequence[Submission]], Sequence[Answer]]
Item = tuple[Submission, "Future[Answer]"]


class GroupCommitter:
    """Takes submissions from many threads and hands them to `commit` in batches."""

    def __init__(self, commit: Commit, *, max_waiting: int = MAX_WAITING) -> None:
        self._commit = commit
        self._waiting: queue.Queue[Item | None] = queue.Queue(max_waiting)
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()
        self._closed = False

    def submit(self, submission: Submission) -> "Future[Answer]":
        """Queue a submission; a full queue refuses it at once, with nothing half-done."""
        future: Future[Answer] = Future()
        with self._guard:
            if self._closed:
                raise ServiceUnavailable("The service is shutting down. Please try again.")
            try:
                self._waiting.put_nowait((submission, future))
            except queue.Full:
                raise ServiceUnavailable("Too many payments are waiting. Please try again.") from None
            if self._thread is None:
                self._start()
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
        self._thread = threading.Thread(target=self._run, name="ledger-committer", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            self._commit_batch(self._gather(first))

    def _gather(self, first: Item) -> list[Item]:
        """Take what is waiting now, without waiting for more."""
        batch = [first]
        while len(batch) < MAX_BATCH:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                break
            if item is None:  # Closing: finish this batch, then find the mark again.
                self._waiting.put(None)
                break
            batch.append(item)
        LEDGER_QUEUE_DEPTH.set(self._waiting.qsize())
        return [item for item in batch if item[1].set_running_or_notify_cancel()]

    def _commit_batch(self, batch: list[Item]) -> None:
        if not batch:
            return
        LEDGER_BATCH_SIZE.observe(len(batch))
        try:
            with LEDGER_COMMIT_SECONDS.time():
                answers = self._commit([submission for submission, _ in batch])
            answered = list(zip(batch, answers, strict=True))
        except Exception as error:  # The thread must outlive whatever happens to one batch.
            log.exception("ledger batch failed")
            answered = [(item, error) for item in batch]
        for (_, future), answer in answered:
            future.set_result(answer)
