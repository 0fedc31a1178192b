"""Runs a job if its slot is free, bounded in time and in number, and keeps count of what came of it."""

import logging
import threading
import time
from collections.abc import Mapping
from datetime import timedelta

from pymongo.errors import PyMongoError

from backend.job_slots import JobSlots, Slot
from backend.jobs import Job
from backend.logs import redact
from backend.metrics import JOB_SECONDS, JOBS_RUN
from backend.services import Services

log = logging.getLogger(__name__)

LONGEST_ERROR = 200
GRACE = timedelta(minutes=2)  # The last step of a job may outlast its budget.


class JobRunner:
    """Runs the jobs of a table; any number of runners, in any number of processes, may be told to."""

    def __init__(self, services: Services, slots: JobSlots, jobs: Mapping[str, Job]) -> None:
        self._services = services
        self._slots = slots
        self._jobs = jobs
        self._places = {name: threading.Semaphore(job.most_at_once) for name, job in jobs.items()}
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Let every job that runs come to its end soon, and start no more."""
        self._stopping.set()

    def run(self, name: str) -> bool:
        """Run a job if it is due and nobody else does, and tell whether it was run; never raises."""
        if self._stopping.is_set() or not self._places[name].acquire(blocking=False):
            return False
        try:
            job = self._jobs[name]
            slot = self._slots.take(name, interval=job.interval, lease=job.budget + GRACE)
            if slot:
                self._run(job, slot)
        except PyMongoError as error:  # The next slot comes by itself.
            log.warning("a job could not be run", extra={"job": name, "error": str(error)[:LONGEST_ERROR]})
            JOBS_RUN.labels(name, "lost").inc()
            return False
        finally:
            self._places[name].release()
        return slot is not None

    def _run(self, job: Job, slot: Slot) -> None:
        started = time.monotonic()
        ends_at = started + job.budget.total_seconds()

        cut_short = threading.Event()

        def go_on() -> bool:
            if self._stopping.is_set():
                cut_short.set()
            return not cut_short.is_set() and time.monotonic() < ends_at

        try:
            count = job.run(self._services, go_on)
        except Exception as error:
            log.exception("a job failed", extra={"job": slot.job, "slot": slot.id})
            JOBS_RUN.labels(slot.job, "failed").inc()
            self._slots.failed(slot, error=redact(f"{type(error).__name__}: {error}"))
        else:
            JOBS_RUN.labels(slot.job, "cut short" if cut_short.is_set() else "done").inc()
            if cut_short.is_set():
                self._slots.let_go(slot)
            else:
                self._slots.succeeded(slot, seconds=time.monotonic() - started, count=count)
        finally:
            JOB_SECONDS.labels(slot.job).observe(time.monotonic() - started)
