"""The real worker with a subscriber that writes down all that it hears, outside of the database too."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from celery import signals
from pymongo.database import Database

from backend import create_app
from backend.config import read_settings
from backend.db import Document
from backend.jobs import JOBS, GoOn, Job
from backend.outbox_service import Outbox
from backend.services import Services
from backend.worker import run
from tests.conftest import QUICK_PASSWORDS

LEASE_SECONDS = 5
PROVIDER_SECONDS = 0.01  # What somebody at the end of a network takes to do what is asked.


class Recorder:
    """Somebody outside: one book for whatever arrives, and one in which each key counts once."""

    def __init__(self, database: Database[Document], path: str) -> None:
        self._received = database["received"]
        self._log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def take(self, event: Document) -> None:
        time.sleep(PROVIDER_SECONDS)
        os.write(self._log, f"{event['_id']} {os.getpid()}\n".encode())
        self._received.update_one(
            {"_id": f"{event['_id']}:recorder"}, {"$setOnInsert": {"pid": os.getpid()}}, upsert=True
        )


def ticking(database: Database[Document]) -> Callable[[Services, GoOn], int]:
    """Make a job that leaves a row whenever it runs."""

    def tick(*_: object) -> int:
        database["ticks"].insert_one({"pid": os.getpid()})
        return 1

    return tick


def main() -> None:
    """Work until told to stop."""
    app = create_app(read_settings(), passwords=QUICK_PASSWORDS)
    services: Services = app.extensions["batua"]
    database = services.client[services.settings.mongodb_db]
    recorder = Recorder(database, sys.argv[1])
    outbox = Outbox(database, subscribers=[recorder], lease_seconds=LEASE_SECONDS)
    second = timedelta(seconds=1)
    jobs = {
        "dispatch_events": replace(JOBS["dispatch_events"], interval=second),
        "tick": Job(interval=second, run=ticking(database)),
    }

    def ready(**_: object) -> None:
        database["workers"].insert_one({"pid": os.getpid()})

    signals.worker_ready.connect(ready)
    sys.exit(run(replace(services, outbox=outbox), threads=4, jobs=jobs))


if __name__ == "__main__":
    main()
