"""The process that does what happens by itself: Celery's worker and clock together, on threads.

A message of the queue only hints that a job may be due. What there is to do stands in MongoDB, and a
slot lets each job run once at a time, so that messages may be lost, doubled or late, and clocks many.
"""

import logging
import warnings
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

from celery import Celery, signals
from celery.apps.worker import Worker
from celery.beat import EmbeddedService, Scheduler
from celery.exceptions import SecurityWarning

from backend.config import Settings
from backend.job_runner import JobRunner
from backend.jobs import JOBS, Job
from backend.logs import request_id
from backend.services import Services

log = logging.getLogger(__name__)

QUEUE = "batua"
TALKATIVE = ("celery.beat", "celery.worker.strategy", "celery.app.trace", "kombu")
LONGEST_SILENCE = timedelta(minutes=1)  # After a restart, a job of every hour need not wait for an hour.
# What each kind of broker has to be told; the others need nothing.
TRANSPORT_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "mongodb": {"polling_interval": 0.05, "connect_timeout": 2},
    "redis": {"unacked_restore_interval": 2, "unacked_restore_throttle": 1, "socket_connect_timeout": 2},
}


def broker_url(settings: Settings) -> str:
    """Name the queue's server: the one that is set, or else MongoDB with a database of its own."""
    if settings.celery_broker_url:
        return settings.celery_broker_url
    parts = urlsplit(settings.mongodb_uri)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    database = parts.path.strip("/")
    options = {"serverSelectionTimeoutMS": "3000", "w": "1"} | options
    if "@" in parts.netloc and database:  # Logins are kept in the database that the address names.
        options.setdefault("authSource", database)
    own = {"path": f"/{settings.mongodb_db}_queue", "query": urlencode(options)}
    return SplitResult(**{**parts._asdict(), **own}).geturl()


def make_celery(settings: Settings, runner: JobRunner, jobs: Mapping[str, Job]) -> Celery:
    """Build the application of Celery, with a task and a clock for each job."""
    url = broker_url(settings)
    celery = Celery("batua", broker=url, set_as_current=False)
    celery.conf.update(
        broker_transport_options=dict(TRANSPORT_OPTIONS.get(_kind(url), {})),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_channel_error_retry=True,  # MongoDB's server says so when it goes down.
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=True,  # None of ours.
        beat_schedule={name: _clock(name, job) for name, job in jobs.items()},
    )
    for name in jobs:
        _add_task(celery, runner, name)
    return celery


def run(services: Services, *, threads: int, jobs: Mapping[str, Job] = JOBS) -> int:
    """Work until told to stop, then end what is under way, and give the exit code."""
    runner = JobRunner(services, services.job_slots, jobs)
    celery = make_celery(services.settings, runner, jobs)

    def stop(**_: Any) -> None:
        runner.stop()

    def keep_our_logging(**_: Any) -> None:
        """Take the place of Celery's own logging."""

    _be_quiet()
    signals.setup_logging.connect(keep_our_logging)
    signals.worker_shutting_down.connect(stop)
    clock = EmbeddedService(celery, thread=True, scheduler_cls=Scheduler)
    worker: Any = Worker(
        app=celery,
        pool_cls="threads",
        concurrency=threads,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    clock.start()
    log.info("the worker is ready", extra={"jobs": sorted(jobs), "threads": threads})
    worker.start()
    runner.stop()
    clock.service.stop()
    services.ledger.close()
    log.info("the worker has stopped")
    return int(worker.exitcode or 0)


def _be_quiet() -> None:
    """Keep every tick of the clock out of the log, and a warning about pickles, which we do not take."""
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.simplefilter("ignore", SecurityWarning)


def _kind(url: str) -> str:
    """Tell what kind of broker an address is of; TLS and SRV make no difference."""
    scheme = urlsplit(url).scheme.split("+")[0]
    return {"rediss": "redis"}.get(scheme, scheme)


def _clock(name: str, job: Job) -> dict[str, Any]:
    return {"task": f"batua.{name}", "schedule": min(job.interval, LONGEST_SILENCE)}


def _add_task(celery: Celery, runner: JobRunner, name: str) -> None:
    def task(self: Any) -> None:
        request_id.set(self.request.id)
        try:
            runner.run(name)
        finally:
            request_id.set("")

    task.__name__ = name
    celery.task(bind=True, name=f"batua.{name}", shared=False)(task)
